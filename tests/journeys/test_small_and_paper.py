"""What a telephone, a keyboard and paper need of every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from region_world import SCHOOL


def _focus(page) -> str:
    return page.evaluate("document.activeElement.className || document.activeElement.id")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_header_of_a_telephone_is_two_lines(visit, language):
    page = visit("officer", size="phone", language=language)
    page.goto("/home/")
    assert page.locator(".site-header").bounding_box()["height"] <= 112
    for name in ("button[name=language][value=ru]", ".menu-link", "#site-search", ".site-header details.menu"):
        assert page.locator(name).is_visible()


def test_escape_closes_the_menu_of_a_telephone(visit):
    page = visit("officer", size="phone")
    page.goto("/home/")
    page.locator(".menu-link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#nav")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#nav")).to_be_hidden()
    assert _focus(page) == "menu-link"


def test_a_long_word_does_not_widen_the_page(visit):
    page = visit("officer", size="phone")
    page.goto("/search/?q=" + "ә" * 120)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_each_part_of_a_date_shows_where_the_focus_is(visit):
    page = visit("officer")
    page.goto(f"/institutions/{SCHOOL}/change/")
    page.get_by_role("textbox", name="Changed on").focus()
    for _part in range(4):
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"
        page.keyboard.press("Tab")


def test_paper_says_where_it_comes_from_and_leaves_the_controls_away(visit):
    page = visit("officer")
    page.goto(f"/institutions/{SCHOOL}/")
    expect(page.locator(".printed")).to_be_hidden()
    page.emulate_media(media="print")
    assert f"/institutions/{SCHOOL}/" in page.locator(".printed").inner_text()
    for name in (".site-nav", ".site-footer", ".tabs", ".actions", "#site-search"):
        assert not page.locator(name).first.is_visible(), name
