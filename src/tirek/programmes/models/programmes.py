"""Programmes: what they are, their stages, the schools in them, and how each school got where it stands."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Territory

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


@audited("programme_template_event_rows", org="org_lo", org_hi="org_hi")
class ProgrammeTemplate(models.Model):
    """An office's own copy of a template. ``body`` has the form of the shipped YAML files; a change is a new version."""

    code = models.SlugField(_("code"), max_length=60)
    version = models.IntegerField(_("version"), default=1)
    copied_from = models.CharField(_("copied from"), max_length=80, blank=True)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    body = models.JSONField(default=dict)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("saved at"))

    class Meta:
        verbose_name = _("template of programmes")
        verbose_name_plural = _("templates of programmes")
        constraints = [
            models.UniqueConstraint(name="programme_template_version", fields=["org_lo", "org_hi", "code", "version"]),
            RowScope(name="programme_template_rows", org="org_lo", org_hi="org_hi"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class ProgrammeState(models.TextChoices):
    PREPARED = "prepared", _("being prepared")
    RUNNING = "running", _("under way")
    SUPPORT = "support", _("post-project support")
    CLOSED = "closed", _("closed")


@audited("programme_event_rows", org="org_lo", org_hi="org_hi")
class Programme(models.Model):
    """A programme of a territory for a period. What it is, is public; what its schools do, is theirs and the office's.

    ``is_sister`` marks a programme that another office runs elsewhere: only its reported figures are known here.
    """

    slug = models.SlugField(_("short name in addresses"), max_length=60, unique=True)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    template = models.CharField(_("template"), max_length=80, help_text=_("Code and version."))
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    office = models.CharField(_("office"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=ProgrammeState.choices, default=ProgrammeState.PREPARED)
    places = models.IntegerField(_("schools wanted"), null=True, blank=True)
    indicators = models.JSONField(default=list, help_text="Codes of tirek.indicators.")
    roles = models.JSONField(default=list)
    documents = models.JSONField(default=list)
    is_sister = models.BooleanField(_("run elsewhere"), default=False)
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        constraints = [
            models.CheckConstraint(name="programme_period", condition=models.Q(ends_on__gt=models.F("starts_on"))),
            models.CheckConstraint(name="programme_range", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            RowScope(name="programme_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.slug


@audited("programme_stage_event_rows", org="org_lo", org_hi="org_hi")
class Stage(models.Model):
    """A stage of one programme, taken from its template; ``days`` is the time planned for it.

    ``requirements`` are what must be there to pass: ``{code, probe, parameters, name_kk, name_ru, name_en}``; without a
    probe a person confirms it with evidence.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="stages")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    position = models.IntegerField(_("position"))
    code = models.SlugField(_("code"), max_length=40)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    days = models.IntegerField(_("days planned"))
    is_after_project = models.BooleanField(_("after the project"), default=False)
    requirements = models.JSONField(default=list)

    class Meta:
        verbose_name = _("stage of a programme")
        verbose_name_plural = _("stages of programmes")
        constraints = [
            models.UniqueConstraint(name="stage_code", fields=["programme", "code"]),
            models.UniqueConstraint(
                name="stage_position", fields=["programme", "position"], deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(name="stage_days", condition=models.Q(days__gt=0)),
            RowScope(name="stage_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("programme_application_event_rows")
class Application(models.Model):
    """A school's application to take part, rated by the office's panel under its published questions."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="applications")
    org_no = models.IntegerField()
    received_on = models.DateField(_("received on"))
    points = models.IntegerField(_("points of the panel"))
    note = models.CharField(_("what the panel found"), max_length=500, blank=True)
    withdrawn_on = models.DateField(_("withdrawn on"), null=True, blank=True)

    class Meta:
        verbose_name = _("application of a school")
        verbose_name_plural = _("applications of schools")
        constraints = [
            models.UniqueConstraint(
                name="application_open", fields=["programme", "org_no"], condition=models.Q(withdrawn_on=None)
            ),
            models.CheckConstraint(
                name="application_points", condition=models.Q(points__gte=0) & models.Q(points__lte=100)
            ),
            RowScope(name="programme_application_rows"),
        ]


class SelectionState(models.TextChoices):
    DRAFT = "draft", _("draft")
    APPLIED = "applied", _("published: the schools are in")
    DISCARDED = "discarded", _("discarded")


class Selection(models.Model):
    """One round of choosing schools: the first one, or an extension to further districts."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="selections")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    decision_number = models.CharField(_("decision"), max_length=16, unique=True)
    state = models.CharField(_("state"), max_length=12, choices=SelectionState.choices, default=SelectionState.DRAFT)
    is_extension = models.BooleanField(_("extension"), default=False)
    places = models.IntegerField(_("places"))
    districts = models.JSONField(default=list, help_text="KATO codes of the districts that may take part; empty: all.")
    day = models.DateField(_("register as of"))
    joins_on = models.DateField(_("schools join on"))
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("made at"))
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)

    class Meta:
        verbose_name = _("choice of schools")
        verbose_name_plural = _("choices of schools")
        constraints = [RowScope(name="selection_rows", org="org_lo", org_hi="org_hi", public=True)]


class LeftBecause(models.TextChoices):
    OWN_WISH = "own_wish", _("at its own wish")
    MERGED = "merged", _("merged into another institution")
    CLOSED = "closed", _("the institution was closed")
    EXCLUDED = "excluded", _("excluded by the office")
    ENDED = "ended", _("the programme has ended")


@audited("participation_event_rows")
class Participation(models.Model):
    """A school's time in a programme. Which schools take part is public."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="participations")
    org_no = models.IntegerField()
    valid = DateRangeField(_("takes part"))
    decision_number = models.CharField(_("chosen by decision"), max_length=16, blank=True)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    stage_since = models.DateField(_("in this stage since"))
    left_because = models.CharField(_("left"), max_length=16, choices=LeftBecause.choices, blank=True)
    left_note = models.CharField(_("how it left"), max_length=500, blank=True)
    continues = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="continued_by")

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        indexes = [models.Index(fields=["org_no", "programme"], name="participation_org")]
        constraints = [
            models.UniqueConstraint(
                name="participation_open",
                fields=["programme", "org_no"],
                condition=models.Q(valid__upper_inf=True),
            ),
            models.CheckConstraint(
                name="participation_left_has_reason",
                condition=models.Q(valid__upper_inf=True, left_because="")
                | (models.Q(valid__upper_inf=False) & ~models.Q(left_because="")),
            ),
            RowScope(name="participation_rows", public=True),
        ]


class StageMove(models.TextChoices):
    JOINED = "joined", _("joined")
    PASSED = "passed", _("passed")
    REOPENED = "reopened", _("opened again")
    LEFT = "left", _("left")


class StageStep(models.Model):
    """One step of a school through the stages, with the facts that it rested on. Append only."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="steps")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", null=True)
    org_no = models.IntegerField()
    kind = models.CharField(max_length=12, choices=StageMove.choices)
    facts = models.JSONField(default=list, help_text="What each requirement showed on that day.")
    note = models.CharField(max_length=500, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step through the stages")
        verbose_name_plural = _("steps through the stages")
        indexes = [models.Index(fields=["participation", "id"], name="stage_step_order")]
        constraints = [RowScope(name="stage_step_rows")]
        triggers = [APPEND_ONLY]


class Confirmation(models.Model):
    """A person says, with evidence, that a requirement is met; withdrawing is another row. Append only."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="confirmations")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    requirement = models.CharField(max_length=40)
    is_withdrawal = models.BooleanField(default=False)
    note = models.CharField(_("what shows it"), max_length=500, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.IntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        indexes = [models.Index(fields=["participation", "stage", "id"], name="confirmation_latest")]
        constraints = [RowScope(name="confirmation_rows")]
        triggers = [APPEND_ONLY]


class ReportedFigure(models.Model):
    """A figure that the office of a sister programme has reported. Append only; the latest day counts."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="reported")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    indicator = models.CharField(_("figure"), max_length=80)
    day = models.DateField(_("as of"))
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    source = models.CharField(_("source"), max_length=300)
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reported figure")
        verbose_name_plural = _("reported figures")
        indexes = [models.Index(fields=["programme", "indicator", "-day"], name="reported_figure_latest")]
        constraints = [RowScope(name="reported_figure_rows", org="org_lo", org_hi="org_hi", public=True)]
        triggers = [APPEND_ONLY]
