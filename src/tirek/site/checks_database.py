"""What ``tirek doctor`` asks the database. Needs Django."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import OperationalError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from tirek.access.queries_sealed import last_audit_seal
from tirek.access.scope import loading
from tirek.site.checks import BAD, GOOD, LOOK, Finding
from tirek.storage.database import APP, SESSION_ROLES, embedded
from tirek.storage.outside import version_fault
from tirek.storage.policies import RowScope

SILENT_SECONDS = 60
NAMED = 5


def row(query: str, parameters: list | None = None) -> tuple:
    """One row, as the program sees it."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or [])
        return cursor.fetchone() or ()


def away() -> Finding | None:
    """One finding when the program cannot sign in at all: every other check would only repeat it."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        said = str(error.__cause__ or error).strip().splitlines()
        advice = "A new installation needs: tirek migrate. Otherwise compare DATABASE_URL with the server."
        return Finding("database", BAD, f"{APP} cannot sign in: {said[0] if said else 'no answer'}", advice)
    return None


def server() -> Iterator[Finding]:
    number, encoding = row("select current_setting('server_version_num')::int, current_setting('server_encoding')")
    place = "embedded" if embedded() else "named by DATABASE_URL"
    says = f"PostgreSQL {number // 10000}.{number % 10000}, {place}"
    if fault := version_fault(number):
        yield Finding("database", BAD, says, fault)
    elif encoding != "UTF8":
        yield Finding("database", BAD, f"{says}, encoding {encoding}", "Create the database with encoding UTF8.")
    else:
        yield Finding("database", GOOD, says)
    if row("select lower('Ә')") != ("ә",):
        advice = "Create the database with the builtin locale C.UTF-8, or another with UTF-8."
        yield Finding("database", BAD, "It cannot tell small Kazakh letters from capital ones.", advice)


def roles() -> Iterator[Finding]:
    name, mighty, bypasses = row(
        "select current_user, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
    )
    if mighty or bypasses:
        yield Finding("roles", BAD, f"The program runs as {name}, who passes every policy.", f"Connect as {APP}.")
    elif name != APP:
        yield Finding("roles", BAD, f"The program runs as {name}.", f"The policies name {APP}: connect as {APP}.")
    else:
        yield Finding("roles", GOOD, f"The program runs as {name}, bound by the row policies")
    for role in SESSION_ROLES:
        if row("select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = %s", [role]) != (True,):
            yield Finding("roles", BAD, f"{APP} may not become {role}.", "Run: tirek migrate")
    if row("select rolinherit from pg_roles where rolname = current_user") != (False,):
        advice = f"As owner run: alter role {APP} noinherit"
        yield Finding("roles", BAD, f"{APP} inherits what the wider roles see.", advice)


def migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connections["default"])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding("migrations", BAD, f"{len(waiting)} are not applied.", "Run: tirek migrate")
    else:
        yield Finding("migrations", GOOD, f"all {len(executor.loader.applied_migrations)} applied")


def row_security() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where relkind = 'r' and relrowsecurity")
        secured = {name for (name,) in cursor.fetchall()}
        cursor.execute("select policyname from pg_policies")
        policies = {name for (name,) in cursor.fetchall()}
    scoped = [(m, c) for m in apps.get_models() for c in m._meta.constraints if isinstance(c, RowScope)]
    open_tables = sorted({m._meta.db_table for m, _ in scoped} - secured)
    absent = sorted({name for _, c in scoped for name in c.policies()} - policies)
    if open_tables or absent:
        says = f"Without row security: {_some(open_tables)}. Missing policies: {_some(absent)}"
        yield Finding("row security", BAD, says, "Run: tirek migrate. If it stays so, tell the developers.")
    else:
        yield Finding("row security", GOOD, f"on for {len(scoped)} tables, {len(policies)} policies")
    if (total := row("select count(*) from registry_person")) != (0,):
        yield Finding(
            "row security", BAD, f"Without a scope {total[0]} persons are seen.", "Take the site off the net."
        )


def ledger() -> Iterator[Finding]:
    (count,) = row("select count(*) from ledger_differences()") or (0,)
    if count:
        yield Finding("ledger", BAD, f"{count} balances differ from their postings.", "Run: tirek verify ledger")
    else:
        yield Finding("ledger", GOOD, "every balance equals its postings")


def audit() -> Iterator[Finding]:
    """The night after a day seals it; a day later nobody has."""
    with loading():
        last = last_audit_seal()
    if last is None:
        yield Finding(
            "audit", LOOK, "nothing of it is sealed yet", "The worker seals each night, or run: tirek audit seal"
        )
        return
    gap = (timezone.localdate() - last.through).days - 1
    says = f"sealed through {last.through}"
    if gap > 1:
        yield Finding("audit", LOOK, f"{says}; {gap} days since are not", "Start the worker, or run: tirek audit seal")
    else:
        yield Finding("audit", GOOD, says)


def _some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more if names else "none"


def worker() -> Iterator[Finding]:
    alive, waiting, oldest = row(
        "select (select count(*) from procrastinate_workers where last_heartbeat > now() - make_interval(secs => %s)),"
        " count(*), coalesce(extract(epoch from now() - min(scheduled_at)), 0)::int"
        " from procrastinate_jobs where status = 'todo'",
        [SILENT_SECONDS],
    )
    says = f"{alive} at work, {waiting} jobs waiting"
    if alive:
        yield Finding("worker", GOOD if oldest < 3600 else LOOK, says)
    else:
        yield Finding("worker", LOOK, says, "Imports and calculations wait. Start one: tirek worker")


def configuration() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("settings", LOOK, "TIREK_DEBUG is on: errors show inner workings.", "Never on the open net.")
    if settings.DEMONSTRATION:
        yield Finding("settings", LOOK, "TIREK_DEMO is on: demonstration accounts sign in.", "Never with real data.")
    if not settings.HTTPS:
        yield Finding("settings", LOOK, "TIREK_HTTPS is off: cookies travel in the clear.", "See docs/deploy.md.")
    yield Finding("settings", GOOD, f"hosts {', '.join(settings.ALLOWED_HOSTS)}; time zone {settings.TIME_ZONE}")


DATABASE = [server, roles, migrations, row_security, ledger, audit, worker, configuration]
READY = {"database": server, "migrations": migrations, "worker": worker}
