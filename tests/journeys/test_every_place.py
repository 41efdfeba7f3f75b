"""What a keyboard and a narrow screen must reach: every tab, every place on the map, every institution of a choice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from region_world import SCHOOL

BEYOND = """box => [...box.querySelectorAll('li')].filter(one => {
    const edge = one.getBoundingClientRect(), around = box.getBoundingClientRect();
    return edge.right > around.right + 1 || edge.left < around.left - 1;
}).length"""


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_tab_of_an_institution_is_on_a_telephones_screen(visit, language):
    page = visit("head", size="phone", language=language)
    page.goto(f"/institutions/{SCHOOL}/staff/", timeout=40_000)  # the first page of a cold server, on a busy machine
    tabs = page.locator(".tabs a")
    assert tabs.count() == 10
    for tab in tabs.all():
        box = tab.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


def test_a_place_on_the_map_shows_that_it_has_the_focus(visit):
    page = visit("officer")
    page.goto("/territory/470000000/")
    page.locator(".map .spots a").first.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".map .spots a:focus .spot")).to_have_css("stroke-width", "4px")
    expect(page.locator(".map .spots a:not(:focus) .spot").first).to_have_css("stroke-width", "1.5px")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_institutions_to_choose_from_stay_inside_their_box(visit, size):
    page = visit("officer", size=size)
    page.goto("/tasks/ask/")
    assert page.locator(".picks li").count() > 20
    assert page.locator(".picks").evaluate(BEYOND) == 0


def test_the_way_up_from_a_childs_page_is_open_to_the_parent(visit):
    page = visit("parent")
    page.goto("/home/")
    page.locator("#own ~ ul a").first.click()
    with page.expect_navigation() as gone:
        page.get_by_role("navigation", name="Where you are").get_by_role("link").first.click()
    assert gone.value.status == 200
