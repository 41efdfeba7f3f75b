"""``tirek audit seal`` and ``tirek audit erasure``."""

from __future__ import annotations

import datetime as dt
import sys

import click


@click.group()
def audit() -> None:
    """Seal the audit and record lawful erasures. `tirek verify audit` checks it."""


@audit.command()
def seal() -> None:
    """Seal all whole days since the last seal. The worker does it each night.

    Example: tirek audit seal
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils import timezone

    from tirek.access.services.sealing import seal_audit

    made = seal_audit(now=timezone.now())
    if made is None:
        click.echo("No day to seal: the last seal is of yesterday, or what began before midnight is still at work.")
    else:
        click.echo(f"Sealed {made.row_count} rows through {made.through}. Digest {made.sha256}")


@audit.command()
@click.argument("table")
@click.option("--act", required=True, help="The act that asks for it, with its date and number.")
@click.option("--by", required=True, help="Who records it.")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="All rows of days before this one.")
@click.option("--row", "numbers", type=int, multiple=True, help="The number of a row; may be said again.")
def erasure(table: str, act: str, by: str, before: dt.datetime | None, numbers: tuple[int, ...]) -> None:
    """Record that the law lets rows of a TABLE of the audit be erased. The database's owner then erases them.

    Example: tirek audit erasure access_personread --before 2020-01-01 --act "Act 12, 3 May 2026" --by "A. Omarova"
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils import timezone

    from tirek.access.services.sealing import record_erasure
    from tirek_engines.errors import Refusal

    try:
        record_erasure(
            table=table, act=act, by=by, before=before.date() if before else None, numbers=numbers, now=timezone.now()
        )
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(refusal.exit_code)
    click.echo(f"Recorded. The owner may now erase these rows of {table}; tirek verify audit tells them by this act.")
