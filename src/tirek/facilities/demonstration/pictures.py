"""Drawn pictures as rows of photographs."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import cache

from tirek.facilities.demonstration.drawn import room_picture
from tirek.facilities.models import Photograph
from tirek.registry.models import Room
from tirek.storage import sealed
from tirek.storage.pictures import Picture, redraw

SPACE = uuid.UUID("7e1d9c52-6a5e-5d0b-9a41-3f0a6f1c2b77")
WALKER = "Синтетикалық үйлестіруші"


@cache
def _redrawn(condition: str, variant: int, is_equipped: bool) -> Picture:
    return redraw(room_picture(condition, variant, is_equipped), "synthetic.jpg")


def picture_of(
    room: Room, condition: str, *, now: dt.datetime, stage: str, is_equipped: bool = False, **of
) -> Photograph:
    """A drawn picture as a row; the same drawing is stored once."""
    drawn = _redrawn(condition, room.pk % 3, is_equipped)
    work = of.get("work")
    about = f"{stage} {room.pk} {work.pk if work else ''} {now.isoformat()}"
    return Photograph(
        uuid=uuid.uuid5(SPACE, f"photograph {about}"), org_no=room.org_no, stage=stage, room=room,
        sha256=sealed.seal(drawn.data), small_sha256=sealed.seal(drawn.small), sent_sha256=drawn.sent_sha256,
        width=drawn.width, height=drawn.height, size=len(drawn.data), taken_at=now, received_at=now, by_name=WALKER,
        is_synthetic=True, **of,
    )  # fmt: skip
