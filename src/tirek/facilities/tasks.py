"""What facilities do by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="20 0 * * *")
@app.task(name="tirek.facilities.follow_successions", queue="jobs", queueing_lock="tirek.facilities.follow_successions")
def follow_successions(timestamp: int) -> None:
    """Mergers come into force with the day: rooms go on in the institution that takes over."""
    from django.utils import timezone

    from tirek.facilities.services.carrying import follow_successions as follow

    follow(by=None, now=timezone.now())
