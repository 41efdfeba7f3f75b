"""The link of a test to an earlier one, so that both stand on one scale."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.results import Calibration
from tirek.assessment.models.tests import Test


class MatchedBy(models.TextChoices):
    VERSION = "version", _("the same version in the item bank")
    CODE = "code", _("the same code")


class LinkState(models.TextChoices):
    GOOD = "good", _("may be used")
    REFUSED = "refused", _("may not be used")
    SUPERSEDED = "superseded", _("replaced by a later one")


@audited("link_event_rows", org="org_lo")
class Link(models.Model):
    """theta on the base's scale = slope * theta + intercept; the decision holds anchors, drift and error."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="links")
    base = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="+", verbose_name=_("linked to"))
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="links")
    base_calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="+")
    org_lo = models.IntegerField()
    decision_number = models.CharField(_("decision"), max_length=64)
    method = models.CharField(_("method"), max_length=32)
    matched_by = models.CharField(
        _("common items are known by"), max_length=16, choices=MatchedBy.choices, default=MatchedBy.VERSION
    )
    slope = models.FloatField(null=True)
    intercept = models.FloatField(null=True)
    slope_se = models.FloatField(_("standard error of the slope"), null=True)
    intercept_se = models.FloatField(_("standard error of the intercept"), null=True)
    covariance = models.FloatField(null=True)
    error = models.FloatField(_("linking error, logits"), null=True)
    n_anchors = models.IntegerField(_("anchors"), default=0)
    anchors = models.JSONField(default=list, help_text="Item, difference, flag, whether it was taken out and why.")
    removed = models.JSONField(default=list, help_text="Anchors that an official has taken out, and why.")
    state = models.CharField(_("state"), max_length=16, choices=LinkState.choices)
    checks = models.JSONField(default=list)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("linked at"))

    class Meta:
        verbose_name = _("link of two tests")
        verbose_name_plural = _("links of tests")
        constraints = [
            models.UniqueConstraint(
                name="link_current", fields=["test"], condition=~models.Q(state=LinkState.SUPERSEDED)
            ),
            RowScope(name="link_rows", org="org_lo"),
        ]
