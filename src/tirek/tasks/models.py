"""What is asked of whom by when, and how it ended."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.access.roles import Role


class TaskState(models.TextChoices):
    OPEN = "open", _("open")
    SUBMITTED = "submitted", _("answered, waiting to be accepted")
    ACCEPTED = "accepted", _("accepted")
    CANCELLED = "cancelled", _("withdrawn")


class Task(models.Model):
    """One thing asked of one institution (or of one user there).

    ``kind`` is a registered kind (tirek.tasks.kinds) whose title is a whole sentence in three languages with
    ``parameters`` filled in; tasks that people write carry ``title`` and ``text`` in the language they were written in.
    """

    kind = models.CharField(max_length=64, default="asked")
    title = models.CharField(_("what is asked"), max_length=200, blank=True)
    text = models.TextField(_("details"), blank=True)
    legal_basis = models.CharField(_("legal basis"), max_length=300, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    subject = models.CharField(
        max_length=120, blank=True, help_text="What it is about; with kind and org_no, unique while open."
    )
    org_no = models.IntegerField()
    roles = ArrayField(models.CharField(max_length=32, choices=Role.choices), default=list)
    user_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=TaskState.choices, default=TaskState.OPEN)
    due_date = models.DateField(_("due"), null=True, blank=True)
    needs_evidence = models.BooleanField(_("evidence is needed"), default=False)
    asked_by_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["org_no", "state", "due_date"], name="task_org_state"),
            models.Index(
                fields=["user_id", "state"], name="task_user_state", condition=models.Q(user_id__isnull=False)
            ),
            models.Index(fields=["asked_by_id", "-asked_at"], name="task_asked_by"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="task_once_while_open",
                fields=["kind", "subject", "org_no"],
                condition=models.Q(state__in=["open", "submitted"]) & ~models.Q(subject=""),
            ),
            models.CheckConstraint(
                name="task_ended_has_time",
                condition=models.Q(state__in=["open", "submitted"], ended_at__isnull=True)
                | models.Q(state__in=["accepted", "cancelled"], ended_at__isnull=False),
            ),
            RowScope(name="task_rows", user="user_id"),
        ]


class StepKind(models.TextChoices):
    ASKED = "asked", _("asked")
    REMINDED = "reminded", _("reminded")
    DUE_CHANGED = "due_changed", _("due date changed")
    SUBMITTED = "submitted", _("answered")
    RETURNED = "returned", _("returned for more work")
    ACCEPTED = "accepted", _("accepted")
    CANCELLED = "cancelled", _("withdrawn")


class Step(models.Model):
    """One step of a task's life. Append only."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    user_id = models.BigIntegerField(null=True, blank=True, help_text="The task's, for the row policy.")
    kind = models.CharField(max_length=16, choices=StepKind.choices)
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    due_date = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("step of a task")
        verbose_name_plural = _("steps of tasks")
        constraints = [RowScope(name="task_step_rows", user="user_id")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Evidence(models.Model):
    """A file given with an answer: its bytes are sealed under their digest."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="evidence")
    org_no = models.IntegerField()
    user_id = models.BigIntegerField(null=True, blank=True, help_text="The task's, for the row policy.")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [RowScope(name="task_evidence_rows", user="user_id")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Notification(models.Model):
    """A line for one user: what happened, where to look."""

    user_id = models.BigIntegerField()
    org_no = models.IntegerField(default=0)
    kind = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [models.Index(fields=["user_id", "-at"], name="notification_user")]
        constraints = [RowScope(name="notification_rows", user="user_id")]
