"""What ``make run`` adds to ``tirek serve``: the demonstration region, loaded while the first pages are already served."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import subprocess
import sys

import click

from tirek.site.commands.beside import end, start

INTERRUPTED = 130  # what a shell calls a program that Ctrl-C ended
YES = {"1", "true", "yes", "on"}
FIRST = """
What to look at first
  as region        the home page: what is asked of me, what changed; then the map and its districts
  as head          my school: its rooms, people, results, and what is asked of it
  as ministry      figures: how they were computed, and the button that verifies them
  as administrator import of a roster with its differences row by row; users and roles; audit
Everything in it is synthetic. Data and keys are in {home}.
"""


def choose_settings() -> None:
    """Before Django reads them: demonstration accounts sign in without a second factor, and the log is for people."""
    os.environ.setdefault("TIREK_DEMO", "1")
    os.environ.setdefault("TIREK_LOG", "text")
    os.environ.setdefault("TIREK_LOG_LEVEL", "WARNING")


def mind_strangers(host: str, is_open: bool) -> None:
    """Refuse to show a demonstration to other machines unless that is asked for: its passwords are in the manual."""
    if os.environ.get("TIREK_DEMO", "").lower() not in YES or _is_this_machine(host):
        return
    if not is_open:
        raise click.ClickException(
            f"On {host} other machines would reach this demonstration, whose passwords everybody knows, an "
            "administrator's among them. Leave --host out, or add --open-demonstration if the network is yours and "
            "no real data are here."
        )
    click.secho(
        f"WARNING: everybody who reaches {host} may sign in here, as administrator too. Never keep real data here.",
        fg="red", bold=True, err=True,
    )  # fmt: skip


def _is_this_machine(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def load_first_stage() -> bool:
    """Bring the database up to date and load what the first page needs. True when more is to be loaded behind."""
    try:
        return _load_first_stage()
    except KeyboardInterrupt:
        from tirek.storage.database import home

        click.echo(
            f"\nStopped before the demonstration was there. What was loaded whole stays in {home()}, and nothing is half "
            "there. The same command goes on from there; to begin anew, delete that folder.",
            err=True,
        )
        sys.exit(INTERRUPTED)


def _load_first_stage() -> bool:
    from tirek.storage.setup import are_migrations_waiting, migrate_database

    is_new = are_migrations_waiting()
    if is_new:
        click.echo("Preparing the database")
        migrate_database(verbosity=0)
        click.echo("Loading the demonstration region: territories, institutions, rooms, accounts")
    return not _loaded("registry")["is_complete"]


def _loaded(stage: str) -> dict:
    """Load a stage in a process of its own: the web server forks its workers from this one, and Polars, once it has
    threads, waits for ever in a fork."""
    command = [sys.executable, "-m", "tirek.site", "demo", "load", "--stage", stage, "--json", "--quiet"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise click.ClickException("The demonstration could not be loaded; the lines above say why.")
    return json.loads(done.stdout.splitlines()[-1])


class Rest:
    """The rest of the demonstration, loaded by a process of its own; what was cut off goes on at the next start."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def keep(self) -> None:
        if self.process is None:  # gently: the pages are being looked at meanwhile
            self.process = start("demo", "load", gently=True)

    def stop(self) -> None:
        end(self.process)


def welcome_text() -> str:
    """The accounts by role, and what to look at first."""
    from django.utils import translation

    from tirek.access.roles import Role
    from tirek.site.demo.users import ACCOUNTS, PASSWORD
    from tirek.storage.database import home

    with translation.override("en"):
        lines = [f"  {account.username:<16} {Role(account.role).label}" for account in ACCOUNTS]
    return f"\nAccounts (password of all: {PASSWORD})\n" + "\n".join(lines) + "\n" + FIRST.format(home=home())
