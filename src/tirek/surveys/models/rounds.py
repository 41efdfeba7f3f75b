"""A round: a questionnaire sent out to an audience of some schools for some days."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.surveys.models.forms import Form, FormVersion


class Audience(models.TextChoices):
    TEACHERS = "teachers", _("teachers")
    PUPILS = "pupils", _("pupils")
    PARENTS = "parents", _("parents")


class Sampling(models.TextChoices):
    ALL = "all", _("everybody")
    CLASSES = "classes", _("some classes of each school, drawn by lot")
    PERSONS = "persons", _("some persons of each school, drawn by lot")


class RoundState(models.TextChoices):
    PLANNED = "planned", _("planned")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Round(models.Model):
    """``version`` is what is asked now; answers keep the version that they were given to."""

    code = models.SlugField(_("code"), max_length=80, unique=True)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="rounds")
    version = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(_("audience"), max_length=16, choices=Audience.choices)
    grades = ArrayField(models.IntegerField(), verbose_name=_("grades"), default=list, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    opens_on = models.DateField(_("opens"))
    closes_on = models.DateField(_("last day"))
    state = models.CharField(_("state"), max_length=12, choices=RoundState.choices, default=RoundState.PLANNED)
    sampling = models.CharField(_("who is asked"), max_length=12, choices=Sampling.choices, default=Sampling.ALL)
    sample_size = models.IntegerField(_("drawn in each school"), null=True, blank=True)
    seed = models.CharField(max_length=64, blank=True)
    has_poster = models.BooleanField(_("poster with one link for all"), default=True)
    sample_number = models.CharField(max_length=16, blank=True)
    result_number = models.CharField(max_length=16, blank=True)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    is_synthetic = models.BooleanField(_("synthetic"), default=False)

    class Meta:
        verbose_name = _("round of a questionnaire")
        verbose_name_plural = _("rounds of questionnaires")
        constraints = [
            models.CheckConstraint(name="survey_round_days", condition=models.Q(closes_on__gte=models.F("opens_on"))),
            models.CheckConstraint(
                name="survey_round_sample",
                condition=models.Q(sampling="all", sample_size=None) | models.Q(sample_size__gte=1),
            ),
            RowScope(name="survey_round_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


class RoundSchool(models.Model):
    """A school in a round: how many belong to the audience by the register, and how many of them are asked.

    ``series`` goes up when the poster's link or Collect's is withdrawn: the old ones open nothing any more.
    """

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="schools")
    org_no = models.IntegerField()
    frame = models.IntegerField(_("in the register"), default=0)
    invited = models.IntegerField(_("invited"), default=0)
    series = models.IntegerField(default=1)
    poster_hash = models.BinaryField(unique=True)
    collect_hash = models.BinaryField(unique=True)

    class Meta:
        verbose_name = _("school in a round")
        verbose_name_plural = _("schools in a round")
        constraints = [
            models.UniqueConstraint(name="survey_round_school_once", fields=["round", "org_no"]),
            RowScope(name="survey_round_school_rows"),
        ]


class StepKind(models.TextChoices):
    PLANNED = "planned", _("planned")
    OPENED = "opened", _("opened")
    VERSION = "version", _("another version from now on")
    MOVED = "moved", _("last day moved")
    REMINDED = "reminded", _("schools reminded")
    LINKS = "links", _("links of a school withdrawn and made anew")
    CLOSED = "closed", _("closed")
    RESULTS = "results", _("results computed")
    WITHDRAWN = "withdrawn", _("withdrawn")
    SUCCESSION = "succession", _("a school goes on in another")


class RoundStep(models.Model):
    """What happened to a round. Append only."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="steps")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    kind = models.CharField(max_length=12, choices=StepKind.choices)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("step of a round")
        verbose_name_plural = _("steps of rounds")
        constraints = [RowScope(name="survey_step_rows", org="org_lo", org_hi="org_hi", public=True)]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
