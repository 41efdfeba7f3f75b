"""tirek backup"""

from __future__ import annotations

from pathlib import Path

import click

WARNING = (
    "The keys are in {folder}. Whoever holds them and the backup reads every identifier: keep them in another place. "
    "Without them the identifiers in the backup cannot be read by anybody, you included."
)
WITHOUT = "The keys are not in it. Keep a copy of {folder} in another place: without them no identifier can be read."


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--secrets", "keys", type=click.Path(path_type=Path), help="Also copy the keys, into another folder.")
@click.option("--quiet", is_flag=True, help="Say nothing unless something fails.")
def backup(folder: Path, keys: Path | None, quiet: bool) -> None:
    """Write database, sealed files and uploads into a new FOLDER, with the digest of each.

    It may run while the site is in use.

    Example: tirek backup /var/backups/tirek/2026-11-21 --secrets /mnt/safe/tirek-keys
    """
    from tirek.storage import secrets
    from tirek.storage.setup import hold_database
    from tirek_engines.errors import Refusal

    if keys is not None and (keys.resolve() == folder.resolve() or folder.resolve() in keys.resolve().parents):
        raise click.UsageError("Keys and backup must not lie together: name a folder outside the backup.")
    hold_database()
    from tirek.site.backups import make_backup

    try:
        manifest = make_backup(folder, keys)
    except Refusal as error:
        raise click.ClickException(str(error)) from None
    if not quiet:
        size = sum(file["bytes"] for file in manifest["files"].values()) / 1e6
        rows = f"{sum(manifest['rows'].values()):,}".replace(",", " ")
        click.echo(f"Saved {rows} rows and {len(manifest['files'])} files ({size:.1f} MB) in {folder}.")
        click.echo(WARNING.format(folder=keys) if keys else WITHOUT.format(folder=secrets.folder()), err=True)
