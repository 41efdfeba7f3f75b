"""Small words for templates."""

from __future__ import annotations

import datetime as dt

from django import template
from django.templatetags.static import static
from django.utils.formats import date_format, number_format
from django.utils.html import format_html_join
from django.utils.translation import get_language, ngettext

from tirek.access.permissions import may as role_may
from tirek.access.queries import scope_of_grant
from tirek.registry import words
from tirek.site import charts
from tirek.site.map import drawing
from tirek.site.queries import place_of

register = template.Library()

SHEETS = ("tokens", "base", "layout", "forms", "tables", "components", "charts", "print")
LOOKS = {"error": "bad", "warning": "look", "success": "good"}


def stylesheets() -> list[str]:
    return [static(f"css/{name}.css") for name in SHEETS]


@register.simple_tag
def stylesheet_links() -> str:
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((sheet,) for sheet in stylesheets()))


@register.filter
def notice_look(tags: str) -> str:
    """The look of a message: Django's level names to ours."""
    return next((LOOKS[tag] for tag in (tags or "").split() if tag in LOOKS), "")


@register.filter
def named(thing, language: str | None = None) -> str:
    """The name of a territory or an institution's state in the reader's language, else in Kazakh."""
    return name_of(thing, language)


@register.filter
def position(code: str) -> str:
    """A position that a roster named by a code, in words."""
    return words.position(code)


@register.filter
def subject(code: str) -> str:
    """A school subject, likewise."""
    return words.subject(code)


@register.filter
def scope_name(grant) -> str:
    """Where a grant holds, by the name that the place has now in the reader's language."""
    return place_of(scope_of_grant(grant, None))


@register.filter
def iso_day(text: str) -> str:
    """A day that is kept as 2026-09-01, as the reader's language writes it; other words stay as they came."""
    try:
        return date_format(dt.date.fromisoformat(text), "DATE_FORMAT")
    except (TypeError, ValueError):
        return text or ""


def name_of(thing, language: str | None = None) -> str:
    code = language or (get_language() or "kk")[:2]
    read = thing.get if isinstance(thing, dict) else lambda key: getattr(thing, key, "")
    return read(f"name_{code}") or read("name_kk") or read("name_ru") or read("name_en") or ""


@register.filter
def count(value) -> str:
    """A whole number with the language's thousands; a dash where nothing is known."""
    return "—" if value in (None, "") else number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


@register.filter
def decimals(value, places: int = 1) -> str:
    return (
        "—"
        if value in (None, "")
        else number_format(round(value, int(places)) or 0, decimal_pos=int(places), use_l10n=True, force_grouping=True)
    )


@register.filter
def share(value, places: int = 0) -> str:
    """0.42 as 42 % in the reader's language."""
    return (
        "—"
        if value in (None, "")
        else f"{number_format(round(float(value) * 100, int(places)), decimal_pos=int(places), use_l10n=True)}\u00a0%"
    )


@register.simple_tag(takes_context=True)
def may(context, permission: str) -> bool:
    """``{% may "people.change" as can_change %}``"""
    scope = getattr(context.get("request"), "scope", None)
    return bool(scope and scope.role and role_may(scope.role, permission))


@register.simple_tag(takes_context=True)
def query(context, **changes) -> str:
    """This page's address with some parameters changed; an empty value takes one away."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            parameters.pop(key, None)
        else:
            parameters[key] = value
    return "?" + parameters.urlencode()


@register.filter
def get(mapping, key):
    return (mapping or {}).get(key)


@register.simple_tag
def chart_parts(spec: dict) -> dict:
    heads, rows = charts.table(spec)
    return {"svg": charts.svg(spec), "heads": heads, "rows": rows}


CONDITIONS = {"good": "good", "fair": "fair", "poor": "look", "unusable": "bad"}


@register.filter
def condition_look(condition: str) -> str:
    return CONDITIONS.get(condition, "")


@register.simple_tag
def scope_map(rows: list[dict], iso: str, name: str):
    """The drawing of a territory from the rows of its table: units of the country, or districts as points."""
    if any(row["iso"] for row in rows):
        return drawing.country(
            [drawing.Unit(row["iso"], row["name"], row["url"], _note(row)) for row in rows if row["iso"]]
        )
    placed = [row for row in rows if row["longitude"] is not None and row["latitude"] is not None]
    most = max((row["numbers"].pupils or 0 for row in placed), default=0) or 1
    spots = [
        drawing.Spot(
            row["longitude"], row["latitude"], row["name"], row["url"], (row["numbers"].pupils or 0) / most, _note(row)
        )
        for row in placed
    ]
    return drawing.region(iso, spots) if spots else None


def _note(row: dict) -> str:
    if row["numbers"].pupils is None:  # a past day is not counted for the whole country
        return ""
    return ngettext("%(n)s pupil", "%(n)s pupils", row["numbers"].pupils) % {"n": count(row["numbers"].pupils)}
