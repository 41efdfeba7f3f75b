"""Rooms in published figures: schools walked through, rooms equipped, and the mean of the published index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from django.utils.translation import gettext_lazy as _

from tirek.facilities.kinds import CONDITION
from tirek.indicators.cells import Cell
from tirek.indicators.definitions import FromDecision, Indicator, register
from tirek.indicators.registry_figures import schools
from tirek.indicators.services.publishing import NothingDecided
from tirek.indicators.snapshots import SnapshotTable, register_table

TOPIC = _("Rooms and equipment")
SOURCE = _("Walks through the rooms and works accepted by two people, in this installation.")
ROOMS = SnapshotTable(
    "rooms_by_school",
    """
    select i.org_no, (select count(*) from facilities_walk w where w.org_no = i.org_no and w.day <= %(as_of)s::date
                      and w.day > %(as_of)s::date - 730),
           (select count(distinct w.room_id) from facilities_work w where w.org_no = i.org_no
            and w.accepted_on <= %(as_of)s::date and w.accepted_on > %(as_of)s::date - 365),
           (select count(distinct w.room_id) from facilities_work w where w.org_no = i.org_no and w.earmark_code <> ''
            and w.accepted_on <= %(as_of)s::date and w.accepted_on > %(as_of)s::date - 365)
    from registry_institution i where i.open_period @> %(as_of)s::date order by i.org_no
    """,
    {"org_no": pl.Int64, "walks": pl.Int64, "equipped": pl.Int64, "sponsored": pl.Int64},
)


def schools_with_rooms(tables):
    """A row a school, with its closed walks of the last two years and the rooms equipped in the last one."""
    rooms = tables["rooms_by_school"].rename(rooms_org="org_no")
    found = schools(tables)
    return found.left_join(rooms, found.org_no == rooms.rooms_org)


def institutions_with_rooms(tables):
    """A row an institution of any kind, with the rooms equipped in the last year."""
    rooms = tables["rooms_by_school"].rename(rooms_org="org_no")
    found = tables["institutions"]
    return found.left_join(rooms, found.org_no == rooms.rooms_org)


def one(rows):
    import ibis

    return ibis.literal(1)


def walked(rows):
    return (rows.walks.fill_null(0) > 0).ifelse(1, 0)


def equipped(rows):
    return rows.equipped.fill_null(0)


def sponsored(rows):
    return rows.sponsored.fill_null(0)


def index_cells(decision, outcomes: Iterable[Mapping[str, Any]]) -> list[Cell]:
    """Means of the published points: of the whole, and of each district that has a school with an index."""
    told = decision.parameters
    if "territory" not in told:
        raise NothingDecided(
            f"{decision.number} is about one institution. Publish the figure with a territory's index."
        )
    points = [
        (row["org_no"], row["result"]["points"])
        for row in outcomes
        if row["subject_kind"] == "school" and row["result"].get("points") is not None
    ]
    parts = [(told["level"], told["territory"], told["org_lo"], told["org_hi"], "")]
    parts += [
        ("district", code, lo, hi, told["territory"])
        for code, (lo, hi) in sorted(told["districts"].items())
        if code != told["territory"]
    ]
    cells = []
    for level, code, lo, hi, parent in parts:
        own = [found for org_no, found in points if lo <= org_no <= hi]
        if own:
            cells.append(Cell(level, code, lo, hi, parent=parent, value=str(sum(own) // len(own))))
    return cells


def register_figures() -> None:
    register_table(ROOMS)
    register(
        Indicator(
            code="rooms.schools_walked_share", title=_("Share of schools whose rooms were walked through"), unit="%",
            topic=TOPIC, source=SOURCE, rows=schools_with_rooms, numerator=walked, denominator=one, scale=100, decimals=1,
            method=_("Schools with a closed walk in the two years up to the day, of all schools open on the day."), better="more",
        )
    )  # fmt: skip
    register(
        Indicator(
            code="rooms.equipped", title=_("Rooms equipped in a year"), unit=_("rooms"), topic=TOPIC, source=SOURCE,
            rows=institutions_with_rooms, numerator=equipped, better="more",
            method=_("Rooms in which a work was accepted by two people in the year up to the day; each room counts once."),
        )
    )  # fmt: skip
    register(
        Indicator(
            code="rooms.equipped_by_sponsors", title=_("Rooms equipped by sponsors in a year"), unit=_("rooms"), topic=TOPIC,
            source=SOURCE, rows=institutions_with_rooms, numerator=sponsored, better="more",
            method=_(
                "Rooms in which a work paid by a sponsor's earmark was accepted by two people in the year up to the day; each"
                " room counts once."
            ),
        )
    )  # fmt: skip
    register(
        Indicator(
            code="rooms.mean_index", title=_("Mean index of the rooms of schools"), unit=_("points"), topic=TOPIC, source=SOURCE,
            method=_("Mean of the published index (0 to 1000) over the institutions that have one, rounded down."), better="more",
            dimensions=(), from_decision=FromDecision(CONDITION, "tirek.facilities.figures:index_cells", day="day"),
        )
    )  # fmt: skip
