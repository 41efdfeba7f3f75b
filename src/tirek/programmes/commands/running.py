"""What the commands of evaluation share: their common options, and one way from reading to a finished folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from tirek.assessment.commands.running import leave, speaker
from tirek.storage.runs import Run, check_destination, dump_json, open_run

F = TypeVar("F", bound=Callable[..., Any])
UNIFORM = ("quiet", "as_json", "threads")


class Results(Protocol):
    """What a command computed."""

    notes: tuple[str, ...]
    decided: bool

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest; return the summary."""

    def summary(self) -> str:
        """A few lines for the terminal."""


def uniform(command: F) -> F:
    """The options that every command has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("--threads", type=click.IntRange(1), help="Accepted for uniformity: one thread is used."),
        click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the results."),
    ):
        command = option(command)
    return command


def finish(
    name: str, source: Path | None, out: Path, options: Mapping[str, Any], compute: Callable[[], Results]
) -> None:
    """Compute, write the folder and leave with the right exit code."""
    say = speaker(options["quiet"])
    kept = {k: v for k, v in options.items() if k not in UNIFORM}

    def work() -> bool:
        check_destination(out)
        if source is not None:
            say(f"Reading {source} …")
        results = compute()
        for note in results.notes:
            say(note)
        with open_run(out, name, kept) as run:
            if source is not None:
                run.add_input("table", source)
            report = results.write(run)
        if options["as_json"]:
            click.echo(dump_json({**report, "out": str(out)}), nl=False)
        elif not options["quiet"]:
            click.echo(results.summary())
            click.echo(f"Results: {out}")
        return results.decided

    leave(out, work)
