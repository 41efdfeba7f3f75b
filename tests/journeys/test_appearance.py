"""Every archetype of page: no fault found by axe, and pictures in each language, size and light for eyes to judge."""

from __future__ import annotations

import os

import pytest
from region_world import SCHOOL

ARCHETYPES = {
    "front": ("", "/"),
    "sign-in": ("", "/accounts/login/"),
    "design": ("", "/design/"),
    "help": ("", "/help/"),
    "home": ("officer", "/home/"),
    "home-parent": ("parent", "/home/"),
    "country": ("analyst", "/territory/000000000/"),
    "region": ("officer", "/territory/470000000/"),
    "list": ("officer", "/institutions/"),
    "list-empty": ("officer", "/institutions/?q=nothing+like+this"),
    "institution": ("officer", f"/institutions/{SCHOOL}/"),
    "institution-then": ("officer", f"/institutions/{SCHOOL}/?on=2023-05-01"),
    "rooms": ("officer", f"/institutions/{SCHOOL}/rooms/"),
    "room": ("officer", f"/institutions/{SCHOOL}/rooms/1/103/"),
    "classes": ("officer", f"/institutions/{SCHOOL}/classes/"),
    "class": ("officer", f"/institutions/{SCHOOL}/classes/1/"),
    "staff": ("officer", f"/institutions/{SCHOOL}/staff/"),
    "staff-forbidden": ("parent", f"/institutions/{SCHOOL}/staff/"),
    "history": ("officer", f"/institutions/{SCHOOL}/history/"),
    "change": ("officer", f"/institutions/{SCHOOL}/change/"),
    "merge": ("officer", f"/institutions/{SCHOOL}/merge/"),
    "school-year": ("officer", "/school-year/"),
    "people": ("officer", "/people/?q=Қалиева"),
    "search": ("officer", "/search/?q=тірек"),
    "forbidden": ("parent", "/people/"),
    "not-found": ("officer", "/nowhere/"),
}
PICTURED = ("front", "home", "region", "list", "institution", "rooms", "design", "change", "people", "forbidden")


def faults_of(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.mark.parametrize("name", ARCHETYPES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit, name, theme):
    who, path = ARCHETYPES[name]
    page = visit(who, theme=theme)
    page.goto(path)
    assert faults_of(page) == []


def test_axe_finds_nothing_in_a_form_with_faults(visit):
    page = visit("officer", size="phone")
    page.goto(f"/institutions/{SCHOOL}/change/")
    page.get_by_role("button", name="Save", exact=True).click()
    assert page.get_by_role("alert").is_visible()
    assert faults_of(page) == []


def test_text_is_triple_a(visit):
    """Contrast of 7 to 1 for the text of the design page, where every colour of text occurs."""
    for theme in ("light", "dark"):
        page = visit("", theme=theme)
        page.goto("/design/")
        from axe_playwright_python.sync_playwright import Axe

        options = {
            "runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]},
            "rules": {"color-contrast-enhanced": {"enabled": True}},
        }
        found = Axe().run(page, options=options).response["violations"]
        assert [node["html"][:120] for rule in found for node in rule["nodes"]] == []


@pytest.mark.skipif(
    not os.environ.get("TIREK_PICTURES"), reason="not run: pictures are asked for with TIREK_PICTURES=1"
)
@pytest.mark.parametrize("name", PICTURED)
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("size", ["phone", "tablet", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(visit, picture, name, language, size, theme):
    who, path = ARCHETYPES[name]
    page = visit(who, language=language, size=size, theme=theme)
    page.goto(path)
    picture(page, f"{name}-{language}-{size}-{theme}")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_prints_on_paper(visit, tmp_path):
    page = visit("officer")
    page.goto(f"/institutions/{SCHOOL}/rooms/")
    page.emulate_media(media="print")
    assert not page.locator(".site-nav").is_visible()
    assert page.locator("main h1").is_visible()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
