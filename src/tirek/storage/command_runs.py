"""What all commands share that leave a folder behind: common options, the way to the right exit code, computing a folder again."""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from tirek.storage.comparing import compare
from tirek.storage.runs import (
    FolderRefused,
    Run,
    changed_files,
    check_destination,
    dump_json,
    leave_faults,
    open_run,
    read_manifest,
)
from tirek.storage.tables import BadTable, Fault
from tirek_engines.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_NOT_DECIDED, Refusal

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
    name: str,
    source: Path | Mapping[str, Path] | None,
    out: Path,
    options: Mapping[str, Any],
    compute: Callable[[], Results],
) -> None:
    """Compute, write the folder and leave with the right exit code. ``source``: one table, or the inputs by their role."""
    say = speaker(options["quiet"])
    sources = {"table": source} if isinstance(source, Path) else dict(source or {})
    kept = {k: v for k, v in options.items() if k not in UNIFORM}

    def work() -> bool:
        check_destination(out)
        for path in sources.values():
            say(f"Reading {path} …")
        results = compute()
        for note in results.notes:
            say(note)
        with open_run(out, name, kept) as run:
            for role, path in sources.items():
                run.add_input(role, path)
            report = results.write(run)
        if options["as_json"]:
            click.echo(dump_json({**report, "out": str(out)}), nl=False)
        elif not options["quiet"]:
            click.echo(results.summary())
            click.echo(f"Results: {out}")
        return results.decided

    leave(out, work)


def leave(out: Path, work: Callable[[], bool]) -> None:
    """Do the work and end the process: 0 done, 2 refused (faults.csv is written), 3 finished but not decided."""
    try:
        done = work()
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        _leave_faults(out, refusal)
        sys.exit(refusal.exit_code)
    sys.exit(EXIT_DONE if done else EXIT_NOT_DECIDED)


def _leave_faults(out: Path, refusal: Refusal) -> None:
    """The table of faults; a refusal of the whole input is one fault of it."""
    if refusal.exit_code != EXIT_BAD_INPUT or isinstance(refusal, FolderRefused):
        return
    what, _, to_do = refusal.message.partition(". ")
    whole = [Fault("", None, "", "", f"{what.rstrip('.')}.", to_do)]
    try:
        place = leave_faults(out, refusal.faults if isinstance(refusal, BadTable) else whole)
        click.echo(f"All faults: {place}", err=True)
    except Refusal as other:
        click.echo(f"Error: {other.message}", err=True)


def speaker(quiet: bool) -> Callable[[str], None]:
    """Says a line on standard error, or nothing."""

    def say(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    return say


def verify_run(folder: Path, compute: Callable[[Mapping[str, Any], Run], None]) -> tuple[list[str], int]:
    """Compute a folder again from its recorded inputs and compare every output.

    Returns the lines to print and the exit code: 0 equal, 2 a file is not what was recorded, 3 results differ.
    """
    manifest = read_manifest(folder)
    changed = changed_files(folder, manifest)
    if changed:
        return [*changed, "Nothing was computed: the files are not those of the recorded run."], EXIT_BAD_INPUT
    with tempfile.TemporaryDirectory() as place:
        run = Run(Path(place), manifest["command"], manifest["arguments"])
        compute(manifest, run)
        found = [compare(o["name"], folder, run.folder, o["sha256"]) for o in manifest["outputs"]]
    differ = not all(same for _, same in found)
    verdict = "DIFFERENT from what is recorded." if differ else "Verified."
    return [*(line for line, _ in found), verdict], EXIT_NOT_DECIDED if differ else EXIT_DONE


def unchanged(folder: Path) -> Mapping[str, Any]:
    """The manifest of a folder whose inputs and outputs are those recorded; refused otherwise."""
    manifest = read_manifest(folder)
    changed = changed_files(folder, manifest)
    if changed:
        raise FolderRefused("\n".join([*changed, "Nothing is explained: the files are not those of the recorded run."]))
    return manifest


def input_path(manifest: Mapping[str, Any], role: str) -> Path | None:
    """Where an input of a recorded run is."""
    found = [Path(entry["path"]) for entry in manifest["inputs"] if entry["role"] == role]
    return found[0] if found else None


def source_of(function: Callable[..., object]) -> str:
    """`module.function, line` of a function, compiled or not."""
    plain = getattr(function, "py_func", function)
    _, line = inspect.getsourcelines(plain)
    return f"{plain.__module__}.{plain.__name__}, line {line}"
