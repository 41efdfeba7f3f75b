"""Rooms, schools and works as pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tirek.decisions.kinds import kind_of
from tirek.decisions.queries import reason_texts
from tirek.facilities.items import item_name
from tirek.facilities.kinds import CONDITION
from tirek.facilities.queries.findings import RoomFinding
from tirek.facilities.queries.indexes import Index

LOW = 500


@dataclass(frozen=True)
class RoomRow:
    """One line of a school's rooms."""

    room: object
    points: int | None
    reason: str
    missing: list[str] = field(default_factory=list)
    seen_on: dt.date | None = None
    condition: str = ""
    is_low: bool = False


def reason_of(reason: str, numbers: Mapping) -> str:
    """The reason in the reader's language."""
    if not reason:
        return ""
    texts = reason_texts(kind_of(CONDITION), reason, numbers)
    return texts.get((get_language() or "en")[:2], texts["en"])


def missing_words(missing) -> list[str]:
    """ "bookshelf: 5 of 10" for each item of which there are too few."""
    return [
        _("%(item)s: %(found)s of %(wanted)s") % {"item": item_name(item), "found": found, "wanted": wanted}
        for item, wanted, found in missing
    ]


def room_rows(rooms, index: Index | None, found: Mapping[int, RoomFinding], low: int = LOW) -> list[RoomRow]:
    """Every room of the register; the ones that need attention first, then those without points, then the rest."""
    rows = []
    for room in rooms:
        points = index.rooms.get(room.pk) if index else None
        reason, numbers = index.room_reasons.get(room.pk, ("", {})) if index else ("", {})
        seen = found.get(room.pk)
        rows.append(
            RoomRow(
                room, points, reason_of(reason, numbers), missing_words(seen.missing) if seen else [],
                seen.observed_on if seen else None, seen.condition if seen else "", points is not None and points < low,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.points is None, row.points if row.points is not None else 0))


def day(value: dt.date | dt.datetime | None) -> str:
    return date_format(value, "DATE_FORMAT") if value else ""
