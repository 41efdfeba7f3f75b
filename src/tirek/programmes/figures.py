"""Figures of programmes: schools that take part, needs that are met, measures done in time."""

from __future__ import annotations

import polars as pl
from django.utils.translation import gettext_lazy as _

from tirek.indicators.definitions import Indicator, register
from tirek.indicators.snapshots import SnapshotTable, register_table

PARTICIPATIONS = SnapshotTable(
    "programme_schools",
    """
    select org_no, count(distinct programme_id) from programmes_participation where valid @> %(as_of)s::date
    group by 1 order by 1
    """,
    {"org_no": pl.Int64, "programmes": pl.Int64},
)
NEEDS = SnapshotTable(
    "programme_needs",
    """
    select org_no, count(*) filter (where state = 'met' and met_on <= %(as_of)s::date), count(*)
    from programmes_need
    where state in ('accepted', 'met') and decided_on <= %(as_of)s::date group by 1 order by 1
    """,
    {"org_no": pl.Int64, "met": pl.Int64, "stood": pl.Int64},
)
MEASURES = SnapshotTable(
    "programme_measures",
    """
    select coalesce(i.org_no, (
               select min(x.org_no) from registry_institution x
               where x.org_no between p.org_lo and p.org_hi and x.open_period @> %(as_of)s::date)),
           count(*) filter (where m.state = 'done' and m.done_on <= m.due_date and m.done_on <= %(as_of)s::date), count(*)
    from programmes_measure m
    join programmes_programme p on p.id = m.programme_id
    left join registry_institution i on i.org_no = m.org_no and i.open_period @> %(as_of)s::date
    where m.state <> 'cancelled' and m.due_date <= %(as_of)s::date
    group by 1 order by 1
    """,
    {"org_no": pl.Int64, "in_time": pl.Int64, "due": pl.Int64},
)
SOURCE = _("The records of programmes in this installation on the day.")
TOPIC = _("Programmes")


def programme_schools(tables):
    return tables["programme_schools"]


def programme_needs(tables):
    return tables["programme_needs"]


def programme_measures(tables):
    return tables["programme_measures"]


def one(rows):
    import ibis

    return ibis.literal(1)


def met(rows):
    return rows.met


def stood(rows):
    return rows.stood


def in_time(rows):
    return rows.in_time


def due(rows):
    return rows.due


FIGURES = (
    Indicator(
        code="programmes.schools", title=_("Schools in a programme"), unit=_("schools"), topic=TOPIC, source=SOURCE,
        method=_("Institutions that took part in at least one programme on the day."),
        rows=programme_schools, numerator=one,
    ),
    Indicator(
        code="programmes.needs_met_share", title=_("Share of needs that are met"), unit="%", topic=TOPIC, source=SOURCE,
        method=_("Needs that were met by the day, of all that were accepted by then and not rejected or merged later."),
        rows=programme_needs, numerator=met, denominator=stood, scale=100, decimals=1, better="more",
    ),
    Indicator(
        code="programmes.measures_in_time_share", title=_("Share of measures done in time"), unit="%", topic=TOPIC,
        method=_("Measures of all plans that were done by their date, of those that were due by the day; cancelled ones do not"
                 " count."),
        source=SOURCE, rows=programme_measures, numerator=in_time, denominator=due, scale=100, decimals=1, better="more",
    ),
)  # fmt: skip


def register_figures() -> None:
    for table in (PARTICIPATIONS, NEEDS, MEASURES):
        register_table(table)
    for indicator in FIGURES:
        register(indicator)
