"""Panels and tabs of the pages that apps share: apps above register them, the page shows them in order.

A tab is a page of its own about one subject, with its own address. Only the panels of the tab that is read are asked, and
which tabs a reader has is decided without the database: by permission, scope, and what the page already knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise

Words = str | Promise
OVERVIEW = ""


@dataclass(frozen=True)
class Panel:
    """``render(request, subject)`` gives a template's name and its context, or None to stay away.

    One that knows today alone stays away from a page of a past day: two days on one page are read as one.
    """

    page: str
    name: str
    order: int
    render: Callable[[HttpRequest, object], tuple[str, dict] | None]
    tab: str = OVERVIEW
    is_of_today: bool = True


@dataclass(frozen=True)
class Tab:
    """``is_for(request, subject)`` says who has it; ``nothing`` is what it says while none of its panels has anything."""

    page: str
    slug: str
    label: Words
    order: int
    is_for: Callable[[HttpRequest, object], bool]
    nothing: Words


_panels: dict[tuple[str, str], Panel] = {}
_tabs: dict[tuple[str, str], Tab] = {}


def register(
    page: str, name: str, order: int, render: Callable, *, tab: str = OVERVIEW, is_of_today: bool = True
) -> None:
    """Add a panel to ``page`` ("home", "region", "institution", "room" or "person"). Called from an app's ready()."""
    _panels[page, name] = Panel(page, name, order, render, tab, is_of_today)


def register_tab(tab: Tab) -> None:
    """Add a tab to the page of an institution or a person. Called from an app's ready()."""
    _tabs[tab.page, tab.slug] = tab


def panels(
    page: str, request: HttpRequest, subject: object, tab: str = OVERVIEW, *, is_past: bool = False
) -> list[tuple[str, dict]]:
    """Templates and contexts of a tab's panels, in order, without those that stay away."""
    here = (p for p in _panels.values() if (p.page, p.tab) == (page, tab) and not (is_past and p.is_of_today))
    shown = sorted(here, key=lambda p: p.order)
    return [found for panel in shown if (found := panel.render(request, subject)) is not None]


def tabs(page: str, request: HttpRequest, subject: object) -> list[Tab]:
    """The registered tabs that this reader has, in order."""
    shown = (tab for tab in _tabs.values() if tab.page == page and tab.is_for(request, subject))
    return sorted(shown, key=lambda tab: tab.order)


def tab_of(page: str, slug: str) -> Tab | None:
    return _tabs.get((page, slug))
