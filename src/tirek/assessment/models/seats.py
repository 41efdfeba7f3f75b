"""A pupil's seat in a sitting: the booklet, the code, the time; and what is answered on a computer."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.sittings import Sitting
from tirek.assessment.models.tests import Booklet, Item
from tirek.registry.models import Person


class SeatState(models.TextChoices):
    WAITING = "waiting", _("not begun")
    WORKING = "working", _("at work")
    DONE = "done", _("handed in")
    ABSENT = "absent", _("absent")


class DoneBy(models.TextChoices):
    PUPIL = "pupil", _("handed in by the pupil")
    TIME = "time", _("the time was over")
    SUPERVISOR = "supervisor", _("the sitting was closed")


@audited("seat_event_rows", own="person_id")
class Seat(models.Model):
    """Who sits where with which booklet. The code is kept as a keyed hash: it opens this seat and nothing else."""

    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="seats")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    booklet = models.ForeignKey(Booklet, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    number = models.IntegerField(_("number on the paper"))
    code_hash = models.BinaryField(max_length=32, unique=True)
    state = models.CharField(_("state"), max_length=16, choices=SeatState.choices, default=SeatState.WAITING)
    began_at = models.DateTimeField(_("began at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("time is up at"), null=True, blank=True)
    extra_minutes = models.IntegerField(_("minutes added"), default=0)
    done_at = models.DateTimeField(_("handed in at"), null=True, blank=True)
    done_by = models.CharField(_("how it ended"), max_length=16, choices=DoneBy.choices, blank=True)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        indexes = [models.Index(fields=["org_no", "sitting"], name="seat_org")]
        constraints = [
            models.UniqueConstraint(name="seat_person", fields=["sitting", "person"]),
            models.UniqueConstraint(name="seat_number", fields=["sitting", "number"]),
            RowScope(name="seat_rows", own="person_id"),
        ]


class SeatAnswer(models.Model):
    """The latest answer to one item; a lower sequence that arrives late changes nothing. Sent twice, kept once."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="answers")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    value = models.CharField(_("answer"), max_length=2000, blank=True)
    sequence = models.IntegerField(default=0)
    answered_at = models.DateTimeField(_("answered at"))
    received_at = models.DateTimeField(_("received at"))
    score = models.IntegerField(_("score"), null=True, blank=True)
    scored_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("answer on a computer")
        verbose_name_plural = _("answers on a computer")
        constraints = [
            models.UniqueConstraint(name="seat_answer_once", fields=["seat", "item"]),
            RowScope(name="seat_answer_rows", own="person_id"),
        ]


class SeatDevice(models.Model):
    """The device at which a seat is being worked on, and when it was last heard from. Changes every few seconds, so
    that it is kept beside the seat and not in its history."""

    seat = models.OneToOneField(Seat, on_delete=models.PROTECT, related_name="device", primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    token_hash = models.BinaryField(max_length=32, null=True, blank=True)
    another_may = models.BooleanField(_("another device may go on"), default=False)
    n_answered = models.IntegerField(_("answered"), default=0)
    seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("device of a seat")
        verbose_name_plural = _("devices of seats")
        constraints = [RowScope(name="seat_device_rows", own="person_id")]


@audited("sitting_note_event_rows")
class SittingNote(models.Model):
    """What happened in the room, as the supervisor wrote it down. Notes are added, never changed."""

    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="notes")
    org_no = models.IntegerField()
    text = models.CharField(_("what happened"), max_length=1000)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("note on a sitting")
        verbose_name_plural = _("notes on sittings")
        constraints = [RowScope(name="sitting_note_rows")]
