"""`tirek settle`: what the State pays kindergartens for a month of attended days. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tirek.storage.command_runs import finish, uniform

EPILOG = """\b
Examples:
  tirek settle --enrolments enrolments.csv --marks marks.csv --norms norms.yaml --month 2026-09 --out september
  tirek settle --enrolments e.csv --marks m.parquet --norms n.yaml --month 2026-09 --eligible eligible.csv --out september

\b
Writes lines.csv, payable.csv, flags.csv, summary.json and manifest.json.
Exit codes: 0 done, 2 bad input (see faults.csv).
Every column of inputs and outputs is described in the manual, page "settle".
"""
FILES = ("enrolments", "marks", "norms", "eligible", "groups")


@click.command("settle", epilog=EPILOG)
@click.option("--enrolments", required=True, type=click.Path(path_type=Path), help="child, group, kindergarten, from, until, confirmed and the columns that the norms name.")  # fmt: skip
@click.option("--marks", required=True, type=click.Path(path_type=Path), help="child, month and masks present, excused, closed; or child, date, mark: a row a day.")  # fmt: skip
@click.option("--norms", required=True, type=click.Path(path_type=Path), help="The dated norms and how a day is paid, in YAML.")  # fmt: skip
@click.option("--month", required=True, metavar="YYYY-MM", help="The month.")
@click.option("--eligible", type=click.Path(path_type=Path), help="kindergarten, from, until: when it may be paid. Without it, always.")  # fmt: skip
@click.option("--groups", type=click.Path(path_type=Path), help="group, capacity: more children than places are pointed out.")  # fmt: skip
@click.option("--as-of", metavar="YYYY-MM-DD", help="Marks of later days are pointed out and not paid.")
@click.option("--seed", type=int, help="Accepted for uniformity: nothing here is random.")
@uniform
def command(out: Path, **options: Any) -> None:
    """Settle a month: days that were worked, contracted, eligible and marked, times the norm of the day, rounded once a line."""
    from tirek.preschool.commands.settle_results import compute

    files = {name: options.pop(name) for name in FILES}
    files = {name: path for name, path in files.items() if path is not None}
    finish("settle", files, out, options, lambda: compute(files, options))
