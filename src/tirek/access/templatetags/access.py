"""Words of the audit's pages."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy as _

from tirek.access.page_words import page_words
from tirek.access.roles import Role

register = template.Library()
# the first mark found decides: every browser also names those it descends from
BROWSERS = (
    ("YaBrowser", "Yandex Browser"), ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
CHANGES = {"insert": _("added"), "update": _("changed"), "delete": _("deleted")}


register.filter("page_words", page_words)


@register.filter
def of(names: dict, key) -> str:
    """``names|of:user_id``"""
    return names.get(key, "") if names else ""


@register.filter
def browser_words(program: str) -> str:
    """What a browser calls itself, as people call it: its name and the machine's system."""
    program = program or ""
    browser = next((name for mark, name in BROWSERS if mark in program), "")
    system = next((name for mark, name in SYSTEMS if mark in program), "")
    return ", ".join(word for word in (browser, system) if word) or program[:40]


@register.filter
def role_name(role: str) -> str:
    return str(Role(role).label) if role in Role.values else role


@register.filter
def change_name(label: str) -> str:
    return str(CHANGES.get(label, label))
