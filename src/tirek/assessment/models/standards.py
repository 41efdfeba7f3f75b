"""Standards: panels that set cut scores in rounds, and the cuts in force."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.results import Dimension
from tirek.assessment.models.tests import Item, Test


class PanelMethod(models.TextChoices):
    BOOKMARK = "bookmark", _("bookmark")
    ANGOFF = "angoff", _("Angoff")
    CARRIED = "carried", _("carried over from an earlier test")


class PanelState(models.TextChoices):
    OPEN = "open", _("at work")
    CLOSED = "closed", _("closed: the cut scores are set")
    DISCARDED = "discarded", _("given up without cut scores")
    SUPERSEDED = "superseded", _("replaced by later cut scores")
    WITHDRAWN = "withdrawn", _("no longer in force: the results were withdrawn")


@audited("panel_event_rows", org="org_lo")
class Panel(models.Model):
    """A panel on one test. Levels are named in three languages, lowest first; n levels have n - 1 cuts."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="panels")
    org_lo = models.IntegerField()
    method = models.CharField(_("method"), max_length=16, choices=PanelMethod.choices)
    carried_from = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="carried",
        null=True,
        blank=True,
        verbose_name=_("carried over from"),
    )
    levels = models.JSONField(default=list)
    response_probability = models.FloatField(default=0.67)
    round = models.IntegerField(_("round"), default=1)
    state = models.CharField(_("state"), max_length=16, choices=PanelState.choices, default=PanelState.OPEN)
    decision_number = models.CharField(_("decision"), max_length=64, blank=True)
    cuts = models.JSONField(default=list, help_text="Logits and error of each cut, set when the panel is closed.")
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("panel on standards")
        verbose_name_plural = _("panels on standards")
        constraints = [
            models.UniqueConstraint(name="panel_open", fields=["test"], condition=models.Q(state=PanelState.OPEN)),
            RowScope(name="panel_rows", org="org_lo"),
        ]


@audited("panel_rating_event_rows", org="org_lo")
class PanelRating(models.Model):
    """One panellist's judgement in one round: a bookmark's place, or the share of just-able pupils who solve an item."""

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="ratings")
    org_lo = models.IntegerField()
    panellist = models.CharField(_("panellist"), max_length=64, help_text="A label, not a name.")
    round = models.IntegerField(_("round"))
    cut = models.IntegerField(_("cut"))
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    value = models.FloatField()

    class Meta:
        verbose_name = _("judgement of a panellist")
        verbose_name_plural = _("judgements of panellists")
        constraints = [
            models.UniqueConstraint(
                name="panel_rating_once", fields=["panel", "panellist", "round", "cut", "item"], nulls_distinct=False
            ),
            RowScope(name="panel_rating_rows", org="org_lo"),
        ]


class LevelShare(models.Model):
    """What share of a group reaches a level or a higher one. Small groups are kept without their numbers."""

    panel = models.ForeignKey(Panel, on_delete=models.PROTECT, related_name="shares")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    dimension = models.CharField(_("by"), max_length=16, choices=Dimension.choices)
    code = models.CharField(_("group"), max_length=64)
    cut = models.IntegerField(_("cut"), help_text="1: the second level or a higher one.")
    share = models.FloatField(_("share"), null=True)
    se = models.FloatField(_("standard error"), null=True)
    low = models.FloatField(_("from"), null=True)
    high = models.FloatField(_("to"), null=True)
    suppressed = models.CharField(_("not shown because"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("share of a level")
        verbose_name_plural = _("shares of levels")
        indexes = [models.Index(fields=["org_lo", "dimension"], name="level_share_place")]
        constraints = [
            models.UniqueConstraint(name="level_share_once", fields=["panel", "dimension", "code", "cut"]),
            models.CheckConstraint(
                name="level_share_suppressed",
                condition=models.Q(suppressed="", share__isnull=False)
                | (~models.Q(suppressed="") & models.Q(share=None, se=None, low=None, high=None)),
            ),
            RowScope(name="level_share_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
