"""tirek manage"""

from __future__ import annotations

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run one of Django's own commands. Example: tirek manage showmigrations --database owner"""
    from tirek.storage.setup import django_ready

    django_ready()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["tirek manage", *arguments])
