"""`tirek iati check` and `tirek iati export`: the programme's file by the International Aid Transparency Initiative, 2.03."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path

import click

REPORTER = "TIREK_IATI_REPORTER"


@click.group()
def iati() -> None:
    """Check an IATI 2.03 activity file, or write a programme's."""


@iati.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--strict", is_flag=True, help="Errors of the published rules make the file bad too, not only the schema."
)
@click.option("--faults", type=click.Path(path_type=Path), help="Where the table of faults goes. [default: faults.csv]")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day that “not in the future” is judged by; today.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def check(file: Path, strict: bool, faults: Path | None, on: dt.datetime | None, as_json: bool, quiet: bool) -> None:
    """Check FILE against the schema of IATI 2.03 and the rules published with it. Needs no server.

    Exit codes: 0 valid, 2 bad (a table of faults is written).

    Example: tirek iati check programme.xml
    """
    from tirek.programmes.iati.checking import check as check_bytes
    from tirek.storage.tables import BadTable, Fault, write_faults

    try:
        if file.is_dir() or not file.exists():
            what = "It is a folder, not a file." if file.is_dir() else "The file does not exist."
            raise BadTable([Fault(str(file), None, "", "", what, "Check its name and folder.")])
        data = file.read_bytes()
    except (OSError, BadTable) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    today = on.date() if on else dt.datetime.now(dt.UTC).date()
    found = check_bytes(data, file.name, today)
    rules = [
        Fault(
            file.name,
            fault.row,
            fault.path,
            fault.value,
            f"{fault.severity} {fault.rule}: {fault.message}",
            "See the standard.",
        )
        for fault in found.rules
    ]
    is_bad = not found.is_valid or (strict and bool(found.errors))
    summary = {
        "file": str(file), "valid": found.is_valid, "schema_faults": len(found.schema), "rule_errors": len(found.errors),
        "rule_warnings": len(found.rules) - len(found.errors),
    }  # fmt: skip
    if is_bad or faults:
        write_faults(faults or Path("faults.csv"), [*found.schema, *rules])
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    elif not quiet:
        _say(found, rules, summary)
    if is_bad:
        where = faults or Path("faults.csv")
        click.echo(
            f"Error: {file.name} is not good: {len(found.schema)} faults of the schema. All stand in {where}.", err=True
        )
    sys.exit(2 if is_bad else 0)


def _say(found, rules, summary: dict) -> None:
    for fault in [*found.schema, *rules][:20]:
        row = f"row {fault.row}, " if fault.row else ""
        value = f" “{fault.value}”" if fault.value else ""
        click.echo(f"{row}{fault.column}{value}: {fault.what} {fault.what_to_do}")
    verdict = "valid" if summary["valid"] else "NOT valid"
    click.echo(f"Schema: {verdict}. Rules: {summary['rule_errors']} errors, {summary['rule_warnings']} warnings.")


@iati.command()
@click.argument("programme")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--reporter", help=f"The office's IATI identifier (KZ-BIN-…); else that of {REPORTER}.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def export(programme: str, out: Path, reporter: str | None, as_json: bool, quiet: bool) -> None:
    """Write the activity file of PROGRAMME (its short name) to OUT, checked against schema and rules.

    Exit codes: 0 written, 2 the programme or its data are not fit (a table of faults is written beside OUT).

    Example: tirek iati export tirek-mektep programme.xml --reporter KZ-BIN-990140000019
    """
    from tirek.storage.setup import command_ready

    command_ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.programmes.queries.programmes import by_slug
    from tirek.programmes.queries.sponsors.iati_file import file_of
    from tirek.storage.tables import write_faults
    from tirek_engines.errors import Refusal

    try:
        with loading():
            found = by_slug(programme)
            if found is None:
                raise Refusal(f"There is no programme “{programme}”.")
            made = file_of(found, reporter=reporter or os.environ.get(REPORTER, ""), now=timezone.now())
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(refusal.exit_code)
    if made.faults:
        path = out.with_name("faults.csv")
        write_faults(path, made.as_table(out.name))
        click.echo(f"Error: the data are not fit to be published: {len(made.faults)} faults, see {path}.", err=True)
        sys.exit(2)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(made.data)
    if as_json:
        click.echo(json.dumps({"file": str(out), "bytes": len(made.data), "warnings": len(made.warnings)}))
    elif not quiet:
        click.echo(f"Written {out}: {len(made.data):,} bytes, valid, {len(made.warnings)} warnings of the rules.")
