"""A new embedded database begins from a snapshot of the schema: running every migration takes 20 times longer.

The snapshot carries the digest of all migrations it was made from. Where that digest, or the server, is another, the
migrations run as usual: a stale snapshot is slow, never wrong. ``make schema`` makes it; a test asks for a fresh one.
"""

from __future__ import annotations

import gzip
import hashlib
import inspect
import re
import subprocess
from pathlib import Path

import psycopg

from tirek.storage import database
from tirek.storage.embedded import binary

SNAPSHOT = Path(__file__).with_name("schema.sql.gz")
DIGEST_LINE = "-- migrations "
OWN_SESSION = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\(un)?restrict ).*\n", re.MULTILINE)


def migrations_digest() -> str:
    """Digest of every migration of every app, ours and others', and of the roles they grant to."""
    from django.db.migrations.loader import MigrationLoader

    digest = hashlib.sha256(inspect.getsource(database).encode())
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for key in sorted(migrations):
        digest.update("/".join(key).encode())
        digest.update(Path(inspect.getfile(type(migrations[key]))).read_bytes())
    return digest.hexdigest()


def load_snapshot(settings: dict) -> bool:
    """Fill an empty database from the snapshot; False where it does not fit and the migrations must run."""
    if not SNAPSHOT.exists():
        return False
    text = gzip.decompress(SNAPSHOT.read_bytes()).decode()
    if text.partition("\n")[0] != DIGEST_LINE + migrations_digest():
        return False
    with psycopg.connect(**database.connection_arguments(settings)) as connection:
        if connection.info.server_version < 180000 or _has_tables(connection):
            return False
        connection.execute("set local check_function_bodies = off")
        connection.execute(text.encode())
    return True


def write_snapshot(settings: dict) -> None:
    """Dump a freshly migrated database: its schema, and the rows that migrations put there."""
    command = [str(binary("pg_dump")), "--no-owner", "--inserts", "--rows-per-insert=500", "--no-comments"]
    command += ["-h", settings["HOST"], "-U", settings["USER"], settings["NAME"]]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    text = DIGEST_LINE + migrations_digest() + "\n" + OWN_SESSION.sub("", dump)
    SNAPSHOT.write_bytes(gzip.compress(text.encode(), mtime=0))


def _has_tables(connection: psycopg.Connection) -> bool:
    found = connection.execute("select 1 from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    return found.fetchone() is not None
