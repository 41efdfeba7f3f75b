"""Pupils, staff and guardians come and go through the pages; nobody is recorded twice."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, enrolled, faults, held, load

from tirek.registry import identifiers, models
from tirek.storage import secrets

pytestmark = pytest.mark.django_db
IIN = identifiers.valid_iins(["18050550123"])[0]
NO_QUERY = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "select set_config")


@pytest.fixture
def users() -> dict:
    return load()


def somebody(**more) -> dict:
    facts = {"family_name": "Сәрсен", "given_name": "Айша", "patronymic": "", "birth_date": "2018-05-05", "sex": "f"}
    return facts | {"iin": "", "from_date": "2026-10-01"} | more


def the_same_as(known, **more) -> dict:
    return somebody(family_name=known.family_name, given_name=known.given_name, birth_date=known.birth_date, **more)


PUPILS = f"/institutions/{SCHOOL}/pupils/add/"
STAFF = f"/institutions/{SCHOOL}/staff/add/"
WORK = {"position": "teacher", "subject": "physics", "category": "", "rate": "1", "is_main": "on"}


def test_a_new_pupil_is_enrolled(users):
    group = enrolled().class_group
    response = as_(users["head"]).post(PUPILS, somebody(iin=IIN, class_group_id=group.pk))
    (person,) = held(models.Person, family_name="Сәрсен")
    assert response.headers["Location"] == f"/people/{person.public_id}/"
    assert person.iin_hash == secrets.keyed_hash(IIN)
    (row,) = held(models.Enrolment, person=person)
    assert (row.class_group_id, row.valid.lower) == (group.pk, dt.date(2026, 10, 1))


def test_a_mistyped_number_is_refused_and_nobody_is_added(users):
    wrong = IIN[:-1] + str((int(IIN[-1]) + 1) % 10)
    assert "digit" in faults(as_(users["head"]).post(PUPILS, somebody(iin=wrong)))
    assert held(models.Person, family_name="Сәрсен") == []


def test_who_is_refused_a_place_is_not_added_either(users):
    before = len(held(models.Person))
    assert "not open" in faults(as_(users["head"]).post(PUPILS, somebody(from_date="2010-09-01")))
    assert len(held(models.Person)) == before


def test_a_known_number_is_offered_and_not_recorded_again(users):
    client = as_(users["head"])
    client.post(PUPILS, somebody(iin=IIN))
    response = client.post(PUPILS, somebody(family_name="Басқа", iin=IIN))
    assert response.context["owns_number"]
    assert [str(row["person"]) for row in response.context["offers"]] == ["Сәрсен Айша"]
    assert "make a new record" not in response.content.decode()
    assert "IIN is in the register" in faults(client.post(PUPILS, somebody(family_name="Басқа", iin=IIN, person="new")))


def test_a_namesake_born_on_the_same_day_is_asked_about(users):
    client, person = as_(users["head"]), enrolled().person
    sent = the_same_as(person)
    offers = client.post(PUPILS, sent).context["offers"]
    assert person.pk in [row["person"].pk for row in offers]
    assert "enrolled on" in faults(client.post(PUPILS, sent | {"person": str(person.public_id)}))
    before = len(held(models.Person))
    assert client.post(PUPILS, sent | {"person": "new"}).status_code == 302
    assert len(held(models.Person)) == before + 1


def test_a_person_of_another_scope_is_neither_offered_nor_taken(users):
    person = enrolled().person
    url = f"/institutions/{ELSEWHERE}/pupils/add/"
    assert as_(users["head"]).get(url).status_code == 404
    sent = somebody(person="00000000-0000-4000-8000-000000000000")
    assert as_(users["head"]).post(PUPILS, sent).status_code == 404
    assert held(models.Enrolment, person=person)[0].valid.upper is None


def test_a_pupil_who_left_comes_back(users):
    client, person = as_(users["head"]), enrolled().person
    client.post(f"/people/{person.public_id}/leave/", {"on": "2026-10-01", "reason": "moved"})
    url, sent = f"/people/{person.public_id}/enrol/", {"institution": SCHOOL, "from_date": "2026-11-01"}
    assert "outside your territory" in faults(client.post(url, sent | {"institution": NEIGHBOUR}))
    assert client.post(url, sent).status_code == 302
    assert [row.valid.lower for row in held(models.Enrolment, person=person)][-1] == dt.date(2026, 11, 1)


def test_staff_come_and_go(users):
    client = as_(users["head"])
    assert client.post(STAFF, somebody(birth_date="1990-05-05") | WORK).status_code == 302
    (person,) = held(models.Person, family_name="Сәрсен")
    (row,) = held(models.Employment, person=person)
    assert (row.subject, row.is_main) == ("physics", True)
    again = WORK | {"institution": SCHOOL, "from_date": "2026-10-02"}
    assert "main employment" in faults(client.post(f"/people/{person.public_id}/employ/", again))
    end = f"/people/{person.public_id}/employments/{row.pk}/end/"
    assert "began on" in faults(client.post(end, {"on": "2026-09-01"}))
    assert client.post(end, {"on": "2026-11-01"}).status_code == 302
    assert held(models.Employment, person=person)[0].valid.upper == dt.date(2026, 11, 1)
    assert client.post(f"/people/{person.public_id}/employ/", again | {"from_date": "2026-11-02"}).status_code == 302


def test_a_rate_above_two_is_refused_at_its_field(users):
    assert "2" in faults(as_(users["head"]).post(STAFF, somebody() | WORK | {"rate": "3"}))
    assert held(models.Person, family_name="Сәрсен") == []


def test_a_guardian_comes_and_goes(users):
    client, child = as_(users["head"]), enrolled().person
    url = f"/people/{child.public_id}/guardians/add/"
    assert client.post(url, somebody(birth_date="1990-05-05", kind="parent")).status_code == 302
    (row,) = held(models.Guardianship, child=child)
    assert row.org_no == child.org_no
    known = held(models.Person, pk=row.guardian_id)[0]
    again = the_same_as(known, kind="parent")
    assert [offer["person"] for offer in client.post(url, again).context["offers"]] == [known]
    assert "recorded already" in faults(client.post(url, again | {"person": str(known.public_id)}))
    end = f"/people/{child.public_id}/guardians/{row.pk}/end/"
    assert "began on" in faults(client.post(end, {"on": "2026-09-01"}))
    assert client.post(end, {"on": "2026-11-01"}).status_code == 302
    assert client.get(end).status_code == 404


def test_a_child_is_not_its_own_guardian(users):
    child = enrolled().person
    sent = the_same_as(child, kind="parent", person=str(child.public_id))
    assert "own guardian" in faults(as_(users["head"]).post(f"/people/{child.public_id}/guardians/add/", sent))


@pytest.mark.parametrize("role", ["teacher", "parent", "auditor", "analyst"])
def test_others_open_none_of_these(users, role):
    client, person = as_(users[role]), enrolled().person
    for url in (PUPILS, STAFF, f"/people/{person.public_id}/enrol/", f"/people/{person.public_id}/guardians/add/"):
        assert client.get(url).status_code == 403


def test_personal_pages_are_not_kept_and_ask_little(users):
    client, person = as_(users["head"]), enrolled().person
    urls = [f"/people/{person.public_id}/{page}/" for page in ("enrol", "employ", "guardians/add")]
    for url in (PUPILS, STAFF, f"/institutions/{SCHOOL}/split/", *urls):
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            response = client.get(url)
        assert response.status_code == 200
        assert "no-store" in response.headers["Cache-Control"]
        queries = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(NO_QUERY)]
        assert len(queries) <= 12, f"{url}: {len(queries)}\n" + "\n".join(query[:120] for query in queries)
