"""Users, roles and the audit for whoever administers or audits: what their pages show, in the same scope."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError

from tirek.access import queries_audit, queries_users
from tirek.access.gates import Gate, declare
from tirek.access.roles import Role
from tirek.access.services.reads import record_many_read

router = Router(tags=["access"])
LARGEST, DEEPEST = 9_223_372_036_854_775_807, 10_000
Limit = Query(50, ge=1, le=500)
Offset = Query(0, ge=0, le=DEEPEST, description="Deep pages read all the pages before them.")
Text = Query("", max_length=100, pattern=r"^[^\x00]*$")


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class GrantOut(Schema):
    """A role over a place for a time; ``until`` is the first day on which it is no longer held."""

    role: str
    scope: str
    code: str
    place: str
    since: date | None
    until: date | None


class UserOut(Schema):
    """An account and the roles that are in force today."""

    id: int
    username: str
    full_name: str
    language: str
    is_active: bool
    is_program: bool
    last_login: datetime | None
    roles: list[GrantOut]


class UsersOut(Schema):
    """A part of a list, and how long the whole is."""

    count: int
    items: list[UserOut]


class AccountActionOut(Schema):
    """What was done to an account, by whom and why."""

    at: datetime
    action: str
    by: str
    reason: str


class UserWithHistoryOut(UserOut):
    """An account with its roles of all times and what was done to it, the newest first."""

    all_roles: list[GrantOut]
    history: list[AccountActionOut]
    second_factors: list[str]


class DifferenceOut(Schema):
    """One field before and after, in the reader's language; secrets are never given."""

    field: str
    before: str
    after: str


class ChangeOut(Schema):
    """One change of one row."""

    at: datetime
    change: str
    table: str
    row: int
    user: str
    role: str
    where: str
    request: str
    differences: list[DifferenceOut]


class ReadOut(Schema):
    """A look at a person's record, or at many at once."""

    at: datetime
    user: str
    role: str
    kind: str
    page: str
    rows: int
    query: str
    reason: str
    org_no: int


class ReadsOut(Schema):
    """A part of a list, and how long the whole is."""

    count: int
    items: list[ReadOut]


class SignInOut(Schema):
    """A sign-in, or failed attempts on a name."""

    at: datetime
    name: str
    address: str
    failures: int


@router.get("/users", response={200: UsersOut, 422: Problem}, url_name="users")
def users(
    request, text: str = Text, role: Role | None = None, state: str = Query("", pattern="^(active|shut|invited)?$"),
    limit: int = Limit, offset: int = Offset,
):  # fmt: skip
    """Users whom the asker administers, by name."""
    found = queries_users.users(request.scope, {"q": text, "role": role or "", "state": state})
    rows = list(found[offset : offset + limit])
    queries_users.add_grants(rows)
    return {"count": found.count(), "items": [_user(row, row.shown_grants) for row in rows]}


@router.get("/users/{user_id}", response={200: UserWithHistoryOut, 404: Problem, 422: Problem}, url_name="user")
def user(request, user_id: int = Path(..., ge=1, le=LARGEST)):
    """One account with its history."""
    found = queries_users.user(request.scope, user_id)
    if found is None:
        raise HttpError(404, _("There is no such user in your territory."))
    about = queries_users.about_user(request.scope, found)
    history = [
        {"at": row.at, "action": row.action, "by": row.by_name, "reason": row.reason} for row in about["history"]
    ]
    return _user(found, [grant for grant in about["grants_given"] if grant.in_force]) | {
        "all_roles": [_grant(grant) for grant in about["grants_given"]],
        "history": history,
        "second_factors": sorted(set(about["factors"])),
    }


@router.get("/audit/changes", response={200: list[ChangeOut], 422: Problem}, url_name="audit_changes")
def changes(
    request, table: str = Query("", max_length=100, pattern=r"^[a-z_.]*$"), person: UUID | None = None, user: str = Text,
    org_no: int | None = Query(None, ge=0, le=2_147_483_647), starts: date | None = None, ends: date | None = None,
    limit: int = Limit, offset: int = Offset,
):  # fmt: skip
    """Changes of every audited row, the newest first."""
    asked = {"table": table, "person": person, "user": user, "org_no": org_no, "starts": starts, "ends": ends}
    found = queries_audit.changes(queries_audit.filter_of(asked), offset=offset, limit=limit)
    if found:
        record_many_read(request, rows=len(found), query="audit: changes")
    names = queries_audit.names(found)
    return [_change(row, names) for row in found]


@router.get("/audit/reads", response={200: ReadsOut, 422: Problem}, url_name="audit_reads")
def reads(
    request, person: UUID | None = None, user: str = Text, org_no: int | None = Query(None, ge=0, le=2_147_483_647),
    starts: date | None = None, ends: date | None = None, limit: int = Limit, offset: int = Offset,
):  # fmt: skip
    """Who looked at whose record, and why; the newest first."""
    asked = {"person": person, "user": user, "org_no": org_no, "starts": starts, "ends": ends}
    found = queries_audit.reads(request.scope, queries_audit.filter_of(asked))
    rows = list(found[offset : offset + limit])
    names = queries_audit.names(rows)
    return {"count": found.count(), "items": [_read(row, names) for row in rows]}


@router.get("/audit/sign-ins", response={200: list[SignInOut], 422: Problem}, url_name="audit_sign_ins")
def sign_ins(request, limit: int = Limit, offset: int = Query(0, ge=0, le=1000)):
    """The newest thousand sign-ins and failed attempts on names of the scope."""
    rows = queries_audit.sign_ins(request.scope)[offset : offset + limit]
    return [
        {"at": row["at"], "name": row["name"], "address": row["address"] or "", "failures": row["failures"]}
        for row in rows
    ]


def _user(row, grants: list) -> dict:
    same = ("username", "full_name", "language", "is_active", "last_login")
    return {name: getattr(row, name) for name in same} | {
        "id": row.pk,
        "is_program": row.is_machine,
        "roles": [_grant(grant) for grant in grants],
    }


def _grant(row) -> dict:
    period = row.valid
    ends = (None, None) if period.isempty else (period.lower, period.upper)
    return {
        "role": row.role,
        "scope": row.scope_kind,
        "code": row.scope_code,
        "place": row.scope_label,
        "since": ends[0],
        "until": ends[1],
    }


def _change(row, names: dict[int, str]) -> dict:
    return {
        "at": row.at,
        "change": row.label,
        "table": row.table,
        "row": row.object_id,
        "user": names.get(row.user_id, ""),
        "role": row.role,
        "where": str(row.where),
        "request": str(row.request_id),
        "differences": [{"field": d.label, "before": d.before, "after": d.after} for d in row.differences],
    }


def _read(row, names: dict[int, str]) -> dict:
    same = ("at", "role", "kind", "page", "rows", "query", "reason", "org_no")
    return {name: getattr(row, name) for name in same} | {"user": names.get(row.user_id, "")}


for name in ("users", "user"):
    declare(f"api:{name}", Gate(permission="users.manage", reason="accounts of the asker's territory"))
for name in ("audit_changes", "audit_reads", "audit_sign_ins"):
    declare(f"api:{name}", Gate(permission="audit.read", reason="the audit of the asker's territory"))
