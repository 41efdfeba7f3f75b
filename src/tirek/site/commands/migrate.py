"""tirek migrate"""

from __future__ import annotations

import click


@click.command()
@click.option("--quiet", is_flag=True, help="Say nothing unless something fails.")
def migrate(quiet: bool) -> None:
    """Create or update the database: roles, tables, row policies. Runs as the owner; safe to repeat.

    Example: DATABASE_URL=postgresql://tirek_app:…@db/tirek DATABASE_OWNER_URL=postgresql://tirek_owner:…@db/tirek
    tirek migrate
    """
    from tirek.storage.setup import django_ready, migrate_database

    django_ready()
    migrate_database(verbosity=0 if quiet else 1)
    if not quiet:
        click.echo("The database is up to date.")
