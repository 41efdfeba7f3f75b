"""Questions about jobs."""

from __future__ import annotations

from tirek.storage.models import Job


def job_of(pk: int | None, user_id: int | None) -> Job | None:
    """A user's own job."""
    return Job.objects.filter(pk=pk, created_by=user_id).first() if pk and user_id else None
