"""Names of content areas in three languages: those that every bank begins with, and those that territories have added.

An area is kept by its code; one that nobody has named, as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.utils.translation import get_language, gettext_lazy

from tirek.access.scope import current_cause
from tirek.assessment.models import ContentArea, Subject

SHIPPED = Path(__file__).with_name("bank") / "areas.yaml"
NONE = gettext_lazy("without an area")
LANGUAGES = ("kk", "ru", "en")


@dataclass(frozen=True)
class Area:
    """A content area of a subject; `pk` is None where every bank begins with it."""

    code: str
    subject: str
    names: Mapping[str, str]
    pk: int | None = None

    @property
    def name(self) -> str:
        """In the reader's language."""
        return self.names[language if (language := (get_language() or "kk")[:2]) in LANGUAGES else "kk"]

    @property
    def subject_name(self) -> str:
        """The same of its subject."""
        return str(Subject(self.subject).label)


_kept: ContextVar[tuple[str, dict[str, Area]] | None] = ContextVar("tirek_content_areas", default=None)


@cache
def shipped() -> dict[str, Area]:
    """The areas that every bank begins with."""
    found = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return {
        code: Area(code, row["subject"], {language: row[language] for language in LANGUAGES})
        for code, row in found.items()
    }


def areas() -> dict[str, Area]:
    """All areas by code, whoever added them; the database is asked once in a request, job or command."""
    cause, kept = current_cause(), _kept.get()
    if kept is not None and kept[0] == cause:
        return kept[1]
    found = {
        row.code: Area(row.code, row.subject, {c: getattr(row, f"name_{c}") for c in LANGUAGES}, row.pk)
        for row in ContentArea.objects.order_by("code")
    }
    everything = shipped() | found
    _kept.set(None if cause is None else (cause, everything))
    return everything


def forget() -> None:
    """After a change of the areas."""
    _kept.set(None)


def area_name(code: str) -> str:
    """As the reader calls the area."""
    found = areas().get(code) if code else None
    return found.name if found else code


def area_code(typed: str) -> str:
    """The code of an area that somebody typed, in whatever language; else what was typed."""
    words = " ".join(typed.split())
    for area in areas().values():
        if words.casefold() in (area.code, *(name.casefold() for name in area.names.values())):
            return area.code
    return words
