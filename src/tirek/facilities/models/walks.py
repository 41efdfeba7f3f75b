"""A walk through an institution's rooms, and what was found in each."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Condition, Institution, Room


@audited("walk_event_rows")
class Walk(models.Model):
    """From the first finding until somebody closes it. An institution has at most one open walk."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="walks")
    org_no = models.IntegerField()
    opened_at = models.DateTimeField(_("begun at"))
    opened_by_id = models.BigIntegerField(null=True)
    opened_by_name = models.CharField(_("begun by"), max_length=200, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by_id = models.BigIntegerField(null=True, blank=True)
    closed_by_name = models.CharField(_("closed by"), max_length=200, blank=True)
    day = models.DateField(
        _("day"), null=True, blank=True, help_text="The day that its findings hold for, once closed."
    )
    note = models.TextField(_("note"), blank=True)
    decision_number = models.CharField(_("decision"), max_length=16, blank=True)
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("walk through the rooms")
        verbose_name_plural = _("walks through the rooms")
        indexes = [models.Index(fields=["org_no", "-day"], name="walk_org_day")]
        constraints = [
            models.UniqueConstraint(
                name="walk_one_open", fields=["institution"], condition=models.Q(closed_at__isnull=True)
            ),
            models.CheckConstraint(
                name="walk_closed_has_day",
                condition=models.Q(closed_at__isnull=True) | models.Q(day__isnull=False),
            ),
            RowScope(name="walk_rows"),
        ]


class Finding(models.Model):
    """One look at one room, as it was sent. Never edited: a later look takes its place, and two looks that did not know of
    each other stand side by side until a person decides.

    ``place`` is "r" and the room's id, or "n" and the UUID that the phone gave a room that the register does not have.
    ``base`` is the finding that the phone knew when this one was made.
    """

    uuid = models.UUIDField(unique=True)
    walk = models.ForeignKey(Walk, on_delete=models.PROTECT, related_name="findings")
    org_no = models.IntegerField()
    place = models.CharField(max_length=40)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="findings", null=True, blank=True)
    reported = models.JSONField(default=dict, blank=True, help_text="Of a room that the register does not have.")
    base = models.UUIDField(null=True, blank=True)
    device = models.CharField(max_length=40, blank=True)
    taken_at = models.DateTimeField(_("seen at"))
    received_at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    condition = models.CharField(_("condition"), max_length=16, choices=Condition.choices, blank=True)
    is_absent = models.BooleanField(_("there is no such room"), default=False)
    counts = models.JSONField(_("counted"), default=dict, blank=True)
    note = models.TextField(_("note"), blank=True)
    is_current = models.BooleanField(default=True)
    resolves = models.BooleanField(default=False, help_text="Chosen by a person between two that did not agree.")
    sha256 = models.CharField(
        max_length=64, help_text="Of what was sent, so that the same UUID with other contents is noticed."
    )

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        indexes = [
            models.Index(fields=["walk", "place"], name="finding_walk_place"),
            models.Index(fields=["room", "-taken_at"], name="finding_room", condition=models.Q(is_current=True)),
            models.Index(fields=["org_no"], name="finding_org"),
        ]
        constraints = [
            models.CheckConstraint(
                name="finding_says_something",
                condition=models.Q(is_absent=True) | ~models.Q(condition=""),
            ),
            RowScope(name="finding_rows"),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="said_once", exclude=["is_current"]),
        ]


class ProposalKind(models.TextChoices):
    NEW = "new", _("a room that the register does not have")
    ABSENT = "absent", _("a room of the register that does not exist")


class ProposalState(models.TextChoices):
    OPEN = "open", _("to be decided")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")


@audited("room_proposal_event_rows")
class Proposal(models.Model):
    """What a walk found to differ from the register. Whoever keeps the register decides; nothing changes before."""

    finding = models.OneToOneField(Finding, on_delete=models.PROTECT, related_name="proposal")
    walk = models.ForeignKey(Walk, on_delete=models.PROTECT, related_name="proposals")
    org_no = models.IntegerField(db_index=True)
    kind = models.CharField(max_length=8, choices=ProposalKind.choices)
    state = models.CharField(max_length=12, choices=ProposalState.choices, default=ProposalState.OPEN)
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_id = models.BigIntegerField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("proposal to the register")
        verbose_name_plural = _("proposals to the register")
        constraints = [
            models.CheckConstraint(
                name="room_proposal_decided",
                condition=models.Q(state="open", decided_at__isnull=True)
                | (~models.Q(state="open") & models.Q(decided_at__isnull=False)),
            ),
            RowScope(name="room_proposal_rows"),
        ]
