"""People, enrolments and staff keep their history through every change, and refuse what cannot be."""

import datetime as dt
from decimal import Decimal

import pytest
from registry_world import (
    HEAD,
    NOW,
    REGION,
    SEPTEMBER,
    build,
    class_at,
    employ,
    enrol,
    person_at,
    refused,
    seen,
    where,
)

from tirek.access.roles import Role
from tirek.access.scope import loading
from tirek.registry.models import (
    Enrolment,
    Guardianship,
    Headcount,
    Person,
    Teaching,
)
from tirek.registry.queries.own import own_ids
from tirek.registry.services import enrolments, people, staff
from tirek.registry.services.refusals import RegistryRefusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return build()


# --- people ---


def test_the_same_iin_is_refused_and_tells_nothing_outside_the_scope(world):
    known = person_at(world.schools[2], iin="830717350867")
    with pytest.raises(RegistryRefusal) as caught:
        people.add_person(family_name="Х", given_name="У", org_no=10_101_000, iin="830717350867", by=HEAD, now=NOW)
    assert (caught.value.code, caught.value.fields["public_id"]) == ("iin_taken", None)
    with pytest.raises(RegistryRefusal) as caught:
        people.add_person(family_name="Х", given_name="У", org_no=10_101_000, iin="830717350867", by=REGION, now=NOW)
    assert caught.value.fields["public_id"] == str(known.public_id)


def test_a_wrong_iin_is_refused_with_a_proposal(world):
    with pytest.raises(RegistryRefusal) as caught:
        person_at(world.schools[0], iin="61211600012")
    assert caught.value.fields["proposal"] == "061211600012"


def test_a_corrected_name_goes_to_open_records_only(world):
    first, second = world.schools[:2]
    person = person_at(first)
    enrol(person, first)
    enrolments.transfer(person_id=person.pk, institution_id=second.pk, on=dt.date(2026, 1, 10), by=REGION, now=NOW)
    people.correct_person(person_id=person.pk, changes={"family_name": "Әлиева"}, by=REGION, now=NOW)
    with loading():
        names = list(Enrolment.objects.filter(person=person).order_by("valid").values_list("person_name", flat=True))
    assert names == ["Самалова Айша", "Әлиева Айша"]
    assert seen(Person, pk=person.pk).sort_key < person.sort_key


# --- enrolments ---


def test_a_transfer_keeps_both_places_and_the_guardian_follows(world):
    first, second, _ = world.schools
    child, parent = person_at(first), person_at(first, "Дана")
    people.add_guardianship(guardian_id=parent.pk, child_id=child.pk, from_date=SEPTEMBER, by=REGION, now=NOW)
    enrol(child, first)
    day = dt.date(2026, 1, 10)
    enrolments.transfer(person_id=child.pk, institution_id=second.pk, on=day, by=REGION, now=NOW)
    assert where(child, day - dt.timedelta(days=1)) == ["A"]
    assert where(child, day) == ["B"]
    assert where(child, SEPTEMBER - dt.timedelta(days=1)) == []
    assert seen(Person, pk=child.pk).org_no == second.org_no
    assert seen(Guardianship, child=child).org_no == second.org_no
    assert seen(Headcount, org_no=second.org_no).pupils == 1
    assert seen(Headcount, org_no=first.org_no).pupils == 0


def test_nobody_is_enrolled_twice(world):
    child = person_at(world.schools[0])
    enrol(child, world.schools[0])
    with refused("enrolled_already"):
        enrol(child, world.schools[1], day=dt.date(2026, 1, 10))
    with refused("enrolled_already"):
        enrol(child, world.schools[1], day=dt.date(2024, 1, 10))


def test_a_head_cannot_push_a_pupil_elsewhere(world):
    child = person_at(world.schools[0])
    enrol(child, world.schools[0])
    with refused("not_yours"):
        enrolments.transfer(
            person_id=child.pk, institution_id=world.schools[1].pk, on=dt.date(2026, 1, 10), by=HEAD, now=NOW
        )


def test_leaving_and_coming_back(world):
    school = world.schools[0]
    child = person_at(school)
    enrol(child, school)
    enrolments.leave(person_id=child.pk, on=dt.date(2025, 12, 1), reason="moved", by=HEAD, now=NOW)
    enrol(child, school, day=dt.date(2026, 2, 1), by=HEAD)
    assert [bool(where(child, day)) for day in (dt.date(2025, 11, 30), dt.date(2025, 12, 1), dt.date(2026, 2, 1))] == [
        True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("day", [dt.date(1825, 9, 1), dt.date(2226, 9, 1)])
def test_mistyped_years_are_refused(world, day):
    with refused("wrong_date"):
        enrol(person_at(world.schools[0]), world.schools[0], day=day)


def test_an_end_before_the_beginning_is_refused(world):
    child = person_at(world.schools[0])
    enrol(child, world.schools[0])
    with refused("wrong_date"):
        enrolments.leave(person_id=child.pk, on=SEPTEMBER, reason="moved", by=HEAD, now=NOW)


# --- staff ---


def test_a_teacher_sees_the_pupils_of_today_and_a_parent_the_children(world):
    school = world.schools[0]
    group, other = class_at(school), class_at(school, letter="Ә")
    teacher, child, stranger, parent = (person_at(school, name) for name in ("Ерлан", "Айша", "Дана", "Нұр"))
    employ(teacher, school)
    staff.assign_teaching(person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, by=HEAD, now=NOW)
    enrol(child, school, group)
    enrol(stranger, school, other)
    made = people.add_guardianship(guardian_id=parent.pk, child_id=child.pk, from_date=SEPTEMBER, by=HEAD, now=NOW)
    today = dt.date(2026, 3, 2)
    with loading():
        assert own_ids(teacher.pk, Role.TEACHER, today) == {teacher.pk, child.pk}
        assert own_ids(parent.pk, Role.PARENT, today) == {parent.pk, child.pk}
        assert own_ids(parent.pk, Role.SPONSOR, today) == {parent.pk}
    people.end_guardianship(guardianship_id=made.pk, on=dt.date(2026, 3, 1), by=HEAD, now=NOW)
    with loading():
        assert own_ids(parent.pk, Role.PARENT, today) == {parent.pk}


def test_one_main_employment_at_a_time(world):
    teacher = person_at(world.schools[0])
    employ(teacher, world.schools[0])
    with refused("main_already"):
        employ(teacher, world.schools[1])
    employ(teacher, world.schools[1], is_main=False, rate=Decimal("0.5"))
    assert seen(Person, pk=teacher.pk).org_no == world.schools[0].org_no


def test_ending_an_employment_ends_the_teaching(world):
    school, group = world.schools[0], class_at(world.schools[0])
    teacher = person_at(school)
    job = employ(teacher, school)
    staff.assign_teaching(
        person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, is_class_teacher=True, by=HEAD, now=NOW
    )
    staff.end_employment(employment_id=job.pk, on=dt.date(2026, 2, 1), by=HEAD, now=NOW)
    assert seen(Teaching, person=teacher).valid.upper == dt.date(2026, 2, 1)


def test_who_does_not_work_there_does_not_teach_there(world):
    with refused("not_employed"):
        staff.assign_teaching(
            person_id=person_at(world.schools[0]).pk, class_group_id=class_at(world.schools[0]).pk, from_date=SEPTEMBER,
            by=HEAD, now=NOW,
        )  # fmt: skip
