"""What is known of rooms now, and what is missing in them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

from tirek.access.scope import loading
from tirek.decisions.rules import rules_in_force
from tirek.facilities.decided.condition import seen_of
from tirek.facilities.decided.sealing import latest_findings
from tirek.facilities.models import Finding, Walk
from tirek.facilities.queries.carried import rooms_before
from tirek.facilities.queries.indexes import Index, indexes_of
from tirek.registry.models import Room
from tirek_engines.facilities import ConditionRules, index_room, wanted_items


@dataclass(frozen=True)
class RoomFinding:
    """One room as it was last seen in a closed walk, brought up to the day by what was accepted since.

    ``missing``: item, wanted, found. ``index_points`` (0 to 1000) and ``run_number`` are those of the index in force: of the
    published decision, else of the newest draft that the asker sees.
    """

    org_no: int
    room_id: int
    room_number: str
    purpose: str
    condition: str
    missing: tuple[tuple[str, int, int], ...]
    index_points: int | None
    run_number: str
    observed_on: dt.date


def condition_rules(on: dt.date, org_lo: int, org_hi: int) -> ConditionRules:
    """The rules of the index in force on a day in a territory."""
    return ConditionRules.of(rules_in_force("facilities.condition", on, org_lo, org_hi).values())


def room_findings(
    org_nos: Iterable[int], on: dt.date, *, indexes: Mapping[int, Index] | None = None
) -> list[RoomFinding]:
    """The rooms of these institutions that were seen, as far as the asker may read them; by institution and number.

    With the indexes in force, where the caller has them already.
    """
    wanted = sorted(set(org_nos))
    if not wanted:
        return []
    lo, hi = wanted[0], wanted[-1]
    rooms = {
        room.pk: room
        for room in Room.objects.filter(org_no__in=wanted, valid__contains=on).only(
            "org_no", "number", "purpose", "places", "condition"
        )
    }
    indexes = indexes_of(wanted, on=on) if indexes is None else indexes
    rules: dict[int, ConditionRules] = {}
    found = []
    for row in latest_findings(lo, hi, on).iter_rows(named=True):
        room = rooms.get(row["room"])
        if room is None or row["is_absent"]:
            continue
        if room.org_no not in rules:
            rules[room.org_no] = condition_rules(on, room.org_no, room.org_no)
        seen = seen_of(row | {"purpose": room.purpose, "places": room.places}, on)
        index = indexes.get(room.org_no)
        found.append(
            RoomFinding(
                room.org_no, room.pk, room.number, room.purpose, row["condition"],
                index_room(seen, rules[room.org_no]).missing, index.rooms.get(room.pk) if index else None,
                index.number if index else "", row["observed_on"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.org_no, one.room_number, one.room_id))


def counts_of(row: Mapping) -> dict[str, int]:
    return json.loads(row["counts"]) if row.get("counts") else {}


def standard_of(room: Room, rules: ConditionRules) -> dict[str, int]:
    """Pieces of each item that this room should hold."""
    return wanted_items(rules.standards.get(room.purpose, ()), room.places, rules.places_assumed)


def current_of(walk: Walk) -> list[Finding]:
    """The findings of a walk that stand, room by room; two of one place: a conflict."""
    found = Finding.objects.filter(walk=walk, is_current=True).select_related("room__building")
    return list(found.order_by("place", "id"))


def history_of_room(room: Room) -> list[Finding]:
    """Every look at a room that stands, the newest first; also from when it belonged to another institution.

    Whoever may see the room may see its history: the caller has checked the first.
    """
    rooms = [room.pk, *(before.pk for before in rooms_before(room))]
    with loading() if len(rooms) > 1 else nullcontext():
        found = Finding.objects.filter(room_id__in=rooms, is_current=True).select_related("walk__institution")
        return list(found.order_by("-taken_at", "-id")[:50])
