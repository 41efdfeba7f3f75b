"""The audit's tables as seals see them: of each row its number, its day and a digest of all that it says."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
from django.conf import settings
from django.db import connection
from django.db.models import Model

from tirek.access.models import AccountAction, AuditSeal, PersonRead
from tirek.access.queries_audit import event_models

SCHEMA = {"number": pl.Int64, "day": pl.Date, "digest": pl.String}
ROWS_AT_ONCE = 500_000
DIGITS = 32
"""Of the SHA-256 in hexadecimal: 128 bits are enough that nobody finds another row with the same."""
PLAINLY = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';"
    " set local bytea_output = 'hex'; set local extra_float_digits = 1"
)
CONTEXT = "pgh_context_id"


@dataclass(frozen=True)
class Source:
    """A table of the audit: its columns in order, the number of a row and the moment it was written."""

    table: str
    number: str
    moment: str
    columns: tuple[str, ...]


def sources() -> dict[str, Source]:
    """Every table of changes, the looks at persons and the actions on accounts."""
    found = [_source(model, "pgh_id", "pgh_created_at") for model in event_models().values()]
    found += [_source(model, "id", "at") for model in (PersonRead, AccountAction)]
    return {source.table: source for source in sorted(found, key=lambda source: source.table)}


def _source(model: type[Model], number: str, moment: str) -> Source:
    columns = sorted(str(field.column) for field in model._meta.concrete_fields)
    return Source(model._meta.db_table, number, moment, tuple(columns))


def columns_gone(source: Source, columns: Sequence[str]) -> list[str]:
    """Columns of a seal that the table no longer has."""
    return sorted(set(columns) - set(source.columns))


def rows_between(source: Source, columns: Sequence[str], first: int, last: int) -> pl.DataFrame:
    """Rows by their numbers, both included."""
    return _read(source, columns, "between %(first)s and %(last)s", {"first": first, "last": last})


def rows_of(source: Source, *, above: int, starts: dt.datetime | None, ends: dt.datetime) -> Iterator[pl.DataFrame]:
    """Rows above a number that were written in a time, some hundred thousand at once, in the order of their numbers."""
    while True:
        where = f"> %(above)s and e.{source.moment} < %(ends)s"
        where += f" and e.{source.moment} >= %(starts)s" if starts else ""
        asked = {"above": above, "starts": starts, "ends": ends, "most": ROWS_AT_ONCE}
        frame = _read(source, source.columns, f"{where} order by e.{source.number} limit %(most)s", asked)
        if frame.height:
            yield frame
            above = int(frame["number"][-1])
        if frame.height < ROWS_AT_ONCE:
            return


def _read(source: Source, columns: Sequence[str], where: str, asked: dict) -> pl.DataFrame:
    """COPY out. Who made a change stands in the context: it is a part of what the change's row says."""
    says = ", ".join(f'e."{column}"' for column in columns)
    who = f' left join pghistory_context c on c.id = e."{CONTEXT}"' if CONTEXT in columns else ""
    says += ", c.metadata" if who else ""
    query = (
        f"copy (select e.{source.number}, (e.{source.moment} at time zone %(zone)s)::date,"  # noqa: S608 (our own names)
        f" left(encode(sha256(convert_to(row({says})::text, 'UTF8')), 'hex'), {DIGITS})"
        f" from {source.table} e{who} where e.{source.number} {where}) to stdout with (format csv)"
    )
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.execute(PLAINLY)
        with cursor.copy(query, asked | {"zone": settings.TIME_ZONE}) as copy:
            for part in copy:
                buffer.write(part)
    if not buffer.tell():
        return pl.DataFrame(schema=SCHEMA)
    buffer.seek(0)
    return pl.read_csv(buffer, has_header=False, new_columns=list(SCHEMA), schema_overrides=SCHEMA)


def count_before(source: Source, ends: dt.datetime) -> int:
    """How many rows were written before a moment, as they say themselves."""
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {source.table} where {source.moment} < %s", [ends])  # noqa: S608
        return int(cursor.fetchone()[0])


def oldest_transaction() -> dt.datetime | None:
    """When the oldest transaction of the program that is still open began. Ask it as the program, not as the loader."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select min(xact_start) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def last_audit_seal() -> AuditSeal | None:
    return AuditSeal.objects.order_by("-pk").first()


def audit_seal_count() -> int:
    return AuditSeal.objects.count()
