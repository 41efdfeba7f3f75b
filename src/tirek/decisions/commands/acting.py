"""Commands that change something act as a user, with that user's rights."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click

from tirek.storage.setup import command_ready
from tirek_engines.errors import Refusal


def ready() -> None:
    """Start the embedded database where it is needed, and set Django up."""
    command_ready()


@contextlib.contextmanager
def refusals_shown() -> Iterator[None]:
    """A refusal is said in one line; the exit code is its own."""
    try:
        yield
    except Refusal as refusal:
        click.echo(f"Error: {refusal.message}", err=True)
        sys.exit(refusal.exit_code)


@contextlib.contextmanager
def acting_as_user(username: str, permission: str) -> Iterator[object]:
    """One transaction with the scope of the user's first grant that has the permission."""
    from django.db import transaction

    from tirek.access.granted import scope_of_grant
    from tirek.access.permissions import may
    from tirek.access.queries import grants_of, user_by_name
    from tirek.access.scope import acting_as, signing_in

    with transaction.atomic():
        user = user_by_name(username)
        with signing_in():
            grants = [grant for grant in grants_of(user) if may(grant.role, permission)] if user else []
        if not grants:
            raise Refusal(f"“{username}” is no user who may do this ({permission}).", code="not_allowed")
        with acting_as(scope_of_grant(grants[0])):
            yield user
