"""tirek import, export and undo: the same way into the register and back as the pages'."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import click

from tirek_engines.errors import EXIT_BAD_INPUT, EXIT_OUR_FAULT

KINDS = ("institutions", "learners", "staff", "guardianships", "rooms", "places")


@click.command("import")
@click.argument("what", type=click.Choice(["roster", *KINDS]))
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", "code", required=True, help="Code of the source, as on the exchange page.")
@click.option("--profile", type=int, help="Version of the mapping; the newest by default.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day on which changes begin; today by default.")
@click.option("--dry-run", is_flag=True, help="Check and compare only; the import can then be applied on its page.")
@click.option(
    "--end",
    "endings",
    type=int,
    help="How many enrolments and employments may end because a complete file leaves"
    " them out; must be the number that the check finds.",
)
@click.option("--faults", type=click.Path(path_type=Path), default=Path("faults.csv"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="Say nothing when all went well.")
def import_(what: str, path: Path, code: str, profile: int | None, as_of, dry_run: bool, endings: int | None, faults: Path,
            as_json: bool, quiet: bool) -> None:  # fmt: skip
    """Bring a file into the register: a OneRoster zip (roster), or a table of one kind of rows.

    Runs as the country's loader on the server itself. Ends with 2 and a table of faults when the file cannot be applied.

    Example: tirek import learners pupils.csv --source nedb --dry-run
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from tirek.registry.exchange import services

    with _as_country(), _refusals():
        with _told_in(faults, path.name):
            found = _open(services, what, path, code, profile, as_of)
        found = services.stage(import_id=found.pk)
        table = services.faults_of(found)
        if table.height:
            from tirek.registry.exchange.faults import faults_csv

            faults.write_bytes(faults_csv(table))
        if not found.refusal and not dry_run:
            found = services.apply(import_id=found.pk, endings=endings)
        if as_json:
            click.echo(services.as_json(found))
        elif not quiet or found.refusal:
            _say(found, faults if table.height else None)
    if found.refusal:
        raise SystemExit(EXIT_BAD_INPUT)


@contextlib.contextmanager
def _told_in(faults: Path, file: str):
    """A file that is refused before it is read is a row in the table of faults, too."""
    from tirek.registry.exchange.faults import Faults, faults_csv
    from tirek.storage.uploads import UploadRefused

    try:
        yield
    except UploadRefused as refusal:
        table = Faults()
        table.add(file, None, "", "", refusal.message, "", code=refusal.code)
        faults.write_bytes(faults_csv(table.frame()))
        raise


def _open(services, what: str, path: Path, code: str, profile: int | None, as_of):
    from tirek.registry.exchange.queries import source_of

    source = source_of(code)
    if source is None:
        raise services.NotApplicable(f"There is no source {code}. Add it on the exchange page.")
    if (what == "roster") != (source.kind == "oneroster"):
        raise services.NotApplicable(f"The source {code} sends {source.get_kind_display()}.")
    row_kind = "" if what == "roster" else what
    mapping = source.profiles.filter(row_kind=row_kind, version=profile).first() if profile else None
    if profile and mapping is None:
        raise services.NotApplicable(f"The source {code} has no version {profile} of this mapping.")
    day = as_of.date() if as_of else None
    return services.upload(
        source=source, file_name=path.name, data=path.read_bytes(), row_kind=row_kind, as_of=day, profile=mapping
    )


def _say(found, faults: Path | None) -> None:
    counts = found.counts
    click.echo(f"Import {found.pk}: {counts['rows']} rows, {counts['errors']} errors, {counts['warnings']} warnings.")
    for thing, actions in counts["things"].items():
        click.echo(f"  {thing}: " + ", ".join(f"{n} {action}" for action, n in actions.items()))
    if counts["undecided"]:
        click.echo(
            f"  {counts['undecided']} rows look like people the register knows: decide on the page of the import."
        )
    if faults:
        click.echo(f"  faults: {faults}")
    click.echo(found.refusal or f"  {found.state}")


@click.command("export")
@click.argument("what", type=click.Choice(["roster", "institutions", "learners", "staff", "guardianships", "rooms"]))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--bom", is_flag=True, help="Mark CSV as UTF-8, so that Excel opens it rightly.")
@click.option("--demographics", is_flag=True, help="With dates of birth and sex (roster).")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Only what was changed since, with what has ended: a delta (roster).",
)
def export(what: str, path: Path, bom: bool, demographics: bool, since) -> None:
    """Write the register: a OneRoster 1.2 zip (roster), or a table by the ending .csv, .xlsx or .parquet.

    Example: tirek export roster OUT.zip
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from tirek.registry.exchange import exports
    from tirek.registry.exchange.oneroster.writing import package

    ending = path.suffix.lower().lstrip(".")
    if what != "roster" and ending not in exports.FORMATS:
        click.echo("Name the file .csv, .xlsx or .parquet.", err=True)
        raise SystemExit(EXIT_BAD_INPUT)
    with _as_country(), _refusals():
        moment = since.strftime("%Y-%m-%dT%H:%M:%S.000Z") if since else ""
        data = (
            package(demographics=demographics, since=moment)
            if what == "roster"
            else exports.export(what, ending, bom=bom)
        )
    path.write_bytes(data)


@click.command("undo")
@click.argument("number", type=int)
def undo(number: int) -> None:
    """Take an applied import back, unless its rows were changed since.

    Example: tirek undo 12
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from tirek.registry.exchange import services

    with _as_country(), _refusals():
        done = services.take_back(import_id=number)
    click.echo(json.dumps(done))


@contextlib.contextmanager
def _as_country():
    """Whoever may run commands on the server may already read its database; changes are still audited."""
    from tirek.access.scope import Scope, acting_as
    from tirek.storage.database import COUNTRY

    with acting_as(Scope(COUNTRY, role="administrator")):
        yield


@contextlib.contextmanager
def _refusals():
    from tirek_engines.errors import Refusal

    try:
        yield
    except Refusal as refusal:
        click.echo(refusal.message, err=True)
        raise SystemExit(refusal.exit_code or EXIT_OUR_FAULT) from None
