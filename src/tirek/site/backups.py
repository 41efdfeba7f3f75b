"""A backup: the database, the sealed files and uploads, and a manifest with the digest of each.

The database is dumped from one snapshot, whose rows are counted too; sealed files are copied after it, and as they are
written before the rows that name them and never changed, everything the dump names is there. Keys are not part of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

from tirek.storage import secrets
from tirek.storage.database import connection_settings, home, prepare
from tirek.storage.embedded import OWNER, binary
from tirek.storage.journals import take_rights_back
from tirek.storage.setup import prepare_server
from tirek_engines.errors import Refusal

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FOLDERS = ("sealed", "files")
UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
HEAD_LINES = 40  # it stands among the first
CHECKED = b"tirek: are these the keys of that backup?"


class BackupRefused(Refusal):
    """A backup cannot be made or used; the message says why."""

    code = "backup_refused"


def make_backup(target: Path, secrets_target: Path | None = None) -> dict[str, Any]:
    """Write a backup into a new folder; it appears under its name only when it is complete."""
    if target.exists():
        raise BackupRefused(f"{target} is already there. Name a folder that does not exist yet.")
    draft = target.with_name(target.name + ".unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    with _snapshot() as (connection, snapshot):
        manifest = _describe(connection)
        _dump(draft / DUMP, snapshot)
    for name in FOLDERS:
        _copy_tree(home() / name, draft / name)
    manifest["files"] = {str(p.relative_to(draft)): _file(p) for p in _files(draft)}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    if secrets_target is not None:
        _copy_keys(secrets.folder(), secrets_target)
    draft.rename(target)
    return manifest


def check_backup(source: Path) -> dict[str, Any]:
    """Read the manifest and compare every file with it. Raises `BackupRefused` naming what is wrong."""
    try:
        manifest = json.loads((source / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise BackupRefused(f"{source} is not a backup: its {MANIFEST} cannot be read ({error}).") from None
    if manifest.get("format") != FORMAT:
        raise BackupRefused(f"{source} has format {manifest.get('format')}; this version reads format {FORMAT}.")
    wrong = [name for name, said in manifest["files"].items() if not _unchanged(source / name, said)]
    extra = {str(p.relative_to(source)) for p in _files(source)} - {*manifest["files"], MANIFEST}
    if wrong or extra:
        named = ", ".join(sorted([*wrong, *extra])[:5])
        raise BackupRefused(f"{len(wrong) + len(extra)} files of the backup are missing, changed or foreign: {named}.")
    return manifest


def restore_backup(source: Path, secrets_source: Path | None = None) -> dict[str, Any]:
    """Bring a checked backup into an empty installation: all of the database or nothing of it."""
    manifest = check_backup(source)
    _keys_fit(manifest, secrets_source)
    settings = connection_settings(OWNER)
    prepare_server(settings)
    _must_be_empty()
    _restore(source / DUMP)  # first: where it is refused, nothing else was put there
    if secrets_source is not None:
        _copy_keys(secrets_source, secrets.folder())
    for name in FOLDERS:
        _copy_tree(source / name, home() / name)
    prepare(settings, create=False)
    take_rights_back(settings)
    _same_rows(manifest)
    return manifest


def key_check(folder: Path) -> dict[str, str]:
    """A value by which keys are recognised and from which they cannot be computed."""
    found = {}
    for name in secrets.KEY_NAMES:
        with contextlib.suppress(FileNotFoundError):
            found[name] = hmac.digest((folder / name).read_bytes(), CHECKED, hashlib.sha256).hex()[:32]
    return found


def owner_connection() -> psycopg.Connection:
    """A connection as the owner, who passes the row policies."""
    settings = connection_settings(OWNER)
    names = {"HOST": "host", "PORT": "port", "NAME": "dbname", "USER": "user", "PASSWORD": "password"}
    return psycopg.connect(**{names[k]: v for k, v in settings.items() if v})


@contextlib.contextmanager
def _snapshot() -> Iterator[tuple[psycopg.Connection, str]]:
    with owner_connection() as connection:
        connection.execute("set transaction isolation level repeatable read read only")
        snapshot = connection.execute("select pg_export_snapshot()").fetchone()
        assert snapshot
        yield connection, snapshot[0]


def _describe(connection: psycopg.Connection) -> dict[str, Any]:
    server = connection.execute("show server_version").fetchone()
    assert server
    return {
        "format": FORMAT,
        "tirek": version("tirek"),
        "postgresql": server[0],
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": _row_counts(connection),
        "migrations": [list(r) for r in connection.execute("select app, name from django_migrations order by id")],
        "keys": key_check(secrets.folder()),
    }


def _row_counts(connection: psycopg.Connection) -> dict[str, int]:
    tables = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
    counts = {}
    for (name,) in tables:
        counted = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(name))).fetchone()
        assert counted
        counts[name] = counted[0]
    return counts


def _dump(path: Path, snapshot: str) -> None:
    command = [str(binary("pg_dump")), "--format=custom", "--compress=gzip:3", "--no-owner", "--no-privileges",
               f"--snapshot={snapshot}", f"--file={path}"]  # fmt: skip
    done = subprocess.run(command, env=_postgres_environment(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupRefused(f"The database could not be dumped:\n{done.stderr.strip()}")


def _restore(dump: Path) -> None:
    """Through a script, in one transaction: pg_restore itself would ask a server before 17 for what it does not know."""
    read = [str(binary("pg_restore")), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    write = [str(binary("psql")), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"]
    with tempfile.TemporaryFile() as said, subprocess.Popen(read, stdout=subprocess.PIPE, stderr=said) as reader:  # noqa: S603
        writer = subprocess.Popen(  # noqa: S603
            write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_postgres_environment()
        )
        assert reader.stdout
        assert writer.stdin
        with contextlib.suppress(BrokenPipeError), writer.stdin as script:
            _pass_on(reader.stdout, script, whole=lambda: reader.wait() == 0)
        failed = writer.wait() or reader.poll()
        if failed:
            said.seek(0)
            raise BackupRefused(f"The database could not be restored:\n{said.read().decode(errors='replace').strip()}")


def _pass_on(script: IO[bytes], target: IO[bytes], whole: Callable[[], bool]) -> None:
    for _ in range(HEAD_LINES):
        line = script.readline()
        if line != UNKNOWN_BEFORE_17:
            target.write(line)
    shutil.copyfileobj(script, target)
    if not whole():
        target.write(b"\n\\.\nselect 'the dump is damaged'::int;\n")  # the transaction must not be kept


def _postgres_environment() -> dict[str, str]:
    settings = connection_settings(OWNER)
    return os.environ | {
        "PGHOST": settings["HOST"],
        "PGPORT": settings.get("PORT") or "5432",
        "PGUSER": settings["USER"],
        "PGDATABASE": settings["NAME"],
        "PGPASSWORD": settings.get("PASSWORD") or "",
    }


def _must_be_empty() -> None:
    with owner_connection() as connection:
        found = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    sealed = home() / "sealed"
    if found != (0,) or (sealed.exists() and any(sealed.iterdir())):
        raise BackupRefused(
            "This installation is not empty, and a restore never overwrites. Name an empty folder in TIREK_HOME (or an "
            "empty database in DATABASE_URL) and restore there."
        )


def _keys_fit(manifest: dict[str, Any], secrets_source: Path | None) -> None:
    """With other keys the identifiers could not be read: better refused now than found out later."""
    folder = secrets_source or secrets.folder()
    for name in ("identifiers-encrypt", "identifiers-hash"):
        expected, found = manifest["keys"].get(name), key_check(folder).get(name)
        if expected and expected != found:
            state = "is missing from" if found is None else "is another one in"
            raise BackupRefused(
                f"The key {name} {state} {folder}. Give the keys saved with this backup: tirek restore … --secrets FOLDER."
            )
    if secrets_source and any(
        found != key_check(secrets_source).get(name) for name, found in key_check(secrets.folder()).items()
    ):
        raise BackupRefused(f"{secrets.folder()} already holds other keys. Move them away; they are never overwritten.")


def _same_rows(manifest: dict[str, Any]) -> None:
    with owner_connection() as connection:
        found = _row_counts(connection)
    differing = [f"{name} ({found.get(name)} of {n})" for name, n in manifest["rows"].items() if found.get(name) != n]
    if differing:
        raise BackupRefused(f"After the restore these tables differ from the backup: {', '.join(differing)}.")


def _copy_tree(source: Path, target: Path) -> None:
    for path in _files(source):
        if path.name.startswith(".draft-"):
            continue
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copy2(path, copy)


def _copy_keys(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in secrets.KEY_NAMES:
        if not (source / name).exists() or (target / name).exists():
            continue
        descriptor = os.open(target / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write((source / name).read_bytes())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _unchanged(path: Path, said: dict[str, Any]) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size == said["bytes"] and _file(path) == said
