"""`tirek programme-report`: a programme's report as a numbered PDF, in Kazakh or Russian."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tirek.decisions.commands.acting import ready, refusals_shown

EPILOG = """\b
Examples:
  tirek programme-report otpan otpan.pdf
  tirek programme-report otpan --language ru --as-of 2026-03-31 otpan-ru.pdf

\b
The report holds schools, stages, needs, teachers, rooms, money, measures and results, each with its source and day. It gets a
number under which anybody can check it. Exit codes: 0 done, 2 no such programme or day.
"""


@click.command("programme-report", epilog=EPILOG)
@click.argument("slug")
@click.argument("out", metavar="OUT.pdf", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--language", type=click.Choice(["kk", "ru", "en"]), default="kk", show_default=True, help="Language.")
@click.option("--as-of", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day that it speaks of; by default today.")
def command(slug: str, out: Path, language: str, day: dt.datetime | None) -> None:
    """Write the report of the programme SLUG."""
    ready()
    with refusals_shown():
        number = write_report(slug, out, language, day.date() if day else None)
    click.echo(f"{number} in {out}.")


def write_report(slug: str, out: Path, language: str, day: dt.date | None) -> str:
    """Make, seal and write; gives the document's number."""
    from django.conf import settings
    from django.db import transaction
    from django.utils import timezone, translation

    from tirek.access.scope import loading
    from tirek.assessment.services.reports import give_out
    from tirek.programmes.pages.programme_report import programme_report
    from tirek.programmes.queries.programmes import by_slug
    from tirek.storage import sealed
    from tirek_engines.errors import Refusal

    now = timezone.now()
    on = day or timezone.localdate(now)
    with transaction.atomic(), loading(), translation.override(language):
        programme = by_slug(slug)
        if programme is None:
            raise Refusal(f"There is no programme “{slug}”.", code="no_such_programme")
        if on < programme.starts_on:
            raise Refusal(f"The programme begins on {programme.starts_on}; take a later --as-of.", code="before_start")
        report = programme_report(programme, on=on)
        document = give_out(report, base_address=settings.SITE_ADDRESS, by=None, now=now, org_no=programme.org_lo)
        out.write_bytes(sealed.read(document.pdf_sha256))
    return document.number
