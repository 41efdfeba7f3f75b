"""Write pieces off a room's inventory."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.models import InventoryItem, WriteOff
from tirek.facilities.refusals import Incomplete, NotFound, WrongState, must


@transaction.atomic
def write_off(*, item_id: int, count: int, day: dt.date, reason: str, by: User, now: dt.datetime) -> WriteOff:
    """Some or all pieces of an item leave the room."""
    with loading():
        item = InventoryItem.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise NotFound(_("There is no such item in the inventory."))
    must("works.accept", item.org_no)
    if not reason.strip():
        raise Incomplete(_("Say why it is written off."), code="reason_missing")
    if not 0 < count <= item.left:
        raise WrongState(
            _("Only %(left)s pieces are left. Write off at most so many.") % {"left": item.left}, code="too_many"
        )
    if not item.since <= day <= timezone.localdate(now):
        raise WrongState(_("The day lies in the future, or before the item came. Check the date."), code="wrong_day")
    with loading():
        item.written_off += count
        item.save(update_fields=["written_off"])
        return WriteOff.objects.create(
            item=item, org_no=item.org_no, count=count, day=day, reason=reason.strip()[:500], at=now, by_id=by.pk,
            by_name=str(by),
        )  # fmt: skip
