"""Runs of courses, who takes part, when they were there and what they scored."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.cpd.models.courses import Course, Place, TeachingLanguage
from tirek.registry.models import Person

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class CohortState(models.TextChoices):
    OPEN = "open", _("open")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


@audited("cpd_cohort_event_rows", org="org_lo", org_hi="org_hi")
class Cohort(models.Model):
    """A run of a course: public but for the people in it. ``trainer_id`` is the user who marks attendance."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="cohorts")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    apply_until = models.DateField(_("applications until"))
    places = models.IntegerField(_("places"))
    venue = models.CharField(_("venue"), max_length=200, blank=True)
    place = models.CharField(_("where"), max_length=8, choices=Place.choices, default=Place.ONSITE)
    language = models.CharField(_("language"), max_length=2, choices=TeachingLanguage.choices)
    trainer_id = models.BigIntegerField(_("trainer"), null=True, blank=True)
    trainer_name = models.CharField(_("trainer"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=CohortState.choices, default=CohortState.OPEN)
    cancelled_because = models.CharField(_("cancelled because"), max_length=300, blank=True)
    completion_number = models.CharField(_("decision on completion"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("cohort")
        verbose_name_plural = _("cohorts")
        indexes = [models.Index(fields=["state", "starts_on"], name="cpd_cohort_state")]
        constraints = [
            models.CheckConstraint(name="cpd_cohort_days", condition=models.Q(ends_on__gte=models.F("starts_on"))),
            models.CheckConstraint(name="cpd_cohort_places", condition=models.Q(places__gte=1, places__lte=5000)),
            RowScope(name="cpd_cohort_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("cpd_session_event_rows", org="org_lo", org_hi="org_hi")
class Session(models.Model):
    """One meeting of a cohort. It counts once attendance was marked."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="sessions")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    day = models.DateField(_("day"))
    starts_at = models.TimeField(_("begins at"))
    minutes = models.IntegerField(_("minutes"))
    theme = models.CharField(_("theme"), max_length=200, blank=True)
    marked_at = models.DateTimeField(null=True, blank=True)
    marked_by_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.UniqueConstraint(name="cpd_session_once", fields=["cohort", "day", "starts_at"]),
            models.CheckConstraint(name="cpd_session_minutes", condition=models.Q(minutes__gte=15, minutes__lte=720)),
            RowScope(name="cpd_session_rows", org="org_lo", org_hi="org_hi", public=True),
        ]


class Standing(models.TextChoices):
    APPLIED = "applied", _("waits for the head of the school")
    WAITING = "waiting", _("on the waiting list")
    ENROLLED = "enrolled", _("takes part")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")
    COMPLETED = "completed", _("completed")
    NOT_COMPLETED = "not_completed", _("not completed")


ACTIVE = (Standing.APPLIED, Standing.WAITING, Standing.ENROLLED)
COUNTS = (*ACTIVE, Standing.COMPLETED, Standing.NOT_COMPLETED)


@audited("cpd_participation_event_rows", own="person_id")
class Participation(models.Model):
    """A person in a cohort. ``org_no`` and the name are as they were when the person came."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="participations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    sort_key = models.CharField(max_length=200, db_collation="C")
    standing = models.CharField(_("state"), max_length=16, choices=Standing.choices)
    need_code = models.CharField(_("need"), max_length=40, blank=True)
    applied_at = models.DateTimeField()
    asked_by_id = models.BigIntegerField(null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    completed_on = models.DateField(_("completed on"), null=True, blank=True)
    hours = models.IntegerField(_("hours counted"), default=0)

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        indexes = [
            models.Index(fields=["cohort", "standing", "applied_at"], name="cpd_participation_cohort"),
            models.Index(fields=["org_no", "standing"], name="cpd_participation_org"),
            models.Index(fields=["need_code"], name="cpd_participation_need", condition=~models.Q(need_code="")),
        ]
        constraints = [
            models.UniqueConstraint(
                name="cpd_participation_once", fields=["cohort", "person"],
                condition=~models.Q(standing__in=["declined", "cancelled"]),
            ),
            models.CheckConstraint(
                name="cpd_participation_completed",
                condition=models.Q(standing="completed", completed_on__isnull=False) | ~models.Q(standing="completed"),
            ),
            RowScope(name="cpd_participation_rows", own="person_id"),
        ]  # fmt: skip


class Step(models.Model):
    """What happened to a participation, by whom and why. Append only."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    standing = models.CharField(max_length=16, choices=Standing.choices)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("step of a participation")
        verbose_name_plural = _("steps of participations")
        constraints = [RowScope(name="cpd_step_rows", own="person_id")]
        triggers = [APPEND_ONLY]


@audited("cpd_attendance_event_rows", own="person_id")
class Attendance(models.Model):
    """Whether somebody was at a session."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="attendance")
    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="attendance")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    was_there = models.BooleanField(_("was there"))

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        constraints = [
            models.UniqueConstraint(name="cpd_attendance_once", fields=["session", "participation"]),
            RowScope(name="cpd_attendance_rows", own="person_id"),
        ]


@audited("cpd_score_event_rows", own="person_id")
class Score(models.Model):
    """A result of the test before or after a course, in hundredths of points."""

    class When(models.TextChoices):
        BEFORE = "before", _("before the course")
        AFTER = "after", _("after the course")

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="scores")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    when = models.CharField(_("which test"), max_length=8, choices=When.choices)
    points = models.IntegerField(_("points, hundredths"))
    highest = models.IntegerField(_("highest score, hundredths"))

    class Meta:
        verbose_name = _("score")
        verbose_name_plural = _("scores")
        constraints = [
            models.UniqueConstraint(name="cpd_score_once", fields=["participation", "when"]),
            models.CheckConstraint(
                name="cpd_score_within",
                condition=models.Q(points__gte=0, points__lte=models.F("highest"), highest__gte=1),
            ),
            RowScope(name="cpd_score_rows", own="person_id"),
        ]
