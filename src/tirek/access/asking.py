"""The scope of whoever asks, kept with a job so that its work can enter it later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from tirek.access.scope import Scope, acting_as, because, current_scope


def describe() -> dict:
    """The current scope as plain values."""
    return asdict(current_scope())


@contextmanager
def enter(described: dict) -> Iterator[Scope]:
    """Act with a scope that was described before."""
    values = {**described, "person_ids": tuple(described.get("person_ids") or ())}
    with because(job="work"), acting_as(Scope(**values)) as scope:
        yield scope
