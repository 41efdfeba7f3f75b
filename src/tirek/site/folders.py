"""`tirek verify` and `tirek explain`: a folder written by a command, or the number of a recorded decision."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click

FOLDERS = {
    "calibrate": "tirek.assessment.commands.folders",
    "dif": "tirek.assessment.commands.dif_folder",
    "itemfit": "tirek.assessment.commands.itemfit_folder",
    "link": "tirek.assessment.commands.link_folder",
    "means": "tirek.assessment.commands.means_folder",
    "score": "tirek.assessment.commands.score_folder",
    "gap": "tirek.programmes.commands.gap_folder",
    "impact": "tirek.programmes.commands.impact_folder",
    "power": "tirek.programmes.commands.power_folder",
    "allocate": "tirek.preschool.commands.allocate_folder",
    "settle": "tirek.preschool.commands.settle_folder",
    "value-added": "tirek.programmes.commands.value_added_folder",
}
"""Command that wrote a folder -> module with `verify_folder(path)` and `explain_folder(path, subject)`."""
NUMBERS = "tirek.indicators.commands"
"""Module with `verify_number(number)` and `explain_number(number, subject)`: figures (F-…), and decisions (D-…) below."""

WORDS = {"ledger": "tirek.ledger.commands.verify", "audit": "tirek.access.commands.verify"}
"""Word -> module with `verify_number(word)`: does the ledger add up, is everything that was sealed what it was."""


@click.command()
@click.argument("run", required=False)
@click.option(
    "--all", "everything", is_flag=True, help="Every published decision and figure, the ledger and the audit."
)
def verify(run: str | None, everything: bool) -> None:
    """Compute RUN again from its inputs and compare.

    RUN is a folder written by a command, the number of a recorded decision or a published figure, or the word
    “ledger” or “audit”.
    Exit codes: 0 equal, 2 an input or a file is not what was recorded, 3 the results differ.
    """
    if everything:
        _verify_all()
    if not run:
        raise click.UsageError("Name a folder or a number, or say --all.")
    _answer(run, "verify_folder", "verify_number")


def _verify_all() -> None:
    """The ledger and the audit first; the exit code is the worst of all."""
    found = [import_module(module).verify_number(word) for word, module in WORDS.items()]
    found.append(import_module(NUMBERS).verify_number("ALL"))
    click.echo("\n".join(line for lines, _code in found for line in lines))
    sys.exit(max(code for _lines, code in found))


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
            module = import_module(NUMBERS if subject else WORDS.get(run, NUMBERS))
            lines, code = getattr(module, for_number)(run, *subject)
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
