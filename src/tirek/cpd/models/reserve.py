"""The leaders' reserve: competitions, candidates, marks by commissioners, appointment, mentoring."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Category, Person


class Stage(models.TextChoices):
    APPLICATION = "application", _("application")
    TEST = "test", _("test")
    DEFENCE = "defence", _("project defence")
    INTERVIEW = "interview", _("interview")


@audited("cpd_competition_event_rows", org="org_lo", org_hi="org_hi")
class Competition(models.Model):
    """A competition for places in the reserve of a territory. Public. Weights and minimum marks are rules."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200, blank=True)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    opens_on = models.DateField(_("applications from"))
    closes_on = models.DateField(_("applications until"))
    places = models.IntegerField(_("places in the reserve"))
    stages = ArrayField(models.CharField(max_length=12, choices=Stage.choices), verbose_name=_("stages"))
    decision_number = models.CharField(_("decision"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("competition for the reserve")
        verbose_name_plural = _("competitions for the reserve")
        constraints = [
            models.CheckConstraint(
                name="cpd_competition_days",
                condition=models.Q(closes_on__gte=models.F("opens_on"), places__gte=1, places__lte=10_000),
            ),
            RowScope(name="cpd_competition_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("cpd_commissioner_event_rows", org="org_lo", org_hi="org_hi", user="user_id")
class Commissioner(models.Model):
    """Somebody who gives marks in a competition. ``school_no`` tells a conflict of interest."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="commissioners")
    user_id = models.BigIntegerField()
    full_name = models.CharField(max_length=200)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    school_no = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("commissioner")
        verbose_name_plural = _("commissioners")
        constraints = [
            models.UniqueConstraint(name="cpd_commissioner_once", fields=["competition", "user_id"]),
            RowScope(
                name="cpd_commissioner_rows", org="org_lo", org_hi="org_hi", user="user_id", user_reads=True
            ),
        ]  # fmt: skip


class CandidateState(models.TextChoices):
    APPLIED = "applied", _("takes part in the competition")
    NOT_ELIGIBLE = "not_eligible", _("does not meet the requirements")
    WITHDRAWN = "withdrawn", _("withdrew")
    RESERVE = "reserve", _("in the reserve")
    NOT_ADMITTED = "not_admitted", _("not admitted to the reserve")
    APPOINTED = "appointed", _("appointed")
    ENDED = "ended", _("the term in the reserve is over")


@audited("cpd_candidate_event_rows", own="person_id")
class Candidate(models.Model):
    """A person in one competition, and afterwards in the reserve."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="candidates")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    position = models.CharField(_("position"), max_length=64)
    category = models.CharField(_("category"), max_length=16, choices=Category.choices)
    years = models.IntegerField(_("years of work"))
    statement = models.TextField(_("what I would change in a school, and how"), max_length=4000)
    state = models.CharField(_("state"), max_length=14, choices=CandidateState.choices)
    lacks = models.JSONField(default=list)
    applied_at = models.DateTimeField(_("applied"))
    decision_number = models.CharField(_("decision"), max_length=20, blank=True)
    reserve_from = models.DateField(_("in the reserve from"), null=True, blank=True)
    reserve_until = models.DateField(_("in the reserve until"), null=True, blank=True)

    class Meta:
        verbose_name = _("candidate for the reserve")
        verbose_name_plural = _("candidates for the reserve")
        indexes = [models.Index(fields=["competition", "state"], name="cpd_candidate_state")]
        constraints = [
            models.UniqueConstraint(
                name="cpd_candidate_once", fields=["competition", "person"],
                condition=~models.Q(state="withdrawn"),
            ),
            RowScope(name="cpd_candidate_rows", own="person_id"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class CandidateStep(models.Model):
    """What happened to a candidate. Append only."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(max_length=14, choices=CandidateState.choices)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("step of a candidate")
        verbose_name_plural = _("steps of candidates")
        constraints = [RowScope(name="cpd_candidate_step_rows", own="person_id")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]  # fmt: skip


@audited("cpd_mark_event_rows", org="org_lo", org_hi="org_hi", user="user_id")
class Mark(models.Model):
    """One commissioner's mark for one candidate in one stage, from 0 to 100. Others do not see it before their own."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="marks")
    commissioner = models.ForeignKey(Commissioner, on_delete=models.PROTECT, related_name="marks")
    user_id = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices)
    points = models.SmallIntegerField(_("mark"))
    reason = models.CharField(_("why this mark"), max_length=1000)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("mark of a candidate")
        verbose_name_plural = _("marks of candidates")
        constraints = [
            models.UniqueConstraint(name="cpd_mark_once", fields=["candidate", "stage", "commissioner"]),
            models.CheckConstraint(name="cpd_mark_points", condition=models.Q(points__gte=0, points__lte=100)),
            RowScope(name="cpd_mark_rows", org="org_lo", org_hi="org_hi", user="user_id", user_reads=True),
        ]


class Appointment(models.Model):
    """A candidate of the reserve is appointed to lead an institution; the employment itself is the register's."""

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="appointment")
    person_id = models.BigIntegerField()
    org_no = models.IntegerField()
    institution_id = models.BigIntegerField()
    position = models.CharField(_("position"), max_length=64)
    from_date = models.DateField(_("from"))
    act = models.CharField(_("order"), max_length=200)
    employment_id = models.BigIntegerField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [RowScope(name="cpd_appointment_rows", own="person_id")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]  # fmt: skip


@audited("cpd_mentoring_event_rows", own="person_id")
class Mentoring(models.Model):
    """Somebody experienced accompanies a candidate: a plan, meetings, a closing note."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="mentorings")
    person_id = models.BigIntegerField()
    org_no = models.IntegerField()
    mentor_user_id = models.BigIntegerField()
    mentor_name = models.CharField(max_length=200)
    plan = models.TextField(_("plan"), max_length=4000)
    starts_on = models.DateField(_("from"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    closing_note = models.TextField(_("what came of it"), max_length=4000, blank=True)

    class Meta:
        verbose_name = _("mentoring")
        verbose_name_plural = _("mentorings")
        constraints = [
            models.UniqueConstraint(
                name="cpd_mentoring_one_open", fields=["candidate"], condition=models.Q(closed_on=None)
            ),
            RowScope(name="cpd_mentoring_rows", own="person_id", user="mentor_user_id", user_reads=True),
        ]


class Meeting(models.Model):
    """A meeting of mentor and candidate. Append only."""

    mentoring = models.ForeignKey(Mentoring, on_delete=models.PROTECT, related_name="meetings")
    person_id = models.BigIntegerField()
    org_no = models.IntegerField()
    mentor_user_id = models.BigIntegerField()
    day = models.DateField(_("day"))
    note = models.CharField(_("what was spoken about"), max_length=2000)

    class Meta:
        verbose_name = _("meeting of mentor and candidate")
        verbose_name_plural = _("meetings of mentor and candidate")
        constraints = [
            RowScope(name="cpd_meeting_rows", own="person_id", user="mentor_user_id", user_reads=True)
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]  # fmt: skip
