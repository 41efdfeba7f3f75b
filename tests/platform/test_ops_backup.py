"""A backup is made of a database in use, and comes back whole, somewhere else, or not at all."""

from __future__ import annotations

import json
import stat

import psycopg
import pytest

from tirek.access.scope import loading
from tirek.registry.models import Person
from tirek.site import backups
from tirek.site.backups import BackupRefused
from tirek.storage import sealed, secrets
from tirek.storage.database import connection_settings, embedded
from tirek.storage.embedded import OWNER

PEOPLE = 500


@pytest.fixture
def saved(committed_db, tmp_path, django_db_blocker):
    """A backup of a database with people, two sealed files and an upload; and the keys beside it."""
    with pytest.MonkeyPatch.context() as patched, django_db_blocker.unblock():
        patched.setenv("TIREK_DATABASE", committed_db)
        source = tmp_path / "source"
        for module in (backups, sealed):
            patched.setattr(module, "home", lambda: source)
        with loading():
            Person.objects.bulk_create(
                Person(family_name=f"Әлиев {i}", given_name="Айша", sort_key=str(i), org_no=i) for i in range(PEOPLE)
            )
        digests = [sealed.seal(b"inputs of a decision"), sealed.seal(b"a snapshot")]
        (source / "files").mkdir()
        (source / "files" / "хат.pdf").write_bytes(b"%PDF")
        keys = tmp_path / "keys"
        secrets.key("identifiers-encrypt"), secrets.key("identifiers-hash")
        manifest = backups.make_backup(tmp_path / "backup", keys)
    assert manifest["rows"]["registry_person"] == PEOPLE
    return tmp_path / "backup", keys, digests


@pytest.fixture
def elsewhere(tmp_path):
    """An empty installation: another home with a server of its own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TIREK_HOME", str(tmp_path / "elsewhere"))
        patched.delenv("TIREK_SECRETS", raising=False)
        patched.setenv("TIREK_DATABASE", "restored")
        server = embedded()
        with server.running():
            yield server


def connect(role: str = OWNER) -> psycopg.Connection:
    settings = connection_settings(role)
    return psycopg.connect(host=settings["HOST"], dbname=settings["NAME"], user=role)


def test_it_comes_back_whole_with_roles_policies_sealed_files_and_keys(saved, elsewhere):
    folder, keys, digests = saved
    backups.restore_backup(folder, keys)
    with connect() as connection:
        people = connection.execute("select count(*), min(family_name) from registry_person").fetchone()
        assert people == (PEOPLE, "Әлиев 0")
    with connect("tirek_app") as connection:
        assert connection.execute("select count(*) from registry_person").fetchone() == (0,), "the policies are back"
        connection.execute("select set_config('app.lo', '10', true), set_config('app.hi', '19', true)")
        assert connection.execute("select count(*) from registry_person").fetchone() == (10,)
    assert sealed.read(digests[0]) == b"inputs of a decision"
    assert (elsewhere.home / "files" / "хат.pdf").read_bytes() == b"%PDF"
    for name in ("identifiers-encrypt", "identifiers-hash"):
        copy = elsewhere.home / "secrets" / name
        assert copy.read_bytes() == secrets.key(name)
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_what_it_holds_is_private_and_has_no_keys(saved):
    folder, _, _ = saved
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert secrets.key("identifiers-encrypt") not in everything
    assert secrets.key("identifiers-encrypt").hex().encode() not in everything


@pytest.mark.parametrize("damage", ["changed", "missing", "foreign", "not a backup"])
def test_a_damaged_backup_changes_nothing(saved, elsewhere, damage):
    folder, keys, digests = saved
    victim = folder / "sealed" / digests[0][:2] / digests[0]
    if damage == "changed":
        victim.write_bytes(b"Inputs of a decision")
    elif damage == "missing":
        victim.unlink()
    elif damage == "foreign":
        (folder / "sealed" / "stranger").write_bytes(b"?")
    else:
        (folder / "manifest.json").write_text("{")
    with pytest.raises(BackupRefused, match=r"1 files of the backup are missing, changed or foreign|not a backup"):
        backups.restore_backup(folder, keys)
    assert not (elsewhere.home / "sealed").exists()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect()


def test_without_its_keys_it_is_refused(saved, elsewhere):
    folder, keys, _ = saved
    with pytest.raises(BackupRefused, match=r"is missing from .* --secrets FOLDER"):
        backups.restore_backup(folder)
    (keys / "identifiers-hash").write_bytes(bytes(32))
    with pytest.raises(BackupRefused, match="is another one in"):
        backups.restore_backup(folder, keys)


def test_it_never_overwrites(saved, elsewhere):
    folder, keys, _ = saved
    backups.restore_backup(folder, keys)
    with pytest.raises(BackupRefused, match="not empty"):
        backups.restore_backup(folder, keys)
    with pytest.raises(BackupRefused, match="already there"):
        backups.make_backup(folder)


def test_a_dump_that_breaks_half_way_leaves_an_empty_database(saved, elsewhere):
    folder, keys, _ = saved
    dump = folder / "database.dump"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["database.dump"] = backups._file(dump)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BackupRefused, match="could not be restored"):
        backups.restore_backup(folder, keys)
    with connect() as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname='public'").fetchone() == (0,)
