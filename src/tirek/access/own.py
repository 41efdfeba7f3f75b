"""Which persons' records are a user's own: a parent's children, a teacher's pupils. The registry, above, says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_find: Callable[[int, str], Iterable[int]] | None = None


def register(find: Callable[[int, str], Iterable[int]]) -> None:
    """``find(person_id, role)`` gives ids of persons, today. Called from the registry's ready(), once."""
    global _find
    _find = find


def own_person_ids(person_id: int | None, role: str) -> tuple[int, ...]:
    """Runs in the loader's scope, because the asker's own scope is what is being found."""
    if person_id is None or _find is None:
        return ()
    from tirek.access.scope import loading

    with loading():
        return tuple(sorted({int(found) for found in _find(person_id, role)}))
