"""Ways through Tirek that people take, each once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from region_world import PASSWORD, SCHOOL

SCHOOL_NAME = "School No. 1 “Tirek”"


def test_sign_in_and_out(visit):
    page = visit()
    page.goto("/")
    page.locator("main").get_by_role("link", name="Sign in").click()
    page.get_by_label("Sign-in name").or_(page.locator("input[name=login]")).first.fill("teacher")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/home/")
    assert page.get_by_role("heading", level=1).inner_text().startswith("Good day")
    page.locator(".site-header details.menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()
    page.goto("/home/")
    assert "/login/" in page.url


def test_what_is_not_mine_asks_to_sign_in(visit):
    page = visit()
    page.goto(f"/institutions/{SCHOOL}/")
    assert "/login/" in page.url


def test_from_the_list_to_a_room(visit, picture):
    page = visit("officer")
    page.goto("/home/")
    page.get_by_role("link", name="Institutions", exact=True).first.click()
    page.get_by_label("Name, code or BIN").fill("№ 1 ")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=SCHOOL_NAME, exact=True).click()
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name="Rooms").click()
    page.get_by_role("link", name="101").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Room 101")
    expect(page.get_by_text("good", exact=True).first).to_be_visible()
    page.get_by_role("navigation", name="Where you are").get_by_role("link", name="Mangystau Region").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mangystau Region")


def test_the_map_leads_to_a_district(visit):
    page = visit("officer")
    page.goto("/territory/470000000/")
    page.locator(".map a[aria-label^='Beineu']").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_have_text("Beineu District")


def test_find_a_person(visit):
    page = visit("head")
    page.goto("/people/")
    page.get_by_label("Name, or the whole IIN").fill("Калиева")
    page.get_by_role("button", name="Show").click()
    page.locator("tbody a").first.click()
    body = page.locator("main").inner_text()
    assert "Қалиева" in body
    assert "Date of birth" in body
    assert "Each look at this page is recorded" in body


def test_a_correction_is_saved_and_shown(visit):
    page = visit("head")
    page.goto("/people/?q=Ұзақова")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Correct", exact=True).click()
    page.get_by_label("Family name").fill("")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Family name").fill("Ұзаққызы")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ұзаққызы")


def test_an_institution_changes_from_a_day_on(visit):
    page = visit("officer")
    page.goto("/institutions/school-9/change/")
    page.get_by_role("textbox", name="Changed on").fill("2026-10-01")
    page.get_by_label("Places").fill("813")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("813").first).to_be_visible()
    page.goto("/institutions/school-9/?on=2026-09-30")
    expect(page.get_by_text("720").first).to_be_visible()
    expect(page.get_by_text("not at today's")).to_be_visible()


def test_a_merger_is_shown_before_it_is_done(visit):
    page = visit("officer")
    page.goto("/institutions/school-15/merge/")
    page.get_by_label("Into which institution?").fill("school-22")
    page.get_by_label("By which act?").fill("No. 7 of 20 November 2026")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("This would move")).to_be_visible()
    page.get_by_role("button", name="Merge").click()
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name="History").click()
    expect(page.get_by_text("merged into")).to_be_visible()


def test_language_is_kept(visit):
    page = visit("officer")
    page.goto("/territory/470000000/")
    page.locator("button[name=language][value=ru]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Мангистауская область")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.goto("/institutions/")
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def test_dark_is_kept_over_the_device(visit):
    page = visit("officer", theme="light")
    page.goto("/home/")
    page.locator(".site-header details.menu > summary").click()
    page.get_by_role("button", name="Dark").click()
    page.goto("/institutions/")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(14, 19, 24)"


@pytest.mark.parametrize(
    "path", ["/home/", "/territory/470000000/", "/institutions/", f"/institutions/{SCHOOL}/rooms/", "/design/"]
)
def test_nothing_sticks_out_on_a_telephone(visit, path):
    page = visit("officer", size="phone", language="kk")
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_by_keyboard_alone(visit):
    page = visit("officer")
    page.goto("/home/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/institutions/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/institutions/{SCHOOL}/")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("school-2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=school-2")
    expect(page.get_by_role("link", name="School No. 2").first).to_be_visible()


def test_reading_without_scripts(visit):
    page = visit("officer", script=False, size="phone")
    page.goto("/home/")
    page.get_by_role("link", name="Menu").click()
    page.get_by_role("link", name="Institutions", exact=True).first.click()
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Staff", exact=True).click()
    assert page.locator("tbody tr").count() == 3
    page.locator("button[name=language][value=kk]").click()
    expect(page.locator("html")).to_have_attribute("lang", "kk")


def test_a_parent_sees_the_child_and_nobody_else(visit):
    page = visit("parent")
    page.goto("/home/")
    assert page.locator("main ul.links a").count() == 1
    page.locator("main ul.links a").first.click()
    expect(page.get_by_text("Where this person has learned")).to_be_visible()
    page.goto(f"/institutions/{SCHOOL}/staff/")
    expect(page.get_by_role("heading", name="You do not see the people of this institution")).to_be_visible()
    assert page.goto("/people/").status == 403


def test_what_does_not_exist_says_so(visit):
    page = visit("officer")
    assert page.goto("/institutions/nowhere/").status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("This page does not exist")
