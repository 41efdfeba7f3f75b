"""Applications of April 2024, rated so that the published criteria choose the schools which the register marks."""

from __future__ import annotations

import datetime as dt
import random

from tirek.decisions.rules import rules_in_force
from tirek.programmes.decided.selection import candidates_of, criteria_of
from tirek.programmes.kinds import SELECTION
from tirek.programmes.models import Application, Programme
from tirek.programmes.queries.candidates import candidates
from tirek.registry.models import InstitutionState, Territory
from tirek_engines.programmes.selection import criterion_points, total_points

SINCE = dt.date(2024, 4, 1)


def support_schools(region: Territory) -> list[int]:
    """Institutions that the register marks as support schools from the first day on."""
    found = InstitutionState.objects.filter(is_support_school=True, valid__contains=SINCE)
    return sorted(found.filter(org_no__gte=region.org_lo, org_no__lte=region.org_hi).values_list("org_no", flat=True))


def apply(otpan: Programme, *, day: dt.date, seed: int) -> int:
    """Make up the applications: good ones of the marked schools, weaker ones of most others; some have not applied."""
    if Application.objects.filter(programme=otpan).exists():
        return 0
    frame = candidates(otpan, day=day, districts=[], joins_on=SINCE)
    criteria = criteria_of(rules_in_force(SELECTION, day, otpan.org_lo, otpan.org_hi).values())
    schools, org_nos = candidates_of(frame), frame["org_no"].to_list()
    marked, weight = set(support_schools(otpan.territory)), criteria.weights["application"]
    own = {
        c.code: total_points(criterion_points(c, criteria), criteria.weights) for c in schools
    }  # nobody has applied yet
    rated: dict[int, int] = {}
    line: dict[str, int] = {}
    for c, org_no in zip(schools, org_nos, strict=True):
        if org_no in marked:
            rated[org_no] = _chance(seed, org_no).randint(72, 98)
            total = own[c.code] + weight * rated[org_no]
            line[c.district] = min(line.get(c.district, total), total)
    for c, org_no in zip(schools, org_nos, strict=True):
        chance = _chance(seed, org_no)
        if org_no not in marked and chance.random() < 0.8:
            highest = (line.get(c.district, 0) - own[c.code] - 1) // weight
            rated[org_no] = max(0, min(chance.randint(35, 90), highest - chance.randint(0, 6)))
    Application.objects.bulk_create(
        Application(
            programme=otpan, org_no=org_no, points=points, received_on=dt.date(2024, 2, 12) + dt.timedelta(days=org_no % 25),
            note="Көрсетілімдік өтінім",
        )
        for org_no, points in sorted(rated.items())
    )  # fmt: skip
    return len(rated)


def _chance(seed: int, org_no: int) -> random.Random:
    return random.Random(f"otpan {seed} {org_no}")  # noqa: S311 (a drawing of the demonstration)
