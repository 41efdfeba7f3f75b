"""A PostgreSQL from outside, named by DATABASE_URL: what it must be before anything is done in it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from tirek.storage.database import APP, SESSION_ROLES, connection_arguments

OLDEST = 15
REACH_SECONDS = 10
SEE = "See 'The database' in docs/deploy.md."


class ServerNotFit(RuntimeError):
    """The server cannot be used as it is; the message says what its administrator does."""


def check_server(settings: dict) -> None:
    """Refuse a server that cannot be reached as the owner, or in which the migrations would stop half way."""
    who = f"{settings['USER']} at {settings['HOST'] or 'the local socket'}, database {settings['NAME'] or 'without a name'}"
    try:
        connection = psycopg.connect(**connection_arguments(settings), connect_timeout=REACH_SECONDS, autocommit=True)
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()[-1]
        raise ServerNotFit(f"The database cannot be reached as {who}: {said}. {SEE}") from None
    with connection:
        for fault in faults(connection):
            raise ServerNotFit(f"{fault} Nothing was changed.")


def version_fault(number: int) -> str:
    """What is wrong with a server of this ``server_version_num``; empty when nothing is."""
    if number >= OLDEST * 10000:
        return ""
    return f"The server is PostgreSQL {number // 10000}; Tirek needs {OLDEST} or newer. {SEE}"


def faults(connection: psycopg.Connection) -> Iterator[str]:
    """What would stop the owner's migrations, as sentences; the first is the one to mend first."""
    if fault := version_fault(connection.info.server_version):
        yield fault
    if (encoding := _one(connection, "show server_encoding")) != "UTF8":
        yield f"The database has encoding {encoding}. Create it with encoding UTF8. {SEE}"
    elif _one(connection, "select lower('Ә')") != "ә":
        yield f"The database cannot tell small Kazakh letters from capital ones. Create it with a UTF-8 locale. {SEE}"
    if _one(connection, "select current_user") == APP:
        yield f"Migrations run as the owner, not as {APP}. Name the owner in DATABASE_OWNER_URL. {SEE}"
    elif not _one(connection, "select has_schema_privilege('public', 'create')"):
        yield f"The owner may not create tables. As the administrator: alter database … owner to the owner's role. {SEE}"
    if not _one(connection, "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"):
        have = {name for (name,) in connection.execute("select rolname from pg_roles")}
        if absent := sorted({APP, *SESSION_ROLES} - have):
            yield (
                f"The roles {', '.join(absent)} are missing and the owner may not make them. As the administrator: "
                f"alter role … createrole. {SEE}"
            )


def _one(connection: psycopg.Connection, query: str) -> object:
    found = (connection.execute(query).fetchone() or (None,))[0]
    return found.decode() if isinstance(found, bytes) else found  # a database without an encoding sends bytes
