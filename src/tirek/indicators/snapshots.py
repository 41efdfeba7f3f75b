"""Which tables a snapshot holds. Apps may add theirs. Nothing here names a person: people are only counted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl
from django.conf import settings
from django.db import connection

from tirek_engines.errors import BrokenContract


@dataclass(frozen=True)
class SnapshotTable:
    """A table of a snapshot: ``sql`` with ``%(as_of)s``, ordered, and the type of each of its columns.

    Moments become days ``at time zone %(zone)s``: the session's zone is UTC, where a day ends hours later.
    """

    name: str
    sql: str
    schema: dict[str, pl.DataType | type[pl.DataType]]


_tables: dict[str, SnapshotTable] = {}


def register_table(table: SnapshotTable) -> None:
    if _tables.get(table.name, table) != table:
        raise BrokenContract("table.name", table.name, "a name that no other snapshot table has")
    _tables[table.name] = table


def all_tables() -> Iterator[SnapshotTable]:
    return iter(sorted(_tables.values(), key=lambda table: table.name))


def read(table: SnapshotTable, as_of: date) -> pl.DataFrame:
    """COPY out over this connection, so that the asker's policies hold."""
    buffer, asked = io.BytesIO(), {"as_of": as_of, "zone": settings.TIME_ZONE}
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy ({table.sql}) to stdout with (format csv)", asked) as copy,
    ):
        for part in copy:
            buffer.write(part)
    buffer.seek(0)
    if not buffer.getbuffer().nbytes:
        return pl.DataFrame(schema=table.schema)
    return pl.read_csv(buffer, has_header=False, new_columns=list(table.schema), schema_overrides=table.schema)


INSTITUTIONS = SnapshotTable(
    "institutions",
    """
    select i.org_no, i.code, i.kind, s.settlement_kind, r.code, d.code, s.is_public::int, s.is_support_school::int,
           s.connectivity, s.speed_mbps, s.capacity
    from registry_institution i
    join registry_institutionstate s on s.institution_id = i.id and s.valid @> %(as_of)s::date
    left join registry_territory r on r.level = 'region' and i.org_no between r.org_lo and r.org_hi
        and r.valid @> %(as_of)s::date
    left join registry_territory d on d.level = 'district' and i.org_no between d.org_lo and d.org_hi
        and d.valid @> %(as_of)s::date
    where i.open_period @> %(as_of)s::date
    order by i.org_no
    """,
    {
        "org_no": pl.Int64, "code": pl.String, "kind": pl.String, "settlement": pl.String, "region": pl.String,
        "district": pl.String, "is_public": pl.Int64, "is_support_school": pl.Int64, "connectivity": pl.String,
        "speed_mbps": pl.Float64, "capacity": pl.Int64,
    },
)  # fmt: skip
TERRITORIES = SnapshotTable(
    "territories",
    """
    select code, level, org_lo, org_hi from registry_territory
    where level in ('country', 'region', 'district') and valid @> %(as_of)s::date order by org_lo, org_hi desc, code
    """,
    {"code": pl.String, "level": pl.String, "org_lo": pl.Int64, "org_hi": pl.Int64},
)
ENROLMENTS = SnapshotTable(
    "enrolments",
    """
    select org_no, coalesce(grade, -1), count(*) from registry_enrolment
    where valid @> %(as_of)s::date group by 1, 2 order by 1, 2
    """,
    {"org_no": pl.Int64, "grade": pl.Int64, "learners": pl.Int64},
)
STAFF = SnapshotTable(
    "staff",
    """
    select org_no, (subject <> '' or position = 'teacher')::int, count(distinct person_id), sum(rate * 100)::bigint
    from registry_employment where valid @> %(as_of)s::date group by 1, 2 order by 1, 2
    """,
    {"org_no": pl.Int64, "teaches": pl.Int64, "people": pl.Int64, "rate_hundredths": pl.Int64},
)


def register_registry_tables() -> None:
    for table in (INSTITUTIONS, TERRITORIES, ENROLMENTS, STAFF):
        register_table(table)
