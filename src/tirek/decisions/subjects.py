"""Whom an outcome is about, in words: an institution by its name, a territory by its own, a group by what it is."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from tirek.registry.queries import institutions, territories

# kind of subject -> what the list of outcomes calls many of them
MANY = {
    "all": gettext_lazy("All together"),
    "district": gettext_lazy("Districts and cities"),
    "settlement": gettext_lazy("Towns and villages"),
    "language": gettext_lazy("Languages of instruction"),
    "gap": gettext_lazy("Differences between groups"),
    "school": gettext_lazy("Schools"),
    "person": gettext_lazy("Persons"),
    "item": gettext_lazy("Items"),
    "test": gettext_lazy("The test as a whole"),
}
GROUPS = {
    ("all", "all"): gettext_lazy("All together"),
    ("settlement", "urban"): gettext_lazy("Towns"),
    ("settlement", "rural"): gettext_lazy("Villages"),
    ("language", "kk"): pgettext_lazy("language of instruction", "Kazakh"),
    ("language", "ru"): pgettext_lazy("language of instruction", "Russian"),
    ("gap", "settlement"): gettext_lazy("Towns against villages"),
    ("gap", "language"): gettext_lazy("Kazakh against Russian classes"),
}
PERSON, ITEM = gettext_noop("Person %(code)s"), gettext_noop("Item %(code)s")


def many(kind: str) -> str:
    """What the outcomes of this kind of subject are about."""
    return str(MANY.get(kind, kind))


def label(kind: str, code: str) -> str:
    """One subject, as a person would call it."""
    if (kind, code) in GROUPS:
        return str(GROUPS[kind, code])
    named: dict[str, Callable] = {"school": _institution, "district": territories.by_code}
    found = named[kind](code) if kind in named else None
    if found is not None:
        return territories.local_name(found)
    pattern = {"person": PERSON, "item": ITEM}.get(kind)
    return _(pattern) % {"code": code} if pattern else code


def _institution(code: str):
    return institutions.state_by_code(code, on=timezone.localdate())
