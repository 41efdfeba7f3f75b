"""Checked tables into temporary tables of the running transaction, and query results back into Polars.

COPY is refused on tables with row policies, so rows come by COPY into a temporary table (which PostgreSQL neither logs nor
shows to others) and go on by INSERT … SELECT and UPDATE … FROM: one statement a table, so one statement of audit.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection

import polars as pl
from django.db import connection

CHUNK_ROWS = 100_000


def copy_in(name: str, frame: pl.DataFrame, columns: dict[str, str], compared: Collection[str] | None = None) -> None:
    """Create the temporary table ``name`` with these columns and SQL types, and fill it from the frame.

    ``compared``: columns whose statistics can matter to a plan; all by default. To gather them takes as long as the COPY.
    """
    definition = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    listed = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists {name}")
        cursor.execute(f"create temporary table {name} ({definition}) on commit drop")
        with cursor.copy(f"copy {name} ({listed}) from stdin (format csv, null '')") as copy:
            for start in range(0, frame.height, CHUNK_ROWS):
                part = frame.slice(start, CHUNK_ROWS).select(_as_text(frame, c, k) for c, k in columns.items())
                buffer = io.BytesIO()
                part.write_csv(buffer, include_header=False, quote_style="necessary")
                copy.write(buffer.getvalue())
        listed = ", ".join(f'"{column}"' for column in compared or columns)
        cursor.execute(f"analyze {name} ({listed})")


def _as_text(frame: pl.DataFrame, column: str, kind: str) -> pl.Expr:
    if column not in frame.columns:
        return pl.lit(None, dtype=pl.String).alias(column)
    dtype = frame.schema[column]
    if dtype == pl.Binary:
        return pl.concat_str(pl.lit("\\x"), pl.col(column).bin.encode("hex")).alias(column)
    if isinstance(dtype, pl.List):
        joined = pl.col(column).cast(pl.List(pl.String)).list.join(",")
        return pl.concat_str(pl.lit("{"), joined, pl.lit("}")).alias(column)
    if dtype == pl.String and kind.startswith(("text", "varchar")):
        return pl.col(column)
    return pl.col(column)


def query(sql: str, params: list | None = None) -> pl.DataFrame:
    """Rows of a query that may be long, over COPY; every column as text, except what is cast by the caller."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")  # the transaction has begun, and with it the scope
        if params:
            sql = cursor.mogrify(sql, params)
        buffer = io.BytesIO()
        with cursor.copy(f"copy ({sql}) to stdout (format csv, header true)") as copy:
            for part in copy:
                buffer.write(part)
    buffer.seek(0)
    return pl.read_csv(buffer, infer_schema=False)


def execute(sql: str, params: list | None = None) -> int:
    """Run one statement; how many rows it touched.

    The audit's triggers keep the plan of their first run. Made for one row, it joins a million rows in a nested loop (a
    minute for 10,000 rows, where a fresh plan takes a second), so plans are thrown away before each bulk statement.
    """
    with connection.cursor() as cursor:
        if sql.lstrip()[:6].lower() in ("insert", "update", "delete"):
            cursor.execute("discard plans")
        cursor.execute(sql, params)
        return cursor.rowcount


def one(sql: str, params: list | None = None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()


def rest_between_steps(step: str) -> None:
    """Stops the process where a test asks for it: what a power cut would do at the worst of moments."""
    if os.environ.get("TIREK_TEST_DIE_AT") == step:
        os.kill(os.getpid(), 9)
