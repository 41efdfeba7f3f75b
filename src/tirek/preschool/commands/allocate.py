"""`tirek allocate`: who gets which place, by a published rule. No server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tirek.storage.command_runs import finish, uniform

EPILOG = """\b
Example:
  tirek allocate --children children.csv --groups groups.csv --choices choices.csv --rules rules.yaml --out places

\b
Writes assignments.csv, reasons.csv, cutoffs.csv, verification.json and manifest.json.
Exit codes: 0 done, 2 bad input (see faults.csv), 3 the independent check found faults.
Every column of inputs and outputs is described in the manual, page "allocate".
"""
FILES = ("children", "groups", "choices", "rules")


@click.command("allocate", epilog=EPILOG)
@click.option("--children", required=True, type=click.Path(path_type=Path), help="child, family, birth_date, received_at, category and the columns that the rules name.")  # fmt: skip
@click.option("--groups", required=True, type=click.Path(path_type=Path), help="group, kindergarten, age, seats (or seats_<type>).")  # fmt: skip
@click.option("--choices", required=True, type=click.Path(path_type=Path), help="child, rank, group.")
@click.option("--rules", required=True, type=click.Path(path_type=Path), help="Categories, queue, kinds of seats, priorities, in YAML.")  # fmt: skip
@click.option("--seed", metavar="TEXT", help="The published draw that settles ties; goes before the one in the rules.")
@uniform
def command(out: Path, **options: Any) -> None:
    """Give every child the dearest group that nobody who goes before it wanted more."""
    from tirek.preschool.commands.allocate_results import compute

    files = {name: options.pop(name) for name in FILES}
    finish("allocate", files, out, options, lambda: compute(files, options))
