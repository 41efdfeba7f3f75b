"""Published results of pupils, followed from one test to a later one or beside what is known of them: what two kinds of run seal.

Pupils stand in the order of their results, without name or number. Read with the loader's eyes, after the right is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tirek.access.scope import loading
from tirek.assessment.models import PersonResult, Release, ReleaseState, Sitting
from tirek.assessment.queries.results import published, test_by_code
from tirek.programmes.decided.pupils_sealed import FOLLOWED, PUPILS, SCHOOLS
from tirek.programmes.queries.impact_design import days_of
from tirek.registry.models import Institution, InstitutionState, Person, Succession, Territory
from tirek.registry.models.territories import TerritoryLevel

LEFT_OUT = {"because": pl.String, "pupils": pl.Int64}


def releases_with_pupils(lo: int | None = None, hi: int | None = None) -> list[Release]:
    """Publications that hold pupils' own results, the latest first; of tests that the range lies in, if one is given."""
    found = Release.objects.filter(state=ReleaseState.PUBLISHED, calibration__isnull=False)
    if lo is not None and hi is not None:
        found = found.filter(test__org_lo__lte=lo, test__org_hi__gte=hi)
    rows = list(found.select_related("test__school_year", "test__territory", "calibration"))
    days = days_of([release.test for release in rows])
    return sorted(rows, key=lambda release: (days[release.test_id][1], release.test.code), reverse=True)


def pairs_to_follow(releases: list[Release]) -> list[tuple[Release, Release]]:
    """An earlier and a later test of one subject, sat by pupils of one age group: the later grade is the earlier's or above."""
    days = days_of([release.test for release in releases])
    found = []
    for after in releases:
        for before in releases:
            one, other = before.test, after.test
            earlier = days[before.test_id][1] < days[after.test_id][0]
            same = (one.subject, one.org_lo, one.org_hi) == (other.subject, other.org_lo, other.org_hi)
            years = other.school_year.starts_on.year - one.school_year.starts_on.year
            if earlier and same and other.grade - one.grade == years:
                found.append((before, after))
    return found


def followed_inputs(before: Release, after: Release) -> dict[str, pl.DataFrame]:
    """Pupils of a school at both tests, what each school had tested at the end, and how many could not be followed."""
    first = {person: (org_no, points) for person, org_no, points, _sitting in _results(before)}
    duties = _duties(before, after)
    languages = dict(Sitting.objects.filter(test=after.test).values_list("id", "language"))
    places = _places(after)
    rows, tested, moved, new = [], dict.fromkeys(places, 0), 0, 0
    for person, org_no, points, sitting in _results(after):
        tested[org_no] += 1
        earlier = first.pop(person, None)
        if earlier is None:
            new += 1
        elif duties.get(earlier[0], earlier[0]) != org_no:
            moved += 1
        else:
            code, district = places[org_no]
            rows.append((code, org_no, district, languages[sitting], float(earlier[1]), float(points)))
    left_out = [("moved", moved), ("only_before", len(first)), ("only_after", new)]
    return {
        "pupils": pl.DataFrame(sorted(rows), schema=FOLLOWED, orient="row"),
        "schools": pl.DataFrame(
            [(places[n][0], n, count) for n, count in sorted(tested.items())], schema=SCHOOLS, orient="row"
        ),
        "left_out": pl.DataFrame(left_out, schema=LEFT_OUT, orient="row"),
    }


def _results(release: Release):
    found = PersonResult.objects.filter(release=release).order_by("person_id")
    return found.values_list("person_id", "org_no", "points", "sitting_id").iterator(chunk_size=20_000)


def _duties(before: Release, after: Release) -> dict[int, int]:
    """Where a school's duties went as a whole between the tests: merged into another school, or continued as one."""
    days = days_of([before.test, after.test])
    found = Succession.objects.filter(
        date__gt=days[before.test_id][1], date__lte=days[after.test_id][1],
        kind__in=[Succession.Kind.MERGER, Succession.Kind.RENEWAL],
    )  # fmt: skip
    return dict(found.order_by("date").values_list("before__org_no", "after__org_no"))


def _places(release: Release) -> dict[int, tuple[str, str]]:
    """Code and district of the schools with results."""
    numbers = sorted(set(PersonResult.objects.filter(release=release).values_list("org_no", flat=True)))
    codes = dict(Institution.objects.filter(org_no__in=numbers).values_list("org_no", "code"))
    test = release.test
    districts = list(
        Territory.objects.filter(level=TerritoryLevel.DISTRICT, org_lo__gte=test.org_lo, org_hi__lte=test.org_hi)
        .order_by("org_lo").values_list("code", "org_lo", "org_hi")
    )  # fmt: skip
    return {n: (codes[n], next((c for c, lo, hi in districts if lo <= n <= hi), "")) for n in numbers}


def pupil_inputs(release: Release) -> dict[str, pl.DataFrame]:
    """Every pupil's result with what is known of the pupil and of the school on the last day of the test."""
    day = days_of([release.test])[release.test_id][1]
    states = _states(release, day)
    sat = PersonResult.objects.filter(release=release).values("person_id")
    sexes = dict(Person.objects.filter(pk__in=sat).exclude(sex="").values_list("id", "sex"))
    languages = dict(Sitting.objects.filter(test=release.test).values_list("id", "language"))
    rows = []
    for person, org_no, points, sitting in _results(release):
        if org_no not in states:
            continue
        code, settlement, size, speed = states[org_no]
        sex = sexes.get(person)
        girl = np.nan if sex is None else float(sex == "f")
        rows.append((code, org_no, settlement, float(points), girl, float(languages[sitting] == "kk"), size, speed))
    return {"pupils": pl.DataFrame(sorted(rows, key=str), schema=PUPILS, orient="row")}


def _states(release: Release, day: dt.date) -> dict[int, tuple[str, str, float, float]]:
    """Code, kind of settlement, size (logarithm of the pupils, so that doubling counts the same) and internet speed of schools."""
    numbers = set(PersonResult.objects.filter(release=release).values_list("org_no", flat=True))
    found = InstitutionState.objects.filter(org_no__in=numbers, valid__contains=day)
    states = {}
    for state in found.select_related("institution__headcount"):
        headcount = getattr(state.institution, "headcount", None)
        pupils = headcount.pupils if headcount else 0
        states[state.org_no] = (
            state.institution.code, state.settlement_kind, float(np.log2(pupils)) if pupils else np.nan,
            np.nan if state.speed_mbps is None else float(state.speed_mbps),
        )  # fmt: skip
    return states


def fresh_followed(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """For the journal: the inputs as they are now, asked the same way."""
    with loading():
        return followed_inputs(_release(parameters["before"]), _release(parameters["after"]))


def fresh_pupils(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    with loading():
        return pupil_inputs(_release(parameters["test"]))


def _release(code: str) -> Release:
    test = test_by_code(code)
    found = published(test) if test is not None else None
    if found is None:
        raise Release.DoesNotExist(code)
    return found
