"""Walks, as tests make them."""

from __future__ import annotations

import pytest
from access_world import SCHOOL
from rooms_world import FULL_LIBRARY, NOW, sent

from tirek.facilities.services import findings
from tirek.facilities.services.walks import close_walk
from tirek_engines.errors import Refusal

TODAY = NOW.date()


def take(world, room, by=None, **more):
    with world.as_walker(by):
        return findings.take_finding(org_no=SCHOOL, sent=sent(room, **more), by=by or world.coordinator, now=NOW)


def whole_walk(world):
    take(world, world.library, counts=FULL_LIBRARY)
    take(world, world.laboratory, condition="poor", counts={"lab_table": 4})
    found = take(world, world.workshop, condition="unusable", note="The roof leaks.").finding
    with world.as_walker():
        return close_walk(walk_id=found.walk_id, by=world.coordinator, now=NOW)


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)
