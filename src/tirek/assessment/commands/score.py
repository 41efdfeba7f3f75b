"""`tirek score`: abilities of persons from a calibration made before. Needs no server and no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tirek.assessment.commands.score_results import Scored

DEFAULT_SEED = 1
EPILOG = """\b
Examples:
  tirek score answers.csv --calibration results --method wle --id pupil --out scores
  tirek score answers.csv --calibration results --method pv --m 10 --seed 7 --out values
  tirek score answers.csv --calibration results --method pv --school school --out values
  tirek score answers.csv --calibration results --method eap --omitted 9:missing --out scores

\b
Writes persons.csv, score.json and manifest.json into the folder, with --fit also persons_fit.csv.
Exit codes: 0 done, 2 bad input (see faults.csv).
Every column is described in the manual, page "score".
"""


@click.command(epilog=EPILOG)
@click.argument("answers", type=click.Path(path_type=Path))
@click.option("--calibration", required=True, type=click.Path(path_type=Path), help="Folder of tirek calibrate.")
@click.option(
    "--method",
    type=click.Choice(["eap", "wle", "map", "pv"]),
    required=True,
    help="Posterior mean, Warm's weighted likelihood estimate, posterior mode, or plausible values.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--m", type=click.IntRange(1, 1000), default=10, show_default=True, help="Plausible values a person.")
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Of the plausible values.")
@click.option("--school", metavar="COL", help="Plausible values conditional on schools as well.")
@click.option(
    "--school-effects",
    type=click.Choice(["random", "fixed"]),
    default="random",
    show_default=True,
    help="Random: normal between schools, for large groups. Fixed: each school's own mean, for results of schools.",
)
@click.option("--fit", is_flag=True, help="Check each person's pattern of answers as well: persons_fit.csv.")
@click.option(
    "--item-uncertainty",
    is_flag=True,
    help="Redraw the parameters for each plausible value, from covariance.csv of tirek calibrate --covariance.",
)
@click.option("--items", help="Item columns: globs; otherwise all calibrated items that the file has.")
@click.option("--id", "id_column", metavar="COL", help="Column of ids [default: as in the calibration].")
@click.option("--weight", metavar="COL", help="Case weights, for --school only [default: as in the calibration].")
@click.option("--group", metavar="COL", help="Column of groups [default: as in the calibration].")
@click.option("--missing", metavar="CODE,…", help="Codes for no answer [default: as in the calibration].")
@click.option("--omitted", metavar="CODE:wrong|missing", help="Omitted answers [default: as in the calibration].")
@click.option("--not-reached", metavar="CODE:wrong|missing", help="Items not reached [default: as in the calibration].")
@click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: results never depend on it.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(answers: Path, out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Score the persons of ANSWERS, one row a person, on the scale of a calibration.

    ANSWERS is CSV (UTF-8; comma or semicolon) or Parquet. Ids, groups, covariates and codes are read as in the
    calibration unless an option says otherwise.
    """
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(answers, out, options, quiet=quiet, as_json=as_json))


def run(answers: Path, out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, score, write."""
    from tirek.assessment.commands.running import speaker
    from tirek.assessment.commands.score_results import summary, write_scores
    from tirek.storage.runs import check_destination, dump_json, open_run

    check_destination(out)
    say = speaker(quiet)
    say(f"Reading {answers} …")
    kept = recorded(options)
    scored = compute(answers, kept)
    for note in scored.notes:
        say(note)
    with open_run(out, "score", kept) as folder:
        folder.add_input("answers", answers)
        folder.add_input("calibration", Path(options["calibration"]) / "manifest.json")
        report = write_scores(folder, scored)
    if as_json:
        click.echo(dump_json({**report, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(scored, out))
    return True


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    kept = {k: v for k, v in options.items() if k != "threads"}
    kept["calibration"] = str(Path(kept["calibration"]).resolve())
    return kept


def compute(answers: Path, options: dict[str, Any]) -> Scored:
    """Read the files and score: what `score` writes and `verify` computes again."""
    from tirek.assessment.commands.score_results import score_table
    from tirek.assessment.commands.score_table import read_for_scoring

    return score_table(read_for_scoring(answers, options, several=True), options)
