"""A result belongs where it was earned: to the school of the sitting, whatever becomes of the school or the pupil later."""

import datetime as dt

import pytest
from assessment_world import DAY, OFFICER, answers_csv, make_test, make_world

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import AnswerSheet, GroupResult, PersonResult
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.decisions.services import verify
from tirek.registry.models import ClassGroup, Enrolment, Institution
from tirek.registry.services.enrolments import transfer
from tirek.registry.services.succession import merge
from tirek.storage.database import OWN

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2025, 10, 1, 12, tzinfo=dt.UTC)
LATER = DAY + dt.timedelta(days=5)
SHOWN = (30,) * 7  # no school so small that others are hidden with it


@pytest.fixture(autouse=True)
def sealed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


def head_of(school: Institution) -> Scope:
    return Scope(lo=school.org_no, hi=school.org_no, role="school_head", user_id=None)


def published(world, test):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=NOW)
        return publish_results(test_id=test.pk, by=None, now=NOW)


def seen_by(scope: Scope) -> set[int]:
    with acting_as(scope):
        return set(PersonResult.objects.values_list("person_id", flat=True))


def test_a_pupil_who_moves_after_the_sitting_counts_where_the_test_was_sat():
    world = make_world(SHOWN)
    test = make_test(world)
    first, second = world.schools[0], world.schools[2]
    mover = world.pupils[first.pk][0]
    transfer(person_id=mover.pk, institution_id=second.pk, on=LATER, by=OFFICER, now=NOW)
    release = published(world, test)
    with loading():
        assert Enrolment.objects.get(person=mover, valid__upper_inf=True).institution_id == second.pk
        assert AnswerSheet.objects.get(person=mover).org_no == first.org_no
        rows = {g.code: g.n for g in GroupResult.objects.filter(release=release, dimension="school")}
        assert (rows[first.code], rows[second.code]) == (30, 30)
        assert PersonResult.objects.get(person=mover).org_no == first.org_no
    assert mover.pk in seen_by(head_of(first))
    assert mover.pk not in seen_by(head_of(second))
    assert seen_by(Scope(OWN, person_ids=(mover.pk,), role="parent")) == {mover.pk}, "the family keeps it"


def test_a_pupil_who_moves_before_the_sitting_counts_in_the_new_school():
    world = make_world(SHOWN)
    test = make_test(world)
    first, second = world.schools[0], world.schools[2]
    mover = world.pupils[first.pk][0]
    with loading():
        group = ClassGroup.objects.get(institution=second)
    transfer(
        person_id=mover.pk, institution_id=second.pk, class_group_id=group.pk, on=DAY - dt.timedelta(days=2), by=OFFICER,
        now=NOW,
    )  # fmt: skip
    release = published(world, test)
    with loading():
        rows = {g.code: g.n for g in GroupResult.objects.filter(release=release, dimension="school")}
        assert (rows[first.code], rows[second.code]) == (29, 31)


def test_results_of_a_school_that_was_merged_stay_its_own():
    world = make_world(SHOWN)
    test = make_test(world)
    gone, after = world.schools[0], world.schools[2]
    merge(before_ids=[gone.pk], after_id=after.pk, on=LATER, act="Order 5", by=OFFICER, now=NOW)
    release = published(world, test)
    with loading():
        rows = {g.code: (g.n, g.org_lo) for g in GroupResult.objects.filter(release=release, dimension="school")}
        assert rows[gone.code] == (30, gone.org_no)
        assert rows[after.code] == (30, after.org_no)
        assert PersonResult.objects.filter(org_no=gone.org_no).count() == 30
    with acting_as(OFFICER):
        assert verify(release.decision_number, now=NOW).agrees
