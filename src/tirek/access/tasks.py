"""What access does by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="20 0 * * *")
@app.task(name="tirek.access.forget", queue="jobs", queueing_lock="tirek.access.forget")
def forget_old(timestamp: int) -> None:
    """Drop sessions that have ended and counts of public look-ups that no longer matter."""
    from tirek.access.limits import forget_old as forget_tallies
    from tirek.access.sessions import SessionStore

    SessionStore.clear_expired()
    forget_tallies()


@app.periodic(cron="35 0-5 * * *")
@app.task(name="tirek.access.seal_audit", queue="jobs", queueing_lock="tirek.access.seal_audit")
def seal_the_audit(timestamp: int) -> None:
    """Seal the audit's days that are over. Tried again each hour of the night: a long import may still be at work."""
    from django.utils import timezone

    from tirek.access.services.sealing import seal_audit

    seal_audit(now=timezone.now())
