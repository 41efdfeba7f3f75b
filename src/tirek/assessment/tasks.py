"""What assessment does by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="*/20 * * * *")
@app.task(name="tirek.assessment.hand_in_overdue", queue="jobs", queueing_lock="tirek.assessment.hand_in_overdue")
def hand_in_overdue(timestamp: int) -> None:
    """Hand in for pupils whose time was over an hour ago and whose device was never heard from again."""
    from django.utils import timezone

    from tirek.assessment.services.supervision import hand_in_overdue as hand_in

    hand_in(now=timezone.now())
