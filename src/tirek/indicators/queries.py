"""Questions about published figures and claims. All of it is public."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import get_language

from tirek.indicators.models import Check, Claim, Figure, Release, ReleaseState
from tirek.registry.models import InstitutionKind, SettlementKind, Territory
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal

KINDS = dict(InstitutionKind.choices)
SETTLEMENTS = dict(SettlementKind.choices)
MOST_OTHERS = 50
NUMBER = re.compile(r"F-\d{4}-\d{6,9}")


class NotPublished(Refusal):
    """There is no such publication."""

    code = "not_published"
    http_status = 404


Span = tuple[int, int]


def published():
    """Publications in force; of each indicator the latest day first, then the wider territory, then the newer one."""
    width = F("org_hi") - F("org_lo")
    found = Release.objects.filter(state=ReleaseState.PUBLISHED)
    return found.order_by("indicator", "-as_of", width.desc(), "org_lo", "-published_at", "-id")


def near(span: Span | None):
    """Publications in force that speak of a territory: those whose own territory holds it, or lies in it."""
    if span is None:
        return published()
    inside = Q(org_lo__gte=span[0], org_hi__lte=span[1])
    return published().filter(inside | Q(org_lo__lte=span[0], org_hi__gte=span[1]))


def latest_releases(span: Span | None = None) -> dict[str, Release]:
    """The latest publication in force of each indicator: the reader's own territory's, where there is one."""
    found = {r.indicator: r for r in published().distinct("indicator")}
    return found | ({r.indicator: r for r in near(span).distinct("indicator")} if span else {})


def latest(
    indicator: str, as_of: date | None = None, *, territory: str = "", span: Span | None = None, about: str = ""
) -> Release:
    """The publication in force for the latest day, or for the last day up to ``as_of``.

    Several may hold for one day, each of another territory or test. ``territory`` (a code) and ``about`` (a test's) ask for
    one of them; else the one of the reader's own territory comes before the widest.
    """
    found = published().filter(indicator=indicator).select_related("snapshot")
    if as_of is not None:
        found = found.filter(as_of__lte=as_of)
    if about:
        found = found.filter(about=about)
    if territory:
        found = found.filter(Exists(Figure.objects.filter(release=OuterRef("pk"), territory=territory)))
    near_by = near(span).values("pk") if span and not territory else None
    release = (found.filter(pk__in=near_by).first() if near_by is not None else None) or found.first()
    if release is None:
        raise NotPublished(f"The figure {indicator} is not published.", indicator=indicator)
    return release


def others(of: Release) -> list[Release]:
    """The same figure in force for other territories, the latest of each."""
    found = Release.objects.filter(state=ReleaseState.PUBLISHED, indicator=of.indicator)
    found = found.exclude(org_lo=of.org_lo, org_hi=of.org_hi)
    latest = found.order_by("org_lo", "org_hi", "-as_of", "-published_at", "-id").distinct("org_lo", "org_hi")
    return list(latest[:MOST_OTHERS])


def release(number: str) -> Release:
    known = Release.objects.select_related("snapshot", "supersedes")
    found = known.filter(number=number).first() if NUMBER.fullmatch(number) else None
    if found is None:
        raise NotPublished(f"There is no publication {number}.", number=number)
    return found


def history(of: Release):
    """All publications of the same indicator for the same territory, the newest first."""
    same = {"indicator": of.indicator, "org_lo": of.org_lo, "org_hi": of.org_hi}
    return Release.objects.filter(**same).order_by("-published_at", "-id")


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
    """The latest published numbers of each figure about one territory as a whole: one query.

    Two tests of one day are two numbers.
    """
    found = Figure.objects.filter(
        release__state=ReleaseState.PUBLISHED, territory=territory, settlement="", kind=""
    ).select_related("release")
    latest: dict[str, list[Figure]] = {}
    for figure in found.order_by("release__indicator", "-release__as_of", "-release__published_at", "id"):
        same = latest.setdefault(figure.release.indicator, [])
        if not same or same[0].release.as_of == figure.release.as_of:
            same.append(figure)
    return [figure for same in latest.values() for figure in same]


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
