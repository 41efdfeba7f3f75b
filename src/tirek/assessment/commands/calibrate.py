"""`tirek calibrate`: estimate items and abilities from a table of answers. Needs no server and no database."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from tirek.assessment.commands.answers import AnswerSpec, AnswerTable
    from tirek_engines.psychometrics import Calibration, Options
    from tirek_engines.psychometrics.likelihood.regression import Covariates

EPILOG = """\b
Examples:
  tirek calibrate answers.csv --model rasch --id pupil --out results
  tirek calibrate timss.csv --model rasch --items 'M*' --id idstud --out maths
  tirek calibrate answers.csv --model 3pl --guessing-prior -1.5,0.5 --out results
  tirek calibrate answers.csv --model 2pl --items items.csv --group grade --se sandwich --out linked
  tirek calibrate answers.csv --model rasch --id pupil --regress sex,language,books --out results
  tirek calibrate answers.csv --model rasch --omitted 9:wrong --not-reached 6:missing --out results

\b
Writes items.csv, groups.csv, persons.csv, dropped.csv, fit.json and manifest.json into the folder.
Exit codes: 0 done, 2 bad input (see faults.csv), 3 finished but not converged.
Every column is described in the manual, page "calibrate".
"""


@click.command(epilog=EPILOG)
@click.argument("answers", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Choice(["rasch", "2pl", "3pl", "pcm", "gpcm", "graded"]),
    required=True,
    help="Items with several steps become PCM under rasch, GPCM under 2pl and 3pl.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results.")
@click.option(
    "--items",
    help="Item columns: globs ('M*' or 'M*,S*') or a table with a column item and, if you like, max, model, and "
    "fixed with a, b or d1…, c.",
)
@click.option("--id", "id_column", metavar="COL", help="Column of persons' ids; otherwise rows are numbered.")
@click.option("--weight", metavar="COL", help="Column of case weights (zero or more; any scale).")
@click.option("--group", metavar="COL", help="Column of groups; the first in order has mean 0.")
@click.option("--missing", metavar="CODE,…", help="Codes that mean there is no answer.")
@click.option("--omitted", metavar="CODE:wrong|missing", help="Code of omitted answers and what it counts as.")
@click.option("--not-reached", metavar="CODE:wrong|missing", help="Code of items not reached, likewise.")
@click.option(
    "--se",
    type=click.Choice(["louis", "oakes", "sandwich", "crossprod", "none"]),
    default="oakes",
    show_default=True,
    help="Standard errors.",
)
@click.option(
    "--guessing-prior",
    default="-1.5,0.5",
    show_default=True,
    metavar="MEAN,SD",
    help="Normal prior on logit c of 3PL items.",
)
@click.option("--starts", type=click.IntRange(1), help="Starting points; by default 3 with 3PL items, else 1.")
@click.option("--nodes", type=int, default=41, show_default=True, help="Quadrature nodes, equally spaced.")
@click.option("--range", "half_range", type=float, default=6.0, show_default=True, help="Grid from -range to range.")
@click.option("--max-iterations", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--covariance", is_flag=True, help="Write covariance.csv, for tirek score --item-uncertainty.")
@click.option("--no-persons", is_flag=True, help="Do not write persons.csv.")
@click.option(
    "--regress",
    metavar="COL,…",
    help="Latent regression of ability on columns: numbers, texts as levels; COL:levels makes levels of numbers.",
)
@click.option(
    "--regress-missing",
    type=click.Choice(["refuse", "dummy"]),
    default="refuse",
    show_default=True,
    help="Empty cells of these columns: refused, or 0 with a covariate of their own that marks them.",
)
@click.option(
    "--dimension",
    metavar="COL",
    help="Column of the table of --items that names each item's dimension (two or three); the table's columns same_as "
    "or parameter make items share their parameters.",
)
@click.option("--replicates", metavar="COL,…", help="Replicate weights, columns or a glob: calibrate anew under each.")
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
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@click.option(
    "--stream",
    is_flag=True,
    help="Read batch by batch and calibrate from packed answers on disk: memory stays flat. Rasch, 2PL, PCM and GPCM; done "
    "unasked for files above 2 GB.",
)
@click.option("--threads", type=click.IntRange(1), help="By default one a processor; the results are the same.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(answers: Path, out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Estimate item difficulties and persons' abilities from ANSWERS, one row a person.

    ANSWERS is CSV (UTF-8; comma or semicolon) or Parquet. Item columns are those of --items, else all that no other
    option names and that do not plainly hold something else. Empty cells and NA are missing answers.
    """
    from tirek.assessment.commands.running import leave

    leave(out, lambda: run(answers, out, options, quiet=quiet, as_json=as_json))


def specification(options: dict[str, Any]) -> AnswerSpec:
    """Which columns are what, and what the special codes mean."""
    from tirek.assessment.commands.answers import AnswerSpec
    from tirek.assessment.commands.covariates import columns_of
    from tirek.assessment.commands.replicated import columns_needed
    from tirek_engines.errors import Refusal

    policies = {code.strip(): "missing" for code in (options["missing"] or "").split(",") if code.strip()}
    for key in ("omitted", "not_reached"):
        if options[key] is None:
            continue
        for part in options[key].split(","):
            code, _, meaning = part.rpartition(":")
            if not code.strip() or meaning.strip() not in ("wrong", "missing"):
                raise Refusal(
                    f"--{key.replace('_', '-')} {options[key]} is not understood: write the code, a colon, and "
                    "wrong or missing, for example 9:wrong.",
                    code="bad_policy",
                )
            if code.strip() in policies:
                raise Refusal(
                    f"The code {code.strip()} is given two meanings. Name it in one of --missing, --omitted and "
                    "--not-reached.",
                    code="bad_policy",
                )
            policies[code.strip()] = meaning.strip()
    return AnswerSpec(
        items=options["items"],
        id=options["id_column"],
        weight=options["weight"],
        group=options["group"],
        others=tuple(dict.fromkeys([*(n for n, _ in columns_of(options.get("regress"))), *columns_needed(options)])),
        texts=tuple(name for name, as_levels in columns_of(options.get("regress")) if as_levels),
        policies=policies,
    )


def engine_options(options: dict[str, Any]) -> Options:
    """The engine's options from those of the command."""
    from tirek_engines.psychometrics import Options

    return Options(
        guessing_prior=guessing_prior(options.get("guessing_prior") or "-1.5,0.5"),
        starts=options.get("starts") or 0,
        model=options["model"],
        se=options["se"],
        nodes=options["nodes"],
        half_range=options["half_range"],
        max_iterations=options["max_iterations"],
        persons=not options["no_persons"],
        threads=options.get("threads") or 0,
    )


def guessing_prior(text: str) -> tuple[float, float]:
    """Mean and standard deviation of the prior on logit c, from MEAN,SD."""
    from tirek_engines.errors import Refusal

    try:
        mean, sd = (float(part) for part in text.split(","))
    except ValueError:
        raise Refusal(
            f"--guessing-prior {text} is not understood: write the mean and the standard deviation of logit c, for "
            "example -1.5,0.5.",
            code="bad_prior",
        ) from None
    return mean, sd


def run(answers: Path, out: Path, options: dict[str, Any], *, quiet: bool, as_json: bool) -> bool:
    """Read, calibrate, write; true if converged."""
    from tirek.assessment.commands.itemtable import is_table
    from tirek.assessment.commands.streamed import wants_stream
    from tirek.storage.runs import check_destination, dump_json, open_run
    from tirek_engines.errors import Refusal

    check_destination(out)
    options = {**options, "stream": wants_stream(answers, options)}
    write, summary = outputs_of(options)
    if options["covariance"] and options["dimension"]:
        raise Refusal("--covariance is written for one dimension only. Leave it out.", code="not_built")
    say = _speaker(quiet)
    say(f"Reading {answers} …")
    table, calibration = calibrate_file(answers, options, progress=_progress(quiet))
    if not quiet and sys.stderr.isatty():
        click.echo(err=True)
    for note in (*table.notes, *calibration.warnings):
        say(note)
    with open_run(out, "calibrate", recorded(options)) as folder:
        folder.add_input("answers", answers)
        if is_table(options["items"]):
            folder.add_input("items", Path(options["items"]))
        fit = write(folder, table, calibration)
    if as_json:
        click.echo(dump_json({**fit, "out": str(out)}), nl=False)
    elif not quiet:
        click.echo(summary(calibration, out))
    return bool(fit["converged"])


def outputs_of(options: dict[str, Any]) -> tuple[Callable[..., dict[str, object]], Callable[..., str]]:
    """What writes the tables, and what a person reads at the end."""
    from tirek.assessment.commands import dimension_tables, outputs, streamed

    if options.get("dimension"):
        return dimension_tables.write_dimensions, dimension_tables.summary
    write = streamed.write_streamed if options.get("stream") else outputs.write_outputs
    if options.get("covariance"):
        return outputs.and_covariance(write), outputs.summary
    return write, outputs.summary


def calibrate_file(
    answers: Path, options: dict[str, Any], progress: Callable[[int, float, float], None] | None = None
) -> tuple[Any, Calibration]:
    """Read a file and calibrate it: what `calibrate` writes and `verify` computes again."""
    from tirek.assessment.commands.answers import read_answers
    from tirek.assessment.commands.itemtable import read_item_choices
    from tirek.assessment.commands.replicated import expanded, with_replication
    from tirek.assessment.commands.streamed import calibrate_streamed
    from tirek_engines.psychometrics import calibrate

    settings = engine_options(options)
    if options.get("stream"):
        return calibrate_streamed(answers, options, specification(options), settings, progress)
    options = expanded(answers, options)
    choices = read_item_choices(options["items"])
    if options.get("dimension"):
        return _calibrate_dimensions(answers, options, settings, progress)
    table, covariates = with_covariates(answers, read_answers(answers, specification(options)), options)
    found = calibrate(
        table.answers,
        settings,
        models=choices.models,
        known=choices.known,
        covariates=covariates,
        progress=progress,
    )
    return with_replication(answers, table, found, options)


def _calibrate_dimensions(
    answers: Path, options: dict[str, Any], settings: Options, progress: Callable[[int, float, float], None] | None
) -> tuple[Any, Any]:
    from tirek.assessment.commands.answers import read_answers
    from tirek.assessment.commands.dimension_tables import read_dimensions
    from tirek.assessment.commands.itemtable import read_item_choices
    from tirek.assessment.commands.replicated import with_dimension_replication
    from tirek_engines.errors import Refusal
    from tirek_engines.psychometrics.dimensions.growth import calibrate_dimensions

    if options["se"] in ("sandwich", "crossprod"):
        raise Refusal(
            f"--se {options['se']} and --dimension do not go together: use oakes, and for clustered samples replicate "
            "weights (--jk-zone, --replicates).",
            code="not_built",
        )
    mapping, choices = read_dimensions(options["items"], options["dimension"]), read_item_choices(options["items"])
    if choices.known is not None:
        raise Refusal("Fixed items and --dimension do not go together. Leave one out.", code="not_built")
    table, covariates = with_covariates(answers, read_answers(answers, specification(options)), options)
    found = calibrate_dimensions(
        table.answers, settings, mapping, models=choices.models, covariates=covariates, progress=progress
    )
    return with_dimension_replication(answers, table, found, options)


def with_covariates(
    answers: Path, table: AnswerTable, options: dict[str, Any]
) -> tuple[AnswerTable, Covariates | None]:
    """The covariates that --regress names, and the table with how they were made."""
    from tirek.assessment.commands.answers import Faults
    from tirek.assessment.commands.covariates import columns_of, encode, infer_codings

    columns = columns_of(options.get("regress"))
    if not columns:
        return table, None
    faults = Faults(answers.name)
    dummies = options.get("regress_missing") == "dummy"
    codings = infer_codings(table.others, columns, dummies=dummies, faults=faults)
    return replace(table, codings=codings), encode(table.others, codings, faults)


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the manifest keeps: all that can change a result."""
    from tirek.assessment.commands.itemtable import is_table

    kept = {k: v for k, v in options.items() if k not in ("seed", "threads")}
    if is_table(kept["items"]):
        kept["items"] = str(Path(kept["items"]).resolve())
    return kept


def _speaker(quiet: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    return say


def _progress(quiet: bool) -> Callable[[int, float, float], None] | None:
    """A line that is written over, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        return None

    def show(iteration: int, loglik: float, step: float) -> None:
        click.echo(f"\r  iteration {iteration}: log-likelihood {loglik:.4f}, step {step:.1e}   ", err=True, nl=False)

    return show
