"""Territories and institutions that a role can be given over. The registry, above, knows them and says so here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope

if TYPE_CHECKING:
    from tirek.access.models import Grant


@dataclass(frozen=True)
class Place:
    """``lo`` to ``hi`` (both included) are the institutions' numbers inside; ``above`` names the territory around it.

    ``formerly`` is the name of before by which it was found.
    """

    kind: str
    code: str
    label: str
    lo: int
    hi: int
    above: str = ""
    formerly: str = ""


Find = Callable[[str, str], Place | None]
Offer = Callable[[str, str, Scope, int], list[Place]]
Range = tuple[int, int]
Name = Callable[[set[Range]], dict[Range, str]]
_find: Find | None = None
_offer: Offer | None = None
_name: Name | None = None
COUNTRY = Place(ScopeKind.COUNTRY, "KZ", "Қазақстан", 0, 2_147_483_647)


def register(find: Find, offer: Offer, name: Name) -> None:
    """Called from ready(), once.

    ``find(kind, code)`` gives a region, district or institution by its code, or None. ``offer(kind, text, scope, limit)``
    gives those that lie whole in a scope and whose name, of today or of before, has the text or whose code begins with it, in order of name.
    ``name(ranges)`` names those ranges of numbers that are a place's today, in the reader's language.
    """
    global _find, _offer, _name
    _find, _offer, _name = find, offer, name


def place_of(kind: str, code: str) -> Place | None:
    if kind == ScopeKind.COUNTRY:
        return COUNTRY
    return _find(kind, code.strip()) if _find and code.strip() else None


def offered(kind: str, text: str, scope: Scope, limit: int) -> list[Place]:
    """Places to choose from; none for the country or for own records, which need no choice."""
    if _offer is None or kind not in (ScopeKind.REGION, ScopeKind.DISTRICT, ScopeKind.INSTITUTION):
        return []
    return _offer(kind, text.strip(), scope, limit)


def name_all(grants: Iterable[Grant]) -> None:
    """Give each grant its ``place_name``: as the place is called today in the reader's language, else as it was given."""
    grants = list(grants)
    ranges = {(grant.org_lo, grant.org_hi) for grant in grants if grant.org_lo is not None and grant.org_hi is not None}
    if any(grant.scope_kind == ScopeKind.COUNTRY for grant in grants):
        ranges.add((COUNTRY.lo, COUNTRY.hi))
    known = _name(ranges) if _name and ranges else {}
    for grant in grants:
        if grant.scope_kind == ScopeKind.OWN:
            grant.place_name = grant.get_scope_kind_display()
            continue
        whole = grant.scope_kind == ScopeKind.COUNTRY
        grant.place_name = known.get(
            (COUNTRY.lo, COUNTRY.hi) if whole else (grant.org_lo, grant.org_hi), grant.scope_label
        )
