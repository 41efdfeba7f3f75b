"""From a snapshot's tables to the cells of a figure: Ibis compiled to DuckDB, whole numbers, divided last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tirek.indicators.cells import Cell, with_values
from tirek.indicators.definitions import KIND, SETTLEMENT, Indicator

PLACES = ["region", "district", "settlement", "kind"]


@dataclass(frozen=True)
class Computed:
    """Cells before small groups are hidden, and the query that was run."""

    cells: list[Cell]
    query: str


def compute(indicator: Indicator, tables: Mapping[str, pl.DataFrame]) -> Computed:
    """All cells of one indicator on one snapshot."""
    counts, query = _counts(indicator, tables)
    cells = [
        cell
        for level in _levels(counts)
        for dimension in ("", *indicator.dimensions)
        for cell in _roll_up(counts, tables["territories"], level, dimension)
    ]
    return Computed(with_values(cells, indicator), query)


def _counts(indicator: Indicator, tables: Mapping[str, pl.DataFrame]) -> tuple[pl.DataFrame, str]:
    """Sums by the smallest place and kind: a few thousand rows, whole numbers only."""
    import ibis

    known = _known(tables)
    rows = indicator.rows(known)  # type: ignore[misc]
    denominator = indicator.denominator or (lambda table: ibis.literal(0))
    counted = rows.select(
        org_no=rows.org_no,
        numerator=indicator.numerator(rows).cast("int64"),  # type: ignore[misc]
        denominator=denominator(rows).cast("int64"),
    )
    where = known["institutions"].select("org_no", *PLACES)
    placed = counted.join(where, "org_no")
    found = placed.group_by(PLACES).agg(numerator=placed.numerator.sum(), denominator=placed.denominator.sum())
    counts = pl.from_arrow(found.to_pyarrow())
    assert isinstance(counts, pl.DataFrame)
    types = {"numerator": pl.Int64, "denominator": pl.Int64}
    query = str(ibis.to_sql(found, dialect="duckdb"))
    return counts.cast({**types, **dict.fromkeys(PLACES, pl.String)}).sort(PLACES, nulls_last=True), query


def _known(tables: Mapping[str, pl.DataFrame]):
    """The tables in a DuckDB of their own. Ibis 12 cannot create tables in DuckDB 2, so DuckDB does it itself."""
    import duckdb
    import ibis

    connection = duckdb.connect()
    for name, frame in tables.items():
        connection.register(f"{name}_rows", frame.to_arrow())
        connection.execute(f'create table "{name}" as select * from "{name}_rows"')  # noqa: S608 (our names)
    database = ibis.duckdb.from_connection(connection)
    return {name: database.table(name) for name in tables}


def _levels(counts: pl.DataFrame) -> list[str]:
    """A register of one region says nothing about the country."""
    return ["country", "region", "district"] if counts["region"].drop_nulls().n_unique() > 1 else ["region", "district"]


def _roll_up(counts: pl.DataFrame, territories: pl.DataFrame, level: str, dimension: str) -> list[Cell]:
    name = {SETTLEMENT: "settlement", KIND: "kind"}.get(dimension)
    country = territories.filter(level="country")["code"].first() or ""
    keyed = counts.with_columns(territory=pl.lit(country) if level == "country" else pl.col(level))
    parent = {"country": pl.lit(""), "region": pl.lit(country), "district": pl.col("region").fill_null("")}[level]
    keys = ["territory", "parent", *([name] if name else [])]
    sums = (
        keyed.with_columns(parent=parent)
        .drop_nulls("territory")
        .group_by(keys)
        .agg(pl.col("numerator").sum(), pl.col("denominator").sum())
        .join(territories.filter(level=level).rename({"code": "territory"}), on="territory")
        .sort("org_lo", *([name] if name else []))
    )
    return [
        Cell(
            level=level,
            territory=row["territory"],
            parent=row["parent"],
            org_lo=row["org_lo"],
            org_hi=row["org_hi"],
            settlement=row.get("settlement", "") or "",
            kind=row.get("kind", "") or "",
            numerator=row["numerator"],
            denominator=row["denominator"],
        )
        for row in sums.iter_rows(named=True)
    ]
