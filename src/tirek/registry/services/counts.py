"""Headcounts, kept up with every change. Call :func:`recount` at the end of whatever moves people."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

LOCK = """
insert into registry_headcount (institution_id, org_no, pupils, staff, teachers, counted_at)
select id, org_no, 0, 0, 0, now() from registry_institution where org_no = any(%s) order by id
on conflict (institution_id) do nothing
"""
HOLD = "select 1 from registry_headcount where org_no = any(%s) order by institution_id for update"
COUNT = """
update registry_headcount h set counted_at = now(), pupils = e.n, staff = s.n, teachers = s.teachers
from unnest(%s::int[]) as o(no)
cross join lateral (
    select count(*) n from registry_enrolment where org_no = o.no and valid @> current_date
) e
cross join lateral (
    select count(*) n, count(*) filter (where position = 'teacher') teachers
    from registry_employment where org_no = o.no and valid @> current_date
) s
where h.org_no = o.no
"""


TOUCHED = """
select org_no from registry_enrolmentevent where pgh_context_id = %(context)s
union select org_no from registry_employmentevent where pgh_context_id = %(context)s
"""


def recount_touched(context_id: str) -> None:
    """Count again wherever a bulk change, known by its context in the history, moved people."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCHED, {"context": str(context_id)})
        org_nos = [row[0] for row in cursor.fetchall()]
    if org_nos:
        recount(org_nos)


def recount(org_nos: Iterable[int]) -> None:
    """Count the people of some institutions again, as the loader. Waits for others who count the same ones.

    The rows are locked first, in one order, and counted by a later statement: it then sees what the other has committed.
    """
    values = [sorted(set(org_nos))]  # positional: pgtrigger.ignore, in bulk loads, adds a placeholder of its own
    with connection.cursor() as cursor:
        for statement in (LOCK, HOLD, COUNT):
            cursor.execute(statement, values)
