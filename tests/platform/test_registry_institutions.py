"""Institutions keep their history through changes, corrections, mergers, splits, the turn of the year and renumbering."""

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from registry_world import (
    HEAD,
    MINISTRY,
    NOW,
    REGION,
    SEPTEMBER,
    TEACHER,
    build,
    class_at,
    employ,
    enrol,
    person_at,
    refused,
    seen,
    where,
)

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import (
    ClassGroup,
    Employment,
    Enrolment,
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
from tirek.registry.queries.counts import TerritoryCounts, left_over
from tirek.registry.services import institutions, staff, succession, territories, year

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return build()


# --- institutions ---


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
    state = seen(InstitutionState, institution=world.schools[0])
    institutions.correct_institution(state_id=state.pk, changes={"name_kk": "А"}, by=HEAD, now=NOW)
    with loading():
        assert InstitutionState.objects.filter(institution=world.schools[0]).count() == 1
        last, first = institution_queries.changes(world.schools[0].pk)
    assert seen(InstitutionState, pk=state.pk).valid == state.valid
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
    enrol(person_at(school), school)
    with refused("not_empty"):
        institutions.close_institution(institution_id=school.pk, on=dt.date(2026, 3, 1), by=REGION, now=NOW)


def test_a_closed_school_takes_nobody(world):
    school = world.schools[2]
    institutions.close_institution(institution_id=school.pk, on=dt.date(2026, 3, 1), by=REGION, now=NOW)
    with refused("institution_closed"):
        enrol(person_at(school), school, day=dt.date(2026, 3, 2))
    with acting_as(REGION):
        assert institution_queries.state_of(school.pk, on=dt.date(2026, 2, 28)) is not None
        assert institution_queries.state_of(school.pk, on=dt.date(2026, 3, 1)) is None


# --- mergers, splits ---


def test_a_merger_moves_everybody_and_keeps_the_past(world):
    first, second, _ = world.schools
    group, taken = class_at(first), class_at(second)
    teacher, child, classless = (person_at(first, name) for name in ("Ерлан", "Айша", "Дана"))
    employ(teacher, first)
    staff.assign_teaching(person_id=teacher.pk, class_group_id=group.pk, from_date=SEPTEMBER, by=HEAD, now=NOW)
    enrol(child, first, group)
    enrol(classless, first)
    day = dt.date(2026, 1, 12)
    succession.merge(before_ids=[first.pk], after_id=second.pk, on=day, act="№ 5", by=REGION, now=NOW)
    assert where(child, day - dt.timedelta(days=1)) == ["A"]
    assert where(child, day) == where(classless, day) == ["B"]
    moved = seen(Enrolment, person=child, valid__upper_inf=True).class_group_id
    assert moved not in (group.pk, taken.pk)
    assert seen(ClassGroup, pk=moved).institution_id == second.pk
    assert seen(Teaching, person=teacher, valid__upper_inf=True).class_group_id == moved
    assert seen(Employment, person=teacher, valid__upper_inf=True).institution_id == second.pk
    assert seen(Institution, pk=first.pk).open_period.upper == day
    assert seen(Succession, before=first).kind == "merger"
    count = seen(Headcount, org_no=second.org_no)
    assert (count.pupils, count.staff, count.teachers) == (2, 1, 1)


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ("school", "kindergarten", False),
        ("college", "school", False),
        ("school", "department", False),
        ("kindergarten", "school", True),
        ("small_school", "school", True),
        ("camp", "camp", True),
    ],
)
def test_only_kinds_that_fit_are_merged(world, before, after, fits):
    first, second, _ = world.schools
    with loading():
        Institution.objects.filter(pk=first.pk).update(kind=before)
        Institution.objects.filter(pk=second.pk).update(kind=after)
    values = {
        "before_ids": [first.pk],
        "after_id": second.pk,
        "on": dt.date(2026, 1, 12),
        "act": "",
        "by": REGION,
        "now": NOW,
    }
    if fits:
        assert succession.merge(**values)
        return
    with refused("kinds_differ"):
        succession.merge(**values)
    assert seen(Institution, pk=first.pk).open_period.upper is None


def test_what_lies_directly_in_a_territory_makes_its_parts_add_up():
    def of(*numbers):
        return TerritoryCounts(1, *numbers)

    whole, part = of(5, 1, 2, 300, 40, 30), of(4, 1, 2, 260, 35, 26)
    assert left_over(whole, [part]) == of(1, 0, 0, 40, 5, 4)
    assert left_over(whole, [whole]) is None
    past = of(5, 1, 2, None, None, None)
    assert left_over(past, [part]) == of(1, 0, 0, None, None, None)


def test_a_merger_outside_the_scope_changes_nothing(world):
    first, _, third = world.schools
    enrol(person_at(first), first)
    district = Scope(lo=10_100_000, hi=10_199_999, role=Role.DISTRICT_OFFICER)
    with refused("not_yours"):
        succession.merge(
            before_ids=[first.pk], after_id=third.pk, on=dt.date(2026, 1, 12), act="", by=district, now=NOW
        )
    assert seen(Institution, pk=first.pk).open_period.upper is None


def test_a_split_takes_only_what_is_named(world):
    first, second, _ = world.schools
    goes, stays = class_at(first), class_at(first, letter="Ә")
    one, two = person_at(first), person_at(first, "Дана")
    enrol(one, first, goes)
    enrol(two, first, stays)
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
    assert (where(one, day), where(two, day)) == (["B"], ["A"])
    assert seen(Institution, pk=first.pk).open_period.upper is None


# --- the turn of the year ---


def _turn(world, run=True):
    new = seen(SchoolYear, code="2026-2027")
    given = {"territory_id": world.first.pk, "institution_no": None, "to_year_id": new.pk, "by": REGION}
    now = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)
    return year.roll_over_year(**given, now=now) if run else year.preview_roll_over(**given)


def test_the_year_turns_once(world):
    school = world.schools[0]
    fourth, last = class_at(school, 4), class_at(school, 11)
    teacher, child, graduate, classless = (person_at(school, n) for n in ("Ерлан", "Айша", "Дана", "Нұр"))
    employ(teacher, school)
    staff.assign_teaching(
        person_id=teacher.pk, class_group_id=fourth.pk, from_date=SEPTEMBER, is_class_teacher=True, by=HEAD, now=NOW
    )
    for person, group in ((child, fourth), (graduate, last), (classless, None)):
        enrol(person, school, group)
    shown = _turn(world, run=False)
    assert (shown.promoted, shown.graduated, shown.classes, shown.without_class) == (1, 1, 1, 1)
    assert _turn(world) == shown
    again = _turn(world)
    assert (again.promoted, again.graduated) == (0, 0)
    first_day = dt.date(2026, 9, 1)
    moved = seen(Enrolment, person=child, valid__contains=first_day)
    assert (moved.grade, moved.class_group.letter, moved.entry_reason) == (5, "А", "promoted")
    assert seen(Enrolment, person=child, valid__contains=first_day - dt.timedelta(days=1)).grade == 4
    assert where(graduate, first_day) == []
    assert seen(Teaching, person=teacher, valid__contains=first_day).class_group_id == moved.class_group_id


def test_the_year_does_not_turn_too_early(world):
    new = seen(SchoolYear, code="2026-2027")
    with refused("too_early"):
        year.roll_over_year(territory_id=world.first.pk, institution_no=None, to_year_id=new.pk, by=REGION, now=NOW)


# --- renumbering ---


def test_renumbering_takes_people_history_and_grants_along(world):
    school = world.schools[0]
    child = person_at(school)
    enrol(child, school)
    with loading():
        user = User.objects.create(username="head", full_name="H", org_no=school.org_no, password="x")
        grant = Grant.objects.create(
            user=user, role=Role.SCHOOL_HEAD, scope_kind="institution", org_lo=school.org_no, org_hi=school.org_no,
            valid=DateRange(SEPTEMBER, None),
        )  # fmt: skip
    territories.renumber_territory(territory_id=world.first.pk, new_lo=10_500_000, by=MINISTRY, now=NOW)
    number = school.org_no + 400_000
    assert seen(Institution, pk=school.pk).org_no == number
    assert seen(Grant, pk=grant.pk).org_lo == number
    with acting_as(Scope(lo=number, hi=number, role=Role.SCHOOL_HEAD)) as scope:
        assert people_queries.pupils(scope, on=dt.date(2026, 3, 2)).count() == 1
        assert Person.events.rel.related_model.objects.filter(pgh_obj_id=child.pk).count() >= 1
    assert seen(Territory, pk=world.town.pk).org_lo == 10_501_000
    assert seen(Territory, pk=world.region.pk).org_lo == 10_000_000


def test_renumbering_onto_a_neighbour_is_refused(world):
    with refused("range_taken"):
        territories.renumber_territory(territory_id=world.first.pk, new_lo=10_200_000, by=MINISTRY, now=NOW)
