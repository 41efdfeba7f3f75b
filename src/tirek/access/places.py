"""Territories and institutions that a role can be given over. The registry, above, knows them and says so here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope


@dataclass(frozen=True)
class Place:
    """``lo`` to ``hi`` (both included) are the institutions' numbers inside; ``above`` names the territory around it."""

    kind: str
    code: str
    label: str
    lo: int
    hi: int
    above: str = ""


Find = Callable[[str, str], Place | None]
Offer = Callable[[str, str, Scope, int], list[Place]]
_find: Find | None = None
_offer: Offer | None = None
COUNTRY = Place(ScopeKind.COUNTRY, "KZ", "Қазақстан", 0, 2_147_483_647)


def register(find: Find, offer: Offer) -> None:
    """Called from ready(), once.

    ``find(kind, code)`` gives a region, district or institution by its code, or None. ``offer(kind, text, scope, limit)``
    gives those that lie whole in a scope and whose name has the text or whose code begins with it, in order of name.
    """
    global _find, _offer
    _find, _offer = find, offer


def place_of(kind: str, code: str) -> Place | None:
    if kind == ScopeKind.COUNTRY:
        return COUNTRY
    return _find(kind, code.strip()) if _find and code.strip() else None


def offered(kind: str, text: str, scope: Scope, limit: int) -> list[Place]:
    """Places to choose from; none for the country or for own records, which need no choice."""
    if _offer is None or kind not in (ScopeKind.REGION, ScopeKind.DISTRICT, ScopeKind.INSTITUTION):
        return []
    return _offer(kind, text.strip(), scope, limit)
