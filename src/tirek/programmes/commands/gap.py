"""`tirek gap`: how large a gap is, and how much of it goes with what is different about the groups. No server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tirek.programmes.commands.running import finish, uniform

EPILOG = """\b
Examples:
  tirek gap pupils.csv --outcome points --group settlement --x ses,class_size --cluster school --out gap
  tirek gap pupils.csv --outcome points --group settlement --first urban --x ses --out gap

\b
Writes gap.csv, columns.csv, gap.json and manifest.json into the folder. Exit codes: 0 done, 2 bad input.
Every column is described in the manual, page "gap".
"""


@click.command("gap", epilog=EPILOG)
@click.argument("pupils", type=click.Path(path_type=Path))
@click.option("--outcome", required=True, metavar="COL", help="Column of results.")
@click.option("--group", required=True, metavar="COL", help="Column of two groups.")
@click.option(
    "--first", metavar="NAME", help="The group from which the other is subtracted; by default that of the higher mean."
)
@click.option(
    "--x",
    required=True,
    metavar="COL,…",
    help="What may differ between the groups; COL:levels takes numbers as levels.",
)
@click.option("--cluster", metavar="COL", help="Column of schools: the bootstrap draws whole schools.")
@click.option("--weight", metavar="COL", help="Column of weights.")
@click.option("--draws", type=click.IntRange(49), default=999, show_default=True, help="Draws of the bootstrap.")
@click.option("--level", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Level of intervals.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the bootstrap.")
@uniform
def command(pupils: Path, out: Path, **options: Any) -> None:
    """Decompose the gap of mean results between two groups of PUPILS (Oaxaca and Blinder).

    PUPILS is CSV (UTF-8; comma or semicolon) or Parquet, one row a pupil. Rows with an empty cell are left out.
    """
    from tirek.programmes.commands.gap_results import compute

    finish("gap", pupils, out, options, lambda: compute(pupils, options))
