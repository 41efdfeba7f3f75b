"""From two waves of a test to what a parent reads: link, look at the common items, set the levels, publish, report."""

from __future__ import annotations

import re

import pytest
from measured_world import DRIFTING, measured
from playwright.sync_api import expect
from test_appearance import faults_of

LEVELS = "бастапқы; начальный; first\nнегізгі; базовый; basic"


@pytest.fixture(scope="module")
def waves(world):
    return measured(world)


def test_from_the_link_to_the_parents_report(visit, waves, world, picture):
    test, child = waves
    officer = visit("officer")
    link_without_the_drifting_item(officer, test.code)
    picture(officer, "measuring-linked")
    assert faults_of(officer) == []
    set_the_levels(officer, test.code)
    publish(officer, test.code)
    picture(officer, "measuring-published")
    head = visit("head", size="phone")
    head.goto("/home/")
    head.get_by_role("link", name="Exit of the journey").click()
    expect(head.get_by_role("heading", level=1)).to_have_text("How did our pupils do, and what should we work on?")
    expect(head.get_by_role("heading", name="Which levels do they reach?")).to_be_visible()
    assert faults_of(head) == []
    parent = visit("parent", size="phone", language="ru")
    parent.goto(f"/people/{child.public_id}/results/")
    parent.locator(f"a[href='/assessment/{test.code}/pupil/{child.public_id}/']").click()
    expect(parent.get_by_role("heading", level=1)).to_contain_text("Результат:")
    expect(parent.locator("main")).to_contain_text(re.compile("начальный|базовый"))
    picture(parent, "measuring-parent")
    assert faults_of(parent) == []


def link_without_the_drifting_item(page, code: str) -> None:
    page.goto(f"/assessment/{code}/link/", timeout=30_000)
    page.get_by_role("radio", name="Entrance of the journey").check()
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_role("heading", name="The test is not linked")).to_be_visible()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=DRIFTING))
    expect(row).to_contain_text("has drifted")
    row.get_by_text(f"Take {DRIFTING} out").click()
    row.get_by_role("combobox").select_option(index=1)
    row.get_by_role("button", name="Take out and link anew").click()
    expect(page.get_by_text("The test stands on the earlier test’s scale.", exact=False)).to_be_visible()
    expect(page.get_by_text("Years can be compared")).to_be_visible()


def set_the_levels(page, code: str) -> None:
    """Five panellists by bookmark, in two rounds: fewer panellists or rounds the rules refuse."""
    page.get_by_role("link", name="Levels").click()
    page.get_by_label("Levels", exact=True).fill(LEVELS)
    page.get_by_role("button", name="Open the panel").click()
    judge_all(page, (8, 9, 10, 10, 12))
    page.get_by_role("button", name="Begin the next round").click()
    judge_all(page, (9, 9, 10, 10, 11))
    expect(page.get_by_role("heading", name="How the panel judged in round 2")).to_be_visible(timeout=15_000)
    page.get_by_label("The panel has finished its last round.").check()
    page.get_by_role("button", name="Set the levels").click()
    expect(page.get_by_text("The levels are set by decision", exact=False)).to_be_visible()


def judge_all(page, places: tuple[int, ...]) -> None:
    for number, place in enumerate(places, start=1):
        page.get_by_label("Panellist", exact=True).fill(f"P{number}")
        page.get_by_label("basic: the last page that a pupil who just reaches it masters").fill(str(place))
        page.get_by_role("button", name="Keep the judgements").click()


def publish(page, code: str) -> None:
    page.goto(f"/assessment/{code}/calibration/")
    page.get_by_label("I have looked at the checks and the figures, and publish them.").check()
    page.get_by_role("button", name="Publish the results").click()
    expect(page.get_by_text("The results are published.")).to_be_visible()
    expect(page.get_by_role("heading", name="What has changed since", exact=False)).to_be_visible()
