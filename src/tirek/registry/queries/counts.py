"""How many institutions, pupils and teachers there are: kept numbers for today, counted rows for another day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from tirek.access.scope import Scope
from tirek.registry.models import Employment, Enrolment, Headcount, InstitutionState, Territory


@dataclass(frozen=True)
class TerritoryCounts:
    """Of one territory: institutions open on the day, those of the kind asked, and people by the last headcount."""

    territory_id: int
    institutions: int
    support_schools: int
    rural: int
    pupils: int
    staff: int
    teachers: int


# One pass over the states of the day; ranges instead of a path, so that any depth costs the same.
BY_TERRITORY = """
select t.id, count(s.id), count(s.id) filter (where s.is_support_school),
       count(s.id) filter (where s.settlement_kind = 'rural'),
       coalesce(sum(h.pupils), 0)::bigint, coalesce(sum(h.staff), 0)::bigint, coalesce(sum(h.teachers), 0)::bigint
from registry_territory t
left join (
    registry_institutionstate s
    join registry_institution i on i.id = s.institution_id and (%(kinds)s::text[] is null or i.kind = any(%(kinds)s))
    left join registry_headcount h on h.institution_id = s.institution_id
) on s.org_no between t.org_lo and t.org_hi and s.valid @> %(on)s::date
where t.id = any(%(ids)s) group by t.id
"""


def by_territory(
    territories: Sequence[Territory], *, on: dt.date, kinds: Sequence[str] | None = None
) -> dict[int, TerritoryCounts]:
    """Counts of each territory by its id; ``kinds`` limits to kinds of institution. Public numbers, one query."""
    values = {"ids": [t.pk for t in territories], "on": on, "kinds": list(kinds) if kinds else None}
    with connection.cursor() as cursor:
        cursor.execute(BY_TERRITORY, values)
        return {row[0]: TerritoryCounts(*row) for row in cursor.fetchall()}


def kinds(territory: Territory | None, *, on: dt.date) -> dict[str, int]:
    """How many institutions of each kind."""
    rows = _inside(InstitutionState.objects.filter(valid__contains=on), territory).values_list("institution__kind")
    return dict(rows.annotate(n=Count("id")).order_by("institution__kind"))


def people(territory: Territory | None) -> dict[str, int]:
    """Pupils, staff and teachers by the last headcount."""
    found = _inside(Headcount.objects.all(), territory)
    sums = found.aggregate(pupils=Sum("pupils"), staff=Sum("staff"), teachers=Sum("teachers"))
    return {name: value or 0 for name, value in sums.items()}


def pupils_on(scope: Scope, *, on: dt.date, territory: Territory | None = None) -> int:
    """Pupils enrolled on any day, counted row by row: exact for the past, slow for a whole country."""
    return _inside(scope.limit(Enrolment.objects.filter(valid__contains=on)), territory).count()


def staff_on(scope: Scope, *, on: dt.date, territory: Territory | None = None) -> int:
    found = _inside(scope.limit(Employment.objects.filter(valid__contains=on)), territory)
    return found.values("person_id").distinct().count()


def by_grade(scope: Scope, *, on: dt.date, org_no: int) -> dict[int | None, int]:
    """Pupils of one institution by grade."""
    found = scope.limit(Enrolment.objects.filter(valid__contains=on, org_no=org_no))
    return dict(found.values_list("grade").annotate(n=Count("id")).order_by("grade"))


def _inside(found: QuerySet, territory: Territory | None) -> QuerySet:
    return found if territory is None else found.filter(org_no__gte=territory.org_lo, org_no__lte=territory.org_hi)
