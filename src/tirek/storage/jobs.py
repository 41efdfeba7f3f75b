"""Long work: started in a request, run by the worker, watched on a page, cancelled when asked.

    @jobs.work
    def stage(job: jobs.Running, *, import_id: int) -> dict:
        for done, part in enumerate(parts):
            job.advance(done, len(parts), _("Reading the file"))
        return {"rows": 5}

    job = jobs.start(stage, title=_("Reading an upload"), import_id=5)      # inside the request's transaction
    {% include "storage/_job.html" with job=job %}                          # shows progress, result, cancel

The work begins once the transaction that started it is committed. It runs in the asker's scope, in one transaction of
its own: what fails or is cancelled leaves nothing behind. What is told by ``advance`` is seen at once, because it is
written over a second connection. In tests, ``with jobs.inline():`` runs the work where it is started.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.db import connection, connections, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tirek.storage.database import LOADER
from tirek.storage.models import Job, JobState
from tirek_engines.errors import Refusal

log = logging.getLogger(__name__)
TASK, QUEUE = "tirek.job", "jobs"
OPEN_JOBS = 20  # of one user, waiting or running
LOCK_CLASS = 7461727  # advisory lock (class, job): held for as long as its work runs
TELL_SECONDS = 0.4
_inline: ContextVar[bool] = ContextVar("jobs_inline", default=False)


@dataclass
class AskerScope:
    """How to describe and to enter the asker's scope; ``tirek.access`` fills it in when it is ready."""

    describe: Callable[[], dict] = dict
    enter: Callable[[dict], contextlib.AbstractContextManager] = lambda described: contextlib.nullcontext()


asker_scope = AskerScope()


class Cancelled(Exception):
    """Somebody asked the work to stop; nothing of it stays."""


@dataclass
class Running:
    """The job as its work sees it."""

    id: int
    line: Line
    _told_at: float = field(default=0.0)

    def advance(self, done: int, total: int, message: str = "") -> None:
        """Say how far the work is. Raises `Cancelled` when somebody asked to stop. Cheap: call it often."""
        now = time.monotonic()
        if now - self._told_at < TELL_SECONDS and done < total:
            return
        self._told_at = now
        if self.line.tell(self.id, done=done, total=total, message=str(message)):
            raise Cancelled


def work(function: Callable[..., dict | None]) -> Callable[..., dict | None]:
    """Mark a module's function as work that a job may run."""
    function.is_work = True  # type: ignore[attr-defined]
    return function


class TooManyJobs(Refusal):
    """A user has as many jobs waiting or running as one user may have."""

    code = "too_many_jobs"
    http_status = 429


def start(function: Callable, *, title: str, **arguments: Any) -> Job:
    """Queue work for the asker of the current scope. It begins when the current transaction is committed."""
    if not getattr(function, "is_work", False):
        raise TypeError(f"{function!r} is not marked with @jobs.work")
    asker = asker_scope.describe()
    _check_open(asker.get("user_id"))
    job = Job.objects.create(
        work=f"{function.__module__}:{function.__qualname__}",
        title=str(title)[:300],
        arguments=arguments,
        asker=asker,
        created_by=asker.get("user_id"),
        language=translation.get_language() or "kk",
    )
    if _inline.get():
        _run_here(job)
    else:
        from procrastinate.contrib.django import app

        app.configure_task(TASK, queue=QUEUE).defer(job_id=job.pk)
    return job


def _check_open(user_id: int | None) -> None:
    """Nobody fills the queue for all others; the installation's own work (no user) is not counted."""
    if user_id is None:
        return
    mine = Job.objects.filter(created_by=user_id, state__in=(JobState.QUEUED, JobState.RUNNING)).order_by("pk")
    if mine.count() >= OPEN_JOBS:
        waiting = [job for job in mine if not settle_lost(job).is_over]  # a lost worker's jobs do not stand in the way
        if len(waiting) >= OPEN_JOBS:
            raise TooManyJobs(
                _("You have %(n)d jobs that wait or run. Wait until one is done, or cancel one, and try again.")
                % {"n": len(waiting)}
            )


def start_once(function: Callable, *, title: str, **arguments: Any) -> Job:
    """As `start`, but the asker's same work that still waits or runs is given back: pressing twice is pressing once."""
    name, user_id = f"{function.__module__}:{function.__qualname__}", asker_scope.describe().get("user_id")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_CLASS + 2, f"{user_id} {name}"])
        same = Job.objects.filter(work=name, arguments=arguments, created_by=user_id)
        for job in same.filter(state__in=(JobState.QUEUED, JobState.RUNNING)).order_by("-pk"):
            if not settle_lost(job).is_over:
                return job
        return start(function, title=title, **arguments)


@contextlib.contextmanager
def inline() -> Iterator[None]:
    """Run work where it is started, over the same connection: for tests and for the command line."""
    token = _inline.set(True)
    try:
        yield
    finally:
        _inline.reset(token)


def cancel(job: Job) -> None:
    """Ask the work to stop. Work that has not begun never will."""
    Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(
        state=JobState.CANCELLED, finished_at=timezone.now(), cancel_requested=True
    )
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(cancel_requested=True)
    job.refresh_from_db()


def settle_lost(job: Job) -> Job:
    """A running job whose worker is gone (power cut, kill) is failed: its transaction went with it."""
    if job.state == JobState.RUNNING and _is_nobodys(job.pk):
        Job.objects.filter(pk=job.pk, state=JobState.RUNNING).update(
            state=JobState.FAILED,
            finished_at=timezone.now(),
            message=_("The program stopped while it worked. Nothing was changed; start it again."),
        )
        job.refresh_from_db()
    return job


def _is_nobodys(job_id: int) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [LOCK_CLASS, job_id])
        return bool(cursor.fetchone()[0])


def run(job_id: int) -> None:
    """Run a queued job to its end, whatever the end is. Called by the worker."""
    line = Line.separate()
    try:
        with line.held(job_id):
            _work_through(job_id, line)
    finally:
        line.close()
        connection.close()


def _run_here(job: Job) -> None:
    _work_through(job.pk, Line(connection, own=False))
    job.refresh_from_db()


def _work_through(job_id: int, line: Line) -> None:
    row = line.begin(job_id)
    if row is None:  # cancelled before it began, or taken already
        return
    function, arguments, asker, language = row
    running = Running(job_id, line)
    with translation.override(language):
        try:
            with transaction.atomic(), asker_scope.enter(asker):
                result = _resolve(function)(running, **arguments) or {}
        except Cancelled:
            line.end(job_id, JobState.CANCELLED, message=_("Cancelled. Nothing was changed."))
        except Refusal as refusal:
            line.end(job_id, JobState.FAILED, message=refusal.message, result=refusal.as_dict())
        except Exception as error:
            log.exception("job %s failed", job_id)
            message = _("Something went wrong on our side. Nothing was changed; it has been noted.")
            line.end(job_id, JobState.FAILED, message=message, error=type(error).__name__)
        else:
            line.end(job_id, JobState.DONE, message=str(result.pop("message", "")), result=result)


def _resolve(name: str) -> Callable[..., dict | None]:
    module, _colon, function = name.partition(":")
    if not module.startswith("tirek."):
        raise ValueError(f"{name} is not ours to run")
    found = getattr(import_module(module), function)
    if not getattr(found, "is_work", False):
        raise ValueError(f"{name} is not marked with @jobs.work")
    return found


class Line:
    """Where a job's progress is written: over a connection of its own, so that pages see it while the work runs."""

    def __init__(self, database, own: bool):
        self.database, self.own = database, own

    @classmethod
    def separate(cls) -> Line:
        return cls(connections.create_connection("default"), own=True)

    @contextlib.contextmanager
    def held(self, job_id: int) -> Iterator[None]:
        with self.database.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s, %s)", [LOCK_CLASS, job_id])
            try:
                yield
            finally:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [LOCK_CLASS, job_id])

    def begin(self, job_id: int) -> tuple | None:
        return self._write(
            "update storage_job set state = 'running', started_at = now() where id = %s and state = 'queued'"
            " returning work, arguments, asker, language",
            [job_id],
            json=(1, 2),
        )

    def tell(self, job_id: int, *, done: int, total: int, message: str) -> bool:
        """Whether somebody asked to cancel."""
        row = self._write(
            "update storage_job set done = %s, total = %s, message = %s where id = %s returning cancel_requested",
            [done, total, message, job_id],
        )
        return bool(row and row[0])

    def end(self, job_id: int, state: str, *, message: str = "", result: dict | None = None, error: str = "") -> None:
        from django.core.serializers.json import DjangoJSONEncoder
        from psycopg.types.json import Json

        text = Json(result or {}, dumps=lambda value: DjangoJSONEncoder().encode(value))
        self._write(
            "update storage_job set state = %s, message = %s, result = %s, error = %s, finished_at = now()"
            " where id = %s returning id",
            [state, message, text, error, job_id],
        )

    def _write(self, sql: str, params: list, json: tuple[int, ...] = ()) -> tuple | None:
        from json import loads

        before = _setting(self.database, "role") if not self.own else "none"
        with transaction_of(self.database), self.database.cursor() as cursor:
            cursor.execute(f"set local role {LOADER}")
            cursor.execute(sql, params)
            row = cursor.fetchone()
            cursor.execute("select set_config('role', %s, true)", [before])
        if row is None:
            return None
        return tuple(loads(v) if i in json and isinstance(v, str) else v for i, v in enumerate(row))

    def close(self) -> None:
        if self.own:
            self.database.close()


@contextlib.contextmanager
def transaction_of(database) -> Iterator[None]:
    """A transaction (or savepoint) on a connection that Django may not know by name."""
    database.ensure_connection()
    with database.connection.transaction():
        yield


def _setting(database, name: str) -> str:
    with database.cursor() as cursor:
        cursor.execute("select current_setting(%s)", [name])
        return cursor.fetchone()[0]
