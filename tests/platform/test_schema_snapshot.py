"""The snapshot that a new database begins from is what the migrations make; one that is older is a beginning too."""

from django.db import connections

from tirek.storage import database, schema
from tirek.storage.embedded import OWNER


def test_the_snapshot_is_of_these_migrations():
    assert schema.snapshot_digests() == schema.migration_digests(), "Run `make schema`."


def test_a_changed_migration_makes_it_useless(monkeypatch):
    changed = schema.migration_digests() | {"registry/0001_initial": "another"}
    monkeypatch.setattr(schema, "migration_digests", lambda: changed)
    assert not schema.load_snapshot(database.connection_settings(OWNER))


def test_a_later_migration_does_not(monkeypatch):
    """The database is not empty here: that alone is why nothing is loaded, and it is asked only of a snapshot that fits."""
    asked = []
    later = schema.migration_digests() | {"zebra/0001_initial": "later"}
    monkeypatch.setattr(schema, "migration_digests", lambda: later)
    monkeypatch.setattr(schema, "_has_tables", lambda connection: asked.append(connection) or True)
    here = database.connection_settings(OWNER) | {"NAME": connections["owner"].settings_dict["NAME"]}
    assert not schema.load_snapshot(here)
    assert asked
