"""An institution of many rooms, classes and learners comes by pages, and nothing on them is lost or doubled."""

from __future__ import annotations

import pytest
from form_world import SCHOOL, as_, load

from tirek.access.scope import loading
from tirek.registry import models
from tirek.registry.views_institution import CLASS_ROWS, ROOM_ROWS

pytestmark = pytest.mark.django_db
SINCE = "[2019-09-01,)"
ROOMS, CLASSES = f"/institutions/{SCHOOL}/rooms/", f"/institutions/{SCHOOL}/classes/"


@pytest.fixture
def users() -> dict:
    return load()


def pages_of(client, url: str) -> list:
    first = client.get(url).context["page"]
    return [client.get(url, {"page": number}) for number in first.paginator.page_range]


def test_rooms_come_by_pages_under_their_buildings(users):
    with loading():
        school = models.Institution.objects.get(code=SCHOOL)
        facts = {"institution": school, "org_no": school.org_no, "valid": SINCE}
        models.Building.objects.create(code="3", name="Бос", **facts)
        second = models.Building.objects.create(code="2", name="Екінші", **facts)
        models.Room.objects.bulk_create(
            models.Room(building=second, number=str(n), purpose="subject", floor=n // 100, **facts)
            for n in range(100, 100 + 2 * ROOM_ROWS)
        )
        all_rooms = {(r.building.code, r.number) for r in models.Room.objects.select_related("building")}
    answers = pages_of(as_(users["head"]), ROOMS)
    shown = [
        [(part["building"].code, r.number) for part in a.context["buildings"] for r in part["rooms"]] for a in answers
    ]
    assert [len(rows) for rows in shown] == [ROOM_ROWS, ROOM_ROWS, len(all_rooms) - 2 * ROOM_ROWS]
    together = [row for rows in shown for row in rows]
    assert len(together) == len(set(together))
    assert set(together) == all_rooms
    empty = [[p["building"].code for p in a.context["buildings"] if not p["rooms"]] for a in answers]
    assert empty == [[], [], ["3"]], "a building without rooms is shown once, at the end"
    assert all("page=" in a.content.decode() for a in answers)
    assert {a.context["counts"]["all"] for a in answers} == {len(all_rooms)}, "the figure is of all pages"


def test_a_group_that_is_no_class_comes_by_pages(users):
    with loading():
        group = models.ClassGroup.objects.order_by("pk").first()
        people = models.Person.objects.bulk_create(
            models.Person(family_name=f"Оқушы{n:03}", given_name="Айша", sort_key=f"~{n:03}", org_no=group.org_no)
            for n in range(CLASS_ROWS)
        )
        models.Enrolment.objects.bulk_create(
            models.Enrolment(
                person=p, institution_id=group.institution_id, class_group=group, org_no=group.org_no, valid="[2026-09-01,)",
                person_name=str(p), sort_key=p.sort_key, grade=group.grade,
            )
            for p in people
        )  # fmt: skip
        learners = set(models.Enrolment.objects.filter(class_group=group).values_list("person_id", flat=True))
    answers = pages_of(as_(users["head"]), f"{CLASSES}{group.pk}/")
    shown = [[row.person_id for row in a.context["page"]] for a in answers]
    assert [len(rows) for rows in shown] == [CLASS_ROWS, len(learners) - CLASS_ROWS]
    assert set(shown[0] + shown[1]) == learners


def test_a_hundred_and_twenty_classes_are_one_list_in_order_of_grade(users):
    with loading():
        school = models.Institution.objects.get(code=SCHOOL)
        year = models.SchoolYear.objects.get()
        models.ClassGroup.objects.bulk_create(
            models.ClassGroup(
                institution=school, org_no=school.org_no, school_year=year, grade=1 + n // 11, letter="БВГДЕЖЗИКЛМ"[n % 11],
                language="kk",
            )
            for n in range(117)
        )  # fmt: skip
    groups = as_(users["head"]).get(CLASSES).context["groups"]
    grades = [row["group"].grade for row in groups]
    assert len(grades) == 120
    assert grades == sorted(grades)


@pytest.mark.parametrize("page", ["0", "-1", "999", "abc", "1e9", "9" * 40])
def test_a_page_that_is_not_there_is_no_failure(users, page):
    client = as_(users["head"])
    for url in (ROOMS, f"/institutions/{SCHOOL}/staff/", f"/institutions/{SCHOOL}/history/"):
        assert client.get(url, {"page": page}).status_code == 200


def test_a_past_day_has_the_rooms_of_that_day(users):
    with loading():
        school = models.Institution.objects.get(code=SCHOOL)
        building = models.Building.objects.get(institution=school)
        models.Room.objects.create(
            institution=school, org_no=school.org_no, building=building, number="999", purpose="gym", valid="[2026-10-01,)"
        )  # fmt: skip
    client = as_(users["head"])
    before, after = (client.get(ROOMS, {"on": day}).content.decode() for day in ("2026-09-30", "2026-10-01"))
    assert "/999/" not in before
    assert "/999/" in after
