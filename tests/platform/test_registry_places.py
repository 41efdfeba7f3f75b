"""Institutions are opened, closed and split, rooms and buildings recorded, through the pages; the history says by whom."""

from __future__ import annotations

import datetime as dt

import pytest
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, enrolled, faults, held, load

from tirek.access.scope import loading
from tirek.registry import models

pytestmark = pytest.mark.django_db
ROOMS = f"/institutions/{SCHOOL}/rooms/"


@pytest.fixture
def users() -> dict:
    return load()


def district_of(code: str) -> models.Territory:
    with loading():
        return models.InstitutionState.objects.select_related("territory").filter(institution__code=code)[0].territory


def opening(**more) -> dict:
    return {
        "territory_id": district_of(SCHOOL).pk, "kind": "school", "code": "new-1", "bin": "", "opens_on": "2026-09-01",
        "name_kk": "Жаңа мектеп", "settlement_kind": "urban", "languages": ["kk"], "is_public": "on",
    } | more  # fmt: skip


def test_the_department_opens_an_institution(users):
    client = as_(users["district"])
    response = client.post("/institutions/open/", opening())
    assert response.headers["Location"] == "/institutions/new-1/"
    assert client.get("/institutions/new-1/").status_code == 200
    (state,) = held(models.InstitutionState, institution__code="new-1")
    assert (state.name_kk, state.territory_id) == ("Жаңа мектеп", district_of(SCHOOL).pk)
    assert "exists already" in faults(client.post("/institutions/open/", opening()))
    assert "BIN" in faults(client.post("/institutions/open/", opening(code="new-2", bin="123456789012")))


def test_a_name_keeps_no_line_break_and_nothing_that_is_not_seen(users):
    client = as_(users["district"])
    client.post(
        "/institutions/open/", opening(name_kk="\u202eЖаңа\r\nмектеп\u200f", name_ru="<script>alert(1)</script>")
    )
    (state,) = held(models.InstitutionState, institution__code="new-1")
    assert (state.name_kk, state.name_ru) == ("Жаңа мектеп", "<script>alert(1)</script>")
    page = client.get("/institutions/new-1/", headers={"accept-language": "ru"}).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "Kazakh" in faults(client.post("/institutions/open/", opening(code="new-2", name_kk="\u202e\u200f")))


def test_another_district_is_not_even_a_choice(users):
    sent = opening(territory_id=district_of(ELSEWHERE).pk)
    assert "Select a valid choice" in faults(as_(users["district"]).post("/institutions/open/", sent))
    assert held(models.Institution, code="new-1") == []


def test_a_head_opens_nothing(users):
    client = as_(users["head"])
    assert "The department of the district opens institutions" in client.get("/institutions/open/").content.decode()
    client.post("/institutions/open/", opening())
    assert held(models.Institution, code="new-1") == []


def test_only_an_empty_institution_closes(users):
    client = as_(users["district"])
    sent = {"on": "2026-11-01"}
    assert "60 pupils" in faults(client.post(f"/institutions/{SCHOOL}/close/", sent))
    assert "60 pupils" in faults(client.post(f"/institutions/{SCHOOL}/close/", sent | {"confirm": "1"}))
    url = f"/institutions/{NEIGHBOUR}/close/"
    assert client.post(url, sent).context["preview"]
    assert held(models.Institution, code=NEIGHBOUR)[0].open_period.upper is None
    assert client.post(url, sent | {"confirm": "1"}).status_code == 302
    assert held(models.Institution, code=NEIGHBOUR)[0].open_period.upper == dt.date(2026, 11, 1)
    assert client.get(url).status_code == 404


def test_a_class_and_its_teacher_split_off(users):
    client, url = as_(users["district"]), f"/institutions/{SCHOOL}/split/"
    group, teacher = enrolled().class_group_id, held(models.Employment)[0]
    sent = {
        "institution": NEIGHBOUR,
        "on": "2026-11-01",
        "act": "№ 7",
        "classes": [group],
        "tick": [teacher.pk],
        "go": "1",
    }
    assert "at least one" in faults(client.post(url, sent | {"classes": [], "tick": []}))
    assert client.post(url, sent).context["preview"].pupils == 20
    assert held(models.Succession) == []
    assert client.post(url, sent | {"confirm": "1"}).status_code == 302
    assert len(held(models.Enrolment, institution__code=NEIGHBOUR)) == 20
    assert [row.person_id for row in held(models.Employment, institution__code=NEIGHBOUR)] == [teacher.person_id]
    outside = sent | {"institution": ELSEWHERE, "confirm": "1", "classes": [], "tick": [held(models.Employment)[1].pk]}
    assert "outside your territory" in faults(client.post(url, outside))


BUILDING = {"code": "2", "name": "Жаңа ғимарат", "built_year": "2020", "floors": "2", "from_date": "2026-09-01"}
ROOM = {
    "number": "7",
    "name": "",
    "purpose": "stem",
    "floor": "1",
    "area_m2": "50",
    "places": "20",
    "condition": "good",
}


def test_a_building_is_added_changed_and_closed(users):
    client, buildings = as_(users["head"]), f"/institutions/{SCHOOL}/buildings/"
    assert "in the future" in faults(client.post(f"{buildings}add/", BUILDING | {"built_year": "2150"}))
    assert client.post(f"{buildings}add/", BUILDING).headers["Location"] == ROOMS
    assert "Choose another code" in faults(client.post(f"{buildings}add/", BUILDING))
    assert "Choose another code" in faults(client.post(f"{buildings}2/change/", BUILDING | {"code": "1"}))
    assert client.post(f"{buildings}2/change/", BUILDING | {"floors": "3"}).status_code == 302
    assert held(models.Building, code="2")[0].floors == 3
    assert "began on" in faults(client.post(f"{buildings}1/close/", {"on": "2019-09-01"}))
    assert client.post(f"{buildings}1/close/", {"on": "2026-11-01"}).status_code == 302
    assert held(models.Room, valid__upper_inf=True) == []
    assert held(models.Building, code="1")[0].valid.upper == dt.date(2026, 11, 1)


def test_a_room_is_added_changed_and_closed(users):
    client, add = as_(users["head"]), f"/institutions/{SCHOOL}/buildings/1/rooms/add/"
    assert client.post(add, ROOM | {"from_date": "2026-09-01"}).headers["Location"] == ROOMS
    (room,) = held(models.Room, number="7")
    assert room.condition_date is not None
    assert "has a room 7 already" in faults(client.post(add, ROOM | {"from_date": "2026-09-01"}))
    assert "in use only since" in faults(client.post(add, ROOM | {"number": "8", "from_date": "1999-09-01"}))
    assert "has a room 101 already" in faults(client.post(f"{ROOMS}1/7/change/", ROOM | {"number": "101"}))
    assert client.post(f"{ROOMS}1/7/change/", ROOM | {"purpose": "gym"}).status_code == 302
    assert held(models.Room, number="7")[0].purpose == "gym"
    assert "began on" in faults(client.post(f"{ROOMS}1/7/close/", {"on": "2026-09-01"}))
    assert client.post(f"{ROOMS}1/7/close/", {"on": "2026-11-01"}).status_code == 302
    assert client.get(f"{ROOMS}1/7/").status_code == 404
    with loading():
        assert models.Room.events.rel.related_model.objects.filter(pgh_obj_id=room.pk).count() == 3


def test_rooms_of_another_school_are_not_changed(users):
    client = as_(users["head"])
    assert client.post(f"/institutions/{NEIGHBOUR}/buildings/add/", BUILDING).status_code == 404
    assert as_(users["teacher"]).post(f"/institutions/{SCHOOL}/buildings/add/", BUILDING).status_code == 403


def test_the_history_says_who_changed_what(users):
    sent = {
        "how": "correct", "from_date": "", "name_kk": "Түзетілген", "settlement_kind": "urban", "languages": ["kk"],
        "capacity": "725",
    }  # fmt: skip
    as_(users["head"]).post(f"/institutions/{SCHOOL}/change/", sent)
    url = f"/institutions/{SCHOOL}/history/"
    page = as_(users["head"]).get(url)
    now = page.context["items"][0]["recorded"][-1]
    assert "by Айдана Head" in now
    assert "720 → 725" in now
    assert "/access/audit/" not in page.content.decode().split("<main")[1]
    assert "/access/audit/?org_no=" in as_(users["auditor"]).get(url).content.decode()
    assert not any(item["recorded"] for item in as_(users["parent"]).get(url).context["items"])
