"""Published results of scales, by school: what the decision says, for quick look-up."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.surveys.models.rounds import Audience, Round


class PublishedScale(models.Model):
    """A scale of one school in a published round. Groups below the threshold have no row."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="scales")
    org_no = models.IntegerField()
    number = models.CharField(max_length=16)
    audience = models.CharField(max_length=16, choices=Audience.choices)
    form_code = models.CharField(max_length=80)
    form_version = models.IntegerField()
    scale_code = models.CharField(max_length=60)
    title = models.JSONField(default=dict)
    mean = models.FloatField()
    low_share = models.FloatField()
    n = models.IntegerField()
    invited = models.IntegerField()
    closed_on = models.DateField()

    class Meta:
        verbose_name = _("result of a scale")
        verbose_name_plural = _("results of scales")
        indexes = [models.Index(fields=["org_no", "-closed_on"], name="survey_scale_school")]
        constraints = [
            models.UniqueConstraint(name="survey_scale_once", fields=["round", "org_no", "scale_code"]),
            RowScope(name="survey_scale_rows"),
        ]
