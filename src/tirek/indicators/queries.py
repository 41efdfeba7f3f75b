"""Questions about published figures and claims. All of it is public."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language

from tirek.indicators.models import Check, Claim, Figure, Release, ReleaseState
from tirek.registry.models import InstitutionKind, SettlementKind, Territory
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal

KINDS = dict(InstitutionKind.choices)
SETTLEMENTS = dict(SettlementKind.choices)


NUMBER = re.compile(r"F-\d{4}-\d{6,9}")


class NotPublished(Refusal):
    """There is no such publication."""

    code = "not_published"
    http_status = 404


def published():
    """Publications in force, the latest day of each indicator first."""
    return Release.objects.filter(state=ReleaseState.PUBLISHED).order_by("indicator", "-as_of")


def latest_releases() -> dict[str, Release]:
    """The latest publication in force of each indicator."""
    return {r.indicator: r for r in published().order_by("indicator", "as_of")}


def latest(indicator: str, as_of: date | None = None) -> Release:
    """The publication in force for the latest day, or for the last day up to ``as_of``."""
    found = published().filter(indicator=indicator)
    if as_of is not None:
        found = found.filter(as_of__lte=as_of)
    release = found.select_related("snapshot").first()
    if release is None:
        raise NotPublished(f"The figure {indicator} is not published.", indicator=indicator)
    return release


def release(number: str) -> Release:
    known = Release.objects.select_related("snapshot", "supersedes")
    found = known.filter(number=number).first() if NUMBER.fullmatch(number) else None
    if found is None:
        raise NotPublished(f"There is no publication {number}.", number=number)
    return found


def history(indicator: str):
    """All publications of an indicator, the newest first."""
    return Release.objects.filter(indicator=indicator).order_by("-published_at", "-id")


def cells(of: Release):
    return Figure.objects.filter(release=of).order_by("id")


def cells_of_territory(of: Release, territory: str):
    return cells(of).filter(territory=territory)


def headline(of: Release) -> Figure | None:
    """The widest number of a publication."""
    return cells(of).filter(settlement="", kind="").first()


def headlines(of: list[Release]) -> dict[int, Figure]:
    """The widest number of each of several publications: one query."""
    found = Figure.objects.filter(release__in=of, settlement="", kind="").order_by("release_id", "id")
    return {f.release_id: f for f in found.distinct("release_id")}


def last_check(of: Release) -> Check | None:
    return Check.objects.filter(release=of).order_by("-at", "-id").first()


def of_territory(territory: str) -> list[Figure]:
    """The latest published number of each figure about one territory as a whole: one query."""
    found = Figure.objects.filter(
        release__state=ReleaseState.PUBLISHED, territory=territory, settlement="", kind=""
    ).select_related("release")
    return list(found.order_by("release__indicator", "-release__as_of").distinct("release__indicator"))


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Territories' names in the reader's language."""
    return {t.code: local_name(t) for t in Territory.objects.filter(code__in=set(codes))}


def trend(indicator: str, territory: str) -> list[Figure]:
    """One territory's published values over the days they hold for."""
    found = Figure.objects.filter(
        release__indicator=indicator,
        release__state=ReleaseState.PUBLISHED,
        territory=territory,
        settlement="",
        kind="",
    )
    return list(found.select_related("release").order_by("release__as_of"))


@dataclass(frozen=True)
class Claimed:
    """A claim as it was said, in the reader's language, and what its own numbers give."""

    claim: Claim
    text: str
    true_times: Decimal | None

    @property
    def times_wrong(self) -> bool:
        return self.true_times is not None and self.true_times != self.claim.said_times


@dataclass(frozen=True)
class Topic:
    """What was said about one thing, the earliest first."""

    name: str
    claims: list[Claimed]

    @property
    def contradicts(self) -> bool:
        """Whether the claims differ, or one is wrong about itself."""
        values = {(c.claim.value, c.claim.bound) for c in self.claims}
        return len(values) > 1 or any(c.times_wrong for c in self.claims)


def topics(indicator: str | None = None) -> list[Topic]:
    """Claims by topic; those of one indicator, or all."""
    language = (get_language() or "kk")[:2]
    found: dict[str, list[Claimed]] = defaultdict(list)
    rows = Claim.objects.filter(indicator=indicator) if indicator else Claim.objects.all()
    for claim in rows.order_by("topic", "said_on", "id"):
        found[claim.topic].append(Claimed(claim, getattr(claim, f"text_{language}", claim.text_en), _times(claim)))
    return [Topic(name, claims) for name, claims in found.items()]


def _times(claim: Claim) -> Decimal | None:
    if not claim.base_value or claim.said_times is None:
        return None
    return (claim.value / claim.base_value).quantize(Decimal("0.1"), ROUND_HALF_UP)
