"""Who looked at whom. One row a look; a list or an export is one row that says what was asked for."""

from __future__ import annotations

from tirek.access.models import PersonRead
from tirek.access.scope import current_scope

Kind = PersonRead.Kind


def record_read(request, person, *, kind: str = Kind.RECORD, reason: str = "") -> None:
    """Say that this request showed a person's record. Call it from the page, after the person was found.

    ``person`` has ``pk`` and ``org_no``. Written in the request's own transaction: no look without its trace.
    """
    _write(request, person_id=person.pk, org_no=person.org_no, kind=kind, reason=reason)


def record_many_read(request, *, rows: int, query: str, export: bool = False) -> None:
    """Say that this request listed or exported people: how many, and what was asked for in words (no names)."""
    org_no = current_scope().lo or 0
    _write(request, kind=Kind.EXPORT if export else Kind.MANY, rows=rows, query=query[:500], org_no=org_no)


def _write(request, **facts) -> None:
    scope = current_scope()
    match = getattr(request, "resolver_match", None)
    PersonRead(
        user_id=scope.user_id,
        role=scope.role,
        page=(match.view_name if match else "")[:80],
        request_id=getattr(request, "request_id", ""),
        **facts,
    ).save(force_insert=True)
