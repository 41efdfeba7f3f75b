"""Steps of a work, as tests take them."""

from __future__ import annotations

import pytest
from rooms_world import NOW, jpeg, photograph

from tirek.facilities.models import Work
from tirek.facilities.services import acceptance, photographs, works
from tirek_engines.errors import Refusal

TODAY = NOW.date()
SHELVES = [{"item_code": "shelf", "count": 5, "serials": ["A1", "A2"]}]


def planned(world, room=None, **more) -> Work:
    given = {"room_id": (room or world.library).pk, "title": "Equip the library", "items": SHELVES} | more
    with world.as_officer():
        return works.open_work(by=world.officer, now=NOW, **given)


def moved(world, work, *states) -> Work:
    for state in states:
        with world.as_officer():
            work = works.advance(work_id=work.pk, to=state, day=TODAY, by=world.officer, now=NOW)
    return work


def shown(world, work, *stages):
    for stage in stages:
        with world.as_walker():
            photographs.keep_of_work(
                work_id=work.pk, stage=stage, sent=photograph(jpeg()), by=world.coordinator, now=NOW
            )


def ready(world, **more) -> Work:
    work = moved(world, planned(world, **more), "procurement", "delivery", "installation", "acceptance")
    shown(world, work, "before", "after")
    return work


def accept(world, work, user, **more):
    scope = world.as_walker(user) if user in (world.coordinator, world.head) else world.as_officer()
    with scope:
        return acceptance.accept(work_id=work.pk, by=user, now=NOW, **more)


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)
