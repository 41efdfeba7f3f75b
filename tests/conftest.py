"""A real PostgreSQL for the tests, migrated once a version of the migrations, cloned for each run.

The tests connect as the program does, as ``tirek_app``; ``tirek.access.scope.loading`` writes what a scope may not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tirek"
JOURNEYS = "tests/journeys/"


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("django"):
        return
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }  # each run begins at nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """With several test processes: a file stays together, and so do all journeys, which share a server."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return JOURNEYS if file.startswith(JOURNEYS) else file

    return ByFile(config, log)


def migrations_digest() -> str:
    """Changes whenever a migration, or the roles that the template carries, change."""
    digest = hashlib.sha256()
    files = [*SOURCE.glob("*/migrations/*.py"), SOURCE / "storage" / "database.py"]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def owner_connection() -> Iterator:
    import psycopg

    from tirek.storage.database import OWNER, connection_settings

    settings = connection_settings(OWNER)
    kwargs = {"host": settings["HOST"], "user": settings["USER"], "dbname": "postgres"}
    if settings.get("PORT"):
        kwargs |= {"port": settings["PORT"], "password": settings["PASSWORD"]}
    with psycopg.connect(**kwargs, autocommit=True) as connection:
        yield connection


def use_database(name: str) -> None:
    from django.conf import settings
    from django.db import connections

    for alias in ("default", "owner"):
        if alias == "default":
            connections[alias].close()
            connections[alias].close_pool()
        else:
            connections[alias].close()
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


def make_template() -> str:
    """Name of a migrated database that others are cloned from; made when the migrations changed."""
    from django.core.management import call_command
    from django.db import connections

    from tirek.storage.database import OWNER, connection_settings, prepare
    from tirek.storage.journals import take_rights_back
    from tirek.storage.schema import load_snapshot

    name = f"test_template_{migrations_digest()}"
    with owner_connection() as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            return name
        connection.execute(f"drop database if exists {name}_new with (force)")
    settings = connection_settings(OWNER) | {"NAME": f"{name}_new"}
    prepare(settings)
    load_snapshot(settings)
    use_database(f"{name}_new")
    call_command("migrate", database="owner", verbosity=0)
    take_rights_back(settings)
    connections["owner"].close()
    with owner_connection() as connection:
        for (old,) in connection.execute(
            "select datname from pg_database where datname like 'test_template_%'"
        ).fetchall():
            if old not in (name, f"{name}_new"):
                connection.execute(f'drop database if exists "{old}" with (force)')
        connection.execute(f"alter database {name}_new rename to {name}")
    return name


def clone(name: str, template: str) -> None:
    with owner_connection() as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name} template {template}")


@pytest.fixture(autouse=True)
def english(request: pytest.FixtureRequest) -> Iterator[None]:
    """Messages are compared in the source language, whatever the site's own is."""
    if not request.config.pluginmanager.hasplugin("django"):
        yield
        return
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def database_template(django_db_blocker) -> Iterator[str]:
    from contextlib import nullcontext

    from tirek.storage.database import embedded

    server = embedded()
    with server.running() if server else nullcontext():
        with django_db_blocker.unblock():
            name = make_template()
        yield name


@pytest.fixture(scope="session")
def django_db_setup(database_template, django_db_blocker) -> Iterator[None]:
    """Replaces pytest-django's: the program's role may not create databases."""
    with django_db_blocker.unblock():
        clone("test_tirek", database_template)
        use_database("test_tirek")
        yield
        use_database("test_tirek")


@pytest.fixture
def committed_db(django_db_setup, database_template, django_db_blocker) -> Iterator[str]:
    """A database of the test's own, for what must be committed: servers, workers, two connections, crashes."""
    with django_db_blocker.unblock():
        clone("test_committed", database_template)
        use_database("test_committed")
        try:
            yield "test_committed"
        finally:
            use_database("test_tirek")
            with owner_connection() as connection:
                connection.execute("drop database if exists test_committed with (force)")
