"""The office and a programme: from the board to the stuck school, a reminder, a need that leads to a work."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect
from region_world import SCHOOL

from tirek.access.scope import loading
from tirek.programmes import blueprints
from tirek.programmes.models import Participation, Programme, Stage
from tirek.programmes.services import needs, programmes
from tirek.registry.models import Institution, Room, Territory

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def programme(server, django_db_blocker) -> Programme:
    """A programme with one school, which is late, and a need of one of its rooms."""
    with django_db_blocker.unblock(), loading():
        found = Programme.objects.filter(slug="journey").first()
        if found is not None:
            return found
        starts_on = NOW.date() - dt.timedelta(days=90)
        made = programmes.make_programme(
            blueprint=next(b for b in blueprints.shipped() if b.code == "support_schools"), slug="journey",
            names={"kk": "Сапар", "ru": "Путь", "en": "Journey"}, territory=Territory.objects.get(code="470000000"),
            starts_on=starts_on, ends_on=starts_on + dt.timedelta(days=700), by=None, now=NOW,
        )  # fmt: skip
        school = Institution.objects.get(code=SCHOOL)
        Participation.objects.create(
            programme=made, org_no=school.org_no, valid=(starts_on, None), stage_since=starts_on,
            stage=Stage.objects.get(programme=made, code="selection"),
        )  # fmt: skip
        room = Room.objects.filter(institution=school).order_by("id").first()
        needs.write_need(
            programme_id=made.pk, org_no=school.org_no, kind="educational", title="Equip the room", room_id=room.pk, by=None,
            now=NOW,
        )  # fmt: skip
        return made


def test_from_the_board_to_a_reminder_and_from_a_need_to_a_work(visit, programme):
    page = visit("officer")
    page.goto("/programmes/", timeout=40_000)
    page.get_by_role("link", name="Journey").click()
    page.get_by_role("link", name="Board", exact=True).click()
    row = page.locator("table tbody tr").first
    expect(row).to_contain_text("60 days over")
    row.get_by_role("button").click()
    expect(page.get_by_role("status").first).to_contain_text("Reminded: 1.")
    page.locator("table tbody tr").first.get_by_role("button").click()
    expect(page.get_by_role("status").first).to_contain_text("once a day")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is missing to go on")).to_be_visible()

    page.goto("/programmes/journey/needs/?state=proposed")
    page.get_by_role("link", name="Equip the room").click()
    page.get_by_role("button", name="Accept the need").click()
    page.get_by_role("link", name="Open a work").click()
    page.get_by_label("What the work brings").fill("15 computer")
    page.get_by_role("button", name="Open the work").click()
    expect(page.locator("#answers + ul")).to_contain_text("planned")


def test_the_school_reads_where_it_stands_on_a_telephone(visit, programme):
    page = visit("head", size="phone", language="kk")
    page.goto("/programmes/journey/", timeout=40_000)
    expect(page.locator("ol.steps [aria-current=step]")).to_contain_text("Іріктеу")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
