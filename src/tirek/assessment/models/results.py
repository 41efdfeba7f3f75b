"""What a calibration found, and what was published of it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.sittings import Sitting
from tirek.assessment.models.tests import Item, Test
from tirek.registry.models import Person


class CalibrationState(models.TextChoices):
    GOOD = "good", _("may be published")
    REFUSED = "refused", _("may not be published")
    SUPERSEDED = "superseded", _("replaced by a later one")


@audited("calibration_event_rows", org="org_lo")
class Calibration(models.Model):
    """One calibration of a test; the decision named by ``decision_number`` holds its sealed inputs and outcomes."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="calibrations")
    org_lo = models.IntegerField()
    decision_number = models.CharField(_("decision"), max_length=64)
    results_number = models.CharField(_("decision on the results"), max_length=64, blank=True)
    inputs_sha256 = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=16, choices=CalibrationState.choices)
    model = models.CharField(_("model"), max_length=16, default="rasch")
    removed = models.JSONField(default=list, help_text="Items that an official has taken out, and why.")
    fit = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("calibrated at"))

    class Meta:
        verbose_name = _("calibration")
        verbose_name_plural = _("calibrations")
        constraints = [
            models.UniqueConstraint(
                name="calibration_current", fields=["test"], condition=~Q(state=CalibrationState.SUPERSEDED)
            ),
            RowScope(name="calibration_rows", org="org_lo"),
        ]


class ItemEstimate(models.Model):
    """An item's parameters in logits and how it fits, or why it has none. Written once with its calibration."""

    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="item_estimates")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    org_lo = models.IntegerField()
    difficulty = models.FloatField(_("difficulty, logits"), null=True)
    difficulty_se = models.FloatField(_("standard error"), null=True)
    steps = models.JSONField(default=list)
    model = models.CharField(_("model"), max_length=16, blank=True)
    slope = models.FloatField(_("slope"), null=True)
    slope_se = models.FloatField(_("standard error of the slope"), null=True)
    guessing = models.FloatField(_("guessing"), null=True)
    guessing_se = models.FloatField(_("standard error of guessing"), null=True)
    infit = models.FloatField(_("infit"), null=True)
    outfit = models.FloatField(_("outfit"), null=True)
    point_biserial = models.FloatField(_("correlation with the other items"), null=True)
    is_misfit = models.BooleanField(_("does not fit"), default=False)
    dif = models.CharField(_("largest class of DIF"), max_length=1, blank=True)
    n = models.IntegerField(_("answers"))
    share_right = models.FloatField(_("mean share of the highest score"), null=True)
    dropped_because = models.CharField(_("left out because"), max_length=200, blank=True)
    removed_because = models.CharField(_("taken out because"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("item's estimate")
        verbose_name_plural = _("items' estimates")
        constraints = [
            models.UniqueConstraint(name="item_estimate_once", fields=["calibration", "item"]),
            RowScope(name="item_estimate_rows", org="org_lo"),
        ]


class ReleaseState(models.TextChoices):
    PUBLISHED = "published", _("published")
    WITHDRAWN = "withdrawn", _("withdrawn")
    SUPERSEDED = "superseded", _("replaced by a later one")


@audited("release_event_rows", org="org_lo")
class Release(models.Model):
    """A test's published results. Without ``calibration``: years before the platform, brought in as they were."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="releases")
    calibration = models.ForeignKey(
        Calibration, on_delete=models.PROTECT, related_name="releases", null=True, blank=True
    )
    link = models.ForeignKey(
        "assessment.Link", on_delete=models.PROTECT, related_name="releases", null=True, blank=True
    )
    org_lo = models.IntegerField()
    decision_number = models.CharField(_("decision"), max_length=64, blank=True)
    figure_number = models.CharField(_("figure"), max_length=16, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=ReleaseState.choices)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("published at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    withdrawn_because = models.CharField(_("withdrawn because"), max_length=300, blank=True)
    distribution = models.JSONField(default=dict, help_text="Histogram, items on the scale, reliability, constants.")

    class Meta:
        verbose_name = _("publication of results")
        verbose_name_plural = _("publications of results")
        constraints = [
            models.UniqueConstraint(name="release_current", fields=["test"], condition=Q(state=ReleaseState.PUBLISHED)),
            RowScope(name="release_rows", org="org_lo", public=True),
        ]


class ReportGiven(models.Model):
    """A report that was printed: its document is revoked when the figures or the levels in it no longer stand."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="reports_given")
    document = models.OneToOneField("documents.Document", on_delete=models.PROTECT, related_name="+")
    has_levels = models.BooleanField(_("tells levels"), default=False)
    org_no = models.IntegerField()
    person_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("report that was printed")
        verbose_name_plural = _("reports that were printed")
        constraints = [RowScope(name="report_given_rows", own="person_id")]


class Dimension(models.TextChoices):
    ALL = "all", _("all together")
    DISTRICT = "district", _("district or city")
    SCHOOL = "school", _("school")
    SETTLEMENT = "settlement", _("kind of settlement")
    LANGUAGE = "language", _("language of the test")
    GAP = "gap", _("urban minus rural")


class GroupResult(models.Model):
    """A published mean on the reporting scale. Small groups are kept without their numbers: none can leak."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="groups")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    dimension = models.CharField(_("by"), max_length=16, choices=Dimension.choices)
    code = models.CharField(_("group"), max_length=64)
    n = models.IntegerField(_("pupils"), null=True)
    n_schools = models.IntegerField(_("schools"), null=True)
    mean = models.FloatField(_("mean"), null=True)
    se = models.FloatField(_("standard error"), null=True)
    low = models.FloatField(_("from"), null=True)
    high = models.FloatField(_("to"), null=True)
    sd = models.FloatField(_("spread"), null=True)
    suppressed = models.CharField(_("not shown because"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("group's result")
        verbose_name_plural = _("groups' results")
        indexes = [models.Index(fields=["org_lo", "dimension"], name="group_result_place")]
        constraints = [
            models.UniqueConstraint(name="group_result_once", fields=["release", "dimension", "code"]),
            models.CheckConstraint(
                name="group_result_suppressed",
                condition=Q(suppressed="", mean__isnull=False)
                | (~Q(suppressed="") & Q(mean=None, se=None, low=None, high=None, sd=None, n=None)),
            ),
            RowScope(name="group_result_rows", org="org_lo", org_hi="org_hi", public=True),
        ]


class Trend(models.Model):
    """A group's change from the earlier test that this one is linked to; its interval holds the linking error."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="trends")
    base = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    dimension = models.CharField(_("by"), max_length=16, choices=Dimension.choices)
    code = models.CharField(_("group"), max_length=64)
    before = models.FloatField(_("mean before"), null=True)
    now = models.FloatField(_("mean now"), null=True)
    difference = models.FloatField(_("difference"), null=True)
    se = models.FloatField(_("standard error"), null=True)
    link_se = models.FloatField(_("of it from linking"), null=True)
    low = models.FloatField(_("from"), null=True)
    high = models.FloatField(_("to"), null=True)

    class Meta:
        verbose_name = _("change of a group")
        verbose_name_plural = _("changes of groups")
        indexes = [models.Index(fields=["org_lo", "dimension"], name="assessment_trend_place")]
        constraints = [
            models.UniqueConstraint(name="trend_once", fields=["release", "dimension", "code"]),
            models.CheckConstraint(
                name="trend_whole",
                condition=Q(difference__isnull=False, se__isnull=False)
                | Q(before=None, now=None, difference=None, se=None, link_se=None, low=None, high=None),
            ),
            RowScope(name="trend_rows", org="org_lo", org_hi="org_hi", public=True),
        ]


class PersonResult(models.Model):
    """A pupil's published result: logits, and the reporting scale rounded to whole points."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="persons", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    eap = models.FloatField()
    eap_se = models.FloatField()
    wle = models.FloatField(null=True)
    wle_se = models.FloatField(null=True)
    points = models.IntegerField(_("points"))
    points_se = models.IntegerField(_("standard error"))
    raw_score = models.IntegerField(_("score"))
    max_raw_score = models.IntegerField(_("highest possible score"))
    flag = models.CharField(max_length=16, blank=True)

    class Meta:
        verbose_name = _("pupil's result")
        verbose_name_plural = _("pupils' results")
        indexes = [models.Index(fields=["org_no", "release"], name="person_result_org")]
        constraints = [
            models.UniqueConstraint(name="person_result_once", fields=["release", "person"]),
            models.CheckConstraint(
                name="person_result_error", condition=Q(eap_se__gte=0) & Q(raw_score__lte=F("max_raw_score"))
            ),
            RowScope(name="person_result_rows", own="person_id"),
        ]
