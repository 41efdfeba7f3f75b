"""What stands in a room by an accepted work, until it is written off."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.facilities.models.works import Work
from tirek.registry.models import Room


@audited("inventory_event_rows")
class InventoryItem(models.Model):
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="inventory")
    org_no = models.IntegerField(db_index=True)
    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="inventory", null=True, blank=True)
    item_code = models.CharField(_("item of equipment"), max_length=40, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    count = models.IntegerField(_("number"))
    written_off = models.IntegerField(_("written off"), default=0)
    serials = ArrayField(models.CharField(max_length=80), default=list, blank=True, verbose_name=_("serial numbers"))
    since = models.DateField(_("since"))

    class Meta:
        verbose_name = _("item of a room's inventory")
        verbose_name_plural = _("inventory of rooms")
        indexes = [models.Index(fields=["room"], name="inventory_room")]
        constraints = [
            models.CheckConstraint(
                name="inventory_counts",
                condition=models.Q(count__gt=0, written_off__gte=0, written_off__lte=models.F("count")),
            ),
            RowScope(name="inventory_rows"),
        ]

    @property
    def left(self) -> int:
        return self.count - self.written_off


class WriteOff(models.Model):
    """Some or all pieces of an item leave the room, with the reason. Append only."""

    item = models.ForeignKey(InventoryItem, on_delete=models.PROTECT, related_name="write_offs")
    org_no = models.IntegerField(db_index=True)
    count = models.IntegerField(_("number"))
    day = models.DateField(_("day"))
    reason = models.CharField(_("reason"), max_length=500)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        constraints = [
            models.CheckConstraint(name="write_off_whole", condition=models.Q(count__gt=0) & ~models.Q(reason="")),
            RowScope(name="write_off_rows"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
