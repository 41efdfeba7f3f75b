"""Verification of a published figure: compute it again from the sealed snapshot and compare every cell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl

from tirek.access.scope import loading
from tirek.decisions import queries as decisions
from tirek.decisions import services as decision_services
from tirek.decisions.rules import RuleSet
from tirek.indicators.cells import SCHEMA, frame_of
from tirek.indicators.definitions import indicator_of
from tirek.indicators.models import Check, Figure, Release, ReleaseState
from tirek.indicators.services.publishing import draft_of_decision, draft_on
from tirek.storage.sealed import SealBroken, Sealed, unseal

KEY = ["level", "territory", "settlement", "kind"]
MAX_DIFFERENCES = 50


def verify(number: str, *, by: object = "", now: datetime) -> Check:
    """Recompute a publication and keep what differed. Everybody may ask: all that is compared is public."""
    with loading():
        release = Release.objects.select_related("snapshot").get(number=number)
        try:
            found = list(_differences(release))
        except SealBroken as error:
            found = [_difference("seal", "", "", error.message)]
        return Check.objects.create(
            release=release, at=now, by_name=str(by), agrees=not found, differences=found[:MAX_DIFFERENCES]
        )


def _difference(what: str, where: str, kept: object, now: object) -> dict[str, str]:
    return {"what": what, "where": where, "kept": str(kept), "now": str(now)}


def _differences(release: Release) -> Iterator[dict]:
    indicator = indicator_of(release.indicator)
    if indicator.digest != release.definition_sha256:
        yield _difference(
            "definition", f"{indicator.code} {release.version}", release.definition_sha256, indicator.digest
        )
    rules = RuleSet.unsealed(unseal(Sealed.from_dict(release.rule_seal)))
    kept = unseal(Sealed.from_dict(release.cells))
    if release.snapshot is not None:
        earlier = None if release.earlier is None else unseal(Sealed.from_dict(release.earlier))
        again = draft_on(indicator, release.snapshot, rules, earlier)
    else:
        yield from _decision_differs(release)
        again = draft_of_decision(indicator, release.decision_number, release.as_of, rules)
    yield from _cells_differ("result", kept, frame_of(again.cells))
    yield from _cells_differ("published", kept, _published(release))


def _decision_differs(release: Release) -> Iterator[dict]:
    state = decisions.decision(release.decision_number).state
    if release.state == ReleaseState.PUBLISHED and state != decisions.PUBLISHED:
        yield _difference("decision", release.decision_number, decisions.PUBLISHED, state)
    checked = decision_services.verify(release.decision_number, by=release.number, now=release.published_at)
    if not checked.agrees:
        yield _difference("decision", release.decision_number, "", checked.difference_count)


def _published(release: Release) -> pl.DataFrame:
    rows = [list(row) for row in Figure.objects.filter(release=release).order_by("id").values_list(*SCHEMA)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _cells_differ(what: str, kept: pl.DataFrame, now: pl.DataFrame) -> Iterator[dict]:
    if kept.equals(now):
        return
    both = kept.join(now, on=KEY, how="full", suffix="_now", coalesce=True)
    for row in both.iter_rows(named=True):
        names = [n for n in SCHEMA if n not in KEY and row[n] != row[f"{n}_now"]]
        if names:
            where = " ".join(filter(None, (row[k] for k in KEY)))
            yield _difference(what, where, {n: row[n] for n in names}, {n: row[f"{n}_now"] for n in names})
