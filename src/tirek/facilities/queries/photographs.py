"""Photographs that the asker may see, and those that a sponsor may be shown."""

from __future__ import annotations

import uuid as uuids
from collections import defaultdict
from collections.abc import Iterable

from tirek.access.scope import loading
from tirek.facilities.models import Photograph, Stage, WorkState
from tirek.storage import sealed


def photograph(uuid: uuids.UUID) -> Photograph | None:
    return Photograph.objects.filter(uuid=uuid, withdrawn_at=None).select_related("work", "walk").first()


def of_room(room_id: int) -> list[Photograph]:
    """The newest first; those of works come with their stage."""
    found = Photograph.objects.filter(room_id=room_id, withdrawn_at=None).select_related("work", "walk")
    return list(found.order_by("-taken_at", "-id")[:120])


def of_works(work_ids: Iterable[int]) -> dict[int, dict[str, list[Photograph]]]:
    """By work and stage."""
    found = Photograph.objects.filter(work_id__in=list(work_ids), withdrawn_at=None).order_by("taken_at", "id")
    by_work: dict[int, dict[str, list[Photograph]]] = defaultdict(lambda: {Stage.BEFORE: [], Stage.AFTER: []})
    for one in found:
        by_work[one.work_id or 0][one.stage].append(one)
    return by_work


def released_of(earmark_codes: Iterable[str]) -> list[Photograph]:
    """Photographs of accepted works of these earmarks that an accepting person has released for showing.

    For the sponsor's page, whose reader has no scope of institutions: the caller has checked that the earmarks are the
    sponsor's own.
    """
    with loading():
        found = Photograph.objects.filter(
            work__earmark_code__in=[code for code in earmark_codes if code], work__state=WorkState.ACCEPTED,
            is_released=True, withdrawn_at=None,
        )  # fmt: skip
        return list(found.select_related("work__room").order_by("work_id", "stage", "taken_at", "id"))


def released_picture(uuid: uuids.UUID, earmark_codes: Iterable[str], *, small: bool = False) -> bytes | None:
    """The JPEG of one of these, or None when it is not released to these earmarks."""
    found = next((one for one in released_of(earmark_codes) if one.uuid == uuid), None)
    if found is None:
        return None
    return sealed.read(found.small_sha256 if small else found.sha256)
