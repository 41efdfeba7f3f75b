"""What questionnaires do by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="25 0 * * *")
@app.task(name="tirek.surveys.follow_successions", queue="jobs", queueing_lock="tirek.surveys.follow_successions")
def follow_successions(timestamp: int) -> None:
    """Mergers come into force with the day: the school that takes over takes the place in rounds under way."""
    from django.utils import timezone

    from tirek.surveys.services.successions import follow_successions as follow

    follow(by=None, now=timezone.now())
