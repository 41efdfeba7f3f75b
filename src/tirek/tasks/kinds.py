"""Kinds of tasks and notifications: whole sentences, so that each language can say them in its own order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """``title`` is a sentence with ``%(name)s`` places; ``link`` makes the address of the page where it is done."""

    code: str
    title: str
    link: Callable[[dict], str] | None = None

    def say(self, parameters: dict) -> str:
        """The sentence in the language in force."""
        return str(self.title) % parameters


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Called from an app's ready()."""
    _kinds[kind.code] = kind


def kind_of(code: str) -> Kind:
    return _kinds[code]


def say_notification(code: str, parameters: dict) -> str:
    """A notification's sentence; the task's own title inside it is said in the same language."""
    about = parameters.get("task_kind")
    title = kind_of(about).say(parameters) if about and about != "asked" else parameters.get("title", "")
    return kind_of(code).say(parameters | {"title": title})


def all_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.code)


register(Kind("asked", _("%(title)s")))
register(Kind("new_task", _("A new task for you: %(title)s")))
register(Kind("reminder", _("A reminder: %(title)s")))
register(Kind("submitted", _("%(who)s answered: %(title)s")))
register(Kind("returned", _("Returned for more work: %(title)s")))
register(Kind("accepted", _("Accepted: %(title)s")))
register(Kind("cancelled", _("Withdrawn: %(title)s")))
register(Kind("due_changed", _("A new date for: %(title)s")))
