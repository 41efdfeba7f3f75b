"""Long work that people wait for."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.storage.policies import RowScope


class JobState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Job(models.Model):
    """One piece of long work: who asked, how far it is, what came out. Seen by whoever asked for it."""

    work = models.CharField(_("what runs"), max_length=200, help_text="module:function")
    title = models.CharField(_("title"), max_length=300)
    arguments = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.TextField(_("message"), blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    asker = models.JSONField(default=dict, help_text="The asker's scope; the work enters it.")
    created_by = models.BigIntegerField(null=True)
    language = models.CharField(max_length=8, default="kk")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["created_by", "-created_at"], name="job_of_user")]
        constraints = [RowScope(name="job_rows", org=None, user="created_by")]

    def __str__(self) -> str:
        return self.title

    @property
    def progress(self) -> float:
        """Between 0 and 1."""
        if self.state == JobState.DONE:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def percent(self) -> int:
        return int(100 * self.progress)

    @property
    def is_over(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
