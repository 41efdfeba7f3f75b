"""`tirek verify` and `tirek explain`: a folder written by a command, or the number of a recorded decision."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click

FOLDERS = {"calibrate": "tirek.assessment.commands.folders"}
"""Command that wrote a folder -> module with `verify_folder(path)` and `explain_folder(path, subject)`."""
DECISIONS = "tirek.decisions.commands"
"""Module with `verify_number(number)` and `explain_number(number, subject)`."""


@click.command()
@click.argument("run")
def verify(run: str) -> None:
    """Compute RUN again from its inputs and compare.

    RUN is a folder written by a command, or the number of a recorded decision.
    Exit codes: 0 equal, 2 an input or a file is not what was recorded, 3 the results differ.
    """
    _answer(run, "verify_folder", "verify_number")


@click.command()
@click.argument("run")
@click.argument("subject")
def explain(run: str, subject: str) -> None:
    """Tell why RUN came out as it did for SUBJECT (a person's id or an item).

    RUN is a folder written by a command, or the number of a recorded decision.
    """
    _answer(run, "explain_folder", "explain_number", subject)


def _answer(run: str, for_folder: str, for_number: str, *subject: str) -> None:
    """Call the module that knows this run; print its lines, leave with its exit code."""
    from tirek_engines.errors import Refusal

    try:
        if Path(run).is_dir():
            module = _module_of_folder(Path(run))
            lines, code = getattr(module, for_folder)(Path(run), *subject)
        else:
            _refuse_paths(run)
            lines, code = getattr(import_module(DECISIONS), for_number)(run, *subject)
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(refusal.exit_code)
    click.echo("\n".join(lines))
    sys.exit(code)


def _refuse_paths(run: str) -> None:
    from tirek_engines.errors import Refusal

    if "/" in run or run.startswith("."):
        raise Refusal(f"There is no folder {run}.", code="no_such_folder")


def _module_of_folder(folder: Path) -> ModuleType:
    from tirek.storage.runs import read_manifest
    from tirek_engines.errors import Refusal

    command = read_manifest(folder)["command"]
    if command not in FOLDERS:
        raise Refusal(f"{folder} was written by a command this version does not know: {command}.")
    return import_module(FOLDERS[command])
