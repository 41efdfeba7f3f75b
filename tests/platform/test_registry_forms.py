"""The register's forms, sent as a browser sends them: what is saved, and what the form says when it is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from form_world import NEIGHBOUR, SCHOOL, as_, enrolled, faults, held, load

from tirek.access.scope import loading
from tirek.registry import models

pytestmark = pytest.mark.django_db


@pytest.fixture
def users() -> dict:
    return load()


# the learner's way


def test_a_pupil_goes_to_another_class(users):
    before = enrolled()
    with loading():
        other = models.ClassGroup.objects.exclude(pk=before.class_group_id).first()
    sent = {"institution": SCHOOL, "class_group_id": other.pk, "on": "2026-10-01"}
    response = as_(users["head"]).post(f"/people/{before.person.public_id}/transfer/", sent)
    assert response.headers["Location"] == f"/people/{before.person.public_id}/"
    old, new = held(models.Enrolment, person=before.person)
    assert old.valid.upper == new.valid.lower == dt.date(2026, 10, 1)
    assert new.class_group_id == other.pk


def test_a_head_may_not_send_a_pupil_into_another_school(users):
    before = enrolled()
    sent = {"institution": NEIGHBOUR, "class_group_id": "", "on": "2026-10-01"}
    response = as_(users["head"]).post(f"/people/{before.person.public_id}/transfer/", sent)
    assert "outside your territory" in faults(response)
    assert len(held(models.Enrolment, person=before.person)) == 1


def test_a_name_that_several_institutions_have_is_asked_again(users):
    sent = {"institution": "Тірек", "class_group_id": "", "on": "2026-10-01"}
    response = as_(users["district"]).post(f"/people/{enrolled().person.public_id}/transfer/", sent)
    assert "Several match" in faults(response)


def test_a_pupil_leaves(users):
    before = enrolled()
    client, url = as_(users["head"]), f"/people/{before.person.public_id}/leave/"
    assert "began on" in faults(client.post(url, {"on": "2026-09-01", "reason": "moved"}))
    assert client.post(url, {"on": "2026-10-01", "reason": "moved"}).status_code == 302
    (after,) = held(models.Enrolment, person=before.person)
    assert (after.valid.upper, after.exit_reason) == (dt.date(2026, 10, 1), "moved")
    assert "not enrolled" in faults(client.post(url, {"on": "2026-10-02", "reason": "moved"}))


def test_a_person_is_corrected_and_a_wrong_number_is_not_taken(users):
    before = enrolled()
    client, url = as_(users["head"]), f"/people/{before.person.public_id}/correct/"
    sent = {
        "family_name": "Сәрсен",
        "given_name": "Айша",
        "birth_date": "2018-05-05",
        "sex": "f",
        "iin": "123456789012",
    }
    assert "digit" in faults(client.post(url, sent))
    assert client.post(url, sent | {"iin": ""}).status_code == 302
    (person,) = held(models.Person, pk=before.person_id)
    assert (str(person), person.iin_hash) == ("Сәрсен Айша", before.person.iin_hash)
    assert enrolled().person_name == "Сәрсен Айша"


# the institution


def state_form(**changes) -> dict:
    return {
        "how": "change", "from_date": "2026-10-01", "name_kk": "Жаңа атау", "name_ru": "", "name_en": "",
        "settlement_kind": "urban", "languages": ["kk"], "address": "", "capacity": 900, "connectivity": "fibre",
        "speed_mbps": 200, "heating": "gas", "is_public": "on",
    } | changes  # fmt: skip


def test_an_institution_changes_from_a_day_on(users):
    client, url = as_(users["head"]), f"/institutions/{SCHOOL}/change/"
    assert "last change" in faults(client.post(url, state_form(from_date="2024-01-01")))
    assert "Say on which day" in faults(client.post(url, state_form(from_date="")))
    assert client.post(url, state_form()).status_code == 302
    *_, before, now = held(models.InstitutionState, institution__code=SCHOOL)
    assert (before.valid.upper, before.capacity, now.capacity) == (dt.date(2026, 10, 1), 720, 900)


def test_an_institution_is_corrected_in_place(users):
    url = f"/institutions/{SCHOOL}/change/"
    assert as_(users["head"]).post(url, state_form(how="correct", from_date="")).status_code == 302
    states = held(models.InstitutionState, institution__code=SCHOOL)
    assert [state.capacity for state in states] == [600, 900]


def test_a_merger_is_shown_before_it_is_done(users):
    client, url = as_(users["district"]), f"/institutions/{SCHOOL}/merge/"
    sent = {"institution": NEIGHBOUR, "on": "2026-11-01", "act": "№ 5, 20.10.2026"}
    with loading():
        models.Institution.objects.filter(code=NEIGHBOUR).update(kind="kindergarten")
    assert "do not fit" in faults(client.post(url, sent))
    with loading():
        models.Institution.objects.filter(code=NEIGHBOUR).update(kind="school")
    preview = client.post(url, sent)
    assert preview.context["preview"] == {"pupils": 60, "staff": 3, "classes": 3}
    assert held(models.Succession) == []
    response = client.post(url, sent | {"confirm": "1"})
    assert response.headers["Location"] == f"/institutions/{NEIGHBOUR}/"
    assert len(held(models.Enrolment, institution__code=NEIGHBOUR, valid__upper_inf=True)) == 60
    assert len(held(models.Succession, before__code=SCHOOL, after__code=NEIGHBOUR)) == 1


def test_a_merger_outside_the_territory_is_refused(users):
    sent = {"institution": "school-2", "on": "2026-11-01", "act": "№ 5", "confirm": "1"}
    assert "outside your territory" in faults(as_(users["district"]).post(f"/institutions/{SCHOOL}/merge/", sent))
    assert held(models.Succession) == []


# the turn of the school year


@pytest.fixture
def last_year(users) -> models.SchoolYear:
    """Everybody still sits in last year's classes."""
    with loading():
        year = models.SchoolYear.objects.create(
            code="2025-2026", starts_on=dt.date(2025, 9, 1), ends_on=dt.date(2026, 6, 30)
        )
        models.ClassGroup.objects.update(school_year=year)
        models.Enrolment.objects.update(valid=DateRange(dt.date(2025, 9, 1), None))
        return year


def test_the_year_turns_after_it_was_shown(users, last_year):
    with loading():
        to_year = models.SchoolYear.objects.get(code="2026-2027")
    client = as_(users["head"])
    preview = client.post("/school-year/", {"to_year": to_year.pk}).context["preview"]
    assert (preview.promoted, preview.graduated, preview.classes) == (60, 0, 3)
    assert len(held(models.Enrolment)) == 60
    assert client.post("/school-year/", {"to_year": to_year.pk, "confirm": "1"}).status_code == 302
    now = held(models.Enrolment, valid__upper_inf=True)
    assert sorted({row.grade for row in now}) == [2, 6, 10]
    again = client.post("/school-year/", {"to_year": to_year.pk})
    assert again.context["preview"].promoted == 0


def test_a_year_that_is_far_away_does_not_turn(users):
    with loading():
        far = models.SchoolYear.objects.create(
            code="2099-2100", starts_on=dt.date(2099, 9, 1), ends_on=dt.date(2100, 6, 30)
        )
    for sent in ({}, {"confirm": "1"}):  # the preview does not promise what is then refused
        answer = as_(users["head"]).post("/school-year/", {"to_year": far.pk} | sent)
        assert "It can be turned from 24 May 2099 on" in faults(answer)
    assert len(held(models.Enrolment)) == 60
