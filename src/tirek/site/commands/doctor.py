"""tirek doctor"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from tirek.site.checks import BAD, MACHINE, Finding, examine

MARKS = {"good": ("ok  ", "green"), "look": ("look", "yellow"), "bad": ("BAD ", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check this installation and explain it. Exit code 1 when something is bad.

    Example: tirek doctor --json
    """
    findings = list(_findings())
    bad = sum(finding.state == BAD for finding in findings)
    if as_json:
        click.echo(json.dumps({"bad": bad, "findings": [f.as_dict() for f in findings]}, ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            _show(finding)
        click.echo(f"{bad} to mend." if bad else "Nothing to mend.")
    sys.exit(1 if bad else 0)


def _findings() -> Iterator[Finding]:
    yield from examine(MACHINE)
    from tirek.storage.setup import command_ready

    try:
        command_ready()
    except Exception as error:
        yield Finding("database", BAD, str(error), "Without the database nothing else can be checked.")
        return
    from tirek.site.checks_database import DATABASE, away

    if problem := away():
        yield problem
        return
    yield from examine(DATABASE)


def _show(finding: Finding) -> None:
    mark, colour = MARKS[finding.state]
    click.echo(f"{click.style(mark, fg=colour)} {finding.subject}: {finding.says}")
    if finding.advice:
        click.echo(f"       {finding.advice}")
