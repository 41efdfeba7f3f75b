"""Certification to a category: windows, applications, blind judgements, appeals."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Category, Person

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
TARGETS = [choice for choice in Category.choices if choice[0] != Category.TEACHER]


@audited("cpd_window_event_rows", org="org_lo", org_hi="org_hi")
class Window(models.Model):
    """When applications for categories are taken in a territory, and which commission decides. Public."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    opens_on = models.DateField(_("applications from"))
    closes_on = models.DateField(_("applications until"))
    categories = ArrayField(models.CharField(max_length=16, choices=TARGETS), verbose_name=_("categories"))
    commission = models.CharField(_("commission"), max_length=300)
    seed = models.BigIntegerField(help_text="The lot by which experts are drawn; drawn once, before anybody applies.")
    decision_number = models.CharField(_("decision"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("window for applications")
        verbose_name_plural = _("windows for applications")
        constraints = [
            models.CheckConstraint(name="cpd_window_days", condition=models.Q(closes_on__gte=models.F("opens_on"))),
            RowScope(name="cpd_window_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


class ApplicationState(models.TextChoices):
    RECEIVED = "received", _("waits to be checked")
    INCOMPLETE = "incomplete", _("returned: something is missing")
    COMPLETE = "complete", _("complete, waits for experts")
    WITH_EXPERTS = "with_experts", _("with the experts")
    JUDGED = "judged", _("judged, waits for the commission")
    AWARDED = "awarded", _("category given")
    REFUSED = "refused", _("category not given")
    APPEALED = "appealed", _("appealed, with other experts")
    WITHDRAWN = "withdrawn", _("withdrawn by the applicant")


OPEN_STATES = ("received", "incomplete", "complete", "with_experts", "judged", "appealed")


@audited("cpd_application_event_rows", own="person_id")
class Application(models.Model):
    """A teacher's application for a category. Experts never see this row: they get a dossier without a name."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="applications")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    sort_key = models.CharField(max_length=200, db_collation="C")
    employment_id = models.BigIntegerField()
    current = models.CharField(_("category now"), max_length=16, choices=Category.choices)
    wanted = models.CharField(_("category applied for"), max_length=16, choices=TARGETS)
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    years = models.IntegerField(_("years of work"))
    hours = models.IntegerField(_("hours of courses"))
    statements = models.JSONField(_("what the applicant writes on each criterion"), default=dict)
    language = models.CharField(_("language"), max_length=2, default="kk")
    state = models.CharField(_("state"), max_length=16, choices=ApplicationState.choices)
    lacks = models.JSONField(default=list)
    sent_at = models.DateTimeField(_("sent"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    decision_number = models.CharField(_("decision"), max_length=20, blank=True)
    document_number = models.CharField(_("letter"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("application for a category")
        verbose_name_plural = _("applications for categories")
        indexes = [
            models.Index(fields=["window", "state", "sent_at"], name="cpd_application_queue"),
            models.Index(fields=["org_no", "state"], name="cpd_application_org"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="cpd_application_one_open", fields=["person"], condition=models.Q(state__in=OPEN_STATES)
            ),
            RowScope(name="cpd_application_rows", own="person_id"),
        ]

    def __str__(self) -> str:
        return self.code


class ApplicationStep(models.Model):
    """What happened to an application. Append only."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=ApplicationState.choices)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=2000, blank=True)

    class Meta:
        verbose_name = _("step of an application")
        verbose_name_plural = _("steps of applications")
        constraints = [RowScope(name="cpd_application_step_rows", own="person_id")]
        triggers = [APPEND_ONLY]


@audited("cpd_expert_event_rows", org="org_lo", org_hi="org_hi", user="user_id")
class Expert(models.Model):
    """Somebody who judges applications of a territory. ``school_no`` and ``district_no`` tell conflicts of interest."""

    user_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True, blank=True)
    full_name = models.CharField(max_length=200)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    school_no = models.IntegerField()
    district_no = models.IntegerField()
    category = models.CharField(_("category"), max_length=16, choices=Category.choices)
    is_active = models.BooleanField(_("judges now"), default=True)

    class Meta:
        verbose_name = _("expert")
        verbose_name_plural = _("experts")
        constraints = [
            models.UniqueConstraint(name="cpd_expert_once", fields=["user_id", "org_lo"]),
            RowScope(name="cpd_expert_rows", org="org_lo", org_hi="org_hi", user="user_id", user_reads=True),
        ]


class Review(models.Model):
    """One expert's judgement of one dossier. Who holds the window's whole territory sees it, and the expert alone.

    ``blind_code`` is all that the expert knows of the application; ``dossier`` has neither name nor school.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="reviews")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="reviews")
    user_id = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    blind_code = models.CharField(max_length=16, unique=True)
    is_appeal = models.BooleanField(default=False)
    dossier = models.JSONField()
    assigned_at = models.DateTimeField()
    points = models.JSONField(default=dict)
    reasons = models.JSONField(default=dict)
    total = models.IntegerField(null=True, blank=True)
    given_at = models.DateTimeField(null=True, blank=True)
    declined_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        indexes = [
            models.Index(fields=["user_id", "given_at"], name="cpd_review_user"),
            models.Index(fields=["application", "is_appeal"], name="cpd_review_application"),
        ]
        constraints = [
            models.UniqueConstraint(name="cpd_review_once", fields=["application", "expert"]),
            models.CheckConstraint(
                name="cpd_review_given_wholly",
                condition=models.Q(given_at=None, total=None) | models.Q(given_at__isnull=False, total__isnull=False),
            ),
            RowScope(name="cpd_review_rows", org="org_lo", org_hi="org_hi", user="user_id", user_reads=True),
        ]
        triggers = [
            pgtrigger.Protect(
                name="given_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__given_at__isnull=False)
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]


class Appeal(models.Model):
    """Why an applicant does not agree, and what came of it."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="appeals")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    text = models.TextField(_("why you do not agree"))
    against_number = models.CharField(max_length=20)
    sent_at = models.DateTimeField()
    decision_number = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.UniqueConstraint(name="cpd_appeal_once", fields=["application"]),
            RowScope(name="cpd_appeal_rows", own="person_id"),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]


class CategoryRecord(models.Model):
    """A category given to a person, from when until when, and by which decision. Append only but for its end."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    category = models.CharField(_("category"), max_length=16, choices=Category.choices)
    from_date = models.DateField(_("from"))
    until_date = models.DateField(_("until"), null=True, blank=True)
    decision_number = models.CharField(_("decision"), max_length=20)
    ended_by_number = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = _("category of a teacher")
        verbose_name_plural = _("categories of teachers")
        indexes = [models.Index(fields=["person", "-from_date"], name="cpd_category_person")]
        constraints = [RowScope(name="cpd_category_rows", own="person_id")]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]
