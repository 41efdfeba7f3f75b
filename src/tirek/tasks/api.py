"""Tasks and notifications for programs: the lists of the pages, in the asker's scope."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError

from tirek.access.gates import Gate, declare
from tirek.registry.queries import labels
from tirek.tasks import queries
from tirek.tasks.present import present, present_notification

router = Router(tags=["tasks"])
LARGEST = 9_223_372_036_854_775_807
Number = Path(..., ge=1, le=LARGEST)
Limit = Query(50, ge=1, le=500)
Offset = Query(0, ge=0, le=1_000_000)
List = Literal["mine", "to_accept", "asked", "overdue", "all"]
Which = Query("mine", alias="list")


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class TaskOut(Schema):
    """What is asked of one institution, by when, and how it stands."""

    id: int
    title: str
    text: str
    legal_basis: str
    org_no: int
    institution: str
    roles: list[str]
    state: str
    due_date: date | None
    is_late: bool
    needs_evidence: bool
    asked_at: datetime
    ended_at: datetime | None


class EvidenceOut(Schema):
    """A file that came with an answer; its bytes are on the page."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str


class StepOut(Schema):
    """One step of a task's way."""

    kind: str
    at: datetime
    by: str
    note: str
    due_date: date | None
    evidence: list[EvidenceOut]


class TaskWithStepsOut(TaskOut):
    """A task and how it went, oldest step first."""

    steps: list[StepOut]


class TasksOut(Schema):
    """A part of a list, and how long the whole is."""

    count: int
    items: list[TaskOut]


class NotificationOut(Schema):
    """A line for the asker: what happened."""

    kind: str
    text: str
    link: str
    at: datetime
    is_new: bool


class NotificationsOut(Schema):
    """A part of a list, and how long the whole is."""

    count: int
    items: list[NotificationOut]


@router.get("/tasks", response={200: TasksOut, 422: Problem}, url_name="tasks")
def tasks(request, which: List = Which, limit: int = Limit, offset: int = Offset):
    """Tasks in the order of the page: the most urgent first; those that the asker asked, the newest first."""
    today = timezone.localdate()
    found = {
        "mine": lambda: queries.my_tasks(request.scope),
        "to_accept": lambda: queries.to_accept(request.scope),
        "asked": lambda: queries.asked_by(request.scope),
        "overdue": lambda: queries.tasks_in(request.scope, overdue_on=today),
        "all": lambda: queries.tasks_in(request.scope),
    }[which]()
    rows = list(found[offset : offset + limit])
    names = labels.names_by_org_no([row.org_no for row in rows], on=today)
    return {"count": found.count(), "items": [_task(row, names, today) for row in rows]}


@router.get("/tasks/{task_id}", response={200: TaskWithStepsOut, 404: Problem, 422: Problem}, url_name="task")
def task(request, task_id: int = Number):
    """One task with its steps."""
    found, today = queries.task(task_id), timezone.localdate()
    if found is None:
        raise HttpError(404, _("There is no such task, or it is not yours to see."))
    names = labels.names_by_org_no([found.org_no], on=today)
    return _task(found, names, today) | {"steps": [_step(step) for step in queries.history(found)]}


@router.get("/notifications", response={200: NotificationsOut, 422: Problem}, url_name="notifications")
def notifications(request, unread: bool = False, limit: int = Limit, offset: int = Offset):
    """What happened to the asker's tasks, the newest first."""
    found = queries.notifications(request.scope.user_id or 0, unread=unread)
    shown = [present_notification(row) for row in found[offset : offset + limit]]
    kinds = [row.kind for row in found[offset : offset + limit]]
    items = [
        {"kind": kind, "text": row.text, "link": row.link or "", "at": row.at, "is_new": row.is_new}
        for kind, row in zip(kinds, shown, strict=True)
    ]
    return {"count": found.count(), "items": items}


def _task(row, names: dict[int, str], today: date) -> dict:
    shown = present(row, names, today)
    same = ("text", "legal_basis", "org_no", "state", "due_date", "needs_evidence", "asked_at", "ended_at")
    return {name: getattr(row, name) for name in same} | {
        "id": row.pk,
        "title": shown.title,
        "institution": shown.institution,
        "roles": list(row.roles),
        "is_late": shown.is_late,
    }


def _step(step) -> dict:
    files = [
        {"id": file.pk, "name": file.name, "media_type": file.media_type, "size": file.size, "sha256": file.sha256}
        for file in step.evidence.all()
    ]
    same = {"kind": step.kind, "at": step.at, "note": step.note, "due_date": step.due_date}
    return same | {"by": step.by_name, "evidence": files}


for name in ("tasks", "task", "notifications"):
    declare(f"api:{name}", Gate(program=True, reason="the asker's own tasks, and those of the scope"))
