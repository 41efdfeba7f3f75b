"""How many institutions, pupils and teachers there are: kept numbers for today, counted rows for another day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils import timezone

from tirek.access.scope import Scope, loading
from tirek.registry.models import Employment, Enrolment, Headcount, InstitutionState, Territory, TerritoryLevel


@dataclass(frozen=True)
class TerritoryCounts:
    """Of one territory: institutions open on the day, those of the kind asked, and people.

    People are those of the last headcount; for a past day they are counted row by row, and None for a whole country.
    """

    territory_id: int
    institutions: int
    support_schools: int
    rural: int
    pupils: int | None
    staff: int | None
    teachers: int | None


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


# People of a past day, counted under the loader: what comes out are public numbers, as those of today are.
PEOPLE_ON = """
select a.id, (
    select count(*) from registry_enrolment e where e.org_no between a.lo and a.hi and e.valid @> %(on)s::date
        and (%(kinds)s::text[] is null or e.institution_id in (select id from registry_institution where kind = any(%(kinds)s)))
), m.staff, m.teachers
from unnest(%(ids)s::int[], %(los)s::int[], %(his)s::int[]) as a(id, lo, hi)
cross join lateral (
    select count(*) staff, count(*) filter (where m.position = 'teacher') teachers
    from registry_employment m where m.org_no between a.lo and a.hi and m.valid @> %(on)s::date
        and (%(kinds)s::text[] is null or m.institution_id in (select id from registry_institution where kind = any(%(kinds)s)))
) m
"""
People = tuple[int | None, int | None, int | None]


def by_territory(
    territories: Sequence[Territory], *, on: dt.date, kinds: Sequence[str] | None = None
) -> dict[int, TerritoryCounts]:
    """Counts of each territory by its id; ``kinds`` limits to kinds of institution. Public numbers, one query."""
    values = {"ids": [t.pk for t in territories], "on": on, "kinds": list(kinds) if kinds else None}
    with connection.cursor() as cursor:
        cursor.execute(BY_TERRITORY, values)
        found = {row[0]: TerritoryCounts(*row) for row in cursor.fetchall()}
    if on >= timezone.localdate():
        return found
    is_whole = any(
        t.level == TerritoryLevel.COUNTRY for t in territories
    )  # millions of rows are not counted for a page
    people = {} if is_whole else _people_on([(t.pk, t.org_lo, t.org_hi) for t in territories], on, values["kinds"])
    return {pk: _with_people(numbers, people.get(pk, (None, None, None))) for pk, numbers in found.items()}


def of_scope(scope: Scope, *, on: dt.date) -> dict[str, int]:
    """Institutions open on the day with their people by the last headcount, in a scope; one query."""
    found = scope.limit(InstitutionState.objects.filter(valid__contains=on)).aggregate(
        institutions=Count("id"),
        support_schools=Count("id", filter=Q(is_support_school=True)),
        pupils=Sum("institution__headcount__pupils"),
        teachers=Sum("institution__headcount__teachers"),
    )
    return {name: value or 0 for name, value in found.items()}


def left_over(whole: TerritoryCounts, parts: Iterable[TerritoryCounts | None]) -> TerritoryCounts | None:
    """What is counted in a territory and in none of its parts; None where there is nothing."""
    known = [part for part in parts if part is not None]

    def rest(name: str) -> int | None:
        numbers = [getattr(one, name) for one in (whole, *known)]
        return None if None in numbers else numbers[0] - sum(numbers[1:])

    names = [field.name for field in fields(whole) if field.name != "territory_id"]
    found = replace(whole, **{name: rest(name) for name in names})
    return found if any(getattr(found, name) for name in names) else None


def _with_people(numbers: TerritoryCounts, people: People) -> TerritoryCounts:
    pupils, staff, teachers = people
    return replace(numbers, pupils=pupils, staff=staff, teachers=teachers)


def _people_on(
    ranges: Sequence[tuple[int, int, int]], on: dt.date, kinds: Sequence[str] | None = None
) -> dict[int, People]:
    """Pupils, staff and teachers on a day, by the first of each (key, lowest number, highest number)."""
    ids, los, his = (list(column) for column in zip(*ranges, strict=True)) if ranges else ([], [], [])
    with loading(), connection.cursor() as cursor:
        cursor.execute(PEOPLE_ON, {"ids": ids, "los": los, "his": his, "on": on, "kinds": kinds})
        return {row[0]: row[1:] for row in cursor.fetchall()}


def with_headcounts(states: Iterable[InstitutionState], on: dt.date) -> list[InstitutionState]:
    """States of institutions with the people they had on a day; today's are kept, a past day's counted. Not to be saved."""
    known = list(states)
    if on >= timezone.localdate() or not known:
        return known
    people = _people_on([(state.org_no, state.org_no, state.org_no) for state in known], on)
    for state in known:
        pupils, staff, teachers = people[state.org_no]
        state.institution.headcount = Headcount(org_no=state.org_no, pupils=pupils, staff=staff, teachers=teachers)
    return known


def first_days(institution_id: int, groups: Iterable[int]) -> dict[int, dt.date]:
    """On which day somebody first learned in each class; classes that had nobody yet are left out."""
    with loading():
        rows = Enrolment.objects.filter(institution_id=institution_id, class_group__in=list(groups))
        return dict(rows.order_by().values_list("class_group_id").annotate(first=Min(Lower("valid"))))


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
