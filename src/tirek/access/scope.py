"""Who asks, for the length of a transaction: the database's policies and our own filters read the same scope."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace

from django.db import connection, transaction

from tirek.storage.database import APP, COUNTRY, LOADER, OWN, SIGN_IN


@dataclass(frozen=True)
class Scope:
    """What one asker may see.

    ``lo`` and ``hi`` (both included) are institutions' numbers; None means no institution at all. ``person_ids`` are the
    persons whose records are the asker's own.
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


def current_scope() -> Scope:
    return _current.get()


@contextlib.contextmanager
def acting_as(scope: Scope) -> Iterator[Scope]:
    """Run a transaction (or a part of one) with this scope, then return to the one before.

    An exception rolls the part back, and PostgreSQL takes its settings back with it.
    """
    before = _current.get()
    with transaction.atomic():
        _tell(scope)
        token = _current.set(scope)
        try:
            yield scope
            _tell(before)
        finally:
            _current.reset(token)


@contextlib.contextmanager
def loading() -> Iterator[Scope]:
    """Bulk services and jobs, after the right has been checked: every row, still audited under the asker's name."""
    with acting_as(replace(LOADING, user_id=_current.get().user_id)) as scope:
        yield scope


@contextlib.contextmanager
def signing_in() -> Iterator[Scope]:
    """Users and grants only, while it is not yet known who asks."""
    with acting_as(SIGNING_IN) as scope:
        yield scope


def describe() -> dict:
    """The current scope as plain values, kept with a job so that its work can enter it later."""
    return asdict(_current.get())


def enter(described: dict) -> contextlib.AbstractContextManager[Scope]:
    """Act with a scope that was described before."""
    return acting_as(Scope(**described | {"person_ids": tuple(described["person_ids"])}))


def _tell(scope: Scope) -> None:
    role = "none" if scope.database_role == APP else scope.database_role
    ids = "{" + ",".join(map(str, scope.person_ids)) + "}" if scope.person_ids else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('role', %s, true), set_config('app.lo', %s, true), set_config('app.hi', %s, true),"
            " set_config('app.ids', %s, true), set_config('app.user_id', %s, true)",
            [role, _text(scope.lo), _text(scope.hi), ids, _text(scope.user_id)],
        )


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
