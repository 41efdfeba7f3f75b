"""One room with all that is known of it."""

from __future__ import annotations

from tirek.facilities.models import InventoryItem
from tirek.registry.models import Institution, Room


def room(room_id: int) -> Room | None:
    return Room.objects.select_related("building", "institution").filter(pk=room_id).first()


def rooms_of(institution: Institution, on) -> list[Room]:
    found = Room.objects.filter(institution=institution, valid__contains=on).select_related("building")
    return list(found.order_by("building__code", "floor", "number"))


def inventory_of(of: Room) -> list[InventoryItem]:
    found = InventoryItem.objects.filter(room=of).select_related("work").prefetch_related("write_offs")
    return list(found.order_by("since", "id"))


def inventory_item(item_id: int) -> InventoryItem | None:
    return InventoryItem.objects.filter(pk=item_id).select_related("room__institution").first()
