"""`tirek means`: results of groups from scores or plausible values, with the right error. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tirek.assessment.commands.means_results import Results

EPILOG = """\b
Examples:
  tirek means persons.csv --by district --weight weight --cluster school --out results
  tirek means timss.csv --by female --weight TOTWGT --values 'ASMMAT0*' \\
      --jk-zone JKCZONE --jk-rep JKCREP --benchmarks 400,475,550,625 --out results
  tirek means pisa.csv --weight W_FSTUWT --replicates 'W_FSTR*' --scheme fay --values 'PV*MATH' --out results
  tirek means now.csv --by urban --compare before/means.csv --linking-error 2.1 --out results

\b
Writes means.csv, differences.csv, means.json and manifest.json into the folder, with --compare also trend.csv.
Exit codes: 0 done, 2 bad input (see faults.csv).
Every column is described in the manual, page "means".
"""


@click.command(epilog=EPILOG)
@click.argument("persons", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--by", metavar="COL,…", help="Groups: by the first column, by the second within the first, and so on.")
@click.option("--separately", is_flag=True, help="Divide by each column of --by by itself.")
@click.option(
    "--values", metavar="GLOB|COL,…", help="Plausible values, or one score; else pv1, pv2, …, or theta or wle."
)
@click.option("--weight", metavar="COL", help="Column of weights.")
@click.option("--replicates", metavar="COL,…", help="Columns of replicate weights, or a glob.")
@click.option("--scheme", type=click.Choice(["jk1", "jk2", "brr", "fay"]), help="How the replicate weights were made.")
@click.option("--fay-k", type=float, default=0.5, show_default=True, help="Factor of Fay's scheme.")
@click.option("--jk-zone", metavar="COL", help="Jackknife zone (JKCZONE), with --jk-rep instead of --replicates.")
@click.option("--jk-rep", metavar="COL", help="Half of the zone (JKCREP), 0 or 1.")
@click.option(
    "--jk-halves",
    type=click.Choice(["one", "both"]),
    default="one",
    show_default=True,
    help="Replicates of a zone under jk2: one (TIMSS until 2011) or both (since 2015).",
)
@click.option("--cluster", metavar="COL", help="Column of schools: each is left out once (jk1).")
@click.option(
    "--sampling-pv",
    type=click.Choice(["first", "all"]),
    help="Sampling variance from the first plausible value (default under jk2) or from all (default otherwise).",
)
@click.option("--benchmarks", metavar="X,…", help="Points of the scale; the share at or above each is given.")
@click.option("--percentiles", default="10,25,50,75,90", show_default=True, metavar="P,…")
@click.option(
    "--scale", type=click.Path(path_type=Path), help="scale.json of tirek link: put the values on that scale."
)
@click.option("--min-group", type=click.IntRange(1), default=10, show_default=True, help="Smaller groups are hidden.")
@click.option("--compare", type=click.Path(path_type=Path), help="means.csv of an earlier cycle on the same scale.")
@click.option(
    "--linking-error",
    metavar="NUMBER|DIR",
    help="Error of the link to that cycle, on the scale of the values; or the folder of tirek link, which knows it.",
)
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: one thread is used.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(persons: Path, out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Mean, spread, percentiles and shares above benchmarks of groups of PERSONS, each with its error.

    PERSONS is CSV (UTF-8; comma or semicolon) or Parquet, one row a person.
    """
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(persons, out, options, quiet=quiet, as_json=as_json))


def run(persons: Path, out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, compute, write."""
    from tirek.assessment.commands.means_results import summary, write_results
    from tirek.assessment.commands.running import speaker
    from tirek.storage.runs import check_destination, dump_json, open_run

    check_destination(out)
    say = speaker(quiet)
    say(f"Reading {persons} …")
    results = compute(persons, recorded(options))
    for note in results.notes:
        say(note)
    with open_run(out, "means", recorded(options)) as folder:
        folder.add_input("persons", persons)
        for role in ("scale", "compare"):
            if options[role]:
                folder.add_input(role, Path(options[role]))
        if is_folder(options["linking_error"]):
            for name in ("link.json", "scale.json"):
                folder.add_input(name, Path(options["linking_error"]) / name)
        report = write_results(folder, results)
    if as_json:
        click.echo(dump_json({**report, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(results, out))
    return True


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    kept = {k: v for k, v in options.items() if k not in ("seed", "threads")}
    kept["all_sums_together"] = True  # folders from before November 2026 hid line by line, and are verified so
    for name in ("scale", "compare"):
        kept[name] = str(Path(kept[name]).resolve()) if kept[name] else None
    if is_folder(kept["linking_error"]):
        kept["linking_error"] = str(Path(kept["linking_error"]).resolve())
    return kept


def is_folder(linking_error: str | float | None) -> bool:
    """Whether --linking-error names a folder of `tirek link` (a number otherwise)."""
    return linking_error is not None and Path(str(linking_error)).is_dir()


def compute(persons: Path, options: dict[str, Any]) -> Results:
    """Read the files and compute: what `means` writes and `verify` computes again."""
    from tirek.assessment.commands.means_results import compute_results
    from tirek.assessment.commands.persons import read_persons
    from tirek_engines.errors import Refusal

    if options["linking_error"] is not None and not options["compare"]:
        raise Refusal(
            "--linking-error belongs to a comparison: name the earlier means.csv with --compare.", code="alone"
        )
    return compute_results(read_persons(persons, options), options)
