"""Who asks, for the length of a transaction: the database's policies and our own filters read the same scope."""

from __future__ import annotations

import contextlib
import json
import sys
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection, transaction

from tirek.storage.database import APP, COUNTRY, LOADER, OWN, SIGN_IN


@dataclass(frozen=True)
class Scope:
    """What one asker may see.

    ``lo`` and ``hi`` (both included) are institutions' numbers; None means no institution at all. ``person_ids`` are
    the persons whose records are the asker's own.
    """

    database_role: str = APP
    lo: int | None = None
    hi: int | None = None
    person_ids: tuple[int, ...] = ()
    user_id: int | None = None
    role: str = ""
    label: str = ""

    @property
    def is_country(self) -> bool:
        return self.database_role == COUNTRY

    @property
    def is_own(self) -> bool:
        return self.database_role == OWN

    def covers(self, org_no: int) -> bool:
        """Whether an institution lies in this scope."""
        return self.is_country or (self.lo is not None and self.hi is not None and self.lo <= org_no <= self.hi)

    def limit(self, queryset, column: str = "org_no"):
        """The same filter as the policy's, so that the planner uses the index."""
        if self.is_country or self.database_role == LOADER:
            return queryset
        if self.is_own or self.lo is None:
            return queryset if self.is_own else queryset.none()
        return queryset.filter(**{f"{column}__gte": self.lo, f"{column}__lte": self.hi})


NOBODY = Scope()
SIGNING_IN = Scope(database_role=SIGN_IN)
LOADING = Scope(database_role=LOADER)
_current: ContextVar[Scope] = ContextVar("tirek_scope", default=NOBODY)
_cause: ContextVar[tuple[str, dict] | None] = ContextVar("tirek_cause", default=None)

_seconds: ContextVar[int | None] = ContextVar("tirek_statement_seconds", default=None)


@contextlib.contextmanager
def statements_within(seconds: int) -> Iterator[None]:
    """Scopes entered inside stop any statement that takes longer, until the transaction ends: for pages, not for jobs."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


def current_scope() -> Scope:
    return _current.get()


@contextlib.contextmanager
def because(**facts: str | int | None) -> Iterator[str]:
    """What is going on (an address's name, a job, a command): kept beside every change made inside. Gives its id.

    Facts are names and numbers of ours, never personal data.
    """
    about = str(uuid.uuid4())
    token = _cause.set((about, facts))
    try:
        yield about
    finally:
        _cause.reset(token)


@contextlib.contextmanager
def acting_as(scope: Scope) -> Iterator[Scope]:
    """Run a transaction (or a part of one) with this scope, then return to the one before.

    An exception rolls the part back, and PostgreSQL takes its settings back with it; so does the end of a transaction.
    """
    before = _current.get()
    inside = connection.in_atomic_block
    with contextlib.ExitStack() as stack:
        if _cause.get() is None:
            stack.enter_context(because(command=_command()))
        stack.enter_context(transaction.atomic())
        _tell(scope)
        token = _current.set(scope)
        try:
            yield scope
            if inside and not connection.needs_rollback:
                _tell(before)
        finally:
            _current.reset(token)


def current_cause() -> str | None:
    """The id of what is going on: another for every request, job and command; None outside of one."""
    found = _cause.get()
    return None if found is None else found[0]


def become(scope: Scope) -> None:
    """Change the scope for what is left of the block that is running (a request, once its asker is known)."""
    _tell(scope)
    _current.set(scope)


@contextlib.contextmanager
def loading() -> Iterator[Scope]:
    """Bulk services and jobs, after the right has been checked: every row, still audited under the asker's name."""
    asker = _current.get()
    with acting_as(replace(LOADING, user_id=asker.user_id, role=asker.role)) as scope:
        yield scope


@contextlib.contextmanager
def signing_in() -> Iterator[Scope]:
    """Users, grants and sessions only: while it is not yet known who asks, and for a user's own keys."""
    asker = _current.get()
    if asker.database_role == SIGN_IN:
        yield asker
        return
    with acting_as(replace(SIGNING_IN, user_id=asker.user_id, role=asker.role)) as scope:
        yield scope


def _tell(scope: Scope) -> None:
    role = "none" if scope.database_role == APP else scope.database_role
    ids = "{" + ",".join(map(str, scope.person_ids)) + "}" if scope.person_ids else ""
    about, facts = _cause.get() or (str(uuid.uuid4()), {})
    limit = None if _seconds.get() is None else f"{_seconds.get()}s"
    who = {"user": scope.user_id, "role": scope.role} | facts
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('role', %s, true), set_config('app.lo', %s, true), set_config('app.hi', %s, true),"
            " set_config('app.ids', %s, true), set_config('app.user_id', %s, true), set_config('app.role', %s, true),"
            " set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true),"
            " set_config('statement_timeout', coalesce(%s::text, current_setting('statement_timeout')), true)",
            [
                role,
                _text(scope.lo),
                _text(scope.hi),
                ids,
                _text(scope.user_id),
                scope.role,
                about,
                json.dumps(who),
                limit,
            ],
        )


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _command() -> str:
    """Name of the program and its subcommand, never its arguments."""
    words = [Path(sys.argv[0]).name if sys.argv else "", *sys.argv[1:2]]
    return " ".join(word for word in words if word.replace("-", "").replace("_", "").isalnum())[:60]
