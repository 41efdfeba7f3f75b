"""The register keeps history through every change, and refuses what cannot be."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import (
    ClassGroup,
    Employment,
    Enrolment,
    Guardianship,
    Headcount,
    Institution,
    InstitutionState,
    Person,
    SchoolYear,
    Succession,
    Teaching,
    Territory,
)
from tirek.registry.queries import institutions as institution_queries
from tirek.registry.queries import people as people_queries
from tirek.registry.queries.own import own_ids
from tirek.registry.services import enrolments, institutions, people, staff, succession, territories, year
from tirek.registry.services.refusals import RegistryRefusal
from tirek.storage.database import COUNTRY, OWN

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
SEPTEMBER = dt.date(2025, 9, 1)
REGION = Scope(lo=10_000_000, hi=19_999_999, role=Role.REGIONAL_OFFICER)
HEAD = Scope(lo=10_101_000, hi=10_101_000, role=Role.SCHOOL_HEAD)
TEACHER = Scope(OWN, role=Role.TEACHER)
MINISTRY = Scope(COUNTRY, role=Role.ADMINISTRATOR)


def refused(code: str):
    return pytest.raises(RegistryRefusal, check=lambda refusal: refusal.code == code)


@pytest.fixture
def world():
    """A region with two districts, three schools, two school years."""
    with loading():
        region = _territory("470000000", None, "region", 10_000_000, 19_999_999)
        first = _territory("471000000", region, "district", 10_100_000, 10_199_999)
        second = _territory("472000000", region, "district", 10_200_000, 10_299_999)
        town = _territory("471001000", first, "settlement", 10_101_000, 10_101_999)
        for start in (2025, 2026):
            SchoolYear.objects.create(
                code=f"{start}-{start + 1}", starts_on=dt.date(start, 9, 1), ends_on=dt.date(start + 1, 5, 25)
            )
    schools = [
        institutions.open_institution(
            code=code, kind="school", territory_id=place.pk, opens_on=dt.date(2000, 9, 1), by=MINISTRY, now=NOW,
            state={"name_kk": f"{code} мектебі"},
        )
        for code, place in (("A", town), ("B", town), ("C", second))
    ]  # fmt: skip
    return type("World", (), {"region": region, "first": first, "second": second, "town": town, "schools": schools})


def _territory(code, parent, level, lo, hi):
    return Territory.objects.create(
        code=code, parent=parent, level=level, name_kk=code, name_ru=code, name_en=code, org_lo=lo, org_hi=hi,
        valid=DateRange(dt.date(1997, 1, 1), None),
    )  # fmt: skip


def _person(school, name="Айша", **more):
    return people.add_person(
        family_name="Самалова", given_name=name, org_no=school.org_no, by=MINISTRY, now=NOW, **more
    )


def _class(school, grade=4, letter="А", start=2025):
    with loading():
        school_year = SchoolYear.objects.get(code=f"{start}-{start + 1}")
        return ClassGroup.objects.create(
            institution=school, org_no=school.org_no, school_year=school_year, grade=grade, letter=letter, language="kk"
        )


def _enrol(person, school, group=None, day=SEPTEMBER, by=MINISTRY):
    return enrolments.enrol(
        person_id=person.pk, institution_id=school.pk, from_date=day, class_group_id=group and group.pk, by=by, now=NOW
    )


def _employ(person, school, day=SEPTEMBER, **more):
    return staff.employ(
        person_id=person.pk, institution_id=school.pk, from_date=day, position="teacher", by=MINISTRY, now=NOW, **more
    )


def _seen(model, **found):
    with loading():
        return model.objects.get(**found)


def _where(person, day):
    with acting_as(MINISTRY) as scope:
        return [e.institution.code for e in people_queries.pupils(scope, on=day).filter(person=person)]


# institutions


def test_numbers_follow_the_tree(world):
    assert [s.org_no for s in world.schools] == [10_101_000, 10_101_010, 10_200_000]


def test_a_change_keeps_the_past(world):
    school = world.schools[0]
    changed = dt.date(2026, 1, 10)
    institutions.change_institution(
        institution_id=school.pk, from_date=changed, changes={"name_kk": "Жаңа мектеп"}, by=HEAD, now=NOW
    )
    with acting_as(REGION):
        before = institution_queries.state_of(school.pk, on=changed - dt.timedelta(days=1))
        after = institution_queries.state_of(school.pk, on=changed)
        assert (before.name_kk, after.name_kk) == ("A мектебі", "Жаңа мектеп")
        assert before.valid.upper == after.valid.lower == changed
        assert after.sort_key != before.sort_key
        assert institution_queries.state_of(school.pk, on=dt.date(1999, 1, 1)) is None


def test_a_change_before_the_last_one_is_refused(world):
    with refused("wrong_date"):
        institutions.change_institution(
            institution_id=world.schools[0].pk, from_date=dt.date(2000, 9, 1), changes={"capacity": 5}, by=HEAD, now=NOW
        )


def test_a_correction_rewrites_the_same_period(world):
    state = _seen(InstitutionState, institution=world.schools[0])
    institutions.correct_institution(state_id=state.pk, changes={"name_kk": "А"}, by=HEAD, now=NOW)
    with loading():
        assert InstitutionState.objects.filter(institution=world.schools[0]).count() == 1
        last, first = institution_queries.changes(world.schools[0].pk)
    assert _seen(InstitutionState, pk=state.pk).valid == state.valid
    assert (last["label"], last["fields"]) == ("update", {"name_kk": ("A мектебі", "А")})
    assert first["label"] == "insert"


def test_only_fields_of_the_state_can_change(world):
    with refused("unknown_field"):
        institutions.change_institution(
            institution_id=world.schools[0].pk, from_date=SEPTEMBER, changes={"org_no": 1}, by=HEAD, now=NOW
        )


@pytest.mark.parametrize("by", [TEACHER, Scope(), Scope(lo=0, hi=2_000_000_000, role=Role.PARENT)])
def test_who_may_not_change(world, by):
    with refused("not_yours"):
        institutions.change_institution(
            institution_id=world.schools[0].pk, from_date=SEPTEMBER, changes={"capacity": 5}, by=by, now=NOW
        )


def test_a_head_changes_only_the_own_school(world):
    with refused("not_yours"):
        institutions.change_institution(
            institution_id=world.schools[1].pk, from_date=SEPTEMBER, changes={"capacity": 5}, by=HEAD, now=NOW
        )


def test_a_school_with_pupils_is_not_closed(world):
    school = world.schools[0]
    _enrol(_person(school), school)
    with refused("not_empty"):
        institutions.close_institution(institution_id=school.pk, on=dt.date(2026, 3, 1), by=REGION, now=NOW)


def test_a_closed_school_takes_nobody(world):
    school = world.schools[2]
    institutions.close_institution(institution_id=school.pk, on=dt.date(2026, 3, 1), by=REGION, now=NOW)
    with refused("institution_closed"):
        _enrol(_person(school), school, day=dt.date(2026, 3, 2))
    with acting_as(REGION):
        assert institution_queries.state_of(school.pk, on=dt.date(2026, 2, 28)) is not None
        assert institution_queries.state_of(school.pk, on=dt.date(2026, 3, 1)) is None


# people


def test_the_same_iin_is_refused_and_tells_nothing_outside_the_scope(world):
    known = _person(world.schools[2], iin="830717350867")
    with pytest.raises(RegistryRefusal) as caught:
        people.add_person(family_name="Х", given_name="У", org_no=10_101_000, iin="830717350867", by=HEAD, now=NOW)
    assert (caught.value.code, caught.value.fields["public_id"]) == ("iin_taken", None)
    with pytest.raises(RegistryRefusal) as caught:
        people.add_person(family_name="Х", given_name="У", org_no=10_101_000, iin="830717350867", by=REGION, now=NOW)
    assert caught.value.fields["public_id"] == str(known.public_id)


def test_a_wrong_iin_is_refused_with_a_proposal(world):
    with pytest.raises(RegistryRefusal) as caught:
        _person(world.schools[0], iin="61211600012")
    assert caught.value.fields["proposal"] == "061211600012"


def test_a_corrected_name_goes_to_open_records_only(world):
    first, second = world.schools[:2]
    person = _person(first)
    _enrol(person, first)
    enrolments.transfer(person_id=person.pk, institution_id=second.pk, on=dt.date(2026, 1, 10), by=REGION, now=NOW)
    people.correct_person(person_id=person.pk, changes={"family_name": "Әлиева"}, by=REGION, now=NOW)
    with loading():
        names = list(Enrolment.objects.filter(person=person).order_by("valid").values_list("person_name", flat=True))
    assert names == ["Самалова Айша", "Әлиева Айша"]
    assert _seen(Person, pk=person.pk).sort_key < person.sort_key


# enrolments


def test_a_transfer_keeps_both_places_and_the_guardian_follows(world):
    first, second, _ = world.schools
    child, parent = _person(first), _person(first, "Дана")
    people.add_guardianship(guardian_id=parent.pk, child_id=child.pk, from_date=SEPTEMBER, by=REGION, now=NOW)
    _enrol(child, first)
    day = dt.date(2026, 1, 10)
    enrolments.transfer(person_id=child.pk, institution_id=second.pk, on=day, by=REGION, now=NOW)
    assert _where(child, day - dt.timedelta(days=1)) == ["A"]
    assert _where(child, day) == ["B"]
    assert _where(child, SEPTEMBER - dt.timedelta(days=1)) == []
    assert _seen(Person, pk=child.pk).org_no == second.org_no
    assert _seen(Guardianship, child=child).org_no == second.org_no
    assert _seen(Headcount, org_no=second.org_no).pupils == 1
    assert _seen(Headcount, org_no=first.org_no).pupils == 0


def test_nobody_is_enrolled_twice(world):
    child = _person(world.schools[0])
    _enrol(child, world.schools[0])
    with refused("enrolled_already"):
        _enrol(child, world.schools[1], day=dt.date(2026, 1, 10))
    with refused("enrolled_already"):
        _enrol(child, world.schools[1], day=dt.date(2024, 1, 10))


def test_a_head_cannot_push_a_pupil_elsewhere(world):
    child = _person(world.schools[0])
    _enrol(child, world.schools[0])
    with refused("not_yours"):
        enrolments.transfer(
            person_id=child.pk, institution_id=world.schools[1].pk, on=dt.date(2026, 1, 10), by=HEAD, now=NOW
        )


def test_leaving_and_coming_back(world):
    school = world.schools[0]
    child = _person(school)
    _enrol(child, school)
    enrolments.leave(person_id=child.pk, on=dt.date(2025, 12, 1), reason="moved", by=HEAD, now=NOW)
    _enrol(child, school, day=dt.date(2026, 2, 1), by=HEAD)
    assert [bool(_where(child, day)) for day in (dt.date(2025, 11, 30), dt.date(2025, 12, 1), dt.date(2026, 2, 1))] == [
        True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("day", [dt.date(1825, 9, 1), dt.date(2226, 9, 1)])
def test_mistyped_years_are_refused(world, day):
    with refused("wrong_date"):
        _enrol(_person(world.schools[0]), world.schools[0], day=day)


def test_an_end_before_the_beginning_is_refused(world):
    child = _person(world.schools[0])
    _enrol(child, world.schools[0])
    with refused("wrong_date"):
        enrolments.leave(person_id=child.pk, on=SEPTEMBER, reason="moved", by=HEAD, now=NOW)


# staff


def test_a_teacher_sees_the_pupils_of_today_and_a_parent_the_children(world):
    school = world.schools[0]
    group, other = _class(school), _class(school, letter="Ә")
    teacher, child, stranger, parent = (_person(school, name) for name in ("Ерлан", "Айша", "Дана", "Нұр"))
    _employ(teacher, school)
    staff.assign_teaching(person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, by=HEAD, now=NOW)
    _enrol(child, school, group)
    _enrol(stranger, school, other)
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
    teacher = _person(world.schools[0])
    _employ(teacher, world.schools[0])
    with refused("main_already"):
        _employ(teacher, world.schools[1])
    _employ(teacher, world.schools[1], is_main=False, rate=Decimal("0.5"))
    assert _seen(Person, pk=teacher.pk).org_no == world.schools[0].org_no


def test_ending_an_employment_ends_the_teaching(world):
    school, group = world.schools[0], _class(world.schools[0])
    teacher = _person(school)
    job = _employ(teacher, school)
    staff.assign_teaching(
        person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, is_class_teacher=True, by=HEAD, now=NOW
    )
    staff.end_employment(employment_id=job.pk, on=dt.date(2026, 2, 1), by=HEAD, now=NOW)
    assert _seen(Teaching, person=teacher).valid.upper == dt.date(2026, 2, 1)


def test_who_does_not_work_there_does_not_teach_there(world):
    with refused("not_employed"):
        staff.assign_teaching(
            person_id=_person(world.schools[0]).pk, class_group_id=_class(world.schools[0]).pk, from_date=SEPTEMBER,
            by=HEAD, now=NOW,
        )  # fmt: skip


# mergers, splits


def test_a_merger_moves_everybody_and_keeps_the_past(world):
    first, second, _ = world.schools
    group, taken = _class(first), _class(second)
    teacher, child, classless = (_person(first, name) for name in ("Ерлан", "Айша", "Дана"))
    _employ(teacher, first)
    staff.assign_teaching(person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, by=HEAD, now=NOW)
    _enrol(child, first, group)
    _enrol(classless, first)
    day = dt.date(2026, 1, 12)
    succession.merge(before_ids=[first.pk], after_id=second.pk, on=day, act="№ 5", by=REGION, now=NOW)
    assert _where(child, day - dt.timedelta(days=1)) == ["A"]
    assert _where(child, day) == _where(classless, day) == ["B"]
    moved = _seen(Enrolment, person=child, valid__upper_inf=True).class_group_id
    assert moved not in (group.pk, taken.pk)
    assert _seen(ClassGroup, pk=moved).institution_id == second.pk
    assert _seen(Teaching, person=teacher, valid__upper_inf=True).class_group_id == moved
    assert _seen(Employment, person=teacher, valid__upper_inf=True).institution_id == second.pk
    assert _seen(Institution, pk=first.pk).open_period.upper == day
    assert _seen(Succession, before=first).kind == "merger"
    count = _seen(Headcount, org_no=second.org_no)
    assert (count.pupils, count.staff, count.teachers) == (2, 1, 1)


def test_a_merger_outside_the_scope_changes_nothing(world):
    first, _, third = world.schools
    _enrol(_person(first), first)
    district = Scope(lo=10_100_000, hi=10_199_999, role=Role.DISTRICT_OFFICER)
    with refused("not_yours"):
        succession.merge(
            before_ids=[first.pk], after_id=third.pk, on=dt.date(2026, 1, 12), act="", by=district, now=NOW
        )
    assert _seen(Institution, pk=first.pk).open_period.upper is None


def test_a_split_takes_only_what_is_named(world):
    first, second, _ = world.schools
    goes, stays = _class(first), _class(first, letter="Ә")
    one, two = _person(first), _person(first, "Дана")
    _enrol(one, first, goes)
    _enrol(two, first, stays)
    day = dt.date(2026, 1, 12)
    succession.split(
        before_id=first.pk,
        after_id=second.pk,
        class_group_ids=[goes.pk],
        staff_ids=[],
        on=day,
        act="",
        by=REGION,
        now=NOW,
    )
    assert (_where(one, day), _where(two, day)) == (["B"], ["A"])
    assert _seen(Institution, pk=first.pk).open_period.upper is None


# the turn of the year


def _turn(world, run=True):
    new = _seen(SchoolYear, code="2026-2027")
    given = {"territory_id": world.first.pk, "institution_no": None, "to_year_id": new.pk, "by": REGION}
    now = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)
    return year.roll_over_year(**given, now=now) if run else year.preview_roll_over(**given)


def test_the_year_turns_once(world):
    school = world.schools[0]
    fourth, last = _class(school, 4), _class(school, 11)
    teacher, child, graduate, classless = (_person(school, n) for n in ("Ерлан", "Айша", "Дана", "Нұр"))
    _employ(teacher, school)
    staff.assign_teaching(
        person_id=teacher.pk, class_group_id=fourth.pk, from_date=SEPTEMBER, is_class_teacher=True, by=HEAD, now=NOW
    )
    for person, group in ((child, fourth), (graduate, last), (classless, None)):
        _enrol(person, school, group)
    shown = _turn(world, run=False)
    assert (shown.promoted, shown.graduated, shown.classes, shown.without_class) == (1, 1, 1, 1)
    assert _turn(world) == shown
    again = _turn(world)
    assert (again.promoted, again.graduated) == (0, 0)
    first_day = dt.date(2026, 9, 1)
    moved = _seen(Enrolment, person=child, valid__contains=first_day)
    assert (moved.grade, moved.class_group.letter, moved.entry_reason) == (5, "А", "promoted")
    assert _seen(Enrolment, person=child, valid__contains=first_day - dt.timedelta(days=1)).grade == 4
    assert _where(graduate, first_day) == []
    assert _seen(Teaching, person=teacher, valid__contains=first_day).class_group_id == moved.class_group_id


def test_the_year_does_not_turn_too_early(world):
    new = _seen(SchoolYear, code="2026-2027")
    with refused("too_early"):
        year.roll_over_year(territory_id=world.first.pk, institution_no=None, to_year_id=new.pk, by=REGION, now=NOW)


# renumbering


def test_renumbering_takes_people_history_and_grants_along(world):
    school = world.schools[0]
    child = _person(school)
    _enrol(child, school)
    with loading():
        user = User.objects.create(username="head", full_name="H", org_no=school.org_no, password="x")
        grant = Grant.objects.create(
            user=user, role=Role.SCHOOL_HEAD, scope_kind="institution", org_lo=school.org_no, org_hi=school.org_no,
            valid=DateRange(SEPTEMBER, None),
        )  # fmt: skip
    territories.renumber_territory(territory_id=world.first.pk, new_lo=10_500_000, by=MINISTRY, now=NOW)
    number = school.org_no + 400_000
    assert _seen(Institution, pk=school.pk).org_no == number
    assert _seen(Grant, pk=grant.pk).org_lo == number
    with acting_as(Scope(lo=number, hi=number, role=Role.SCHOOL_HEAD)) as scope:
        assert people_queries.pupils(scope, on=dt.date(2026, 3, 2)).count() == 1
        assert Person.events.rel.related_model.objects.filter(pgh_obj_id=child.pk).count() >= 1
    assert _seen(Territory, pk=world.town.pk).org_lo == 10_501_000
    assert _seen(Territory, pk=world.region.pk).org_lo == 10_000_000


def test_renumbering_onto_a_neighbour_is_refused(world):
    with refused("range_taken"):
        territories.renumber_territory(territory_id=world.first.pk, new_lo=10_200_000, by=MINISTRY, now=NOW)
