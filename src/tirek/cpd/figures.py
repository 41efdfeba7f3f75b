"""Figures of teachers' growth: teachers improved in a year, hours for each teacher, certificates."""

from __future__ import annotations

import polars as pl
from django.utils.translation import gettext_lazy as _

from tirek.indicators.definitions import Indicator, register
from tirek.indicators.snapshots import SnapshotTable, register_table

TOPIC = _("Teachers’ growth")
SOURCE = _("Courses closed in this installation by a decision, and the register’s employments.")
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
)  # fmt: skip


def register_figures() -> None:
    register_table(IMPROVED)
    register_table(STANDING)
    for indicator in FIGURES:
        register(indicator)
