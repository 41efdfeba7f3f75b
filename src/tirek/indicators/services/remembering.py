"""What earlier publications of a figure, and of others about the same people, tell: sealed with the next one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
from django.db import connection

from tirek.indicators.definitions import Indicator
from tirek.indicators.earlier import SCHEMA, Earlier, Tables, related
from tirek.indicators.models import Release, Snapshot
from tirek.storage.sealed import SealBroken, Sealed, unseal

COLUMNS = """
    r.indicator, r.definition_sha256, r.number, s.sha256, f.level, f.territory, f.settlement, f.kind, f.numerator,
    f.denominator, f.suppressed
"""
SHOWN_LAST = f"""
    select distinct on (r.indicator, f.level, f.territory, f.settlement, f.kind) {COLUMNS}
    from indicators_release r
    join indicators_snapshot s on s.id = r.snapshot_id
    join indicators_figure f on f.release_id = r.id
    where r.indicator = any(%(codes)s) and not f.suppressed
    order by r.indicator, f.level, f.territory, f.settlement, f.kind,
             abs(r.as_of - %(as_of)s::date), r.published_at desc, r.id desc
"""  # noqa: S608 (our own names)
HIDDEN = f"""
    select {COLUMNS}
    from indicators_release r
    join indicators_snapshot s on s.id = r.snapshot_id
    join indicators_figure f on f.release_id = r.id
    where r.id = any(%(releases)s) and f.suppressed
    order by r.indicator, r.id, f.level, f.territory, f.settlement, f.kind
"""  # noqa: S608 (our own names)


def earlier_publications(indicator: Indicator, as_of: date) -> pl.DataFrame | None:
    """Of each place what was shown last, seen from a day, and what is hidden on the neighbouring days.

    Superseded and withdrawn publications count: they stay readable. None when there are no earlier ones.
    """
    codes = [other.code for other in related(indicator) if other.from_decision is None]
    neighbours = [pk for code in codes for pk in _neighbours(code, as_of)]
    if not neighbours:
        return None
    with connection.cursor() as cursor:
        cursor.execute(SHOWN_LAST, {"codes": codes, "as_of": as_of})
        rows = cursor.fetchall()
        cursor.execute(HIDDEN, {"releases": neighbours})
        rows += cursor.fetchall()
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _neighbours(code: str, as_of: date) -> Iterator[int]:
    """The latest publications for that day, for the last day before it and for the first day after it."""
    found = Release.objects.filter(indicator=code, snapshot__isnull=False)
    latest = ("-published_at", "-pk")
    yield from found.filter(as_of=as_of).order_by(*latest).values_list("pk", flat=True)[:1]
    yield from found.filter(as_of__lt=as_of).order_by("-as_of", *latest).values_list("pk", flat=True)[:1]
    yield from found.filter(as_of__gt=as_of).order_by("as_of", *latest).values_list("pk", flat=True)[:1]


def with_tables(frame: pl.DataFrame | None, snapshot: Snapshot) -> Earlier | None:
    return None if frame is None else Earlier(frame, tables_of, snapshot.sha256)


def tables_of(sha256: str) -> Tables:
    """The sealed tables of a snapshot."""
    snapshot = Snapshot.objects.filter(sha256=sha256).first()
    if snapshot is None:
        raise SealBroken(f"The snapshot {sha256} is gone. Restore the database from the backup.", sha256=sha256)
    return {name: unseal(Sealed.from_dict(seal)) for name, seal in snapshot.tables.items()}
