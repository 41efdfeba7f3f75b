"""Open lessons and visits between schools, who signs up, who came, what they say."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.cpd.models.courses import TeachingLanguage
from tirek.registry.models import Person


class VisitKind(models.TextChoices):
    OPEN_LESSON = "open_lesson", _("open lesson")
    VISIT = "visit", _("the school asks for a visit")


class VisitState(models.TextChoices):
    OPEN = "open", _("open")
    HELD = "held", _("held")
    CANCELLED = "cancelled", _("cancelled")


@audited("cpd_visit_event_rows")
class Visit(models.Model):
    """One morning at a school. Everybody reads it; the school itself changes it."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    org_no = models.IntegerField()
    kind = models.CharField(_("kind"), max_length=12, choices=VisitKind.choices)
    title = models.CharField(_("title"), max_length=200)
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=TeachingLanguage.choices)
    day = models.DateField(_("day"))
    starts_at = models.TimeField(_("begins at"))
    minutes = models.IntegerField(_("minutes"))
    places = models.IntegerField(_("places"))
    note = models.CharField(_("what guests should know"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=VisitState.choices, default=VisitState.OPEN)
    reason = models.CharField(_("why cancelled"), max_length=300, blank=True)
    by_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("open lesson or visit")
        verbose_name_plural = _("open lessons and visits")
        indexes = [models.Index(fields=["day", "org_no"], name="cpd_visit_calendar")]
        constraints = [
            models.CheckConstraint(
                name="cpd_visit_sizes",
                condition=models.Q(minutes__gte=15, minutes__lte=600, places__gte=1, places__lte=500),
            ),
            RowScope(name="cpd_visit_rows", public=True),
        ]

    def __str__(self) -> str:
        return self.code


class GuestStanding(models.TextChoices):
    PLACE = "place", _("has a place")
    WAITING = "waiting", _("on the waiting list")
    CANCELLED = "cancelled", _("does not come")
    CAME = "came", _("was there")
    ABSENT = "absent", _("was not there")


@audited("cpd_guest_event_rows", own="person_id")
class Guest(models.Model):
    """Somebody who signed up. Minutes count in the portfolio once the host has confirmed that the guest was there."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="guests")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    standing = models.CharField(_("standing"), max_length=12, choices=GuestStanding.choices)
    asked_at = models.DateTimeField()
    minutes = models.IntegerField(default=0)
    useful = models.SmallIntegerField(_("how useful, from 1 to 5"), null=True, blank=True)
    take_home = models.CharField(_("what I take to my own class"), max_length=1000, blank=True)
    said_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("guest of an open lesson")
        verbose_name_plural = _("guests of open lessons")
        constraints = [
            models.UniqueConstraint(name="cpd_guest_once", fields=["visit", "person"]),
            models.CheckConstraint(
                name="cpd_guest_useful",
                condition=models.Q(useful=None) | models.Q(useful__gte=1, useful__lte=5),
            ),
            RowScope(name="cpd_guest_rows", own="person_id"),
        ]
