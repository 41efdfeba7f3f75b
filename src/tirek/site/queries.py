"""What the layout asks of the register."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import get_language

from tirek.access.scope import Scope
from tirek.registry.models import Territory
from tirek.registry.queries import labels, territories

SECONDS = 30
NAME_SECONDS = 300


def is_synthetic() -> bool:
    """Whether this installation holds the demonstration. Asked once in a while, not once a page."""
    key = f"synthetic:{connection.settings_dict['NAME']}"
    known = cache.get(key)
    if known is not None or connection.needs_rollback:
        return bool(known)
    try:
        known = Territory.objects.filter(is_synthetic=True).exists()
    except DatabaseError:
        return False
    cache.set(key, known, SECONDS)
    return known


def place_of(scope: Scope) -> str:
    """Name of a scope's territory or institution in the reader's language; as the role was given where it has none."""
    key = f"place:{connection.settings_dict['NAME']}:{scope.lo}:{scope.hi}:{get_language()}:{hash(scope.label)}"
    known = cache.get(key)
    if known is not None or not scope.label or connection.needs_rollback:
        return known or scope.label
    try:
        known = _place(scope) or scope.label
    except DatabaseError:
        return scope.label
    cache.set(key, known, NAME_SECONDS)
    return known


def _place(scope: Scope) -> str:
    if scope.lo is not None and scope.lo == scope.hi:
        return labels.names_by_org_no([scope.lo], on=timezone.localdate()).get(scope.lo, "")
    found = territories.of_scope(scope)
    if found is None or (scope.lo is not None and (found.org_lo, found.org_hi) != (scope.lo, scope.hi)):
        return ""
    return territories.local_name(found)
