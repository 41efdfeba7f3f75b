"""Sources and imports for programs: what came in, what it would change, what was refused. Rows of people are on the page only."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError

from tirek.access.gates import Gate, declare
from tirek.access.queries import names_of
from tirek.access.scope import current_scope
from tirek.registry.exchange import queries

router = Router(tags=["exchange"])
MOST = 500


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class SourceOut(Schema):
    """A system that sends data, and when it last did."""

    code: str
    name: str
    kind: str
    is_complete: bool
    last_applied_at: datetime | None
    next_expected: date | None
    is_late: bool


class ImportOut(Schema):
    """A file on its way into the register; ``counts`` as on its page, by name."""

    id: int
    source: str
    file_name: str
    sha256: str
    state: str
    as_of: date | None
    created_at: datetime
    created_by: str
    applied_at: datetime | None
    applied_by: str
    undone_at: datetime | None
    undone_by: str
    counts: dict[str, int]


ERRORS = {404: Problem, 422: Problem}


@router.get("/sources", response=list[SourceOut], url_name="sources")
def sources(request):
    """Sources of the asker's scope, by name."""
    return [_source(found) for found in queries.sources()]


@router.get("/imports", response={200: list[ImportOut], **ERRORS}, url_name="imports")
def imports(request, source: str | None = Query(None, pattern=r"^[-\w]{1,40}$"), limit: int = Query(50, ge=1, le=MOST)):
    """The newest imports of the asker's scope, or of one source."""
    found = None
    if source is not None:
        found = queries.source_of(source)
        if found is None:
            raise HttpError(404, _("There is no such source in your territory."))
    rows = queries.recent_imports(found, limit=limit)
    names = names_of(who for row in rows for who in (row.created_by, row.applied_by, row.undone_by))
    return [_import(row, names) for row in rows]


@router.get("/imports/{import_id}", response={200: ImportOut, **ERRORS}, url_name="import")
def one_import(request, import_id: int = Path(..., ge=1, le=9_223_372_036_854_775_807)):
    """One import."""
    found = queries.import_of(import_id)
    if found is None or not current_scope().covers(found.org_no):
        raise HttpError(404, _("There is no such import in your territory."))
    return _import(found, names_of((found.created_by, found.applied_by, found.undone_by)))


def _source(found) -> dict:
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "is_complete": found.is_complete,
        "last_applied_at": found.last_applied.applied_at if found.last_applied else None,
        "next_expected": found.next_expected,
        "is_late": found.is_late,
    }


def _import(found, names: dict[int, str]) -> dict:
    same = ("file_name", "state", "as_of", "created_at", "applied_at", "undone_at")
    counts = {name: n for name, n in (found.counts or {}).items() if isinstance(n, int) and not isinstance(n, bool)}
    return {name: getattr(found, name) for name in same} | {
        "id": found.pk,
        "source": found.source.code,
        "sha256": found.sha256,
        "created_by": names.get(found.created_by, ""),
        "applied_by": names.get(found.applied_by, ""),
        "undone_by": names.get(found.undone_by, ""),
        "counts": counts,
    }


for name in ("sources", "imports", "import"):
    declare(f"api:{name}", Gate(permission="exchange.read", program=True, reason="imports of the asker's scope"))
