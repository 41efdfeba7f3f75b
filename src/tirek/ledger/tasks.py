"""What the ledger does by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="5 0 * * *")
@app.task(name="tirek.ledger.seal", queue="jobs", queueing_lock="tirek.ledger.seal")
def seal_the_day(timestamp: int) -> None:
    """Seal what was posted since the last night."""
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.ledger.services import seal_ledger

    with loading():
        seal_ledger(by=None, now=timezone.now())
