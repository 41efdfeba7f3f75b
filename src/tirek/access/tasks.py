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
