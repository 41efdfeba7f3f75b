"""A task in words for a page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.tasks import kinds


@dataclass(frozen=True)
class Shown:
    """What a row or a page shows of one task."""

    task: object
    title: str
    institution: str
    link: str | None
    when: str
    is_late: bool


def present(task, names: dict[int, str], today: dt.date) -> Shown:
    kind = kinds.kind_of(task.kind)
    late = task.state == "open" and task.due_date is not None and task.due_date < today
    return Shown(
        task=task,
        title=task.title or kind.say(task.parameters),
        institution=names.get(task.org_no, ""),
        link=kind.link(task.parameters) if kind.link else None,
        when=_when(task, today),
        is_late=late,
    )


def _when(task, today: dt.date) -> str:
    if task.due_date is None:
        return _("no date")
    days = (task.due_date - today).days
    if task.state != "open" or days == 0:
        return _("today") if days == 0 and task.state == "open" else ""
    if days < 0:
        return ngettext("%(days)s day late", "%(days)s days late", -days) % {"days": -days}
    return ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}


@dataclass(frozen=True)
class ShownNotification:
    text: str
    link: str
    at: dt.datetime
    is_new: bool


def present_notification(notification) -> ShownNotification:
    text = kinds.say_notification(notification.kind, notification.parameters)
    return ShownNotification(text, notification.link, notification.at, notification.read_at is None)
