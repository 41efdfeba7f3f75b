"""`tirek impact`: did what was done work? Differences in differences with honest errors. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tirek.programmes.commands.running import finish, uniform

EPILOG = """\b
Examples:
  tirek impact panel.csv --unit school --treated supported --wave year --from 2025 --outcome mean --out impact
  tirek impact pupils.parquet --unit school --treated supported --wave wave --outcome points \\
      --cluster district --match ses,size --exact rural,language --earlier --out impact
  tirek impact mpdta.csv --unit countyreal --treated treat --first-treated first.treat --wave year --outcome lemp --out impact

\b
Writes effects.csv, eventstudy.csv, balance.csv, report.json and manifest.json; with --match also matches.csv.
Exit codes: 0 done, 2 bad input (see faults.csv).
Every column is described in the manual, page "impact".
"""


@click.command("impact", epilog=EPILOG)
@click.argument("panel", type=click.Path(path_type=Path))
@click.option("--unit", required=True, metavar="COL", help="Column of schools (or whatever is treated as a whole).")
@click.option(
    "--treated", required=True, metavar="COL", help="1 for treated units, always or from their entry on; else 0."
)
@click.option("--wave", required=True, metavar="COL", help="Column of waves: numbers or texts in their order.")
@click.option("--outcome", required=True, metavar="COL", help="Column of results.")
@click.option(
    "--first-treated", metavar="COL", help="Wave of entry, where units enter at several; empty or 0 for never."
)
@click.option("--from", "from_wave", metavar="WAVE", help="First wave after entry, where all enter at once.")
@click.option("--cluster", metavar="COL", help="Column of clusters of units; by default each unit is one.")
@click.option("--weight", metavar="COL", help="Column of weights of rows.")
@click.option("--x", metavar="COL,…", help="Covariates known before entry, to adjust for (doubly robust).")
@click.option(
    "--match", metavar="COL,…", help="Choose comparison units nearest in these columns, before outcomes are seen."
)
@click.option("--exact", metavar="COL,…", help="Only units alike in these columns are compared.")
@click.option("--earlier", is_flag=True, help="Match on the unit's results of all waves before the first entry too.")
@click.option(
    "--ratio", type=click.IntRange(1), default=4, show_default=True, help="Comparison units for a treated one."
)
@click.option("--caliper", type=click.FloatRange(0.0, min_open=True), default=0.2, show_default=True,
              help="Largest difference of earlier results, in standard deviations, with --earlier.")  # fmt: skip
@click.option("--control", type=click.Choice(["never", "not-yet"]), default="never", show_default=True,
              help="Who is compared with: units that never enter, or also those that have not entered yet.")  # fmt: skip
@click.option("--draws", type=click.IntRange(99), default=9999, show_default=True, help="Draws of the bootstrap.")
@click.option("--level", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Level of intervals.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the bootstrap.")
@uniform
def command(panel: Path, out: Path, **options: Any) -> None:
    """Estimate what a programme changed in the treated units of PANEL, against units that it did not reach.

    PANEL is CSV (UTF-8; comma or semicolon) or Parquet, one row a unit and wave, or a pupil and wave.
    """
    from tirek.programmes.estimates.impact_results import compute

    finish("impact", panel, out, options, lambda: compute(panel, options))
