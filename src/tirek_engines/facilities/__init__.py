"""Rooms: their standard of equipment, and the index of their condition."""

from tirek_engines.facilities.condition import (
    ConditionRules,
    RoomIndex,
    RoomSeen,
    SchoolIndex,
    index_room,
    index_school,
)
from tirek_engines.facilities.equipment import Standard, missing_items, standards_of, wanted_items

__all__ = [
    "ConditionRules", "RoomIndex", "RoomSeen", "SchoolIndex", "Standard", "index_room", "index_school", "missing_items",
    "standards_of", "wanted_items",
]  # fmt: skip
