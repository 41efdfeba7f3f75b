"""Last year's monitoring of the demonstration, to which this year's is linked, so that a known growth can be estimated.

Those who sat it are this year's pupils of the grade above. Twelve items are in both tests; one of them has become harder,
and is taken out of the link as an official would.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.models import AnswerSheet, Booklet, Link, MatchedBy, Sitting, SittingState, Test, TestState
from tirek.assessment.services.linking import link_test
from tirek.registry.models import Enrolment, Territory
from tirek.site.demo import truth
from tirek.site.demo.plan import Plan

BATCH = 5000
BECAUSE = "printed"


def day_of(plan: Plan) -> dt.date:
    """When last year's pupils sat the test."""
    return dt.date(plan.year - 1, 9, 18)


def made_last_year(plan: Plan, this_year: truth.Monitoring) -> truth.Monitoring:
    """The answers of those who are a grade further now."""
    schools, school = truth.schools_of(plan), truth.pupils_of(plan, this_year.grade + 1)
    return truth.last_year(seed=plan.seed, this_year=this_year, schools=schools, school=school)


@transaction.atomic
def load_sheets(plan: Plan, place: Territory, test: Test, made: truth.Monitoring) -> int:
    """A sitting for each school and language, and everybody's sheet."""
    pupils = _pupils(plan, test.grade + 1)
    sittings = _sittings(plan, test, pupils)
    booklets = {int(code) - 1: pk for code, pk in Booklet.objects.filter(test=test).values_list("code", "id")}
    columns = {n: [j for j, b in enumerate(made.blocks) if b in truth.BOOKLETS[n]] for n in booklets}
    sheets = [
        AnswerSheet(
            test=test, sitting_id=sittings[institution, language], person_id=person, booklet_id=booklets[booklet],
            org_no=org_no, codes=made.answers[i, columns[booklet]].tobytes(),
        )
        for i, ((person, org_no, institution, language), booklet) in enumerate(
            zip(pupils, made.booklet.tolist(), strict=True)
        )
        if place.org_lo <= org_no <= place.org_hi
    ]  # fmt: skip
    AnswerSheet.objects.bulk_create(sheets, batch_size=BATCH)
    return len(sheets)


def _pupils(plan: Plan, grade: int) -> list[tuple[int, int, int, str]]:
    numbers = truth.schools_of(plan).org_no.tolist()
    found = Enrolment.objects.filter(grade=grade, valid__contains=dt.date(plan.year, 9, 18), org_no__in=numbers)
    names = ("person_id", "org_no", "institution_id", "class_group__language")
    return list(found.order_by("org_no", "person_id").values_list(*names))


def _sittings(plan: Plan, test: Test, pupils: list[tuple[int, int, int, str]]) -> dict[tuple[int, str], int]:
    wanted = {(institution, language): org_no for _person, org_no, institution, language in pupils}
    made = Sitting.objects.bulk_create(
        Sitting(test=test, institution_id=institution, org_no=org_no, date=day_of(plan), language=language,
                state=SittingState.ANSWERED)
        for (institution, language), org_no in wanted.items()
    )  # fmt: skip
    return {(sitting.institution_id, sitting.language): sitting.pk for sitting in made}


def link_to_last_year(test: Test, base: Test, this_year: truth.Monitoring) -> Link | None:
    """Link, see what has drifted, take it out, link anew: as the pages do."""
    with loading():
        test.refresh_from_db()
        base.refresh_from_db()
        if test.state != TestState.CALIBRATED or base.state != TestState.PUBLISHED:
            return None
        now = timezone.now()
        asked = {"test_id": test.pk, "base_id": base.pk, "matched_by": MatchedBy.CODE, "by": None}
        found = link_test(**asked, now=now)
        drifted = truth.drifting_anchor(this_year)
        if any(row["item"] == drifted and row["flagged"] for row in found.anchors):
            found = link_test(**asked, now=now, removed={drifted: BECAUSE})
        return found
