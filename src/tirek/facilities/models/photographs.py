"""Photographs of rooms. They may show people: rows are scoped, bytes are sealed and shown only through their row."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.facilities.models.walks import Finding, Walk
from tirek.facilities.models.works import Work
from tirek.registry.models import Room


class Stage(models.TextChoices):
    WALK = "walk", _("seen in a walk")
    BEFORE = "before", _("before the work")
    AFTER = "after", _("after the work")


@audited("room_photograph_event_rows", exclude=["longitude", "latitude"])
class Photograph(models.Model):
    """A picture as we drew it anew: at most 1600 pixels, nothing beside the picture, a place only if it was wanted."""

    uuid = models.UUIDField(unique=True)
    org_no = models.IntegerField()
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="photographs", null=True, blank=True)
    walk = models.ForeignKey(Walk, on_delete=models.PROTECT, related_name="photographs", null=True, blank=True)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="photographs", null=True, blank=True)
    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="photographs", null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    small_sha256 = models.CharField(max_length=64)
    sent_sha256 = models.CharField(max_length=64, help_text="Of the file as it was sent; that file is not kept.")
    width = models.IntegerField()
    height = models.IntegerField()
    size = models.IntegerField(help_text="Bytes.")
    taken_at = models.DateTimeField(_("taken at"))
    received_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    is_released = models.BooleanField(_("may be shown to the sponsor"), default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(_("taken back because"), max_length=300, blank=True)
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("photograph of a room")
        verbose_name_plural = _("photographs of rooms")
        indexes = [
            models.Index(fields=["room", "-taken_at"], name="room_photograph_room"),
            models.Index(fields=["walk"], name="room_photograph_walk", condition=models.Q(walk__isnull=False)),
            models.Index(fields=["work", "stage"], name="room_photograph_work", condition=models.Q(work__isnull=False)),
            models.Index(fields=["org_no"], name="room_photograph_org"),
        ]
        constraints = [
            models.CheckConstraint(
                name="room_photograph_of_something",
                condition=models.Q(stage="walk", walk__isnull=False)
                | (models.Q(stage__in=["before", "after"]) & models.Q(work__isnull=False)),
            ),
            models.CheckConstraint(
                name="room_photograph_place_whole",
                condition=models.Q(longitude__isnull=True, latitude__isnull=True)
                | models.Q(longitude__isnull=False, latitude__isnull=False),
            ),
            models.CheckConstraint(
                name="room_photograph_shown_after_work",
                condition=models.Q(is_released=False) | models.Q(work__isnull=False, withdrawn_at__isnull=True),
            ),
            RowScope(name="room_photograph_rows"),
        ]
