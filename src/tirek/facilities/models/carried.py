"""Rooms that went on in another institution when theirs was merged or split."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.registry.models import Room


class CarriedRoom(models.Model):
    """The same room before and after: its history, its inventory and its open works go on. Append only."""

    before = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="carried_to")
    after = models.OneToOneField(Room, on_delete=models.PROTECT, related_name="carried_from")
    org_no = models.IntegerField(db_index=True)
    from_org_no = models.IntegerField(db_index=True)
    day = models.DateField(_("day"))
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("room handed over")
        verbose_name_plural = _("rooms handed over")
        constraints = [RowScope(name="carried_room_rows", public=True)]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
