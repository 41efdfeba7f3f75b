"""After a merger and a move, a past day is shown as it was: people, classes, names, and where an institution went."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from form_world import ELSEWHERE, NEIGHBOUR, SCHOOL, as_, load

from tirek.access.roles import Role
from tirek.access.scope import Scope, loading
from tirek.registry import models
from tirek.registry.services import succession
from tirek.storage.database import COUNTRY

pytestmark = pytest.mark.django_db
MERGED, BEFORE = "2026-11-10", "2026-11-09"
MINISTRY = Scope(COUNTRY, role=Role.ADMINISTRATOR)
REGION = "470000000"


@pytest.fixture
def users() -> dict:
    """The school with its sixty pupils has gone into its neighbour on the tenth of November."""
    made = load()
    with loading():
        ids = {code: models.Institution.objects.get(code=code).pk for code in (SCHOOL, NEIGHBOUR)}
    succession.merge(
        before_ids=[ids[SCHOOL]], after_id=ids[NEIGHBOUR], on=dt.date.fromisoformat(MERGED), act="№ 12", by=MINISTRY,
        now=timezone.now(),
    )  # fmt: skip
    return made


def shown(user, code: str, page: str = "institution", **asked):
    return as_(user).get(reverse(f"registry:{page}", args=[code]), asked)


@pytest.mark.parametrize("who", ["officer", "district", "parent"])
def test_people_are_those_of_the_day(users, who):
    pupils = lambda code, **asked: shown(users[who], code, **asked).context["headcount"].pupils  # noqa: E731
    assert (pupils(SCHOOL, on=BEFORE), pupils(NEIGHBOUR, on=BEFORE)) == (60, 0)
    assert pupils(NEIGHBOUR, on=MERGED) == pupils(NEIGHBOUR) == 60
    page = shown(users[who], SCHOOL, on=BEFORE).content.decode()
    assert "counted for this day" in page
    assert "by the last count" not in page


def test_the_classes_that_came_are_not_shown_before(users):
    groups = lambda code, **asked: [  # noqa: E731
        (str(r["group"]), r["n"]) for r in shown(users["officer"], code, "classes", **asked).context["groups"]
    ]
    came = [("1Ә", 20), ("5Ә", 20), ("9Ә", 20)]
    assert groups(SCHOOL, on=BEFORE) == came
    assert groups(NEIGHBOUR, on=BEFORE) == []
    assert groups(NEIGHBOUR, on=MERGED) == groups(NEIGHBOUR) == came


def test_a_closed_institution_says_where_it_went_by_name(users):
    after = shown(users["officer"], SCHOOL).content.decode()
    assert "was not open" in after
    assert f'href="{reverse("registry:institution", args=[NEIGHBOUR])}">School No. 8' in after
    assert "№ 12" in after
    assert "was not open" not in shown(users["officer"], SCHOOL, on=BEFORE).content.decode()
    for code in (SCHOOL, NEIGHBOUR):
        history = shown(users["officer"], code, "history").content.decode()
        assert "School No. 1 “Tirek”" in history
        assert "School No. 8 “Tirek”" in history
    assert "School No. 8" not in shown(users["officer"], ELSEWHERE, "history").content.decode()


def test_territories_and_lists_count_the_past_day(users):
    client = as_(users["officer"])
    region = client.get(reverse("registry:territory", args=[REGION]), {"on": BEFORE}).context
    assert region["counts"].pupils == 60, "the enrolments of the day, not the kept numbers of today"
    assert sum(row["numbers"].pupils for row in region["rows"]) == 60
    listed = client.get(reverse("registry:institutions"), {"on": BEFORE, "q": SCHOOL}).context["page"]
    assert [state.institution.headcount.pupils for state in listed] == [60]
    file = client.get(reverse("registry:institutions"), {"on": BEFORE, "q": SCHOOL, "download": "csv"})
    assert "60" in file.content.decode("utf-8-sig").splitlines()[1].split(",")


def test_a_whole_country_is_not_counted_for_a_page_and_says_so(users):
    page = as_(users["analyst"]).get(reverse("registry:territory", args=["000000000"]), {"on": BEFORE})
    assert page.context["counts"].pupils is None
    assert "a past day is counted for a region or less" in page.content.decode()
    today = as_(users["analyst"]).get(reverse("registry:territory", args=["000000000"]))
    assert today.context["counts"].pupils > 60


@pytest.mark.parametrize("who", ["officer", "district", "parent"])
def test_a_person_is_shown_where_he_was_on_the_day(users, who):
    with loading():
        ward = models.Guardianship.objects.select_related("child").get().child
        models.Person.objects.filter(pk=ward.pk).update(birth_date=dt.date(2016, 11, 10))
    url, client = reverse("registry:person", args=[ward.public_id]), as_(users[who])
    now, then, long_ago = (client.get(url, asked) for asked in ({}, {"on": BEFORE}, {"on": "2026-01-01"}))
    assert (now.context["now"], then.context["now"]) == (
        "Learns at School No. 8 “Tirek”, class 9Ә.", "Learns at School No. 1 “Tirek”, class 9Ә.",
    )  # fmt: skip
    assert (now.context["age"], then.context["age"], long_ago.context["age"]) == (10, 9, 9)
    assert "Neither learns" in long_ago.context["now"]
    assert "School No. 1 “Tirek”" in now.content.decode(), "the closed school keeps its name"
    assert "/transfer/" not in then.content.decode(), "nothing is changed from a past day"
    assert ("/transfer/" in now.content.decode()) == (who != "parent")
    assert client.get(url, {"on": "yesterday"}).status_code == 400
