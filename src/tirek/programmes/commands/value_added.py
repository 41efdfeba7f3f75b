"""`tirek value-added`: what schools add to what their pupils' earlier results let us expect. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tirek.programmes.commands.running import finish, uniform

EPILOG = """\b
Examples:
  tirek value-added pupils.csv --outcome exit --school school --x entry,language --out added
  tirek value-added pupils.csv --outcome exit --school school --district district --x entry --ml --out added

\b
Writes fixed.csv, variance.csv, schools.csv (with districts also districts.csv), fit.json and manifest.json.
Exit codes: 0 done, 2 bad input (see faults.csv), 3 not converged.
Every column is described in the manual, page "value-added".
"""


@click.command("value-added", epilog=EPILOG)
@click.argument("pupils", type=click.Path(path_type=Path))
@click.option("--outcome", required=True, metavar="COL", help="Column of results.")
@click.option("--school", required=True, metavar="COL", help="Column of schools.")
@click.option("--district", metavar="COL", help="Column of districts: a third level.")
@click.option("--nested", is_flag=True, help="School names are unique within their district only.")
@click.option("--x", metavar="COL,…", help="What is known of the pupils before; COL:levels takes numbers as levels.")
@click.option("--ml", is_flag=True, help="Full instead of restricted maximum likelihood.")
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@uniform
def command(pupils: Path, out: Path, **options: Any) -> None:
    """Fit random intercepts of schools (and districts) to PUPILS and predict what each school adds.

    PUPILS is CSV (UTF-8; comma or semicolon) or Parquet, one row a pupil. Rows with an empty cell are left out.
    """
    from tirek.programmes.commands.value_added_results import compute

    finish("value-added", pupils, out, options, lambda: compute(pupils, options))
