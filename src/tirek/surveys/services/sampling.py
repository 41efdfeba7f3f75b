"""Whom a round asks: the register's list sealed, the lot drawn from what was sealed."""

from __future__ import annotations

import datetime as dt

import polars as pl
from django.utils import timezone

from tirek.access.scope import loading
from tirek.decisions import queries as decisions
from tirek.decisions.services import record
from tirek.registry.models import Territory, TerritoryLevel
from tirek.surveys.kinds import SAMPLE
from tirek.surveys.models import Round, Sampling
from tirek.surveys.queries import rounds as queries
from tirek.surveys.queries.frame import persons


def sample(found: Round, *, by, now: dt.datetime):
    """Record the decision; gives it, and frame and invited by school."""
    schools = queries.schools_of(found)
    org_nos = [school.org_no for school in schools]
    on = timezone.localdate(now)
    with loading():
        everybody = persons(found.audience, org_nos, found.grades, on)
        codes = queries.codes_of_schools(org_nos, on)
        decision = record(
            kind=SAMPLE,
            inputs={"frame": units_of(everybody, found.sampling), "schools": _schools_frame(org_nos, codes)},
            parameters={"round": found.code, "sampling": found.sampling, "size": found.sample_size, "seed": found.seed},
            by=by,
            now=now,
            org=decision_range(found),
            on=on,
        )
        numbers = decisions.table(decision, "schools_out")
    return decision, {
        no: (frame, invited) for no, frame, invited in numbers.select("org_no", "frame", "invited").iter_rows()
    }


def _schools_frame(org_nos: list[int], codes: dict[int, str]) -> pl.DataFrame:
    rows = [(no, codes.get(no, str(no))) for no in org_nos]
    return pl.DataFrame(rows, schema={"org_no": pl.Int64, "school": pl.String}, orient="row")


def units_of(everybody: pl.DataFrame, sampling: str) -> pl.DataFrame:
    """What can be drawn: persons, classes, or (where all are asked) the school as a whole."""
    if sampling == Sampling.PERSONS:
        return everybody.select("org_no", "unit", size=pl.lit(1, dtype=pl.Int64)).sort("org_no", "unit")
    unit = pl.col("class_label") if sampling == Sampling.CLASSES else pl.lit("")
    grouped = everybody.with_columns(unit=unit).group_by("org_no", "unit").agg(size=pl.len().cast(pl.Int64))
    return grouped.sort("org_no", "unit")


def decision_range(found: Round) -> tuple[int, int]:
    """At least a whole region: sealed lists and answers are for nobody whose territory is a single school."""
    wide = Territory.objects.filter(level=TerritoryLevel.REGION, org_lo__lte=found.org_lo, org_hi__gte=found.org_hi)
    region = wide.order_by("-org_lo").values_list("org_lo", "org_hi").first()
    return region or (found.org_lo, found.org_hi)
