"""The audit's questions: every change of a row, and every look at a person, within the asker's scope."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

import pghistory.models
from axes.models import AccessAttempt, AccessLog
from django.apps import apps
from django.db.models import CharField, F, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Lower

from tirek.access.audit_words import Difference, Related, differences, thing_of
from tirek.access.models import PersonRead, User
from tirek.access.page_words import cause_words
from tirek.access.queries import names_of
from tirek.access.scope import Scope, signing_in


@dataclass(frozen=True)
class Filter:
    """What the audit page was asked for. Everything may be left empty."""

    table: str = ""
    tables: frozenset[str] = frozenset()
    person_id: int | None = None
    org_no: int | None = None
    user_id: int | None = None
    starts: datetime.date | None = None
    ends: datetime.date | None = None
    object_id: int | None = None


@dataclass
class Change:
    """One change of one row, as the page shows it."""

    at: datetime.datetime
    label: str
    table: str
    table_label: str
    object_id: int
    user_id: int | None
    role: str
    where: str
    cause: str
    request_id: str
    person_id: int | None
    org_no: int | None
    thing: str
    differences: list[Difference] = field(default_factory=list)


def event_models() -> dict[str, type[Model]]:
    """Every events' table, by the name of the table it watches."""
    found = {}
    for model in apps.get_models():
        if issubclass(model, pghistory.models.Event) and model.pgh_tracked_model is not None:
            found[model.pgh_tracked_model._meta.label_lower] = model
    return dict(sorted(found.items()))


def changes(asked: Filter, *, offset: int, limit: int) -> list[Change]:
    """Changes, newest first. From each table come the newest that could be on the page; then they are merged."""
    newest = []
    for label, model in event_models().items():
        if (asked.table and asked.table != label) or (asked.tables and label not in asked.tables):
            continue
        rows = _narrow(model, asked)
        if rows is None:
            continue
        keys = rows.order_by("-pgh_id").values_list("pgh_created_at", "pgh_id", Value(label, output_field=CharField()))
        newest.append(keys[: offset + limit])
    if not newest:
        return []
    merged = newest[0].union(*newest[1:], all=True) if len(newest) > 1 else newest[0]
    found = sorted(merged, reverse=True)
    return _in_full(found[offset : offset + limit])


def _narrow(model: type[Model], asked: Filter) -> QuerySet | None:
    """The events of one table that were asked for; None when the table cannot hold any."""
    rows = model.objects.all()
    names = {f.attname for f in model._meta.concrete_fields}
    if asked.object_id is not None:
        rows = rows.filter(pgh_obj_id=asked.object_id)
    if asked.person_id is not None:
        column = _person_column(model, names)
        if column is None:
            return None
        rows = rows.filter(**{column: asked.person_id})
    if asked.org_no is not None:
        if "org_no" not in names:
            return None
        rows = rows.filter(org_no=asked.org_no)
    if asked.user_id is not None:
        rows = rows.filter(pgh_context__metadata__user=asked.user_id)
    if asked.starts:
        rows = rows.filter(pgh_created_at__date__gte=asked.starts)
    if asked.ends:
        rows = rows.filter(pgh_created_at__date__lte=asked.ends)
    return rows


def _person_column(model: type[Model], names: set[str]) -> str | None:
    if model.pgh_tracked_model._meta.label_lower == "registry.person":
        return "pgh_obj_id"
    return next((name for name in ("person_id", "child_id") if name in names), None)


def _in_full(keys: Iterable[tuple]) -> list[Change]:
    keys = list(keys)
    by_key: dict[tuple, Change] = {}
    models = event_models()
    for label in {label for _at, _pk, label in keys}:
        for change, pk in _changes_of(models[label], label, [pk for _at, pk, name in keys if name == label]):
            by_key[label, pk] = change
    return [by_key[label, pk] for _at, pk, label in keys if (label, pk) in by_key]


def _changes_of(model: type[Model], label: str, pks: list[int]) -> list[tuple[Change, int]]:
    before = model.objects.filter(pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id"))
    rows = list(
        model.objects.filter(pgh_id__in=pks).annotate(
            before_id=Subquery(before.order_by("-pgh_id").values("pgh_id")[:1]), about=F("pgh_context__metadata")
        )
    )
    earlier = model.objects.in_bulk([row.before_id for row in rows if row.before_id and row.pgh_label == "update"])
    related = Related([*rows, *earlier.values()])
    return [(_change(row, label, earlier.get(row.before_id), related), row.pgh_id) for row in rows]


def _change(row: Model, label: str, before: Model | None, related: Related) -> Change:
    about = row.about or {}
    where = about.get("url") or about.get("job") or about.get("command") or ""
    return Change(
        at=row.pgh_created_at,
        label=row.pgh_label,
        table=label,
        table_label=str(row.pgh_tracked_model._meta.verbose_name),
        object_id=row.pgh_obj_id,
        user_id=about.get("user"),
        role=about.get("role") or "",
        where=where,
        cause=cause_words(about),
        request_id=about.get("request") or "",
        person_id=getattr(row, _person_column(type(row), {f.attname for f in row._meta.concrete_fields}) or "", None),
        org_no=getattr(row, "org_no", None),
        thing=thing_of(row),
        differences=differences(row, before, related),
    )


def tables() -> list[tuple[str, str]]:
    """The audited tables, for the page's choice."""
    models = event_models().items()
    return sorted(((label, str(m.pgh_tracked_model._meta.verbose_name)) for label, m in models), key=lambda row: row[1])


def filter_of(asked: dict) -> Filter:
    """From the form: a person's public number and a user's sign-in name become ids; unknown ones find nothing."""
    person_id = user_id = None
    if public_id := asked.get("person"):
        person = apps.get_model("registry", "person").objects.filter(public_id=public_id).first()
        person_id = person.pk if person else -1
    if username := asked.get("user"):
        with signing_in():
            user_id = User.objects.filter(username__iexact=username).values_list("pk", flat=True).first() or -1
    return Filter(
        table=asked.get("table", ""),
        person_id=person_id,
        user_id=user_id,
        org_no=asked.get("org_no"),
        starts=asked.get("starts"),
        ends=asked.get("ends"),
    )


def reads(scope: Scope, asked: Filter) -> QuerySet[PersonRead]:
    found = scope.limit(PersonRead.objects.order_by("-id"))
    if asked.person_id is not None:
        found = found.filter(person_id=asked.person_id)
    if asked.user_id is not None:
        found = found.filter(user_id=asked.user_id)
    if asked.org_no is not None:
        found = found.filter(org_no=asked.org_no)
    if asked.starts:
        found = found.filter(at__date__gte=asked.starts)
    if asked.ends:
        found = found.filter(at__date__lte=asked.ends)
    return found


def sign_ins(scope: Scope) -> list[dict]:
    """The newest thousand sign-ins and failed attempts on the names of the scope's users."""
    with signing_in():
        theirs = scope.limit(User.objects.annotate(name=Lower("username")))
        done = AccessLog.objects.filter(username__in=theirs.values("name")).order_by("-id")[:1000]
        failed = AccessAttempt.objects.filter(username__in=theirs.values("name")).order_by("-id")[:1000]
        seen = {row.username for row in (*done, *failed)}
        names = dict(theirs.filter(name__in=seen).values_list("name", "full_name"))
        rows = [_sign_in(row, names, 0) for row in done]
        rows += [_sign_in(row, names, row.failures_since_start) for row in failed]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:1000]


def _sign_in(row, names: dict[str, str], failures: int) -> dict:
    return {
        "at": row.attempt_time,
        "name": names.get(row.username, row.username),
        "address": row.ip_address,
        "failures": failures,
        "ended": getattr(row, "logout_time", None),
    }


def names(rows: Iterable) -> dict[int, str]:
    return names_of(row.user_id for row in rows)
