"""What is asked of a school about its rooms: as tasks, so that it stands in its list with everything else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tirek.access.models import User
from tirek.access.roles import HEADS
from tirek.access.scope import current_scope
from tirek.storage.database import LOADER
from tirek.tasks import queries as task_queries
from tirek.tasks import services as tasks
from tirek_engines.errors import Refusal

DAYS = 14


def ask_school(
    kind: str, org_no: int, subject: str, parameters: dict, *, by: User | None, now: dt.datetime,
    roles: Sequence[str] = (), days: int = DAYS,
) -> None:  # fmt: skip
    """Ask once while it is open. Bulk loading asks nobody."""
    if by is None or current_scope().database_role == LOADER:
        return
    tasks.ask(
        org_nos=[org_no], by=by, now=now, kind=kind, subject=subject, parameters=parameters,
        roles=list(roles) or sorted(HEADS), due_date=now.date() + dt.timedelta(days=days),
    )  # fmt: skip


def answer(kind: str, org_no: int, subject: str, note: str, *, by: User | None, now: dt.datetime) -> None:
    """What was asked is done: whoever was asked answers by doing it, and whoever may judge accepts it."""
    if by is None or current_scope().database_role == LOADER:
        return
    for task in task_queries.asked_about(kind, subject, org_no):
        if tasks.is_asked(task, by=by) and task.state == "open":
            tasks.submit(task_id=task.pk, note=note, by=by, now=now)
        else:
            _settle(task, note, by, now)


def _settle(task, note: str, by: User, now: dt.datetime) -> None:
    step = tasks.accept if task.state == "submitted" else tasks.cancel
    try:
        step(task_id=task.pk, note=note, by=by, now=now)
    except Refusal:  # not this person's to judge: it waits for who asked
        return
