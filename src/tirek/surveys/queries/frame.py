"""Who belongs to an audience by the register: how many in each school, and the units that can be drawn."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
from django.db import connection

from tirek.surveys.models import Audience

TEACHERS = """
select e.org_no, p.public_id::text, null::int as grade, ''::text as class_label
from registry_employment e join registry_person p on p.id = e.person_id
where e.org_no = any(%(org_nos)s) and e.valid @> %(on)s::date and e.position = 'teacher'
group by e.org_no, p.public_id
"""
PUPILS = """
select e.org_no, p.public_id::text, e.grade, coalesce(c.grade::text, '') || coalesce(c.letter, '')
from registry_enrolment e join registry_person p on p.id = e.person_id
left join registry_classgroup c on c.id = e.class_group_id
where e.org_no = any(%(org_nos)s) and e.valid @> %(on)s::date
  and (cardinality(%(grades)s::int[]) = 0 or e.grade = any(%(grades)s))
"""
PARENTS = """
select distinct on (e.org_no, p.public_id) e.org_no, p.public_id::text, e.grade,
  coalesce(c.grade::text, '') || coalesce(c.letter, '')
from registry_guardianship g
join registry_enrolment e on e.person_id = g.child_id and e.valid @> %(on)s::date
join registry_person p on p.id = g.guardian_id
left join registry_classgroup c on c.id = e.class_group_id
where e.org_no = any(%(org_nos)s) and g.valid @> %(on)s::date
  and (cardinality(%(grades)s::int[]) = 0 or e.grade = any(%(grades)s))
order by e.org_no, p.public_id, e.grade
"""
QUERIES = {Audience.TEACHERS: TEACHERS, Audience.PUPILS: PUPILS, Audience.PARENTS: PARENTS}
SCHEMA = {"org_no": pl.Int64, "unit": pl.String, "grade": pl.Int64, "class_label": pl.String}


def persons(audience: str, org_nos: Sequence[int], grades: Sequence[int], on: dt.date) -> pl.DataFrame:
    """A row a person of the audience: school, lasting code, grade, class. Read as the loader, after the right was checked."""
    values = {"org_nos": list(org_nos), "grades": list(grades), "on": on}
    with connection.cursor() as cursor:
        cursor.execute(QUERIES[Audience(audience)], values)
        rows = cursor.fetchall()
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("org_no", "class_label", "unit")
