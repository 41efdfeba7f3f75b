"""tirek administrator"""

from __future__ import annotations

import click


@click.command()
@click.argument("username")
@click.option("--name", "full_name", required=True, help="Full name.")
@click.option("--email", default="", help="E-mail address.")
def administrator(username: str, full_name: str, email: str) -> None:
    """Open the first administrator's account and print the address that sets its password.

    Repeated before the password is set, it prints a new address. All other accounts are opened on the pages.

    Example: tirek administrator aigul --name "Айгүл Серікова" --email aigul@example.kz
    """
    from tirek.storage.setup import command_ready
    from tirek_engines.errors import Refusal

    command_ready()
    from django.conf import settings

    from tirek.access.services.first import open_first_administrator

    try:
        path = open_first_administrator(username=username, full_name=full_name, email=email)
    except Refusal as error:
        raise click.ClickException(str(error)) from None
    scheme = "https" if settings.HTTPS else "http"
    host = settings.ALLOWED_HOSTS[0] + ("" if settings.HTTPS else ":8000")
    click.echo(f"Open within three days and set a password: {scheme}://{host}{path}")
