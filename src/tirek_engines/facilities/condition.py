"""The index of a room and of a school: condition and equipment as whole points from 0 to 1000."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tirek_engines.errors import BrokenContract
from tirek_engines.facilities.equipment import Standard, missing_items, standards_of, wanted_items

FULL = 1000
CONDITIONS = ("good", "fair", "poor", "unusable")
UNUSABLE = "unusable"


@dataclass(frozen=True)
class ConditionRules:
    """The rules of the index in force on a day.

    Parameters
    ----------
    condition_points : mapping of str to int
        Points of each step of the scale of condition.
    weight_condition, weight_equipment : int
        What each counts in a room's index.
    places_assumed : int
        Places of a room for which the register knows none.
    valid_days : int
        How long what was seen counts.
    least_walked_percent : int
        Share of a school's rooms that must have been seen before the school gets an index.
    low_below : int
        A room with fewer points needs attention.
    standards : mapping of str to tuple of Standard
        By purpose.
    school_weights : mapping of str to int
        What a room of a purpose counts in its school's index; one that is not named counts 1.
    """

    condition_points: Mapping[str, int]
    weight_condition: int
    weight_equipment: int
    places_assumed: int
    valid_days: int
    least_walked_percent: int
    low_below: int
    standards: Mapping[str, tuple[Standard, ...]]
    school_weights: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> ConditionRules:
        """Read the rules by their short names."""

        def whole(name: str) -> int:
            found = values.get(name)
            if not isinstance(found, int) or isinstance(found, bool):
                raise BrokenContract(name, found, "a whole number among the rules")
            return found

        prefix = "school_weight_"
        weights = {
            name.removeprefix(prefix): value
            for name, value in values.items()
            if name.startswith(prefix) and isinstance(value, int)
        }
        return cls(
            {step: whole(f"points_{step}") for step in CONDITIONS}, whole("weight_condition"), whole("weight_equipment"),
            whole("places_assumed"), whole("valid_days"), whole("least_walked_percent"), whole("low_below"),
            standards_of(values), weights,
        )  # fmt: skip


@dataclass(frozen=True)
class RoomSeen:
    """What is known of a room on the day: from the register, and from the last time somebody looked.

    Parameters
    ----------
    room : str
        Its code.
    purpose : str
    places : int or None
        As the register has them.
    condition : str
        "good", "fair", "poor", "unusable"; "" where nobody has said.
    counts : mapping of str to int
        Pieces found of each item that was counted.
    days_ago : int or None
        How long ago it was seen; None: never.
    is_absent : bool
        Whoever looked found no such room.
    """

    room: str
    purpose: str
    places: int | None = None
    condition: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    days_ago: int | None = None
    is_absent: bool = False


@dataclass(frozen=True)
class RoomIndex:
    """Points of a room (None where nothing can be said), why, the numbers behind it, and what is missing."""

    room: str
    points: int | None
    reason: str
    numbers: Mapping[str, int]
    missing: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class SchoolIndex:
    """Points of a school, why, and the numbers behind it."""

    points: int | None
    reason: str
    numbers: Mapping[str, int]


def index_room(seen: RoomSeen, rules: ConditionRules) -> RoomIndex:
    """How is this room, from 0 to 1000?

    Condition and equipment are weighed: ``(w_c * condition + w_e * equipment) // (w_c + w_e)``. Equipment is the mean over
    the counted items of the standard of ``1000 * min(found, wanted) // wanted``, so that plenty of one item does not make
    up for the lack of another. An unusable room has 0 points, whatever stands in it.

    Parameters
    ----------
    seen : RoomSeen
        What is known of it.
    rules : ConditionRules
        In force on the day.

    Returns
    -------
    RoomIndex
        ``reason`` is ``not_walked``, ``too_old``, ``absent``, ``not_said`` (no points); ``unusable``, ``no_standard``,
        ``not_counted`` (condition alone), ``lacking`` or ``equipped``.
    """
    if seen.days_ago is None:
        return RoomIndex(seen.room, None, "not_walked", {})
    if seen.days_ago > rules.valid_days:
        return RoomIndex(seen.room, None, "too_old", {"days": seen.days_ago, "allowed": rules.valid_days})
    if seen.is_absent:
        return RoomIndex(seen.room, None, "absent", {})
    if seen.condition not in rules.condition_points:
        return RoomIndex(seen.room, None, "not_said", {})
    wanted = wanted_items(rules.standards.get(seen.purpose, ()), seen.places, rules.places_assumed)
    missing = tuple(missing_items(wanted, seen.counts))
    points = rules.condition_points[seen.condition]
    counted = [item for item in wanted if item in seen.counts]
    if seen.condition == UNUSABLE:
        return RoomIndex(seen.room, 0, "unusable", {}, missing)
    if not counted:
        return RoomIndex(seen.room, points, "not_counted" if wanted else "no_standard", {"condition": points})
    shares = [FULL * min(seen.counts[item], wanted[item]) // wanted[item] for item in counted]
    equipment = sum(shares) // len(shares)
    both = rules.weight_condition + rules.weight_equipment
    total = (rules.weight_condition * points + rules.weight_equipment * equipment) // both
    numbers = {
        "condition": points, "equipment": equipment, "items": len(wanted), "counted": len(counted),
        "lacking": len(missing), "pieces": sum(number - found for _item, number, found in missing),
    }  # fmt: skip
    return RoomIndex(seen.room, total, "lacking" if missing else "equipped", numbers, missing)


def index_school(purposes: Sequence[str], rooms: Sequence[RoomIndex], rules: ConditionRules) -> SchoolIndex:
    """How are the rooms of this school together, from 0 to 1000?

    The weighed mean of its rooms' points, rounded down. Rooms that do not exist are left out of everything. A school of
    which too few rooms were seen gets no points: the rest could be anything.

    Parameters
    ----------
    purposes : sequence of str
        The purpose of each room, in the order of `rooms`.
    rooms : sequence of RoomIndex
        As `index_room` gives them.
    rules : ConditionRules
        In force on the day.

    Returns
    -------
    SchoolIndex
        ``reason`` is ``no_rooms``, ``no_walk``, ``too_few_walked`` (no points) or ``indexed``.
    """
    if len(purposes) != len(rooms):
        raise BrokenContract("purposes", len(purposes), f"one for each of {len(rooms)} rooms")
    here = [(purpose, room) for purpose, room in zip(purposes, rooms, strict=True) if room.reason != "absent"]
    if not here:
        return SchoolIndex(None, "no_rooms", {"rooms": 0})
    known = [(purpose, room.points) for purpose, room in here if room.points is not None]
    numbers = {"rooms": len(here), "walked": len(known)}
    if not known:
        return SchoolIndex(None, "no_walk", numbers)
    if 100 * len(known) < rules.least_walked_percent * len(here):
        return SchoolIndex(None, "too_few_walked", numbers | {"percent": rules.least_walked_percent})
    weights = [rules.school_weights.get(purpose, 1) for purpose, _points in known]
    total = sum(weights)
    if total == 0:
        return SchoolIndex(None, "no_walk", numbers)
    points = sum(weight * found for weight, (_purpose, found) in zip(weights, known, strict=True)) // total
    low = sum(found < rules.low_below for _purpose, found in known)
    return SchoolIndex(points, "indexed", numbers | {"low": low})
