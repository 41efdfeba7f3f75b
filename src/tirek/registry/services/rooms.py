"""Buildings and rooms: recorded, changed, closed. What stood there before is kept by the audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import Building, Condition, Institution, Room, RoomPurpose
from tirek.registry.services.refusals import (
    NotFound,
    Overlap,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_open,
    check_right,
    ended,
    shown,
    starts,
)

BUILDING = ("code", "name", "address", "built_year", "floors", "area_m2", "heating")
ROOM = ("number", "name", "purpose", "floor", "area_m2", "places", "condition")


def add_building(
    *, institution_id: int, facts: Mapping[str, object], from_date: dt.date, by: Scope, now: dt.datetime
) -> Building:
    """Record a building of an institution."""
    check_date(from_date, now)
    with loading():
        institution = Institution.objects.select_for_update().filter(pk=institution_id).first()
        if institution is None:
            raise NotFound(_("There is no such institution."))
        check_right(by, "registry.change", institution.org_no)
        check_open(institution.open_period, from_date, institution.code)
        building = Building(institution=institution, org_no=institution.org_no, valid=starts(from_date))
        _fill_building(building, facts, now)
        building.save(force_insert=True)
        return building


def change_building(*, building_id: int, facts: Mapping[str, object], by: Scope, now: dt.datetime) -> Building:
    with loading():
        building = _held(Building, building_id, by)
        _fill_building(building, facts, now)
        building.save()
        return building


def close_building(*, building_id: int, on: dt.date, by: Scope, now: dt.datetime) -> int:
    """Give a building up, with every room still open in it. Gives the number of these rooms."""
    check_date(on, now)
    with loading():
        building = _held(Building, building_id, by)
        rooms = list(Room.objects.select_for_update().filter(building=building, valid__upper_inf=True))
        for thing in (*rooms, building):
            thing.valid = ended(thing.valid, on)
            thing.save(update_fields=["valid"])
        return len(rooms)


def add_room(*, building_id: int, facts: Mapping[str, object], from_date: dt.date, by: Scope, now: dt.datetime) -> Room:
    """Record a room of a building."""
    check_date(from_date, now)
    with loading():
        building = _held(Building, building_id, by)
        if from_date not in building.valid:
            raise WrongDate(_("The building is in use only since {day}.").format(day=shown(building.valid.lower)))
        room = Room(
            building=building, institution_id=building.institution_id, org_no=building.org_no, valid=starts(from_date)
        )
        _fill_room(room, facts, now)
        room.save(force_insert=True)
        return room


def change_room(*, room_id: int, facts: Mapping[str, object], by: Scope, now: dt.datetime) -> Room:
    with loading():
        room = _held(Room, room_id, by)
        _fill_room(room, facts, now)
        room.save()
        return room


def close_room(*, room_id: int, on: dt.date, by: Scope, now: dt.datetime) -> Room:
    """The room is no longer used from a day on."""
    check_date(on, now)
    with loading():
        room = _held(Room, room_id, by)
        room.valid = ended(room.valid, on)
        room.save(update_fields=["valid"])
        return room


def record_condition(*, room_id: int, condition: str, seen_on: dt.date) -> None:
    """What a survey of the rooms has seen; the right to survey is the caller's to check. A later look stands."""
    if condition not in Condition.values:
        raise RegistryRefusal(_("Say how the room is."), code="unknown_condition")
    with loading():
        room = Room.objects.select_for_update().filter(pk=room_id).first()
        if room is None:
            raise NotFound(_("There is no such building or room, or it is closed."))
        if room.condition_date is not None and room.condition_date > seen_on:
            return
        room.condition, room.condition_date = condition, seen_on
        room.save(update_fields=["condition", "condition_date"])


def _held(model, pk: int, by: Scope):
    """The open building or room, locked, after the right has been checked."""
    found = model.objects.select_for_update().filter(pk=pk, valid__upper_inf=True).first()
    if found is None:
        raise NotFound(_("There is no such building or room, or it is closed."))
    check_right(by, "registry.change", found.org_no)
    return found


def _fill_building(building: Building, facts: Mapping[str, object], now: dt.datetime) -> None:
    _fill(building, facts, BUILDING)
    if building.built_year and building.built_year > now.year:
        raise WrongDate(_("The building cannot have been built in the future."), code="bad_year")
    same = Building.objects.filter(institution_id=building.institution_id, code=building.code).exclude(pk=building.pk)
    if same.exists():
        raise Overlap(
            _("The institution has, or had, a building with the code {code}. Choose another code.").format(
                code=building.code
            ),
            code="building_exists",
        )


def _fill_room(room: Room, facts: Mapping[str, object], now: dt.datetime) -> None:
    seen_before = room.condition
    _fill(room, facts, ROOM)
    if room.purpose not in RoomPurpose.values:
        raise RegistryRefusal(_("Say what the room is for."), code="unknown_purpose")
    if room.condition and room.condition not in Condition.values:
        raise RegistryRefusal(_("Say how the room is."), code="unknown_condition")
    if room.condition != seen_before:
        room.condition_date = now.date() if room.condition else None
    same = Room.objects.filter(building_id=room.building_id, number=room.number, valid__overlap=room.valid)
    if same.exclude(pk=room.pk).exists():
        raise Overlap(
            _("The building has a room {number} already. Choose another number.").format(number=room.number),
            code="room_exists",
        )


def _fill(thing: Building | Room, facts: Mapping[str, object], allowed: tuple[str, ...]) -> None:
    unknown = set(facts) - set(allowed)
    if unknown:
        raise RegistryRefusal(
            _("These cannot be changed here: {names}.").format(names=", ".join(sorted(unknown))), code="unknown_field"
        )
    for column, value in facts.items():
        setattr(thing, column, value)
