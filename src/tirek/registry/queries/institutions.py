"""Institutions as they were on a day. They are public: the scope only chooses which are one's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Count, Q, QuerySet

from tirek.access.scope import Scope
from tirek.registry.models import Building, Institution, InstitutionState, Room, Succession, Territory

NAME_FIELDS = ("name_kk", "name_ru", "name_en")


def states(*, on: dt.date) -> QuerySet[InstitutionState]:
    """The state of every institution that was open on the day."""
    return InstitutionState.objects.filter(valid__contains=on)


def listed(
    scope: Scope | None = None,
    *,
    on: dt.date,
    territory: Territory | None = None,
    kind: str | Iterable[str] = "",
    settlement: str = "",
    language: str = "",
    is_support_school: bool | None = None,
    is_public: bool | None = None,
    text: str = "",
) -> QuerySet[InstitutionState]:
    """States in order of name, with institution, territory and headcount; each filter narrows unless empty."""
    found = states(on=on).select_related("institution__headcount", "territory").order_by("sort_key", "id")
    if scope is not None and not scope.is_own:
        found = scope.limit(found)
    if territory is not None:
        found = found.filter(org_no__gte=territory.org_lo, org_no__lte=territory.org_hi)
    if kind:
        kinds = [kind] if isinstance(kind, str) else list(kind)
        found = found.filter(institution__kind__in=kinds)
    exact = {"settlement_kind": settlement, "is_support_school": is_support_school, "is_public": is_public}
    found = found.filter(**{column: value for column, value in exact.items() if value not in ("", None)})
    if language:
        found = found.filter(languages__contains=[language])
    for word in text.split():
        found = found.filter(_name_contains(word))
    return found


def _name_contains(word: str) -> Q:
    anywhere = Q(institution__code__iexact=word) | Q(institution__bin=word)
    for field in NAME_FIELDS:
        anywhere |= Q(**{f"{field}__icontains": word})
    return anywhere


def count_by(found: QuerySet[InstitutionState], column: str) -> dict[str, int]:
    """Facets: how many of the found have each value of a column, e.g. ``institution__kind``."""
    rows = found.order_by().select_related(None).values_list(column).annotate(n=Count("id"))
    return dict(rows.order_by("-n", column))


def state_of(institution_id: int, *, on: dt.date) -> InstitutionState | None:
    return _with_all(states(on=on)).filter(institution_id=institution_id).first()


def state_by_code(code: str, *, on: dt.date) -> InstitutionState | None:
    return _with_all(states(on=on)).filter(institution__code=code).first()


def state_by_org_no(org_no: int, *, on: dt.date) -> InstitutionState | None:
    return _with_all(states(on=on)).filter(org_no=org_no).first()


def state_or_last(code: str, *, on: dt.date) -> InstitutionState | None:
    """The state on a day, else the newest: of an institution that is closed."""
    found = state_by_code(code, on=on)
    if found is not None:
        return found
    known = by_code(code)
    return last_state(known.pk) if known else None


def last_state(institution_id: int) -> InstitutionState | None:
    """The newest state, also of an institution that is closed."""
    return _with_all(InstitutionState.objects.filter(institution_id=institution_id)).order_by("valid").last()


def by_code(code: str) -> Institution | None:
    return Institution.objects.filter(code=code).first()


def _with_all(found: QuerySet[InstitutionState]) -> QuerySet[InstitutionState]:
    return found.select_related("institution__headcount", "territory__parent")


def history(institution_id: int) -> QuerySet[InstitutionState]:
    """All states, newest first."""
    found = InstitutionState.objects.filter(institution_id=institution_id).select_related("territory", "institution")
    return found.order_by("-valid")


def successions(institution_id: int) -> QuerySet[Succession]:
    """What it came from and what it went into, newest first."""
    either = Q(before_id=institution_id) | Q(after_id=institution_id)
    return Succession.objects.filter(either).select_related("before", "after").order_by("-date", "-id")


def changes(institution_id: int, *, limit: int = 50) -> list[dict]:
    """Who changed what and when, newest first. ``fields``: name: (before, after)."""
    rows = InstitutionState.events.rel.related_model.objects.filter(institution_id=institution_id).order_by("pgh_id")
    columns = [f.attname for f in InstitutionState._meta.concrete_fields if f.attname not in ("id", "sort_key")]
    before: dict[int, dict] = {}
    found = []
    for row in rows.select_related("pgh_context"):
        now = {column: getattr(row, column) for column in columns}
        was = before.get(row.pgh_obj_id, dict.fromkeys(columns))
        fields = {column: (was[column], now[column]) for column in columns if was[column] != now[column]}
        metadata = row.pgh_context.metadata if row.pgh_context else {}
        found.append({
            "state_id": row.pgh_obj_id, "at": row.pgh_created_at, "label": row.pgh_label, "user_id": metadata.get("user"),
            "fields": fields,
        })  # fmt: skip
        before[row.pgh_obj_id] = now
    return found[::-1][:limit]


def buildings(institution_id: int, *, on: dt.date) -> QuerySet[Building]:
    return Building.objects.filter(institution_id=institution_id, valid__contains=on).order_by("code")


def rooms(institution_id: int, *, on: dt.date) -> QuerySet[Room]:
    """Rooms with their building, floor by floor."""
    found = Room.objects.filter(institution_id=institution_id, valid__contains=on).select_related("building")
    return found.order_by("building__code", "floor", "number")


def rooms_by_id(ids: Iterable[int]) -> list[Room]:
    return list(Room.objects.filter(pk__in=list(ids)))


def room_counts(institution_id: int, *, on: dt.date) -> list[tuple[str, str, int]]:
    """Purpose, condition, number of rooms."""
    found = Room.objects.filter(institution_id=institution_id, valid__contains=on)
    return list(found.values_list("purpose", "condition").annotate(n=Count("id")).order_by("purpose", "condition"))
