"""What access asks the registry, above, about people: whose records are a user's own, and who is called like this."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tirek.access.scope import Scope

_find: Callable[[int, str], Iterable[int]] | None = None
_search: Callable[..., list[Any]] | None = None


def register(find: Callable[[int, str], Iterable[int]], search: Callable[..., list[Any]]) -> None:
    """Called from the registry's ready(), once.

    ``find(person_id, role)`` gives ids of persons, today: a parent's children, a teacher's pupils. ``search(scope, text,
    limit=)`` gives people of the scope by a part of the name or by the whole IIN, best first.
    """
    global _find, _search
    _find, _search = find, search


def people_named_like(scope: Scope, text: str, limit: int) -> list[Any]:
    return _search(scope, text, limit=limit) if _search else []


def own_person_ids(person_id: int | None, role: str) -> tuple[int, ...]:
    """Runs in the loader's scope, because the asker's own scope is what is being found."""
    if person_id is None or _find is None:
        return ()
    from tirek.access.scope import loading

    with loading():
        return tuple(sorted({int(found) for found in _find(person_id, role)}))
