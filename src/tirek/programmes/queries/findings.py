"""What the diagnosis found in a programme's schools: what a proposal of needs seals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tirek.access.scope import loading
from tirek.programmes.decided.needs import RESULTS, ROOMS, SCALES, STANDING
from tirek.programmes.models import WAITING, Need, NeedState, Participation, Programme


def schools_of(programme: Programme, on: dt.date) -> list[int]:
    found = Participation.objects.filter(programme=programme, valid__contains=on)
    return sorted(found.values_list("org_no", flat=True))


def findings(org_nos: Sequence[int], on: dt.date) -> dict[str, pl.DataFrame]:
    """Rooms, scales and results of these schools. Read with the loader's eyes, after the right is checked."""
    return {"rooms": rooms(org_nos, on), "scales": scales(org_nos, on), "results": results(org_nos, on)}


def rooms(org_nos: Sequence[int], on: dt.date) -> pl.DataFrame:
    """One row a room that was seen."""
    from tirek.facilities.queries.findings import room_findings

    rows = [
        (
            f.room_id, f.org_no, f.room_number, f.purpose, f.index_points, len(f.missing),
            sum(max(wanted - found, 0) for _code, wanted, found in f.missing), f.run_number,
        )
        for f in room_findings(org_nos, on)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=ROOMS, orient="row").sort("org_no", "room_id")


def scales(org_nos: Sequence[int], on: dt.date) -> pl.DataFrame:
    """The latest result of each scale and audience of a school; shares in thousandths, as they are published."""
    from tirek.surveys.queries.results import scale_results

    latest: dict[tuple, Any] = {}
    for row in sorted(scale_results(org_nos, on), key=lambda row: (row.closed_on, str(row.form_version))):
        latest[row.org_no, row.audience, row.scale_code] = row
    rows = [
        (
            r.org_no, r.audience, r.form_code, str(r.form_version), r.scale_code, round(1000 * r.low_share), r.n, r.invited,
            getattr(r, "number", ""),
        )
        for r in latest.values()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=SCALES, orient="row").sort("org_no", "audience", "scale")


def results(org_nos: Sequence[int], on: dt.date) -> pl.DataFrame:
    """The latest published result of each subject and grade of a school beside its region's, in tenths of a point."""
    from tirek.assessment.models import Dimension, GroupResult, ReleaseState

    shown = GroupResult.objects.filter(
        release__state=ReleaseState.PUBLISHED,
        suppressed="",
        release__test__school_year__starts_on__lte=on,
        se__isnull=False,
    ).select_related("release__test__school_year")
    latest: dict[tuple, Any] = {}
    own = shown.filter(dimension=Dimension.SCHOOL, org_lo__in=list(org_nos))
    for row in own.order_by("release__test__school_year__starts_on", "release_id"):
        latest[row.org_lo, row.release.test.subject, row.release.test.grade] = row
    wholes = {
        row.release_id: row
        for row in shown.filter(dimension=Dimension.ALL, release__in={r.release_id for r in latest.values()})
    }
    rows = [
        (
            org_no, r.release.test.code, subject, grade, round(10 * r.mean), round(10 * r.se), round(10 * whole.mean),
            round(10 * whole.se), r.release.decision_number,
        )
        for (org_no, subject, grade), r in latest.items()
        if (whole := wholes.get(r.release_id)) is not None
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=RESULTS, orient="row").sort("org_no", "subject", "grade")


def standing(org_nos: Sequence[int], on: dt.date) -> pl.DataFrame:
    """Needs that wait, and for each subject without one the last that was rejected."""
    found = Need.objects.filter(org_no__in=list(org_nos), state__in=[*WAITING, NeedState.REJECTED]).order_by("number")
    known: dict[tuple[int, str], tuple] = {}
    for need in found:
        before = known.get((need.org_no, need.subject))
        if before is None or before[3] == NeedState.REJECTED:
            days = (on - need.decided_on).days if need.decided_on else 0
            known[need.org_no, need.subject] = (need.org_no, need.subject, need.number, need.state, days)
    return pl.DataFrame(list(known.values()), schema=STANDING, orient="row").sort("org_no", "subject")


def fresh_findings(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """For the journal: the findings as they are now."""
    with loading():
        programme, on = Programme.objects.get(slug=parameters["programme"]), dt.date.fromisoformat(parameters["day"])
        return findings(schools_of(programme, on), on)
