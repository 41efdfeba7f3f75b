"""Needs: what the diagnosis asks for, what people made of it, and what came of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.programmes.models.programmes import APPEND_ONLY, Programme


class NeedKind(models.TextChoices):
    PROFESSIONAL = "professional", _("professional development")
    EDUCATIONAL = "educational", _("educational process")


class NeedState(models.TextChoices):
    PROPOSED = "proposed", _("proposed")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    MERGED = "merged", _("merged into another need")
    MET = "met", _("met")
    LAPSED = "lapsed", _("lapsed: the school left the programme")


WAITING = (NeedState.PROPOSED, NeedState.ACCEPTED)


class NeedsRun(models.Model):
    """One run of the rules over a programme's schools; published, its proposals become needs."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="needs_runs")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    decision_number = models.CharField(_("decision"), max_length=16, unique=True)
    day = models.DateField(_("findings as of"))
    state = models.CharField(max_length=12, default="draft")
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("proposal of needs")
        verbose_name_plural = _("proposals of needs")
        constraints = [RowScope(name="needs_run_rows", org="org_lo", org_hi="org_hi")]


@audited("need_event_rows")
class Need(models.Model):
    """One need of one school: N-<number>.

    ``reason`` and ``numbers`` are those of the proposing decision, so that the sentence is said in the reader's language;
    a need that a person has written carries ``title``. ``subject`` tells what it is about: the same room or scale is not
    proposed twice while it waits.
    """

    number = models.IntegerField(_("number"), unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="needs", null=True, blank=True)
    org_no = models.IntegerField()
    kind = models.CharField(_("kind"), max_length=16, choices=NeedKind.choices)
    subject = models.CharField(max_length=80)
    title = models.CharField(_("need"), max_length=300, blank=True)
    topic = models.CharField(_("topic of courses"), max_length=64, blank=True)
    room_id = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    numbers = models.JSONField(default=dict)
    evidence = models.JSONField(default=list, help_text="{kind, ref, decision, numbers}: rooms, scales, tests.")
    decision_number = models.CharField(_("proposed by decision"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=NeedState.choices, default=NeedState.PROPOSED)
    rank = models.IntegerField(_("rank in the school"), null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    made_on = models.DateField(_("since"))
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    met_on = models.DateField(_("met on"), null=True, blank=True)

    class Meta:
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        indexes = [
            models.Index(fields=["org_no", "state"], name="need_org_state"),
            models.Index(fields=["programme", "state"], name="need_programme_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="need_subject_while_waiting",
                fields=["org_no", "subject"],
                condition=models.Q(state__in=["proposed", "accepted"]),
            ),
            models.CheckConstraint(
                name="need_merged_has_target",
                condition=models.Q(state="merged", merged_into__isnull=False)
                | (~models.Q(state="merged") & models.Q(merged_into=None)),
            ),
            models.CheckConstraint(
                name="need_met_has_day",
                condition=models.Q(state="met", met_on__isnull=False)
                | (~models.Q(state="met") & models.Q(met_on=None)),
            ),
            RowScope(name="need_rows"),
        ]

    @property
    def code(self) -> str:
        return f"N-{self.number}"

    def __str__(self) -> str:
        return self.code


class NeedMove(models.TextChoices):
    PROPOSED = "proposed", _("proposed")
    WRITTEN = "written", _("written down")
    CONFIRMED = "confirmed", _("found again")
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("rejected")
    REOPENED = "reopened", _("opened again")
    MERGED = "merged", _("merged")
    RANKED = "ranked", _("ranked")
    LINKED = "linked", _("work or course begun")
    UNLINKED = "unlinked", _("work or course taken off")
    MET = "met", _("met")
    LAPSED = "lapsed", _("lapsed")
    CARRIED = "carried", _("carried over to another institution")


class NeedStep(models.Model):
    """One step of a need's life. Append only."""

    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    kind = models.CharField(max_length=12, choices=NeedMove.choices)
    note = models.CharField(max_length=500, blank=True)
    numbers = models.JSONField(default=dict)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a need")
        verbose_name_plural = _("steps of needs")
        indexes = [models.Index(fields=["need", "id"], name="need_step_order")]
        constraints = [RowScope(name="need_step_rows")]
        triggers = [APPEND_ONLY]


class LinkKind(models.TextChoices):
    WORK = "work", _("work")
    COHORT = "cohort", _("course group")


class NeedLink(models.Model):
    """What answers a need: a work on its room, or a group of a course. The other apps are known by their references."""

    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="links")
    org_no = models.IntegerField()
    kind = models.CharField(max_length=12, choices=LinkKind.choices)
    ref = models.CharField(max_length=64)
    title = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("answer to a need")
        verbose_name_plural = _("answers to needs")
        constraints = [
            models.UniqueConstraint(name="need_link_once", fields=["need", "kind", "ref"]),
            RowScope(name="need_link_rows"),
        ]
