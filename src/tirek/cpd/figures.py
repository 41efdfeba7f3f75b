"""Figures of teachers' growth: teachers improved in a year, hours for each teacher, certificates."""

from __future__ import annotations

import polars as pl
from django.utils.translation import gettext_lazy as _

from tirek.indicators.definitions import Indicator, register
from tirek.indicators.snapshots import SnapshotTable, register_table

TOPIC = _("Teachers’ growth")
SOURCE = _("Courses closed in this installation by a decision, and the register’s employments.")
RESERVE_SOURCE = _("Decisions on the leaders’ reserve, appointments from it, and the register’s employments.")
IMPROVED = SnapshotTable(
    "improved_teachers",
    """
    select org_no, count(distinct person_id), coalesce(sum(hours), 0)::bigint, count(*) from cpd_participation
    where standing = 'completed' and completed_on > (%(as_of)s::date - interval '1 year') and completed_on <= %(as_of)s::date
    group by 1 order by 1
    """,
    {"org_no": pl.Int64, "teachers": pl.Int64, "hours": pl.Int64, "courses": pl.Int64},
)
STANDING = SnapshotTable(
    "certificates",
    """
    select org_no, count(*) from cpd_certificate
    where (issued_at at time zone %(zone)s)::date <= %(as_of)s::date
        and (revoked_at is null or (revoked_at at time zone %(zone)s)::date > %(as_of)s::date)
    group by 1 order by 1
    """,
    {"org_no": pl.Int64, "certificates": pl.Int64},
)

RESERVE = SnapshotTable(
    "leaders_reserve",
    """
    select org_no, count(*) filter (where reserve_from <= %(as_of)s::date and ends > %(as_of)s::date),
           count(*) filter (where reserve_from <= %(as_of)s::date and ends > (%(as_of)s::date - interval '1 year')),
           count(*) filter (where ends > (%(as_of)s::date - interval '1 year') and ends <= %(as_of)s::date)
    from (
        select c.org_no, c.reserve_from, least(c.reserve_until, a.from_date) as ends
        from cpd_candidate c left join cpd_appointment a on a.candidate_id = c.id where c.reserve_from is not null
    ) as member group by 1 order by 1
    """,
    {"org_no": pl.Int64, "ready": pl.Int64, "members": pl.Int64, "gone": pl.Int64},
)
LEADERS = SnapshotTable(
    "new_heads",
    """
    select e.org_no, count(*), count(a.id) from registry_employment e left join cpd_appointment a on a.employment_id = e.id
    where e.position = 'head' and e.is_main and lower(e.valid) <= %(as_of)s::date
      and lower(e.valid) > (%(as_of)s::date - interval '3 years') group by 1 order by 1
    """,
    {"org_no": pl.Int64, "heads": pl.Int64, "from_reserve": pl.Int64},
)


def improved(tables):
    return tables["improved_teachers"]


def teachers(rows):
    return rows.teachers


def certificates(tables):
    return tables["certificates"]


def standing(rows):
    return rows.certificates


def institutions_with_teachers(tables):
    """A row an institution with staff who teach, and the hours of courses that its people completed in the year."""
    staff = tables["staff"]
    teaching = staff.filter(staff.teaches == 1).group_by("org_no").agg(people=staff.people.sum())
    done = tables["improved_teachers"].rename(done_org="org_no")
    joined = teaching.left_join(done, teaching.org_no == done.done_org)
    return joined.mutate(hours=joined.hours.fill_null(0))


def hours(rows):
    return rows.hours


def people(rows):
    return rows.people


def reserve(tables):
    return tables["leaders_reserve"]


def ready(rows):
    return rows.ready


def members(rows):
    return rows.members


def gone(rows):
    return rows.gone


def new_heads(tables):
    return tables["new_heads"]


def heads(rows):
    return rows.heads


def from_reserve(rows):
    return rows.from_reserve


FIGURES = (
    Indicator(
        code="growth.teachers", title=_("Teachers who completed a course in the last twelve months"), unit=_("persons"),
        method=_("People with at least one course completed by decision in the twelve months up to the day, each counted once."),
        source=SOURCE, topic=TOPIC, rows=improved, numerator=teachers, persons=("numerator",), better="more",
    ),
    Indicator(
        code="growth.hours_per_teacher", title=_("Hours of courses for each teacher in the last twelve months"), unit=_("hours"),
        method=_("Hours of the courses completed in the twelve months up to the day, divided by the people who teach on the day."),
        source=SOURCE, topic=TOPIC, rows=institutions_with_teachers, numerator=hours, denominator=people, decimals=1,
        persons=("denominator",), better="more",
    ),
    Indicator(
        code="growth.certificates", title=_("Certificates that stand"), unit=_("certificates"),
        method=_("Certificates given out up to the day and not revoked by its end."),
        source=SOURCE, topic=TOPIC, rows=certificates, numerator=standing, persons=("numerator",), better="more",
    ),
    Indicator(
        code="growth.reserve", title=_("People in the leaders’ reserve"), unit=_("persons"),
        method=_("People whom a decision admitted to the reserve, whose term is not over on the day and who are not appointed by then."),
        source=RESERVE_SOURCE, topic=TOPIC, rows=reserve, numerator=ready, persons=("numerator",), better="more",
    ),
    Indicator(
        code="growth.reserve_turnover", title=_("Turn-over of the leaders’ reserve in the last twelve months"), unit="%",
        method=_("People who left the reserve in the twelve months up to the day, by appointment or because the term was over, of all"
                 " who were in it at some time in these months."),
        source=RESERVE_SOURCE, topic=TOPIC, rows=reserve, numerator=gone, denominator=members, scale=100, decimals=1,
        persons=("numerator", "denominator"),
    ),
    Indicator(
        code="growth.heads_from_reserve", title=_("Share of new heads who came from the leaders’ reserve"), unit="%",
        method=_("Of the heads whose main work at an institution began in the three years up to the day, those who were appointed"
                 " from the reserve."),
        source=RESERVE_SOURCE, topic=TOPIC, rows=new_heads, numerator=from_reserve, denominator=heads, scale=100, decimals=1,
        persons=("numerator", "denominator"), better="more",
    ),
)  # fmt: skip


def register_figures() -> None:
    for table in (IMPROVED, STANDING, RESERVE, LEADERS):
        register_table(table)
    for indicator in FIGURES:
        register(indicator)
