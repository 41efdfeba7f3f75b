"""What the register does by the clock; procrastinate finds this module by its name."""

from __future__ import annotations

from procrastinate.contrib.django import app

AT_ONCE = 200


@app.periodic(cron="40 0 * * *")
@app.task(name="tirek.registry.forget_import_files", queue="jobs", queueing_lock="tirek.registry.forget_import_files")
def forget_import_files(timestamp: int) -> None:
    """Delete uploads whose term of keeping is over (TIREK_IMPORT_FILES_KEPT_DAYS)."""
    from tirek.registry.exchange.kept import forget_old

    forget_old()


@app.periodic(cron="10 0 * * *")
@app.task(name="tirek.registry.recount", queue="jobs", queueing_lock="tirek.registry.recount")
def recount_everywhere(timestamp: int) -> None:
    """Count again after midnight: enrolments and employments begin and end with the day."""
    from tirek.access.scope import loading
    from tirek.registry.models import Institution
    from tirek.registry.services.counts import recount

    with loading():
        org_nos = list(Institution.objects.order_by("org_no").values_list("org_no", flat=True))
    for start in range(0, len(org_nos), AT_ONCE):
        with loading():
            recount(org_nos[start : start + AT_ONCE])
