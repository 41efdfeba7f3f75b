"""Questions about tasks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from tirek.access.scope import Scope
from tirek.storage.counting import counts_of
from tirek.tasks.models import Evidence, Notification, StepKind, Task, TaskState

WAITING = [TaskState.OPEN, TaskState.SUBMITTED]


def my_tasks(scope: Scope) -> QuerySet[Task]:
    """Open tasks of this asker, and those asked of its institution in its role; the most urgent first."""
    return Task.objects.filter(_is_mine(scope)).order_by(F("due_date").asc(nulls_last=True), "id")


def _is_mine(scope: Scope) -> Q:
    mine = Q(user_id=scope.user_id)
    if scope.lo is not None and scope.lo == scope.hi:
        here = Q(org_no=scope.lo, user_id=None)
        mine |= here & (Q(roles=[]) | Q(roles__contains=[scope.role]))
    return mine & Q(state=TaskState.OPEN)


def to_accept(scope: Scope) -> QuerySet[Task]:
    """Answers that wait for this asker to accept or return them."""
    return Task.objects.filter(_waits_for(scope)).order_by("due_date", "id")


def _waits_for(scope: Scope) -> Q:
    return Q(asked_by_id=scope.user_id, state=TaskState.SUBMITTED)


def asked_by(scope: Scope) -> QuerySet[Task]:
    """Everything this asker asked of others, the newest first."""
    return Task.objects.filter(asked_by_id=scope.user_id).order_by("-asked_at", "-id")


def asked_of(org_no: int) -> QuerySet[Task]:
    """What is asked of one institution now, the most urgent first."""
    return Task.objects.filter(org_no=org_no, state__in=WAITING).order_by(F("due_date").asc(nulls_last=True), "id")


def asked_about(kind: str, subject: str, org_no: int) -> QuerySet[Task]:
    """What is still asked of an institution about one subject: one task at most."""
    return Task.objects.filter(kind=kind, subject=subject, org_no=org_no, state__in=WAITING)


def open_tasks_about(subject: str, org_nos: list[int] | None = None) -> list[int]:
    """Tasks that still wait about one subject, at all institutions of the asker's scope or at some."""
    found = Task.objects.filter(subject=subject, state__in=WAITING)
    if org_nos is not None:
        found = found.filter(org_no__in=org_nos)
    return list(found.order_by("org_no").values_list("pk", flat=True))


def tasks_in(scope: Scope, *, state: str = "", overdue_on: dt.date | None = None) -> QuerySet[Task]:
    """Tasks of the whole scope, for officers."""
    found = scope.limit(Task.objects.all())
    if state:
        found = found.filter(state=state)
    if overdue_on:
        found = found.filter(state=TaskState.OPEN, due_date__lt=overdue_on)
    return found.order_by(F("due_date").asc(nulls_last=True), "id")


@dataclass(frozen=True)
class TaskCounts:
    mine: int
    overdue: int
    to_accept: int
    news: int


def task_counts(scope: Scope, today: dt.date) -> TaskCounts:
    """The four numbers of the home page, in one query."""
    mine = _is_mine(scope)
    return TaskCounts(
        **counts_of(
            mine=Task.objects.filter(mine),
            overdue=Task.objects.filter(mine, due_date__lt=today),
            to_accept=Task.objects.filter(_waits_for(scope)),
            news=Notification.objects.filter(user_id=scope.user_id, read_at=None),
        )
    )


def task(task_id: int) -> Task | None:
    """The task if the asker may see it."""
    return Task.objects.filter(pk=task_id).first()


def history(task_: Task):
    """Steps with their evidence, the oldest first."""
    return task_.steps.prefetch_related("evidence").order_by("id")


def last_reminder_at(task_: Task) -> dt.datetime | None:
    step = task_.steps.filter(kind=StepKind.REMINDED).order_by("-id").first()
    return step.at if step else None


def notifications(user_id: int, *, unread: bool = False) -> QuerySet[Notification]:
    found = Notification.objects.filter(user_id=user_id).order_by("-at", "-id")
    return found.filter(read_at=None) if unread else found


def evidence(task_: Task, evidence_id: int):
    """One file of a task, or None."""
    return Evidence.objects.filter(pk=evidence_id, step__task=task_).first()
