"""`tirek dif`: do items work alike for groups of equal ability? Needs no server and no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tirek.assessment.commands.dif_results import Compared

EPILOG = """\b
Examples:
  tirek dif answers.csv --group language --out dif
  tirek dif answers.csv --group sex --focal girl --method logistic --purify --out dif
  tirek dif answers.csv --group settlement --method lr --model 2pl --id pupil --weight weight --out dif

\b
Writes dif.csv, dif.json and manifest.json into the folder; with --method lr also dif_groups.csv.
Exit codes: 0 done, 2 bad input (see faults.csv), 3 finished but not converged.
Every column is described in the manual, page "dif".
"""


@click.command(epilog=EPILOG)
@click.argument("answers", type=click.Path(path_type=Path))
@click.option(
    "--group", required=True, metavar="COL", help="Column of the groups to compare: language, sex, settlement …"
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option(
    "--method",
    type=click.Choice(["mh", "logistic", "lr"]),
    default="mh",
    show_default=True,
    help="Mantel-Haenszel, logistic regression on the raw score, likelihood ratio of response models.",
)
@click.option("--focal", metavar="NAME", help="Group that the others are compared with [default: the first in order].")
@click.option("--purify", is_flag=True, help="Match persons again without the items that differ, until these stay.")
@click.option(
    "--model",
    type=click.Choice(["rasch", "2pl", "3pl", "pcm", "gpcm", "graded"]),
    default="2pl",
    show_default=True,
    help="Model of --method lr.",
)
@click.option("--items", help="Item columns: globs ('M*' or 'M*,S*') or a table with a column item.")
@click.option("--id", "id_column", metavar="COL", help="Column of persons' ids (it is no item).")
@click.option("--weight", metavar="COL", help="Column of case weights.")
@click.option("--missing", metavar="CODE,…", help="Codes that mean there is no answer.")
@click.option("--omitted", metavar="CODE:wrong|missing", help="Code of omitted answers and what it counts as.")
@click.option("--not-reached", metavar="CODE:wrong|missing", help="Code of items not reached, likewise.")
@click.option("--nodes", type=int, default=61, show_default=True, help="Quadrature nodes of --method lr.")
@click.option(
    "--range", "half_range", type=float, default=6.0, show_default=True, help="Its grid from -range to range."
)
@click.option("--max-iterations", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: results never depend on it.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(answers: Path, out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Compare groups item by item, at equal ability, in ANSWERS, one row a person.

    ANSWERS is CSV (UTF-8; comma or semicolon) or Parquet. Item columns are those of --items, else all that no other
    option names and that do not plainly hold something else.
    """
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(answers, out, options, quiet=quiet, as_json=as_json))


def run(answers: Path, out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, compare, write; true if all models converged."""
    from tirek.assessment.commands.dif_results import summary, write_dif
    from tirek.assessment.commands.itemtable import is_table
    from tirek.assessment.commands.running import speaker
    from tirek.storage.runs import check_destination, dump_json, open_run

    check_destination(out)
    say = speaker(quiet)
    say(f"Reading {answers} …")
    kept = recorded(options)
    compared = compute(answers, kept)
    for note in compared.notes:
        say(note)
    with open_run(out, "dif", kept) as folder:
        folder.add_input("answers", answers)
        if is_table(kept["items"]):
            folder.add_input("items", Path(kept["items"]))
        report = write_dif(folder, compared)
    if as_json:
        click.echo(dump_json({**report, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(compared, out))
    return bool(report["converged"])


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    from tirek.assessment.commands.itemtable import is_table

    kept = {k: v for k, v in options.items() if k not in ("seed", "threads")}
    if is_table(kept["items"]):
        kept["items"] = str(Path(kept["items"]).resolve())
    return kept


def compute(answers: Path, options: dict[str, Any]) -> Compared:
    """Read the file and compare: what `dif` writes and `verify` computes again."""
    from tirek.assessment.commands.answers import read_answers
    from tirek.assessment.commands.calibrate import specification
    from tirek.assessment.commands.dif_results import compare_groups

    return compare_groups(read_answers(answers, specification(options)), options)
