"""Plans of measures: who does what by when, for how much, and what shows that it is done."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.programmes.models.programmes import APPEND_ONLY, Programme


class MeasureState(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("measure", "planned")
    UNDER_WAY = "under_way", _("under way")
    REPORTED = "reported", _("reported as done, waiting to be accepted")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


OPEN = (MeasureState.PLANNED, MeasureState.UNDER_WAY, MeasureState.REPORTED)


@audited("measure_event_rows")
class Measure(models.Model):
    """One measure of a programme's plan. ``org_no`` is the owner's; without an owning institution, the territory's first.

    The plan is a public document; the budget is in tiyn.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="measures")
    org_no = models.IntegerField()
    number = models.IntegerField(_("number in the plan"))
    section = models.CharField(_("section"), max_length=200, blank=True)
    title = models.CharField(_("measure"), max_length=500)
    owner_code = models.CharField(_("owning institution"), max_length=64, blank=True)
    owner_name = models.CharField(_("owner"), max_length=300)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    due_date = models.DateField(_("due"))
    budget_tiyn = models.BigIntegerField(_("budget, tiyn"), null=True, blank=True)
    source = models.CharField(_("source of money"), max_length=200, blank=True)
    wanted = models.CharField(_("what shows that it is done"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=MeasureState.choices, default=MeasureState.PLANNED)
    done_on = models.DateField(_("done on"), null=True, blank=True)

    class Meta:
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        indexes = [models.Index(fields=["programme", "state", "due_date"], name="measure_due")]
        constraints = [
            models.UniqueConstraint(name="measure_number", fields=["programme", "number"]),
            models.CheckConstraint(
                name="measure_done_has_day",
                condition=models.Q(state="done", done_on__isnull=False)
                | (~models.Q(state="done") & models.Q(done_on=None)),
            ),
            models.CheckConstraint(
                name="measure_budget", condition=models.Q(budget_tiyn=None) | models.Q(budget_tiyn__gte=0)
            ),
            RowScope(name="measure_rows", public=True),
        ]


class MeasureMove(models.TextChoices):
    ADDED = "added", _("added to the plan")
    CHANGED = "changed", _("changed")
    BEGUN = "begun", _("begun")
    REPORTED = "reported", _("reported as done")
    ACCEPTED = "accepted", _("accepted as done")
    RETURNED = "returned", _("returned for more work")
    CANCELLED = "cancelled", _("cancelled")
    REOPENED = "reopened", _("opened again")


class MeasureStep(models.Model):
    """One step of a measure's life, with its evidence. Append only."""

    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    kind = models.CharField(max_length=12, choices=MeasureMove.choices)
    note = models.CharField(max_length=1000, blank=True)
    changes = models.JSONField(default=dict, help_text="field: [before, after]")
    file_name = models.CharField(max_length=200, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.IntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a measure")
        verbose_name_plural = _("steps of measures")
        indexes = [models.Index(fields=["measure", "id"], name="measure_step_order")]
        constraints = [RowScope(name="measure_step_rows")]
        triggers = [APPEND_ONLY]
