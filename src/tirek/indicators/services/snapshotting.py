"""Taking a snapshot: COPY out, seal, read back."""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection

from tirek.access.scope import loading
from tirek.indicators.models import Snapshot
from tirek.indicators.snapshots import all_tables, read
from tirek.storage.sealed import digest_of, seal_input


def take_snapshot(*, as_of: date, by: object, now: datetime) -> Snapshot:
    """The register as of a day, sealed. The same contents give the snapshot that is already there."""
    with loading():
        tables = {table.name: read(table, as_of) for table in all_tables()}
        seals = {name: seal_input(frame).as_dict() for name, frame in tables.items()}
        sha256 = digest_of({"as_of": as_of, "tables": {name: seal["sha256"] for name, seal in seals.items()}})
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"snapshot {sha256}"])
        found = Snapshot.objects.filter(sha256=sha256).first()
        return found or Snapshot.objects.create(
            sha256=sha256, as_of=as_of, tables=seals, taken_at=now, taken_by_name=str(by or "")
        )
