"""The command line. Each command is imported only when it is called, so that none pays for another's imports."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import ClassVar

import click

COMMANDS: dict[str, str] = {
    # tools that need no server and no database
    "calibrate": "tirek.assessment.commands.calibrate:command",
    "dif": "tirek.assessment.commands.dif:command",
    "itemfit": "tirek.assessment.commands.itemfit:command",
    "link": "tirek.assessment.commands.link:command",
    "means": "tirek.assessment.commands.means:command",
    "score": "tirek.assessment.commands.score:command",
    "gap": "tirek.programmes.commands.gap:command",
    "impact": "tirek.programmes.commands.impact:command",
    "iati": "tirek.programmes.commands.iati:iati",
    "power": "tirek.programmes.commands.power:command",
    "programme-report": "tirek.programmes.commands.programme_report:command",
    "allocate": "tirek.preschool.commands.allocate:command",
    "settle": "tirek.preschool.commands.settle:command",
    "value-added": "tirek.programmes.commands.value_added:command",
    "verify": "tirek.site.folders:verify",
    "explain": "tirek.site.folders:explain",
    # the platform: others add their lines here
    "serve": "tirek.site.commands.serve:serve",
    "worker": "tirek.site.commands.worker:worker",
    "migrate": "tirek.site.commands.migrate:migrate",
    "doctor": "tirek.site.commands.doctor:doctor",
    "backup": "tirek.site.commands.backup:backup",
    "restore": "tirek.site.commands.restore:restore",
    "administrator": "tirek.site.commands.administrator:administrator",
    "manage": "tirek.site.commands.manage:manage",
    "territories": "tirek.site.commands.founding:territories",
    "school-year": "tirek.site.commands.founding:school_year",
    "demo": "tirek.site.commands.demo:demo",
    "rules": "tirek.decisions.commands.rules:rules",
    "snapshot": "tirek.indicators.commands.figures:snapshot",
    "figure": "tirek.indicators.commands.figures:figure",
    "publish": "tirek.indicators.commands.figures:publish",
    "ledger": "tirek.ledger.commands.ledger:ledger",
    "audit": "tirek.access.commands.audit:audit",
    "import": "tirek.registry.commands.exchange:import_",
    "export": "tirek.registry.commands.exchange:export",
    "undo": "tirek.registry.commands.exchange:undo",
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    short_helps: ClassVar[dict[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(module_name), attribute)
        assert isinstance(found, click.Command)
        return found

    def invoke(self, ctx: click.Context) -> object:
        """A database that is not there or not made yet is said in words; anything else is a bug and shows itself."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not is_database_away(error):
                raise
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise click.ClickException(
                f"The database does not answer, or was never made: {first}\n"
                "A new installation needs: tirek migrate. What is wrong with an old one tells: tirek doctor"
            ) from error


def is_database_away(error: BaseException) -> bool:
    """No connection, or no tables: told by name, so that commands without a database need not import Django."""
    kind = type(error)
    if kind.__module__ != "django.db.utils":
        return False
    is_no_table = getattr(error.__cause__, "sqlstate", None) == "42P01"
    return kind.__name__ == "OperationalError" or (kind.__name__ == "ProgrammingError" and is_no_table)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tirek")
def main() -> None:
    """Tirek: raise the quality of education, and show that it worked."""


if __name__ == "__main__":
    sys.exit(main())
