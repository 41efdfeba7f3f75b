"""`tirek rules`: what is in force, what a file would change, and loading a local act."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tirek.decisions.commands.acting import acting_as_user, ready, refusals_shown


@click.group()
def rules() -> None:
    """Dated rules: what the law and local acts set.

    Example: tirek rules list --on 2025-09-01
    """


@rules.command("list")
@click.option("--name", help="One file's rules only, e.g. assessment.publication.")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The values in force on a day (today).")
@click.option("--json", "as_json", is_flag=True, help="JSON to standard output.")
def list_rules(name: str | None, on, as_json: bool) -> None:
    """Every value in force, with act and clause.

    Example: tirek rules list --name assessment.publication
    """
    ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.decisions import rule_queries

    day = on.date() if on else timezone.localdate()
    with loading():
        found = list(rule_queries.values_in_force(day, name))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for row in found:
        mark = "  (demonstration value)" if row["demonstration"] == "yes" else ""
        click.echo(f"{row['rule']}  {row['territory']}  {row['value']} {row['unit']}  from {row['from']}{mark}")
        click.echo(f"    {row['description']}. {row['act']}, {row['clause']}. {row['file']} {row['digest']}")


@rules.command("diff")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="The rules that the file adds to, e.g. assessment.publication.")
def diff_rules(file: Path, name: str) -> None:
    """What loading FILE would change. Nothing is loaded.

    Example: tirek rules diff act-12.yaml --name assessment.publication
    """
    ready()
    from tirek.access.scope import loading
    from tirek.decisions import rule_queries

    with refusals_shown(), loading():
        changes = rule_queries.changes_by(name, file.read_bytes())
        for change in changes:
            click.echo(f"{change.rule}: {change.what}: {change.before or '–'} → {change.after or '–'}")
        click.echo(f"{len(changes)} changes.")
        touched = rule_queries.decisions_touched(name, file.read_bytes())
        if touched:
            click.echo(f"Other values on the day of {len(touched)} decisions already made: {', '.join(touched)}")


@rules.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="The rules that the file adds to, e.g. assessment.publication.")
@click.option("--by", "username", required=True, help="Sign-in name of whoever answers for the act.")
@click.option("--confirm", type=int, help="How many decisions already made it gives other values on their day.")
def load_rules(file: Path, name: str, username: str, confirm: int | None) -> None:
    """Load a local act. It is kept with its digest, your name and the time, and never changed.

    An act that reaches back behind decisions already made is refused until their number is confirmed. Those decisions keep
    the rules that were sealed with them.

    Example: tirek rules load act-12.yaml --name assessment.publication --by aigul
    """
    ready()
    from django.utils import timezone

    from tirek.decisions.services import local_rules

    with refusals_shown(), acting_as_user(username, "rules.load") as user:
        loaded = local_rules.load(name=name, body=file.read_bytes(), by=user, now=timezone.now(), confirmed=confirm)
        click.echo(f"Loaded {loaded.name} {loaded.sha256[:12]}, in force from {loaded.in_force_from}.")


@rules.command("where")
def where() -> None:
    """The manual's page “Where it is decided”, made from the register of kinds.

    Example: tirek rules where > docs/manual/where-decided.md
    """
    ready()
    from django.utils import translation

    from tirek.decisions.where import manual_page

    with translation.override("en"):
        click.echo(manual_page(), nl=False)
