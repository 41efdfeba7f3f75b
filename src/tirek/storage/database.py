"""Where the database is, and the roles in it.

One role owns and migrates; the program runs as ``tirek_app`` and, for the length of a transaction, becomes one of
the narrower or wider roles below (``set local role``). Policies name these roles: see tirek.access.policies.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from tirek.storage.embedded import OWNER, Embedded

APP = "tirek_app"  # rows between app.lo and app.hi
COUNTRY = "tirek_country"  # all rows of scoped tables
OWN = "tirek_own"  # rows of the persons in app.ids
LOADER = "tirek_loader"  # bulk services, after they have checked the right
SIGN_IN = "tirek_sign_in"  # users and grants, while it is not yet known who asks
SESSION_ROLES = (COUNTRY, OWN, LOADER, SIGN_IN)


def home() -> Path:
    """Folder of everything this installation keeps outside the database."""
    return Path(os.environ.get("TIREK_HOME", ".tirek")).resolve()


def embedded() -> Embedded | None:
    """The embedded server, or None when DATABASE_URL names another."""
    return None if os.environ.get("DATABASE_URL") else Embedded(home())


def connection_settings(role: str) -> dict:
    """Django's settings for one role. DATABASE_URL is the program's, DATABASE_OWNER_URL the migrating owner's."""
    server = embedded()
    if server is not None:
        name = os.environ.get("TIREK_DATABASE", "tirek")
        return {"HOST": str(server.socket), "NAME": name, "USER": role}
    variable = "DATABASE_OWNER_URL" if role == OWNER else "DATABASE_URL"
    parts = urlsplit(os.environ.get(variable) or os.environ["DATABASE_URL"])
    return {
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or role),
        "PASSWORD": unquote(parts.password or ""),
    }


def prepare(settings: dict, *, create: bool = True) -> None:
    """Create database, roles and default privileges where they are missing. Runs as the owner; repeatable."""
    if create:
        _create_database(settings)
    with psycopg.connect(**connection_arguments(settings), autocommit=True) as connection:
        # several processes may prepare databases of one server at once: roles belong to the server
        connection.execute("select pg_advisory_lock(7461726)")
        for statement in _role_statements(connection):
            connection.execute(statement)
        check_roles(connection)


def connection_arguments(settings: dict, dbname: str | None = None) -> dict:
    """psycopg's arguments for Django's settings of a connection."""
    kwargs = {"host": settings["HOST"], "dbname": dbname or settings["NAME"], "user": settings["USER"]}
    if settings.get("PORT"):
        kwargs["port"] = settings["PORT"]
    if settings.get("PASSWORD"):
        kwargs["password"] = settings["PASSWORD"]
    return kwargs


def _create_database(settings: dict) -> None:
    with psycopg.connect(**connection_arguments(settings, "postgres"), autocommit=True) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", [settings["NAME"]]).fetchone()
        if not found:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(settings["NAME"])))


class RolesNotSafe(RuntimeError):
    """The roles of this server would let rows through; the message says what the server's administrator does."""


def check_roles(connection) -> None:
    """Refuse roles that pass or inherit policies: somebody may have made them by hand before us."""
    rows = connection.execute(
        "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = any(%s)", [[APP, *SESSION_ROLES]]
    ).fetchall()
    strong = [name for name, passes in rows if passes]
    if strong:
        raise RolesNotSafe(
            f"Roles that pass row policies: {', '.join(strong)}. Run: alter role … nosuperuser nobypassrls"
        )
    query = "select r from unnest(%s::text[]) r where pg_has_role(%s, r, 'usage')"
    inherited = [name for (name,) in connection.execute(query, [list(SESSION_ROLES), APP])]
    if inherited:
        raise RolesNotSafe(
            f"{APP} inherits {', '.join(inherited)} and would see all their rows. Run, as the server's administrator:"
            f" alter role {APP} noinherit; revoke {', '.join(inherited)} from {APP}; then tirek migrate again."
        )


def _is_member(connection, name: str) -> bool:
    return connection.execute("select pg_has_role(%s, %s, 'member')", [APP, name]).fetchone()[0]


def _role_statements(connection) -> list:
    have = {row[0] for row in connection.execute("select rolname from pg_roles")}
    app = sql.Identifier(APP)
    statements: list = []
    if APP not in have:
        # noinherit: a member's policies must not leak in until the role is taken on purpose
        statements.append(sql.SQL("create role {} login noinherit nobypassrls").format(app))
    for name in SESSION_ROLES:
        role = sql.Identifier(name)
        if name not in have:
            statements.append(sql.SQL("create role {} nologin nobypassrls").format(role))
        if not (APP in have and name in have and _is_member(connection, name)):
            how = " with inherit false, set true" if connection.info.server_version >= 160000 else ""
            statements.append(sql.SQL("grant {} to {}" + how).format(role, app))
    everyone = sql.SQL(", ").join(map(sql.Identifier, (APP, *SESSION_ROLES)))
    for line in (
        "grant usage on schema public to {}",
        "grant create, usage on schema public to current_user",
        "grant select, insert, update, delete on all tables in schema public to {}",
        "grant usage, select, update on all sequences in schema public to {}",
        "alter default privileges in schema public grant select, insert, update, delete on tables to {}",
        "alter default privileges in schema public grant usage, select, update on sequences to {}",
    ):
        statements.append(sql.SQL(line).format(everyone))
    return statements
