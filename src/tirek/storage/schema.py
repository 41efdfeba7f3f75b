"""A new embedded database begins from a snapshot of the schema: running every migration takes 20 times longer.

The snapshot carries the digest of every migration it was made from. Where one of them is another now, or the server is, all
migrations run as usual; those that came later run after it: a stale snapshot is slow, never wrong. ``make schema`` makes
it; a test asks for a fresh one.
"""

from __future__ import annotations

import gzip
import hashlib
import inspect
import json
import re
import subprocess
from pathlib import Path

import psycopg

from tirek.storage import database
from tirek.storage.embedded import binary

SNAPSHOT = Path(__file__).with_name("schema.sql.gz")
DIGEST_LINE = "-- migrations "
OWN_SESSION = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\(un)?restrict ).*\n", re.MULTILINE)


def migration_digests() -> dict[str, str]:
    """Digest of each migration of every app, ours and others', and of the roles that they grant to."""
    from django.db.migrations.loader import MigrationLoader

    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    digests = {"/".join(key): _digest(Path(inspect.getfile(type(migrations[key]))).read_bytes()) for key in migrations}
    return dict(sorted(digests.items())) | {"roles": _digest(inspect.getsource(database).encode())}


def snapshot_digests() -> dict[str, str]:
    """The same of the snapshot; nothing where there is none that can be read."""
    if not SNAPSHOT.exists():
        return {}
    first_line = _text().partition("\n")[0]
    return dict(json.loads(first_line.removeprefix(DIGEST_LINE))) if first_line.startswith(DIGEST_LINE + "{") else {}


def load_snapshot(settings: dict) -> bool:
    """Fill an empty database from the snapshot; False where it does not fit and all migrations must run."""
    made_from = snapshot_digests()
    if not made_from or not made_from.items() <= migration_digests().items():
        return False
    with psycopg.connect(**database.connection_arguments(settings)) as connection:
        if connection.info.server_version < 180000 or _has_tables(connection):
            return False
        connection.execute("set local check_function_bodies = off")
        connection.execute(_text().encode())
    return True


def write_snapshot(settings: dict) -> None:
    """Dump a freshly migrated database: its schema, and the rows that migrations put there."""
    command = [str(binary("pg_dump")), "--no-owner", "--inserts", "--rows-per-insert=500", "--no-comments"]
    command += ["-h", settings["HOST"], "-U", settings["USER"], settings["NAME"]]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    text = DIGEST_LINE + json.dumps(migration_digests()) + "\n" + OWN_SESSION.sub("", dump)
    SNAPSHOT.write_bytes(gzip.compress(text.encode(), mtime=0))


def _text() -> str:
    return gzip.decompress(SNAPSHOT.read_bytes()).decode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _has_tables(connection: psycopg.Connection) -> bool:
    found = connection.execute("select 1 from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    return found.fetchone() is not None
