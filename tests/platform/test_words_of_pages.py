"""Pages say what they show in the words of whoever reads them: by kind of institution, by role, in the audit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from region_world import SCHOOL, load

from tirek.access.page_words import PAGES, page_words
from tirek.access.scope import loading
from tirek.access.templatetags.access import browser_words
from tirek.registry.models import Institution, Person

SIGN_IN = "account_login"


@pytest.fixture
def users(db) -> dict:
    return load()


def text(user, path: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def addresses(resolver, before: str = ""):
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            yield from addresses(entry, before + (f"{entry.namespace}:" if entry.namespace else ""))
        elif entry.name:
            yield before + entry.name


def test_every_address_has_words_for_the_audit():
    names = set(addresses(get_resolver()))
    assert SIGN_IN in names
    unsaid = [name for name in names if page_words(name) in ("", name) or ":" in page_words(name)]
    assert not unsaid
    assert set(PAGES) <= names, "words for an address that is no more"


def test_a_kindergarten_has_groups_and_a_college_years_of_study(users):
    with loading():
        Institution.objects.filter(code="school-2").update(kind="kindergarten")
        Institution.objects.filter(code="school-3").update(kind="college")
    assert "Groups</a>" in text(users["officer"], "/institutions/school-2/")
    assert "No groups are recorded" in text(users["officer"], "/institutions/school-3/classes/")
    assert "Classes</a>" in text(users["officer"], f"/institutions/{SCHOOL}/")


def test_what_happens_rarely_stands_on_the_first_tab_alone(users):
    merge = f"/institutions/{SCHOOL}/merge/"
    assert merge in text(users["officer"], f"/institutions/{SCHOOL}/")
    for tab in ("rooms", "classes", "staff", "history"):
        assert merge not in text(users["officer"], f"/institutions/{SCHOOL}/{tab}/")
    assert merge not in text(users["auditor"], f"/institutions/{SCHOOL}/")


def test_a_parent_is_not_told_that_nobody_works_at_the_school(users):
    told = text(users["parent"], f"/institutions/{SCHOOL}/staff/")
    assert "You do not see the people of this institution" in told
    assert "Nobody is recorded" not in told


def test_the_audit_names_people_and_what_was_being_done(users):
    with loading():
        person = Person.objects.get(pk=users["parent"].person_id)
    text(users["officer"], f"/people/{person.public_id}/")
    told = text(users["auditor"], "/access/audit/reads/")
    assert "Looking at a person" in told
    assert str(person) in told
    assert "registry:person" not in told
    changes = text(users["auditor"], "/access/audit/")
    assert "registry.enrolment" not in changes.split("</form>")[-1]


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome, Linux"),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/141.0 YaBrowser/25 Safari/537",
            "Yandex Browser, Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(program, words):
    assert browser_words(program) == words
