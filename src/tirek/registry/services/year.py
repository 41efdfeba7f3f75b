"""The turn of the school year: classes move up, the last grade leaves. Set-based, repeatable, shown before it is done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import InstitutionKind, SchoolYear, Territory
from tirek.registry.services.counts import recount
from tirek.registry.services.refusals import NotFound, WrongDate, check_right, shown

LAST_GRADE = {InstitutionKind.SCHOOL: 11, InstitutionKind.SMALL_SCHOOL: 11, InstitutionKind.COLLEGE: 4}
DAYS_AHEAD = dt.timedelta(days=100)
LOCK = 7461728  # advisory: one roll-over at a time

# Open enrolments of the old year's classes, in institutions whose classes have grades.
MOVING = """
create temporary table rolling on commit drop as
select e.id, e.person_id, e.institution_id, e.org_no, g.id as old_group, g.grade, g.letter, g.language, g.shift,
       g.grade >= k.last as leaves
from registry_enrolment e
join registry_classgroup g on g.id = e.class_group_id and g.school_year_id = %(from_year)s and g.grade is not null
join registry_institution i on i.id = e.institution_id
join unnest(%(kinds)s::text[], %(lasts)s::int[]) as k(kind, last) on k.kind = i.kind
where e.org_no between %(lo)s and %(hi)s and upper_inf(e.valid) and lower(e.valid) < %(on)s
"""
WITHOUT_CLASS = """
select count(*) from registry_enrolment e join registry_institution i on i.id = e.institution_id and i.kind = any(%(kinds)s)
where e.org_no between %(lo)s and %(hi)s and upper_inf(e.valid) and e.class_group_id is null
"""
PREVIEW = """
select count(*) filter (where not leaves), count(*) filter (where leaves),
       count(distinct old_group) filter (where not leaves), count(distinct institution_id) from rolling
"""
CLASSES = """
insert into registry_classgroup (institution_id, org_no, school_year_id, grade, letter, language, shift)
select distinct on (old_group) institution_id, org_no, %(to_year)s, grade + 1, letter, language, shift
from rolling where not leaves order by old_group
on conflict (institution_id, school_year_id, grade, letter) do nothing
"""
LINK = """
create temporary table rolled on commit drop as
select distinct r.old_group, n.id as new_group from rolling r
join registry_classgroup n on n.institution_id = r.institution_id and n.school_year_id = %(to_year)s
    and n.grade = r.grade + 1 and n.letter = r.letter where not r.leaves
"""
CLOSE = """
update registry_enrolment e set valid = daterange(lower(e.valid), %(on)s),
       exit_reason = case when r.leaves then 'graduated' else 'promoted' end
from rolling r where r.id = e.id
"""
OPEN = """
insert into registry_enrolment (person_id, institution_id, class_group_id, org_no, person_name, sort_key, grade, valid,
                                entry_reason, exit_reason)
select e.person_id, e.institution_id, m.new_group, e.org_no, e.person_name, e.sort_key, r.grade + 1,
       daterange(%(on)s, null), 'promoted', ''
from rolling r join registry_enrolment e on e.id = r.id join rolled m on m.old_group = r.old_group where not r.leaves
"""
TEACHINGS = """
insert into registry_teaching (person_id, class_group_id, org_no, subject, is_class_teacher, valid)
select t.person_id, m.new_group, t.org_no, t.subject, t.is_class_teacher, daterange(%(on)s, null)
from registry_teaching t join rolled m on m.old_group = t.class_group_id where upper_inf(t.valid) and lower(t.valid) < %(on)s
"""
END_TEACHINGS = """
update registry_teaching t set valid = daterange(lower(t.valid), %(on)s)
where t.class_group_id in (select distinct old_group from rolling) and upper_inf(t.valid) and lower(t.valid) < %(on)s
"""


@dataclass(frozen=True)
class RollOver:
    """What a roll-over does, or did."""

    promoted: int
    graduated: int
    classes: int
    institutions: int
    without_class: int  # enrolled in no class: left as they are, to be placed by hand


def preview_roll_over(
    *, territory_id: int | None, institution_no: int | None, to_year_id: int, by: Scope, now: dt.datetime | None = None
) -> RollOver:
    """What would happen; nothing changes. With ``now`` refused as the turn itself would be."""
    with loading(), connection.cursor() as cursor:
        values = _values(territory_id, institution_no, to_year_id, by)
        _check_near(values["on"], now)
        found = _measure(cursor, values)
        cursor.execute("drop table rolling")
        return found


def roll_over_year(
    *, territory_id: int | None, institution_no: int | None, to_year_id: int, by: Scope, now: dt.datetime
) -> RollOver:
    """Move everybody of a territory or an institution up on the new year's first day. Repeating finds nothing to do."""
    with loading(), connection.cursor() as cursor:
        values = _values(territory_id, institution_no, to_year_id, by)
        _check_near(values["on"], now)
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        done = _measure(cursor, values)
        for statement in (CLASSES, LINK, CLOSE, OPEN, TEACHINGS, END_TEACHINGS):
            cursor.execute(statement, values)
        cursor.execute("select distinct org_no from rolling")
        recount(row[0] for row in cursor.fetchall())
        cursor.execute("drop table rolling, rolled")
        return done


def _check_near(start: dt.date, now: dt.datetime | None) -> None:
    first = start - DAYS_AHEAD
    if now is not None and now.date() < first:
        raise WrongDate(
            _("The new school year is still too far away. It can be turned from {day} on.").format(day=shown(first)),
            code="too_early",
        )


def _measure(cursor, values: dict) -> RollOver:
    cursor.execute(MOVING, values)
    cursor.execute(PREVIEW)
    counts = cursor.fetchone()
    cursor.execute(WITHOUT_CLASS, values)
    return RollOver(*counts, cursor.fetchone()[0])  # type: ignore[call-arg]  # the star's length is known


def _values(territory_id: int | None, institution_no: int | None, to_year_id: int, by: Scope) -> dict:
    to_year = SchoolYear.objects.filter(pk=to_year_id).first()
    if to_year is None:
        raise NotFound(_("There is no such school year. Add it first."))
    from_year = SchoolYear.objects.filter(starts_on__lt=to_year.starts_on).order_by("-starts_on").first()
    if from_year is None:
        raise NotFound(_("There is no school year before {year}.").format(year=to_year.code))
    lo = hi = institution_no
    if territory_id is not None:
        territory = Territory.objects.get(pk=territory_id)
        lo, hi = territory.org_lo, territory.org_hi
    if lo is None or hi is None:
        raise NotFound(_("Choose a territory or an institution."))
    check_right(by, "registry.change", lo, hi)
    return {
        "lo": lo, "hi": hi, "from_year": from_year.pk, "to_year": to_year.pk, "on": to_year.starts_on,
        "kinds": list(LAST_GRADE), "lasts": list(LAST_GRADE.values()),
    }  # fmt: skip
