"""What the layout asks of the register."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection

from tirek.registry.models import Territory

SECONDS = 30


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
