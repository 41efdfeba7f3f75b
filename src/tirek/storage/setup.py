"""Make the program ready to work: the database answers, Django is set up. Every command begins here."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import tempfile
import threading
import time

import click

from tirek.storage.database import RolesNotSafe, connection_settings, embedded, prepare
from tirek.storage.embedded import OWNER
from tirek.storage.outside import ServerNotFit, check_server
from tirek.storage.unprivileged import EmbeddedError

PARENT = "TIREK_PARENT"
ORPHAN_SECONDS = 5
_held = contextlib.ExitStack()
_holder: int | None = None


def django_ready() -> None:
    """Start the embedded database where there is no other, hold it until this process ends, and set Django up."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tirek.site.settings")
    quiet_runtime_folder()
    end_with_parent()
    hold_database()
    import django
    from django.conf import settings

    django.setup()
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.register_at_fork(after_in_child=forget_connections)


def command_ready() -> None:
    """The same for a command that a person gives: it answers in one language, English or that of ``TIREK_LANGUAGE``."""
    django_ready()
    from django.conf import settings
    from django.utils import translation

    wanted = os.environ.get("TIREK_LANGUAGE", "en")
    translation.activate(wanted if wanted in dict(settings.LANGUAGES) else "en")


def close_connections() -> None:
    """Close what this process holds open to the database: two processes on one connection would read each other's rows."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if connection.alias in connection._connection_pools:
            connection.close_pool()


def forget_connections() -> None:
    """In a forked child: drop the parent's connections without a word to the server, which would end the parent's."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.connection = None
        connection._connection_pools.clear()


def end_with_parent() -> None:
    """A process that ``tirek serve`` started ends when that one was killed and could not say so."""
    parent = int(os.environ.pop(PARENT, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)  # a web server's process waits for its parent's word, which will not come

    threading.Thread(target=watch, name="parent", daemon=True).start()


def hold_database() -> None:
    """Hold the embedded server until this process ends, however it ends. Calling twice does no harm."""
    global _holder
    server = embedded()
    if server is None or _holder == os.getpid():
        return
    try:
        _held.enter_context(server.running())
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from error
    _holder = os.getpid()
    atexit.register(let_database_go)


def let_database_go() -> None:
    """Let go before the process ends; the last one stops the server. A forked child never stops its parent's."""
    global _holder
    if _holder == os.getpid():
        _holder = None
        _held.close()


def are_migrations_waiting() -> bool:
    """Whether the database is missing or older than this version."""
    from django.db import OperationalError, connections
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connections["owner"])
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except OperationalError:
        return True


def migrate_database(verbosity: int = 1) -> None:
    """Create database and roles where they are missing, then bring the tables up to this version, as the owner."""
    from django.core.management import call_command

    from tirek.storage.journals import take_rights_back
    from tirek.storage.schema import load_snapshot

    settings = connection_settings(OWNER)
    prepare_server(settings)
    if embedded() is not None:
        load_snapshot(settings)
    call_command("migrate", database="owner", interactive=False, verbosity=verbosity)
    take_rights_back(settings)


def prepare_server(settings: dict) -> None:
    """Make database and roles ready; a server from outside is looked at first, and refused in plain words."""
    try:
        if embedded() is None:
            check_server(settings)
        prepare(settings, create=embedded() is not None)
    except (ServerNotFit, RolesNotSafe) as error:
        raise click.ClickException(str(error)) from None


def quiet_runtime_folder() -> None:
    """Jupyter's platformdirs warns on every start when a login session gave no folder for sockets."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = os.path.join(tempfile.gettempdir(), f"runtime-{os.getuid()}")
