"""`tirek snapshot`, `tirek figure`, `tirek publish`."""

from __future__ import annotations

import json

import click

from tirek.decisions.commands.acting import acting_as_user, ready, refusals_shown

DAY = click.DateTime(["%Y-%m-%d"])


def _day(given):
    from django.utils import timezone

    return given.date() if given else timezone.localdate()


@click.command()
@click.option("--as-of", type=DAY, help="The day whose register is wanted (today).")
@click.option("--json", "as_json", is_flag=True, help="JSON to standard output.")
def snapshot(as_of, as_json: bool) -> None:
    """Seal the register as of a day, without names or identifiers.

    Example: tirek snapshot --as-of 2025-10-01
    """
    ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.indicators import services

    with refusals_shown(), loading():
        taken = services.take_snapshot(as_of=_day(as_of), by="command line", now=timezone.now())
    if as_json:
        click.echo(json.dumps({"sha256": taken.sha256, "as_of": str(taken.as_of), "tables": taken.tables}))
        return
    click.echo(f"{taken.sha256}  as of {taken.as_of}")
    for name, seal in sorted(taken.tables.items()):
        click.echo(f"  {name}: {seal['rows']} rows, {seal['sha256'][:12]}")


@click.command()
@click.argument("code", required=False)
@click.option("--as-of", type=DAY, help="The day (today).")
@click.option("--level", type=click.Choice(["country", "region", "district"]), help="Only this level.")
@click.option("--json", "as_json", is_flag=True, help="JSON to standard output.")
def figure(code: str | None, as_of, level: str | None, as_json: bool) -> None:
    """Compute a figure as it would be published, or list the figures there are. Nothing is published.

    Example: tirek figure schools.pupils --as-of 2025-10-01
    """
    ready()
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.indicators import services
    from tirek.indicators.definitions import all_indicators

    if code is None:
        for known in all_indicators():
            click.echo(f"{known.code}  {known.title}")
        return
    with refusals_shown(), loading():
        found = services.draft(code, as_of=_day(as_of), by="command line", now=timezone.now())
    cells = [cell for cell in found.cells if level in (None, cell.level)]
    if as_json:
        rows = [{n: getattr(c, n) for n in (*KEYS, "numerator", "denominator", "value", "suppressed")} for c in cells]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    where = found.snapshot.sha256[:12] if found.snapshot else found.decision_number
    click.echo(f"{found.indicator.title}, as of {found.as_of}, from {where}")
    for cell in cells:
        name = " ".join(filter(None, (getattr(cell, key) for key in KEYS)))
        value = "too few to say" if cell.suppressed else cell.value or "–"
        parts = f"  ({cell.numerator} / {cell.denominator})" if cell.denominator and not cell.suppressed else ""
        click.echo(f"  {name}: {value}{parts}")


KEYS = ("level", "territory", "settlement", "kind")


@click.command()
@click.argument("codes", nargs=-1, required=True)
@click.option("--by", "username", required=True, help="Sign-in name of whoever publishes.")
@click.option("--as-of", type=DAY, help="The day (today).")
@click.option("--snapshot", "digest", help="Refuse when the register of that day is no longer this snapshot.")
@click.option("--decision", help="Number of the decision that the figure is made of (the newest of your territory).")
def publish(codes: tuple[str, ...], username: str, as_of, digest: str | None, decision: str | None) -> None:
    """Publish figures: small groups are hidden, an earlier publication for the day is superseded.

    Example: tirek publish schools.count schools.pupils --by aigul --as-of 2025-10-01
    """
    ready()
    from django.utils import timezone

    from tirek.indicators import services

    for code in codes:
        with refusals_shown(), acting_as_user(username, "figures.publish") as user:
            release = services.publish(
                code, as_of=_day(as_of), by=user, now=timezone.now(), snapshot=digest, decision=decision
            )
            click.echo(f"{release.number}  {code}  {release.cell_count} numbers, {release.hidden_count} hidden")
