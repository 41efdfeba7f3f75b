"""Every address says who may open it; one that says nothing is closed to all (ScopeMiddleware)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tirek.access.permissions import PERMISSIONS


@dataclass(frozen=True)
class Gate:
    """``public``: anybody. ``permission``: roles that have it. Neither: whoever is signed in."""

    public: bool = False
    permission: str | None = None


def gate(*, public: bool = False, permission: str | None = None) -> Callable:
    """Mark a view: ``@gate(public=True)``, ``@gate()`` (signed in) or ``@gate(permission="people.read")``."""
    if permission is not None and permission not in PERMISSIONS:
        raise ValueError(f"There is no permission {permission!r}. Add it to tirek/access/permissions.py.")

    def mark(view: Callable) -> Callable:
        view.gate = Gate(public=public, permission=permission)
        return view

    return mark
