"""What changes a task: ask, remind, answer, accept, return, withdraw, move the date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import Grant, User
from tirek.access.permissions import may
from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope, current_scope, loading
from tirek.registry import names
from tirek.storage import sealed
from tirek.tasks.models import Evidence, Notification, Step, StepKind, Task, TaskState
from tirek_engines.errors import Refusal

REMIND_AGAIN_AFTER = dt.timedelta(hours=20)
MAX_EVIDENCE_BYTES = 20 * 1024 * 1024
EVIDENCE_TYPES = {
    "application/pdf", "image/jpeg", "image/png", "image/webp", "text/plain", "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip


class TaskRefused(Refusal):
    code = "task_refused"
    http_status = 409


@dataclass(frozen=True)
class File:
    """A file given as evidence, already read."""

    name: str
    media_type: str
    content: bytes


@transaction.atomic
def ask(
    *,
    org_nos: Sequence[int],
    by: User,
    now: dt.datetime,
    title: str = "",
    text: str = "",
    legal_basis: str = "",
    due_date: dt.date | None = None,
    roles: Sequence[str] = (),
    user_id: int | None = None,
    needs_evidence: bool = False,
    kind: str = "asked",
    subject: str = "",
    parameters: dict | None = None,
) -> list[Task]:
    """Ask the same of each institution; one that already has this subject open is not asked twice.

    Raises
    ------
    TaskRefused
        The asker may not ask, an institution lies outside the scope, or the date is past.
    """
    scope, title = current_scope(), names.clean(title)
    _check_asking(scope, org_nos, title if kind == "asked" else kind, due_date, now)
    rows = [
        Task(
            kind=kind, title=title, text=text, legal_basis=legal_basis,
            parameters=(parameters or {}) | {"title": title}, subject=subject, org_no=org_no, roles=list(roles), user_id=user_id, due_date=due_date,
            needs_evidence=needs_evidence, asked_by_id=by.pk, asked_at=now,
        )
        for org_no in _not_yet_asked(kind, subject, org_nos)
    ]  # fmt: skip
    tasks = Task.objects.bulk_create(rows)
    Step.objects.bulk_create([_new_step(task, StepKind.ASKED, by, now, due_date=due_date) for task in tasks])
    _notify_asked(tasks, "new_task", now)
    return tasks


@transaction.atomic
def submit(*, task_id: int, note: str, files: Iterable[File] = (), by: User, now: dt.datetime) -> Task:
    """Answer a task. A task that needs evidence is not answered without a file."""
    task = _locked(task_id, {TaskState.OPEN})
    _check_asked(task, by)
    files = [_checked(file) for file in files]
    if task.needs_evidence and not files:
        raise TaskRefused(_("This task needs evidence. Add a photograph or a document and send the answer again."))
    if not note.strip() and not files:
        raise TaskRefused(_("The answer is empty. Write what was done, or add a file."))
    step = _step(task, StepKind.SUBMITTED, by, now, note=note)
    for file in files:
        digest = sealed.seal(file.content)
        Evidence.objects.create(
            step=step, org_no=task.org_no, user_id=task.user_id, name=file.name[-200:], media_type=file.media_type,
            size=len(file.content), sha256=digest,
        )  # fmt: skip
    _move(task, TaskState.SUBMITTED, None)
    _notify([task.asked_by_id], task, "submitted", now, who=str(by))
    return task


@transaction.atomic
def accept(*, task_id: int, note: str, by: User, now: dt.datetime) -> Task:
    """Close an answered task. Nobody accepts an own answer."""
    task = _locked(task_id, {TaskState.SUBMITTED})
    _check_judge(task, by)
    _step(task, StepKind.ACCEPTED, by, now, note=note)
    _move(task, TaskState.ACCEPTED, now)
    _notify_asked([task], "accepted", now)
    return task


@transaction.atomic
def return_for_work(*, task_id: int, note: str, by: User, now: dt.datetime) -> Task:
    """Open an answered task again, saying what is missing."""
    task = _locked(task_id, {TaskState.SUBMITTED})
    _check_judge(task, by)
    if not note.strip():
        raise TaskRefused(_("Say what is missing, so that the next answer can bring it."))
    _step(task, StepKind.RETURNED, by, now, note=note)
    _move(task, TaskState.OPEN, None)
    _notify_asked([task], "returned", now)
    return task


@transaction.atomic
def cancel(*, task_id: int, note: str, by: User, now: dt.datetime) -> Task:
    """Withdraw a task that is not accepted yet."""
    task = _locked(task_id, {TaskState.OPEN, TaskState.SUBMITTED})
    _check_asker(task, by)
    _step(task, StepKind.CANCELLED, by, now, note=note)
    _move(task, TaskState.CANCELLED, now)
    _notify_asked([task], "cancelled", now)
    return task


@transaction.atomic
def move_due_date(*, task_id: int, due_date: dt.date, note: str, by: User, now: dt.datetime) -> Task:
    """Give a task another date; the old one stays in its history."""
    task = _locked(task_id, {TaskState.OPEN})
    _check_asker(task, by)
    if due_date < now.date():
        raise TaskRefused(_("The new date is in the past. Choose today or a later day."))
    _step(task, StepKind.DUE_CHANGED, by, now, note=note, due_date=due_date)
    task.due_date = due_date
    task.save(update_fields=["due_date"])
    _notify_asked([task], "due_changed", now)
    return task


@transaction.atomic
def remind(*, task_ids: Sequence[int], by: User, now: dt.datetime) -> int:
    """Remind of open tasks, at most once in 20 hours each. Returns how many were reminded."""
    tasks = list(Task.objects.select_for_update().filter(pk__in=task_ids, state=TaskState.OPEN))
    for task in tasks:
        _check_asker(task, by)
    recent = set(
        Step.objects.filter(task__in=tasks, kind=StepKind.REMINDED, at__gt=now - REMIND_AGAIN_AFTER).values_list(
            "task_id", flat=True
        )
    )
    due = [task for task in tasks if task.pk not in recent]
    Step.objects.bulk_create([_new_step(task, StepKind.REMINDED, by, now) for task in due])
    _notify_asked(due, "reminder", now)
    return len(due)


def mark_read(*, user_id: int, now: dt.datetime) -> int:
    """All of a user's notifications are read."""
    return Notification.objects.filter(user_id=user_id, read_at=None).update(read_at=now)


def _check_asking(scope: Scope, org_nos: Sequence[int], title: str, due_date: dt.date | None, now: dt.datetime) -> None:
    if not may(scope.role, "tasks.assign"):
        raise TaskRefused(_("Your role does not ask others for things. Ask your department to do it."))
    if not org_nos:
        raise TaskRefused(_("No institution is chosen. Choose at least one."))
    if not title.strip():
        raise TaskRefused(_("Say in a few words what is asked."))
    if due_date and due_date < now.date():
        raise TaskRefused(_("The date is in the past. Choose today or a later day."))
    outside = [org_no for org_no in org_nos if not scope.covers(org_no)]
    if outside:
        raise TaskRefused(
            _("Some of the chosen institutions lie outside your territory. Choose again."), org_nos=outside
        )


def _not_yet_asked(kind: str, subject: str, org_nos: Sequence[int]) -> list[int]:
    wanted = sorted(set(org_nos))
    if not subject:
        return wanted
    open_states = [TaskState.OPEN, TaskState.SUBMITTED]
    have = set(
        Task.objects.filter(kind=kind, subject=subject, org_no__in=wanted, state__in=open_states).values_list(
            "org_no", flat=True
        )
    )
    return [org_no for org_no in wanted if org_no not in have]


def _locked(task_id: int, states: set[str]) -> Task:
    task = Task.objects.select_for_update().filter(pk=task_id).first()
    if task is None:
        raise TaskRefused(_("There is no such task, or it is not yours to see."), code="task_absent")
    if task.state not in states:
        raise TaskRefused(
            _("Somebody was faster: this task is now “%(state)s”. Load the page again.")
            % {"state": task.get_state_display()}
        )
    return task


def is_asked(task: Task, *, by: User) -> bool:
    """The named user answers, or the institution in the asked role."""
    scope = current_scope()
    at_home = not scope.is_own and scope.lo == scope.hi == task.org_no
    return task.user_id == by.pk or (task.user_id is None and at_home and (not task.roles or scope.role in task.roles))


def _check_asked(task: Task, by: User) -> None:
    """Who sees a task is not yet asked."""
    if not is_asked(task, by=by):
        raise TaskRefused(_("This is not asked of you."), code="not_asked")


def _check_judge(task: Task, by: User) -> None:
    _check_asker(task, by)
    last = task.steps.filter(kind=StepKind.SUBMITTED).order_by("-id").first()
    if last and last.by_id == by.pk:
        raise TaskRefused(_("You gave this answer yourself; somebody else must accept it."))


def _check_asker(task: Task, by: User) -> None:
    """Who asked, or an officer over a wider territory than the institution asked."""
    scope = current_scope()
    wider = scope.is_country or (scope.lo is not None and scope.lo != scope.hi)
    if task.asked_by_id != by.pk and not (wider and may(scope.role, "tasks.assign") and scope.covers(task.org_no)):
        raise TaskRefused(_("Only who asked, or an officer of the territory, may do this."))


def _checked(file: File) -> File:
    if len(file.content) > MAX_EVIDENCE_BYTES:
        raise TaskRefused(
            _("The file “%(name)s” is larger than 20 MB. Make it smaller and add it again.") % {"name": file.name}
        )
    if file.media_type not in EVIDENCE_TYPES:
        raise TaskRefused(
            _("The file “%(name)s” is of a kind that is not taken. Give a PDF, a picture, a table or a text document.")
            % {"name": file.name}
        )
    return file


def _new_step(task: Task, kind: str, by: User, now: dt.datetime, **fields) -> Step:
    return Step(
        task=task, org_no=task.org_no, user_id=task.user_id, kind=kind, at=now, by_id=by.pk, by_name=str(by), **fields
    )


def _step(task: Task, kind: str, by: User, now: dt.datetime, **fields) -> Step:
    step = _new_step(task, kind, by, now, **fields)
    step.save(force_insert=True)
    return step


def _move(task: Task, state: str, ended_at: dt.datetime | None) -> None:
    task.state, task.ended_at = state, ended_at
    task.save(update_fields=["state", "ended_at"])


def _notify_asked(tasks: Sequence[Task], kind: str, now: dt.datetime) -> None:
    """Tell the users that a task waits for: the named one, or the institution's users in the asked roles."""
    for task, user_ids in _asked_users(tasks, now.date()):
        _notify(user_ids, task, kind, now)


def _asked_users(tasks: Sequence[Task], today: dt.date):
    org_nos = {task.org_no for task in tasks if task.user_id is None}
    with loading():
        grants = list(
            Grant.objects.filter(Q(org_lo__in=org_nos), org_lo=F("org_hi"), valid__contains=today)
            .exclude(scope_kind=ScopeKind.OWN)
            .values_list("org_lo", "role", "user_id")
        )
    for task in tasks:
        if task.user_id is not None:
            yield task, [task.user_id]
        else:
            yield (
                task,
                sorted(
                    {
                        user
                        for org, role, user in grants
                        if org == task.org_no and (not task.roles or role in task.roles)
                    }
                ),
            )


def _notify(user_ids: Iterable[int | None], task: Task, kind: str, now: dt.datetime, **parameters) -> None:
    link = reverse("tasks:task", args=[task.pk])
    about = task.parameters | {"task_kind": task.kind}
    rows = [
        Notification(user_id=user, org_no=task.org_no, kind=kind, link=link, at=now, parameters=about | parameters)
        for user in user_ids
        if user is not None
    ]
    with loading():
        Notification.objects.bulk_create(rows)


def tell(
    *,
    kind: str,
    parameters: dict,
    link: str,
    now: dt.datetime,
    user_ids: Iterable[int] = (),
    org_nos: Iterable[int] = (),
    roles: Iterable[str] = (),
) -> None:
    """A line for these users, and for those who work in these roles at these institutions, about something that is no task."""
    with loading():
        here = Grant.objects.filter(
            org_lo__in=list(org_nos), org_lo=F("org_hi"), role__in=list(roles), valid__contains=now.date()
        )
        wanted = {*user_ids, *here.values_list("user_id", flat=True)}
        Notification.objects.bulk_create(
            [Notification(user_id=user, kind=kind, link=link, at=now, parameters=parameters) for user in sorted(wanted)]
        )
