"""Rooms go on as rooms of another institution: a merger, a split. What stood before stays, ended on the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.scope import loading
from tirek.registry.models import Building, Institution, Room

KEPT_OF_BUILDING = ("name", "address", "built_year", "floors", "area_m2", "heating", "longitude", "latitude")
KEPT_OF_ROOM = ("number", "name", "purpose", "floor", "area_m2", "places", "condition", "condition_date")
CODE = 32


def hand_over(rooms: Iterable[Room], after: Institution, on: dt.date) -> list[tuple[Room, Room]]:
    """Open each room's like in the other institution, in a building of the same name; the old one ends on the day.

    Returns pairs of the old and the new room. The right is the caller's to check.
    """
    pairs: list[tuple[Room, Room]] = []
    buildings: dict[int, Building] = {}
    with loading():
        for room in rooms:
            if room.building_id not in buildings:
                buildings[room.building_id] = _building(room.building, after, on)
            building = buildings[room.building_id]
            new = Room(building=building, institution=after, org_no=after.org_no, valid=DateRange(on, None))
            for name in KEPT_OF_ROOM:
                setattr(new, name, getattr(room, name))
            if room.valid.upper is None:
                room.valid = DateRange(room.valid.lower, max(on, room.valid.lower + dt.timedelta(days=1)))
                room.save(update_fields=["valid"])
            new.save(force_insert=True)
            pairs.append((room, new))
    return pairs


def _building(old: Building, after: Institution, on: dt.date) -> Building:
    """The building as the other institution has it; one handed over before, or shared already, is the same."""
    same = Building.objects.filter(institution=after, name=old.name, address=old.address, valid__contains=on)
    for known in same.filter(code__in=[old.code, _code(old)]):
        if known.code == _code(old) or (old.address and known.address == old.address):
            return known
    new = Building(institution=after, org_no=after.org_no, code=_free_code(old, after), valid=DateRange(on, None))
    for name in KEPT_OF_BUILDING:
        setattr(new, name, getattr(old, name))
    new.save(force_insert=True)
    return new


def _code(old: Building) -> str:
    """Tells buildings of several institutions apart by where they came from."""
    return f"{old.code[: CODE - 1 - len(str(old.org_no))]}-{old.org_no}"


def _free_code(old: Building, after: Institution) -> str:
    taken = Building.objects.filter(institution=after, code=old.code).exists()
    return _code(old) if taken else old.code
