"""Panels of an institution's or a person's page: apps above register them, the page shows them in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class Panel:
    """``render(request, subject)`` gives a template's name and its context, or None to stay away."""

    page: str
    name: str
    order: int
    render: Callable[[HttpRequest, object], tuple[str, dict] | None]


_panels: dict[tuple[str, str], Panel] = {}


def register(page: str, name: str, order: int, render: Callable) -> None:
    """Add a panel to ``page`` ("home", "region", "institution" or "person"). Called from an app's ready()."""
    _panels[page, name] = Panel(page, name, order, render)


def panels(page: str, request: HttpRequest, subject: object) -> list[tuple[str, dict]]:
    """Templates and contexts of a page's panels, in order, without those that stay away."""
    shown = sorted((p for p in _panels.values() if p.page == page), key=lambda p: p.order)
    return [found for panel in shown if (found := panel.render(request, subject)) is not None]
