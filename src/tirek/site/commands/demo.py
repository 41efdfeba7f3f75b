"""tirek demo"""

from __future__ import annotations

import json
import sys
import time

import click

from tirek.site.commands.demonstration import INTERRUPTED

SCALES = ["mangystau", "turkestan", "country", "tiny"]


@click.group()
def demo() -> None:
    """The synthetic demonstration region."""


@demo.command()
@click.option("--scale", type=click.Choice(SCALES), default="mangystau", show_default=True, help="How large a region.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same region."
)
@click.option("--year", type=click.IntRange(2000, 2100), help="School year that begins in it; by default today's.")
@click.option(
    "--stage", type=click.Choice(["registry", "people", "all"]), default="all", show_default=True,
    help="registry: what the first page needs, in a second; people: the rest.",
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON.")
def load(scale: str, seed: int, year: int | None, stage: str, quiet: bool, as_json: bool) -> None:
    """Load the demonstration into an empty register. Repeating completes what is missing and doubles nothing.

    Example: tirek demo load --scale turkestan --stage registry
    """
    from tirek_engines.errors import Refusal

    started = time.monotonic()
    try:
        done = _load(scale, seed, year, stage, quiet)
    except Refusal as refusal:
        click.echo(f"\n{refusal.message}", err=True)
        sys.exit(refusal.exit_code)
    except KeyboardInterrupt:
        if not quiet:
            click.echo("\nStopped. What was loaded whole stays; tirek demo load goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    summary = done | {"seconds": round(time.monotonic() - started, 1)}
    if as_json:
        click.echo(json.dumps(summary))
    elif not quiet:
        click.echo(_in_words(summary))


@demo.command()
@click.option("--address", default="http://localhost:8000", show_default=True, help="Where the site is served.")
@click.option("--pause", is_flag=True, help="Wait for Enter after each step.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def walk(address: str, pause: bool, as_json: bool) -> None:
    """Go through the programme's two years: each step with its numbers, where to look and as whom to sign in.

    Exit code 3: a step has no records. Example: tirek demo walk --pause
    """
    from dataclasses import asdict

    from tirek.storage.setup import command_ready

    command_ready()
    from tirek.site.demo.walk import steps

    shown = []
    for number, step in enumerate(steps(), start=1):
        shown.append(asdict(step))
        if as_json:
            continue
        click.echo(f"{number}. {step.title}\n   {step.told}")
        if step.address:
            click.echo(f"   {address.rstrip('/')}{step.address}   (as {step.account})")
        if pause:
            click.pause("   Enter goes on …")
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
    sys.exit(0 if all(step["is_there"] for step in shown) else 3)


def _load(scale: str, seed: int, year: int | None, stage: str, quiet: bool) -> dict:
    from tirek.storage.setup import django_ready, migrate_database

    django_ready()
    migrate_database(verbosity=0)
    from tirek.site.demo.stages import load_stages

    return load_stages(scale=scale, seed=seed, year=year, stage=stage, progress=None if quiet else _Meter())


def _in_words(summary: dict) -> str:
    if not summary["institutions"] and not summary["people"] and summary["is_complete"]:
        return "The demonstration is already complete; nothing was loaded."
    state = "It is complete." if summary["is_complete"] else "People are still missing: tirek demo load loads them."
    made = [f"{summary[what]} {what}" for what in ("institutions", "people") if summary[what]]
    return f"Loaded {' and '.join(made) or 'nothing'} in {summary['seconds']} s. {state}"


class _Meter:
    """One line that is written over, on a terminal; else a line a step."""

    def __call__(self, done: int, total: int, message: str) -> None:
        text = f"{message}: {done} of {total}"
        if sys.stderr.isatty():
            click.echo(f"\r{text:<60}", nl=False, err=True)
            if done >= total:
                click.echo(err=True)
        else:
            click.echo(text, err=True)
