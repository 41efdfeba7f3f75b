"""Who wants to hear that a work was accepted: called in the same transaction, once, with the work."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable] = []


def register(listener: Callable) -> None:
    """Add a function of the work; called from an app's ready()."""
    if listener not in _listeners:
        _listeners.append(listener)


def unregister(listener: Callable) -> None:
    """For tests that bring their own."""
    if listener in _listeners:
        _listeners.remove(listener)


def tell(work) -> None:
    for listener in list(_listeners):
        listener(work)
