"""`tirek power`: the smallest effect that a programme could show, before it starts. No server, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import polars as pl

from tirek.programmes.commands.running import finish, uniform

if TYPE_CHECKING:
    from tirek.storage.runs import Run

EPILOG = """\b
Examples:
  tirek power --schools 50,100,200,450 --treated-share 0.11 --pupils 60 --rho 0.15 --r2-between 0.6 --out power
  tirek power --effect 0.2 --treated-share 0.25 --pupils 60 --rho 0.15 --out power

\b
Writes power.csv, power.json and manifest.json into the folder. Exit codes: 0 done, 2 bad input.
Every column is described in the manual, page "power".
"""
COLUMNS = (
    "schools",
    "treated_share",
    "pupils",
    "rho",
    "r2_between",
    "r2_within",
    "covariates",
    "alpha",
    "power",
    "mdes",
)


@click.command("power", epilog=EPILOG)
@click.option("--schools", metavar="N,…", help="Numbers of schools, treated and comparison together.")
@click.option(
    "--effect",
    type=click.FloatRange(0.0, min_open=True),
    help="Instead: the effect that has to be found; gives the schools needed.",
)
@click.option("--treated-share", default=0.5, show_default=True, help="Share of schools that take part.")
@click.option("--pupils", required=True, type=click.FloatRange(1.0), help="Pupils a school (harmonic mean).")
@click.option("--rho", default=0.2, show_default=True, help="Share of the variance that lies between schools.")
@click.option(
    "--r2-between",
    default=0.0,
    show_default=True,
    help="Share of the variance between schools that covariates explain.",
)
@click.option("--r2-within", default=0.0, show_default=True, help="The same within schools.")
@click.option(
    "--covariates", type=click.IntRange(0), default=0, show_default=True, help="Number of covariates of schools."
)
@click.option(
    "--alpha", default=0.05, show_default=True, help="Risk of finding an effect that is not there (two-sided)."
)
@click.option("--power", "wanted", default=0.8, show_default=True, help="Chance of finding an effect that is there.")
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@uniform
def command(out: Path, **options: Any) -> None:
    """Tell the minimum detectable effect, in standard deviations of pupils, when whole schools take part."""
    finish("power", None, out, options, lambda: compute(options))


@dataclass(frozen=True)
class Results:
    """One row a design."""

    table: pl.DataFrame
    notes: tuple[str, ...] = ()
    decided: bool = True

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        from tirek.storage.tables import write_csv

        write_csv(run.folder / "power.csv", self.table)
        report = {"designs": self.table.to_dicts(), "notes": list(self.notes)}
        run.write_json("power.json", report)
        return report

    def summary(self) -> str:
        """A line a design."""
        return "\n".join(
            f"{row['schools']:,} schools of {row['pupils']:g} pupils: an effect of {row['mdes']:.3f} standard deviations "
            f"is found with a chance of {row['power']:.0%}."
            for row in self.table.iter_rows(named=True)
        )


def compute(options: Mapping[str, Any]) -> Results:
    """The table of designs: what the command writes and `verify` computes again."""
    from tirek_engines.errors import Refusal
    from tirek_engines.evaluation.power import mdes, schools_needed

    if bool(options["schools"]) == (options["effect"] is not None):
        raise Refusal("Name either --schools or --effect.", code="two_ways")
    design = {
        "treated_share": options["treated_share"], "rho": options["rho"], "explained_between": options["r2_between"],
        "explained_within": options["r2_within"], "school_covariates": options["covariates"], "alpha": options["alpha"],
        "power": options["wanted"],
    }  # fmt: skip
    counts = (
        _counts(options["schools"])
        if options["schools"]
        else [schools_needed(options["effect"], options["pupils"], **design)]
    )
    rows = [
        (n, options["treated_share"], options["pupils"], options["rho"], options["r2_between"], options["r2_within"],
         options["covariates"], options["alpha"], options["wanted"], mdes(n, options["pupils"], **design))
        for n in counts
    ]  # fmt: skip
    return Results(pl.DataFrame(rows, schema=list(COLUMNS), orient="row"))


def _counts(text: str) -> list[int]:
    from tirek_engines.errors import Refusal

    found = []
    for part in text.split(","):
        if not part.strip().isdigit():
            raise Refusal(
                f"--schools {part} is not understood: write whole numbers, separated by commas.", code="bad_number"
            )
        found.append(int(part))
    return found
