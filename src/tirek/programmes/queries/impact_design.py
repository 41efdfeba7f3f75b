"""What is known of schools and of their results before a programme: what the choice of comparison schools seals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from django.db.models import Max, Min

from tirek.access.scope import loading
from tirek.assessment.models import Dimension, GroupResult, Release, ReleaseState, Sitting, SittingState, Test, TestKind
from tirek.programmes.decided.comparison import EARLIER, SCHOOLS, WAVES
from tirek.programmes.models import Participation, Programme
from tirek.registry.models import InstitutionKind, InstitutionState

KINDS = (InstitutionKind.SCHOOL, InstitutionKind.SMALL_SCHOOL)


@dataclass(frozen=True)
class Wave:
    """A published test of one subject and grade, with the days on which it was sat."""

    release: Release
    first_day: dt.date
    last_day: dt.date

    @property
    def test(self) -> Test:
        return self.release.test

    @property
    def number(self) -> str:
        """By what the publication is known."""
        return self.release.decision_number or f"release {self.release.pk}"


def waves_of(programme: Programme, subject: str, grade: int) -> list[Wave]:
    """Published tests of the programme's whole territory, in the order of their days."""
    found = Release.objects.filter(
        state=ReleaseState.PUBLISHED, test__subject=subject, test__grade=grade, test__org_lo__lte=programme.org_lo,
        test__org_hi__gte=programme.org_hi,
    ).select_related("test__school_year", "calibration", "link")  # fmt: skip
    releases = list(found)
    days = days_of([release.test for release in releases])
    return sorted((Wave(r, *days[r.test_id]) for r in releases), key=lambda w: (w.last_day, w.test.code))


def days_of(tests: Sequence[Test]) -> dict[int, tuple[dt.date, dt.date]]:
    """First and last day of sitting; of results brought in without sittings, the beginning or end of their school year."""
    sat = Sitting.objects.filter(test__in=tests).exclude(state=SittingState.CANCELLED)
    known = {row[0]: row[1:] for row in sat.values_list("test_id").annotate(first=Min("date"), last=Max("date"))}
    found = {}
    for test in tests:
        year = test.school_year
        day = year.ends_on if test.kind == TestKind.EXIT else year.starts_on
        found[test.pk] = known.get(test.pk) or (day, day)
    return found


def school_results(waves: Sequence[Wave], programme: Programme) -> list[tuple[int, int, float, float | None, int]]:
    """Published means of schools: number of the school, wave from 1, mean, spread, pupils. Small groups are not there."""
    place = {wave.release.pk: k for k, wave in enumerate(waves, 1)}
    found = GroupResult.objects.filter(
        release__in=list(place), dimension=Dimension.SCHOOL, suppressed="", org_lo__gte=programme.org_lo,
        org_hi__lte=programme.org_hi,
    )  # fmt: skip
    rows = found.order_by("org_lo", "release_id").values_list("org_lo", "release_id", "mean", "sd", "n")
    return sorted((org_no, place[release], mean, sd, n) for org_no, release, mean, sd, n in rows)


def begins_on(programme: Programme) -> dt.date:
    """The day on which the first school joined; the programme's first day where none has."""
    first = Participation.objects.filter(programme=programme).order_by("valid").first()
    return first.valid.lower if first is not None and first.valid.lower else programme.starts_on


def design_inputs(
    programme: Programme, *, subject: str, grade: int, begins: dt.date, day: dt.date
) -> dict[str, pl.DataFrame]:
    """Schools, waves before the programme began, and results of schools in them. Read with the loader's eyes."""
    waves = [wave for wave in waves_of(programme, subject, grade) if wave.last_day <= begins]
    rows = [
        (k, wave.test.code, wave.test.title_en, wave.last_day.isoformat(), wave.number)
        for k, wave in enumerate(waves, 1)
    ]
    results = [(org_no, wave, mean, n) for org_no, wave, mean, _sd, n in school_results(waves, programme)]
    return {
        "schools": _schools(programme, day),
        "waves": pl.DataFrame(rows, schema=WAVES, orient="row"),
        "earlier": pl.DataFrame(results, schema=EARLIER, orient="row"),
    }


def _schools(programme: Programme, day: dt.date) -> pl.DataFrame:
    span = {"org_no__gte": programme.org_lo, "org_no__lte": programme.org_hi}
    states = InstitutionState.objects.filter(valid__contains=day, institution__kind__in=KINDS, **span)
    taking_part = Participation.objects.filter(valid__endswith__gt=day) | Participation.objects.filter(
        valid__upper_inf=True
    )
    inside = set(taking_part.filter(programme=programme).values_list("org_no", flat=True))
    elsewhere = set(taking_part.exclude(programme=programme).filter(**span).values_list("org_no", flat=True))
    rows = []
    for state in states.select_related("institution__headcount").order_by("org_no"):
        headcount = getattr(state.institution, "headcount", None)
        rows.append((
            state.institution.code, state.org_no, state.org_no in inside, state.org_no in elsewhere,
            state.settlement_kind, "+".join(sorted(state.languages)), headcount.pupils if headcount else 0,
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHOOLS, orient="row")


def fresh_design(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """For the journal: the inputs as they are now, asked the same way."""
    with loading():
        programme = Programme.objects.get(slug=parameters["programme"])
        return design_inputs(
            programme, subject=parameters["subject"], grade=int(parameters["grade"]),
            begins=dt.date.fromisoformat(parameters["begins_on"]), day=dt.date.fromisoformat(parameters["day"]),
        )  # fmt: skip
