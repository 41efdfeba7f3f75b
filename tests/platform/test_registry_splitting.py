"""A thousand people are no burden: classes by grade, staff by name and page, whole lists at once, and only people of the place."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, enrolled, held, load

from tirek.access.scope import loading
from tirek.registry import models, names

pytestmark = pytest.mark.django_db
URL = f"/institutions/{SCHOOL}/split/"
MANY = 1000


@pytest.fixture
def client():
    return as_(load()["district"])


@pytest.fixture
def crowd(client):
    """A thousand members of staff more."""
    with loading():
        school = models.Institution.objects.get(code=SCHOOL)
        people = models.Person.objects.bulk_create(
            models.Person(family_name=f"Тегі{n:04d}", given_name="Аты", sort_key=names.sort_key(f"Тегі{n:04d}"), org_no=school.org_no)
            for n in range(MANY)
        )  # fmt: skip
        models.Employment.objects.bulk_create(
            models.Employment(
                person=person, institution=school, org_no=school.org_no, person_name=str(person), sort_key=person.sort_key,
                position="aide" if n % 2 else "teacher", valid=DateRange(dt.date(2020, 9, 1), None),
            ) for n, person in enumerate(people)
        )  # fmt: skip
    return client


def choice(response):
    assert response.status_code == 200
    return response.context["choice"]


def sent_by(page) -> dict:
    """What the page's form would send, with nothing changed."""
    found = choice(page)
    ticks = [row.pk for row in found.page if row.pk in found.staff]
    return {
        "chosen": found.chosen_text,
        "shown": found.shown_text,
        "tick": ticks,
        "classes": [row.pk for row in found.chosen_classes],
    }


def test_a_page_shows_fifty_and_counts_all(crowd):
    found = choice(crowd.get(URL))
    assert len(found.page) == 50
    assert found.found > MANY
    assert choice(crowd.post(URL, {"find": "тегі09"})).found == 100
    assert choice(crowd.post(URL, {"position": "aide"})).found == MANY // 2


def test_ticks_outlive_pages_and_filters(crowd):
    first = choice(crowd.get(URL)).page[0].pk
    page = crowd.post(URL, {"tick": first, "page": "2"})
    assert choice(page).page.number == 2
    page = crowd.post(URL, sent_by(page) | {"find": "тегі099", "do": "all"})
    assert len(choice(page).staff) == 11
    page = crowd.post(URL, sent_by(page) | {"only_chosen": "on"})
    assert choice(page).found == 11
    assert choice(crowd.post(URL, sent_by(page) | {"do": "none"})).staff == {}


def test_a_whole_grade_and_its_teachers(client):
    group = enrolled().class_group
    with loading():
        teacher = held(models.Employment, institution__code=SCHOOL)[2]
        models.Teaching.objects.create(
            person_id=teacher.person_id,
            class_group=group,
            org_no=group.org_no,
            valid=DateRange(dt.date(2026, 9, 1), None),
        )
    page = client.post(URL, {"grade": group.grade})
    assert {row.grade for row in choice(page).chosen_classes} == {group.grade}
    assert group.pk in [row.pk for row in choice(page).chosen_classes]
    page = client.post(URL, sent_by(page) | {"do": "teachers"})
    assert teacher.pk in choice(page).staff


def test_five_hundred_go_at_once(crowd):
    page = crowd.post(URL, {"position": "aide", "do": "all"})
    sent = sent_by(page) | {"institution": NEIGHBOUR, "on": "2026-11-01", "act": "№ 7"}
    preview = crowd.post(URL, sent | {"go": "1"})
    assert len(preview.context["preview"].staff) == MANY // 2
    assert crowd.post(URL, sent | {"confirm": "1"}).status_code == 302
    assert len(held(models.Employment, institution__code=NEIGHBOUR, position="aide")) == MANY // 2


def test_nobody_of_another_place_can_be_sent(client):
    with loading():
        outsider = models.Employment.objects.exclude(institution__code=SCHOOL).first()
    pks = f"{outsider.pk if outsider else 10**9},x,-4,{'9' * 30}"
    assert choice(client.post(URL, {"chosen": pks, "tick": pks})).staff == {}
    assert choice(client.post(URL, {"classes": [10**9], "grade": "x"})).chosen_classes == []


def test_what_was_typed_comes_back(client):
    page = client.post(URL, {"institution": ELSEWHERE, "act": "№ 7", "do": "show"}).content.decode()
    assert f'value="{ELSEWHERE}"' in page
    assert 'class="error"' not in page


def test_a_thousand_cost_no_more_questions(crowd):
    crowd.get(URL)
    with CaptureQueriesContext(connection) as asked:
        crowd.get(URL)
    assert len(asked) < 30
