"""`tirek itemfit`: do items and persons behave as a calibration says? Needs no server and no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tirek.assessment.commands.itemfit_results import Fitted

EPILOG = """\b
Examples:
  tirek itemfit answers.csv --calibration results --out fit
  tirek itemfit answers.csv --calibration results --ability wle --out fit
  tirek itemfit answers.csv --calibration results --persons --id pupil --class class --out fit
  tirek itemfit answers.csv --calibration results --raw options.csv --key key.csv --out fit

\b
Writes itemfit.csv, pairs.csv, itemfit.json and manifest.json into the folder; persons_fit.csv, agreement.csv and
distractors.csv where asked for.
Exit codes: 0 done, 2 bad input (see faults.csv).
Every column is described in the manual, page "itemfit".
"""


@click.command(epilog=EPILOG)
@click.argument("answers", type=click.Path(path_type=Path))
@click.option("--calibration", required=True, type=click.Path(path_type=Path), help="Folder of tirek calibrate.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option(
    "--ability",
    type=click.Choice(["posterior", "eap", "wle"]),
    default="posterior",
    show_default=True,
    help="Where residuals are taken: over each posterior (as TAM), at the posterior means (as mirt), at Warm's estimates.",
)
@click.option("--persons", is_flag=True, help="Write persons_fit.csv: does each person's pattern hold together?")
@click.option(
    "--class", "class_column", metavar="COL", help="Compare wrong answers of all pairs within a class (agreement.csv)."
)
@click.option("--raw", type=click.Path(path_type=Path), help="Table of the options chosen, a row a person.")
@click.option("--key", type=click.Path(path_type=Path), help="Table with columns item and key, or one line of keys.")
@click.option("--raw-missing", metavar="CODE,…", help="Codes in --raw that are no option (omitted, not reached).")
@click.option("--items", help="Item columns: globs; otherwise all calibrated items that the file has.")
@click.option("--id", "id_column", metavar="COL", help="Column of ids [default: as in the calibration].")
@click.option("--weight", metavar="COL", help="Case weights [default: as in the calibration].")
@click.option("--group", metavar="COL", help="Column of groups [default: as in the calibration].")
@click.option("--missing", metavar="CODE,…", help="Codes for no answer [default: as in the calibration].")
@click.option("--omitted", metavar="CODE:wrong|missing", help="Omitted answers [default: as in the calibration].")
@click.option("--not-reached", metavar="CODE:wrong|missing", help="Items not reached [default: as in the calibration].")
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: results never depend on it.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(answers: Path, out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Check the items of a calibration against ANSWERS, one row a person.

    ANSWERS is CSV (UTF-8; comma or semicolon) or Parquet, usually the file that was calibrated. Ids, groups, weights and
    codes are read as in the calibration unless an option says otherwise.
    """
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(answers, out, options, quiet=quiet, as_json=as_json))


def run(answers: Path, out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, check, write."""
    from tirek.assessment.commands.itemfit_results import summary, write_fit
    from tirek.assessment.commands.running import speaker
    from tirek.storage.runs import check_destination, dump_json, open_run

    check_destination(out)
    say = speaker(quiet)
    say(f"Reading {answers} …")
    kept = recorded(options)
    fitted = compute(answers, kept)
    for note in (*fitted.notes, *fitted.warnings):
        say(note)
    with open_run(out, "itemfit", kept) as folder:
        folder.add_input("answers", answers)
        folder.add_input("calibration", Path(kept["calibration"]) / "manifest.json")
        for role in ("raw", "key"):
            if kept[role]:
                folder.add_input(role, Path(kept[role]))
        report = write_fit(folder, fitted)
    if as_json:
        click.echo(dump_json({**report, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(fitted, out))
    return True


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    kept = {k: v for k, v in options.items() if k not in ("seed", "threads")}
    for name in ("calibration", "raw", "key"):
        kept[name] = str(Path(kept[name]).resolve()) if kept[name] else None
    return kept


def compute(answers: Path, options: dict[str, Any]) -> Fitted:
    """Read the files and check: what `itemfit` writes and `verify` computes again."""
    from tirek.assessment.commands.itemfit_results import fit_table
    from tirek.assessment.commands.score_table import read_for_scoring

    found = read_for_scoring(answers, {**options, "school": options["class_column"]})
    return fit_table(found, options)
