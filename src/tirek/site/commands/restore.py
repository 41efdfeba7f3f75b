"""tirek restore"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--secrets", "keys", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Saved keys.")
@click.option("--check", is_flag=True, help="Only compare the backup's files with its manifest.")
def restore(folder: Path, keys: Path | None, check: bool) -> None:
    """Bring the backup in FOLDER into an empty installation.

    Every file is compared with its digest first. The database comes in whole or not at all, and its rows are counted.

    Example: TIREK_HOME=/srv/tirek tirek restore /var/backups/tirek/2026-11-21 --secrets /mnt/safe/tirek-keys
    """
    from tirek_engines.errors import Refusal

    try:
        _check(folder) if check else _restore(folder, keys)
    except Refusal as error:
        raise click.ClickException(str(error)) from None


def _check(folder: Path) -> None:
    from tirek.site.backups import check_backup

    manifest = check_backup(folder)
    click.echo(f"All {len(manifest['files'])} files are as they were on {manifest['made_at']}.")


def _restore(folder: Path, keys: Path | None) -> None:
    from tirek.site.backups import restore_backup
    from tirek.storage.setup import django_ready, hold_database, migrate_database

    hold_database()
    manifest = restore_backup(folder, keys)
    django_ready()
    migrate_database(verbosity=0)
    rows = f"{sum(manifest['rows'].values()):,}".replace(",", " ")
    click.echo(f"Restored {rows} rows and {len(manifest['files'])} files of {manifest['made_at']}.")
