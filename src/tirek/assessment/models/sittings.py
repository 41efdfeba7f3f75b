"""Who sat when, and what they answered."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.tests import Booklet, Test
from tirek.registry.models import ClassGroup, Institution, Language, Person


class SittingMode(models.TextChoices):
    PAPER = "paper", _("on paper")
    COMPUTER = "computer", _("on a computer")


class SittingState(models.TextChoices):
    OPEN = "open", _("open")
    ANSWERED = "answered", _("answers are in")
    CANCELLED = "cancelled", _("cancelled")


@audited("sitting_event_rows")
class Sitting(models.Model):
    """One class (or one school, when the class is not named) taking a test on one day."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="sittings")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+")
    class_group = models.ForeignKey(ClassGroup, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    org_no = models.IntegerField()
    date = models.DateField(_("date"))
    language = models.CharField(_("language of the test"), max_length=8, choices=Language.choices)
    mode = models.CharField(_("mode"), max_length=16, choices=SittingMode.choices, default=SittingMode.PAPER)
    state = models.CharField(_("state"), max_length=16, choices=SittingState.choices, default=SittingState.OPEN)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("sitting")
        verbose_name_plural = _("sittings")
        indexes = [models.Index(fields=["org_no", "test"], name="sitting_org")]
        constraints = [
            models.UniqueConstraint(
                name="sitting_once", fields=["test", "institution", "class_group", "language"], nulls_distinct=False
            ),
            RowScope(name="sitting_rows"),
        ]


@audited("answer_sheet_event_rows", own="person_id")
class AnswerSheet(models.Model):
    """A pupil's answers: one byte an item, in the booklet's order (tirek.assessment.codes)."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="+", db_index=False)
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="sheets")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    booklet = models.ForeignKey(Booklet, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    codes = models.BinaryField()

    class Meta:
        verbose_name = _("answer sheet")
        verbose_name_plural = _("answer sheets")
        indexes = [models.Index(fields=["org_no", "test"], name="answer_sheet_org")]
        constraints = [
            models.UniqueConstraint(name="answer_sheet_person", fields=["test", "person"]),
            RowScope(name="answer_sheet_rows", own="person_id"),
        ]


class ImportState(models.TextChoices):
    RECEIVED = "received", _("received, not yet checked")
    CHECKED = "checked", _("checked, may be applied")
    REFUSED = "refused", _("not to be applied: too many faults")
    APPLIED = "applied", _("applied")
    DISCARDED = "discarded", _("discarded")


@audited("answer_import_event_rows", org="org_lo", exclude=["content"])
class AnswerImport(models.Model):
    """A file of answers, checked and waiting for somebody's yes. What was checked is what is applied."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="imports")
    org_lo = models.IntegerField()
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField(help_text="The file as it came.")
    state = models.CharField(_("state"), max_length=16, choices=ImportState.choices)
    n_rows = models.IntegerField(_("rows"), default=0)
    n_good = models.IntegerField(_("sheets without fault"), default=0)
    n_new = models.IntegerField(_("new"), default=0)
    n_changed = models.IntegerField(_("changed"), default=0)
    n_unchanged = models.IntegerField(_("unchanged"), default=0)
    n_faults = models.IntegerField(_("faults"), default=0)
    faults = models.JSONField(default=list)
    options = models.JSONField(default=dict, help_text="How a scanner's rows are read: signs of blank and of double.")
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("checked at"))
    applied_at = models.DateTimeField(_("applied at"), null=True)

    class Meta:
        verbose_name = _("import of answers")
        verbose_name_plural = _("imports of answers")
        constraints = [
            models.UniqueConstraint(
                name="answer_import_applied_once", fields=["test", "sha256"], condition=models.Q(state="applied")
            ),
            RowScope(name="answer_import_rows", org="org_lo"),
        ]
