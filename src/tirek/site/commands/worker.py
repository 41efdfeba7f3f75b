"""tirek worker"""

from __future__ import annotations

import contextlib

import click


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 32), default=1, show_default=True, help="Jobs at the same time.")
@click.option("--until-empty", is_flag=True, help="End when no job is waiting.")
def worker(concurrency: int, until_empty: bool) -> None:
    """Do the work that pages leave for later: imports, calibrations, snapshots, documents.

    Example: tirek worker --concurrency 2
    """
    from tirek.storage.setup import django_ready

    django_ready()
    from tirek.site.logging import log_uncaught

    log_uncaught()
    from procrastinate.contrib.django import app

    # the web's connection cannot listen for new jobs; the worker gets one of its own, as the same role
    with app.replace_connector(app.connector.get_worker_connector()) as working, contextlib.suppress(KeyboardInterrupt):
        working.run_worker(
            concurrency=concurrency,
            wait=not until_empty,
            name="tirek",
            delete_jobs="never",
            shutdown_graceful_timeout=8,
        )
