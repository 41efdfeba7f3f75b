"""Make the snapshot of the schema: migrate an empty database, dump it. Run by ``make schema``."""

from __future__ import annotations

import psycopg

from tirek.storage import database, schema
from tirek.storage.embedded import OWNER
from tirek.storage.setup import django_ready


def main() -> None:
    django_ready()
    from django.conf import settings as django_settings
    from django.core.management import call_command
    from django.db import connections

    owner = database.connection_settings(OWNER) | {"NAME": "tirek_schema"}
    maintenance = database.connection_arguments(owner | {"NAME": "postgres"})
    with psycopg.connect(**maintenance, autocommit=True) as connection:
        connection.execute("drop database if exists tirek_schema with (force)")
    database.prepare(owner)
    django_settings.DATABASES["owner"]["NAME"] = connections["owner"].settings_dict["NAME"] = "tirek_schema"
    call_command("migrate", database="owner", verbosity=0)
    connections["owner"].close()
    schema.write_snapshot(owner)
    with psycopg.connect(**maintenance, autocommit=True) as connection:
        connection.execute("drop database tirek_schema with (force)")
    print(f"{schema.SNAPSHOT.name}: {schema.SNAPSHOT.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
