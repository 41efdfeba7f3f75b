"""Bring in results of years before the platform: means by school as they were, small schools hidden all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.models import Dimension, GroupResult, Release, ReleaseState, Test, TestState
from tirek.assessment.refusals import WrongState, must
from tirek.decisions.rules import rules_in_force
from tirek_engines.disclosure import suppress_nested, suppress_table

WIDTH = 1.96
HIDDEN = {0: "", 1: "small", 2: "protects"}


@dataclass(frozen=True)
class SchoolMean:
    """One school's mean, points, with the pupils behind it and their spread."""

    code: str
    org_no: int
    district: str
    settlement: str
    n: int
    mean: float
    sd: float


@transaction.atomic
def bring_in_results(*, test_id: int, rows: Sequence[SchoolMean], source: str, now: datetime) -> Release:
    """Keep the means of schools, and what follows from them for districts and kinds of settlement."""
    must("figures.publish")
    test = Test.objects.select_for_update().get(pk=test_id)
    if test.state != TestState.DRAFT:
        raise WrongState(_("Results can be brought in only for a test that has none."))
    release = Release.objects.create(
        test=test,
        org_lo=test.org_lo,
        source=source,
        state=ReleaseState.PUBLISHED,
        by_id=current_scope().user_id,
        at=now,
    )
    rule = rules_in_force("assessment.publication", now.date(), test.org_lo, test.org_hi)
    GroupResult.objects.bulk_create(_groups(release, test, rows, int(rule.value("minimal_group"))))
    test.state = TestState.PUBLISHED
    test.save(update_fields=["state"])
    return release


def _groups(release: Release, test: Test, rows: Sequence[SchoolMean], minimum: int) -> list[GroupResult]:
    districts = sorted({row.district for row in rows})
    of_district = np.array([districts.index(row.district) for row in rows])
    counts = np.array([row.n for row in rows])
    by_district = np.bincount(of_district, counts, minlength=len(districts)).astype(int)
    hidden_districts = suppress_table(by_district, minimum=minimum)
    hidden = suppress_nested(counts, of_district, minimum=minimum, hidden_parents=np.flatnonzero(hidden_districts))
    span = {code: _span(rows, of_district == k) for k, code in enumerate(districts)}
    made = [_group(release, (test.org_lo, test.org_hi), Dimension.ALL, "all", rows, 0)]
    for k, code in enumerate(districts):
        chosen = [row for row in rows if row.district == code]
        made.append(_group(release, span[code], Dimension.DISTRICT, code, chosen, int(hidden_districts[k])))
    for code in sorted({row.settlement for row in rows}):
        chosen = [row for row in rows if row.settlement == code]
        made.append(_group(release, (test.org_lo, test.org_hi), Dimension.SETTLEMENT, code, chosen, 0))
    for row, state in zip(rows, hidden, strict=True):
        made.append(_group(release, (row.org_no, row.org_no), Dimension.SCHOOL, row.code, [row], int(state)))
    return [*made, *_gap(release, test, made)]


def _span(rows: Sequence[SchoolMean], chosen) -> tuple[int, int]:
    numbers = [row.org_no for row, is_in in zip(rows, chosen, strict=True) if is_in]
    return min(numbers), max(numbers)


def _group(release, span, dimension, code, rows: Sequence[SchoolMean], state: int) -> GroupResult:
    n = sum(row.n for row in rows)
    found = GroupResult(release=release, org_lo=span[0], org_hi=span[1], dimension=dimension, code=code)
    if state or not n:
        found.suppressed = HIDDEN[state] or "nobody"
        return found
    mean, se, sd = pooled(rows)
    found.n, found.n_schools, found.mean, found.se, found.sd = n, len(rows), round(mean, 1), round(se, 1), round(sd, 1)
    found.low, found.high = round(mean - WIDTH * se, 1), round(mean + WIDTH * se, 1)
    return found


def pooled(rows: Sequence[SchoolMean]) -> tuple[float, float, float]:
    """Mean of all pupils, its error between schools (within the school if there is one), and the pupils' spread."""
    n = np.array([row.n for row in rows], dtype=float)
    means = np.array([row.mean for row in rows])
    sds = np.array([row.sd for row in rows])
    mean = float(np.average(means, weights=n))
    spread = float(np.sqrt(np.average(sds**2 + (means - mean) ** 2, weights=n)))
    if len(rows) == 1:
        return mean, float(sds[0] / np.sqrt(n[0])), spread
    pull = n / n.sum() * (means - mean)
    return mean, float(np.sqrt(len(rows) / (len(rows) - 1) * (pull**2).sum())), spread


def _gap(release: Release, test: Test, made: list[GroupResult]) -> list[GroupResult]:
    by = {group.code: group for group in made if group.dimension == Dimension.SETTLEMENT and not group.suppressed}
    if set(by) != {"urban", "rural"}:
        return []
    towns, villages = by["urban"], by["rural"]
    gap, se = towns.mean - villages.mean, float(np.hypot(towns.se, villages.se))
    found = GroupResult(
        release=release, org_lo=test.org_lo, org_hi=test.org_hi, dimension=Dimension.GAP, code="settlement"
    )
    found.n, found.n_schools, found.mean, found.se = towns.n + villages.n, None, round(gap, 1), round(se, 1)
    found.low, found.high = round(gap - WIDTH * se, 1), round(gap + WIDTH * se, 1)
    return [found]
