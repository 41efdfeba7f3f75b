"""Shared practice between two schools: a lesson offered, published, mended as a second version, rated; an open lesson visited."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from region_world import SINCE, _person, _user

from tirek.access.scope import loading
from tirek.cpd.models import Guest, Lesson, Rating
from tirek.registry import models

GOALS = "Pupils compare two fractions and say why one is larger."


@pytest.fixture(scope="module")
def guest(world):
    """A teacher of another school, with an account."""
    with loading():
        school = models.Institution.objects.exclude(org_no=world["head"].org_no).order_by("org_no")[0]
        person = _person(school, 777, born=1990)
        models.Employment.objects.create(
            person=person, institution=school, org_no=school.org_no, person_name=str(person), sort_key=person.sort_key,
            position="мұғалім", subject="математика", valid=SINCE,
        )  # fmt: skip
    return _user("guest", "teacher", "own", "", "Guest", None, None, person_id=person.pk)


def test_a_lesson_goes_from_one_school_to_another(visit, guest, picture):
    teacher = visit("teacher", size="phone")
    _offer(teacher, "/growth/lessons/offer/", "Fractions with paper strips")
    officer = visit("officer")
    _publish(officer, "Fractions with paper strips")
    teacher.goto("/growth/lessons/")
    teacher.get_by_role("link", name="Fractions with paper strips").click()
    teacher.get_by_role("link", name="A new version").click()
    teacher.get_by_label("What is new in this version?").fill("The minutes are put right.")
    teacher.get_by_role("button", name="Send").click()
    _publish(officer, "Fractions with paper strips")
    other = visit("guest", size="phone")
    other.goto("/growth/lessons/?subject=mathematics")
    other.get_by_role("link", name="Fractions with paper strips").click()
    expect(other.get_by_text("The minutes are put right.")).to_be_visible()
    other.get_by_role("radio", name="4").focus()
    other.keyboard.press("Space")  # by the keyboard alone
    other.get_by_label("Comment").fill("It fits into forty minutes.")
    other.get_by_role("button", name="Send my rating").press("Enter")
    expect(other.get_by_text("Thank you, your rating is kept.")).to_be_visible()
    picture(other, "practice-rated")
    other.get_by_role("link", name="Version 1").click()
    expect(other.get_by_text("This is version 1.")).to_be_visible()
    with loading():
        lesson = Lesson.objects.get()
        assert (lesson.edition, lesson.rating_n, lesson.rating_sum) == (2, 1, 4)
        assert Rating.objects.get().user_id == guest.pk


def test_a_teacher_comes_to_an_open_lesson_of_another_school(visit, guest, picture):
    today = timezone.localdate()
    head = visit("head")
    head.goto("/growth/open-lessons/new/")
    head.get_by_label("Title").fill("Fractions, shown")
    head.get_by_label("Day").fill((today + dt.timedelta(days=1)).isoformat())
    head.get_by_label("Begins at").fill("10:00")
    head.get_by_role("button", name=re.compile("Save|Announce")).click()
    expect(head.get_by_role("heading", level=1)).to_have_text("Fractions, shown")
    other = visit("guest", size="phone")
    other.goto("/growth/open-lessons/")
    other.get_by_role("link", name="Fractions, shown").click()
    other.get_by_role("button", name="I come").click()
    expect(other.get_by_text("You have a place.")).to_be_visible()
    picture(other, "practice-invited")
    own = visit("teacher", size="phone")
    own.goto(other.url)
    expect(own.get_by_role("button", name="I come")).to_have_count(0)
    head.reload()
    expect(head.get_by_text("has a place")).to_be_visible()
    with loading():
        assert Guest.objects.get().standing == "place"


def _offer(page, address: str, title: str) -> None:
    page.goto(address)
    page.get_by_label("Title").fill(title)
    page.get_by_label("Subject").select_option("mathematics")
    page.get_by_role("checkbox", name="5", exact=True).check()
    page.get_by_label("What can pupils do afterwards?").fill(GOALS)
    page.get_by_label("How does it go?").fill("Fold the strip, colour two thirds, compare.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The programme office will look at it.")).to_be_visible()


def _publish(page, title: str) -> None:
    page.goto("/growth/lessons/reviews/")
    page.get_by_role("link", name=title).click()
    page.get_by_role("button", name="Publish in the library").click()
    expect(page.get_by_text("Published.", exact=True)).to_be_visible()
