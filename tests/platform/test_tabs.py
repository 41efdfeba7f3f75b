"""Tabs of an institution and a person: each a page of its own, for who has it, of the day that is looked at."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from django.test import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from region_world import SCHOOL, load

from tirek.access.scope import loading
from tirek.registry.models import Enrolment, Guardianship

pytestmark = pytest.mark.django_db
PAST = "?on=2026-09-15"


@pytest.fixture
def users() -> dict:
    return load()


def as_(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def tabs(page: str) -> dict[str, str]:
    """Address by label."""
    listed = re.search(r'<ul class="tabs">(.*?)</ul>', page, re.S)
    found = re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', listed[1]) if listed else []
    return {label: url for url, label in found}


def test_each_tab_is_a_page_that_says_which_it_is(users):
    client = as_(users["officer"])
    shown = tabs(client.get(f"/institutions/{SCHOOL}/").content.decode())
    assert list(shown) == [
        "Overview", "Programme", "Sponsors’ money", "Results of tests", "What people say", "Rooms", "Classes", "Staff",
        "Teachers’ growth", "History",
    ]  # fmt: skip
    for label, url in shown.items():
        page = client.get(url).content.decode()
        assert re.findall(r'aria-current="page">([^<]+)</a></li>', page)[-1] == label
        assert tabs(page) == shown


def test_a_tab_without_anything_says_so(users):
    page = as_(users["officer"]).get(f"/institutions/{SCHOOL}/programme/").content.decode()
    assert "takes part in no programme" in page


def test_the_past_day_stays_from_tab_to_tab_and_today_is_not_mixed_in(users):
    client = as_(users["officer"])
    shown = tabs(client.get(f"/institutions/{SCHOOL}/{PAST}").content.decode())
    assert all(url.endswith(PAST) for url in shown.values())
    page = client.get(shown["Programme"]).content.decode()
    assert "known for today only" in page
    assert "asked of this institution" in client.get(f"/institutions/{SCHOOL}/").content.decode()
    assert "asked of this institution" not in client.get(f"/institutions/{SCHOOL}/{PAST}").content.decode()


def test_a_reader_has_only_the_tabs_of_the_own_role_and_place(users):
    parent, district = as_(users["parent"]), as_(users["district"])
    assert not {"Programme", "Sponsors’ money", "What people say"} & set(
        tabs(parent.get(f"/institutions/{SCHOOL}/").content.decode())
    )
    assert parent.get(f"/institutions/{SCHOOL}/programme/").status_code == 403
    elsewhere = "/institutions/school-2/"
    assert "Programme" not in tabs(district.get(elsewhere).content.decode())
    assert district.get(f"{elsewhere}programme/").status_code == 403
    assert district.get(f"{elsewhere}nothing/").status_code == 404
    assert district.get("/institutions/nowhere/programme/").status_code == 404


def test_a_kindergarten_has_no_results_of_tests(users):
    client = as_(users["officer"])
    page = client.get("/institutions/school-3/").content.decode()
    assert "Kindergarten" in page
    assert "Results of tests" not in tabs(page)
    assert client.get("/institutions/school-3/results/").status_code == 403


def test_a_pupil_has_results_and_a_guardian_neither(users):
    with loading():
        ward = Guardianship.objects.select_related("child", "guardian").get()
        other = Enrolment.objects.exclude(person=ward.child).select_related("person").first().person
    client = as_(users["parent"])
    own = f"/people/{ward.child.public_id}/"
    assert list(tabs(client.get(own).content.decode())) == ["Overview", "Results of tests"]
    assert "No result of a test" in client.get(f"{own}results/").content.decode()
    assert client.get(f"{own}growth/").status_code == 403
    assert client.get(f"/people/{other.public_id}/results/").status_code == 404
    officer = as_(users["officer"])
    assert tabs(officer.get(f"/people/{ward.guardian.public_id}/").content.decode()) == {}
