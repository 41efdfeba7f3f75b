"""Territories and institutions that a role can be given over. The registry, above, knows them and says so here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tirek.access.roles import ScopeKind


@dataclass(frozen=True)
class Place:
    """``lo`` to ``hi`` (both included) are the institutions' numbers inside."""

    kind: str
    code: str
    label: str
    lo: int
    hi: int


_find: Callable[[str, str], Place | None] | None = None
COUNTRY = Place(ScopeKind.COUNTRY, "KZ", "Қазақстан", 0, 2_147_483_647)


def register(find: Callable[[str, str], Place | None]) -> None:
    """``find(kind, code)`` gives a region, district or institution by its code, or None. Called from ready(), once."""
    global _find
    _find = find


def place_of(kind: str, code: str) -> Place | None:
    if kind == ScopeKind.COUNTRY:
        return COUNTRY
    return _find(kind, code.strip()) if _find and code.strip() else None
