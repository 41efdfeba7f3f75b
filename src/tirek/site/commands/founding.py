"""tirek territories and tirek school-year: what an empty register needs before its first institution."""

from __future__ import annotations

import contextlib
import csv
import json
from pathlib import Path

import click

from tirek_engines.errors import EXIT_BAD_INPUT

COLUMNS = (
    "code", "level", "parent", "name_kk", "name_ru", "name_en", "iso_3166_2", "settlement_kind", "longitude", "latitude",
    "numbers",
)  # fmt: skip
COUNTRY = {"name_kk": "Қазақстан Республикасы", "name_ru": "Республика Казахстан", "name_en": "Republic of Kazakhstan"}
FAULTS = ("file", "row", "column", "value", "what", "what_to_do")
DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--template", is_flag=True, help="Write the country and its 20 regions to PATH, to begin from.")
@click.option(
    "--from", "from_day", type=DAY, help="Day from which names and places that differ hold; else they are corrected."
)
@click.option("--dry-run", is_flag=True, help="Check only.")
@click.option("--faults", type=click.Path(path_type=Path), default=Path("faults.csv"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON on standard output.")
def territories(path: Path, template: bool, from_day, dry_run: bool, faults: Path, as_json: bool) -> None:
    """Add the territories in the table PATH, with a range of numbers for the institutions of each.

    Names and places of those that are there change from the day --from on, and earlier days keep the old ones; without a
    day they are corrected. None is taken away. All goes in or nothing: bad rows end with 2 and a table of faults. KATO codes
    tell what lies in what, unless the column parent does.

    Example: tirek territories kato.csv --template; then add districts to kato.csv, and: tirek territories kato.csv;
    a year later, of those that were renamed: tirek territories renamed.csv --from 2026-03-15
    """
    if template:
        _write_template(path)
        return
    if not path.is_file():
        raise click.BadParameter(f"There is no file {path}.")
    day = from_day.date() if from_day else None
    with _as_administrator() as (scope, now):
        from tirek.registry.services.founding import found_territories

        found = found_territories(rows=_rows(path), by=scope, now=now, dry_run=dry_run, from_date=day)
    counts = {"added": len(found.added), "changed": len(found.changed), "corrected": len(found.corrected),
              "unchanged": found.unchanged, "faults": len(found.problems)}  # fmt: skip
    if found.problems:
        _write_faults(faults, path, found.problems)
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(
            "{added} added, {changed} changed, {corrected} corrected, {unchanged} as they were.".format(**counts)
        )
    if found.problems:
        click.echo(f"Nothing was written: {len(found.problems)} rows are faulty, see {faults}.", err=True)
        raise SystemExit(EXIT_BAD_INPUT)


@click.command("school-year")
@click.argument("starts", type=DAY)
@click.argument("ends", type=DAY)
def school_year(starts, ends) -> None:
    """Add the school year from STARTS to ENDS, for all; then classes are made and the year is turned in it.

    Example: tirek school-year 2027-09-01 2028-05-25
    """
    with _as_administrator() as (scope, now):
        from tirek.registry.services.founding import add_school_year

        year = add_school_year(starts_on=starts.date(), ends_on=ends.date(), by=scope, now=now)
    click.echo(f"Added {year.code}.")


@contextlib.contextmanager
def _as_administrator():
    """Whoever runs commands on the server answers for all of it; changes are audited as any."""
    from tirek.decisions.commands.acting import refusals_shown
    from tirek.storage.setup import django_ready

    django_ready()
    from django.utils import timezone, translation

    from tirek.access.scope import Scope, acting_as
    from tirek.storage.database import COUNTRY

    scope = Scope(COUNTRY, role="administrator")
    with translation.override("en"), refusals_shown(), acting_as(scope):
        yield scope, timezone.now()


def _rows(path: Path) -> list[dict[str, str]]:
    from tirek.registry.exchange.faults import Faults
    from tirek.registry.exchange.reading import read_upload

    (table, *_more) = read_upload(path.name, path.read_bytes(), Faults()).values()
    return [{column: row.get(column) or "" for column in COLUMNS} for row in table.iter_rows(named=True)]


def _write_template(path: Path) -> None:
    from tirek.site.demo.places import REGIONS

    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerow({"code": "000000000", "level": "country", "iso_3166_2": "KZ", **COUNTRY})
        for region in REGIONS:
            writer.writerow({
                "code": f"{region.kato}0000000", "level": "region", "iso_3166_2": f"KZ-{region.kato}",
                "name_kk": region.kk, "name_ru": region.ru, "name_en": region.en, "longitude": region.longitude,
                "latitude": region.latitude,
            })  # fmt: skip


def _write_faults(path: Path, source: Path, problems) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FAULTS)
        for p in sorted(problems, key=lambda p: p.row):
            writer.writerow([source.name, p.row, p.column, p.value, p.what, p.what_to_do])
