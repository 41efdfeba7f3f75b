"""``tirek ledger seal`` and ``tirek ledger close``."""

from __future__ import annotations

import datetime as dt
import sys

import click


@click.group()
def ledger() -> None:
    """Seal the ledger and close its days. `tirek verify ledger` checks it."""


@ledger.command()
def seal() -> None:
    """Seal everything posted since the last seal.

    Example: tirek ledger seal
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.ledger.services import seal_ledger

    with loading():
        made = seal_ledger(by=None, now=timezone.now())
    if made is None:
        click.echo("Nothing new to seal.")
    else:
        click.echo(f"Sealed {made.transaction_count} transactions through L-{made.last_id}. Digest {made.sha256}")


@ledger.command()
@click.argument("through", type=click.DateTime(["%Y-%m-%d"]))
def close(through: dt.datetime) -> None:
    """Close all days up to THROUGH: nothing is booked on them any more. There is no way back.

    Example: tirek ledger close 2025-12-31
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.ledger.services import close_days
    from tirek_engines.errors import Refusal

    try:
        with loading():
            made = close_days(through=through.date(), by=None, now=timezone.now())
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(refusal.exit_code)
    click.echo(f"Closed through {made.closed_through}. Digest {made.sha256}")
