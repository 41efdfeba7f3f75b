"""Columns of a table as arrays: numbers, labels, and covariates with levels. No Django, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.commands.answers import Faults
from tirek.assessment.commands.persons import listed, numbers
from tirek.storage.tables import BadTable, Fault, read_table, shown
from tirek_engines.errors import Refusal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_LEVELS = 50


@dataclass(frozen=True)
class Labels:
    """A column of texts as numbers 0 … in the order of the sorted texts."""

    names: tuple[str, ...]
    codes: Ints


def read(source: Path | pl.DataFrame, texts: Sequence[str | None], others: Sequence[str | None]) -> pl.DataFrame:
    """Read the table (or take one that was read already); every named column must be there."""
    names = [name for name in texts if name]
    if isinstance(source, pl.DataFrame):
        frame = source.with_columns(pl.col(name).cast(pl.String) for name in names if name in source.columns)
    else:
        frame = read_table(source, text_columns=names)
    absent = [n for n in (*names, *(o for o in others if o)) if n not in frame.columns]
    if absent:
        known = shown(", ".join(frame.columns))
        raise BadTable(
            [Fault(name_of(source), 1, n, n, "There is no such column.", f"The file has: {known}.") for n in absent]
        )
    return frame


def name_of(source: Path | pl.DataFrame) -> str:
    """What the table is called in messages."""
    return "the table" if isinstance(source, pl.DataFrame) else source.name


def complete(frame: pl.DataFrame, columns: Sequence[str], notes: list[str]) -> pl.DataFrame:
    """Only rows that have a value in every column, with a note on how many have not."""
    blank = [pl.col(c).cast(pl.String).str.strip_chars().replace("", None).is_null() for c in columns]
    gaps = {c: int(frame.select(b.sum()).item()) for c, b in zip(columns, blank, strict=True)}
    kept = frame.with_row_index("__row").filter(~pl.any_horizontal(blank)) if columns else frame.with_row_index("__row")
    if kept.height < frame.height:
        told = ", ".join(f"{name} {count:,}" for name, count in gaps.items() if count)
        notes.append(
            f"{frame.height - kept.height:,} of {frame.height:,} rows have an empty cell and are left out ({told})."
        )
    return kept


def number_column(frame: pl.DataFrame, name: str, faults: Faults) -> Floats:
    """A column of numbers; what is none is a fault at its row of the file."""
    marked = Faults(faults.file)
    found = numbers(frame, name, marked, required=False)
    rows = frame["__row"]
    for fault in marked.found:
        assert fault.row is not None
        faults.add(int(rows[fault.row - 2]) + 2, name, fault.value, fault.what, fault.what_to_do)
    return found


def with_weight(frame: pl.DataFrame, weights: Floats, notes: list[str]) -> tuple[pl.DataFrame, Floats]:
    """Only rows that weigh something, with a note on how many do not: as if they were not there."""
    heavy = ~(weights == 0.0)
    if heavy.all():
        return frame, weights
    notes.append(f"{int((~heavy).sum()):,} rows have a weight of zero and are left out.")
    if not heavy.any():
        raise Refusal("Every weight is zero, so nobody counts. Correct the column of weights.", code="nobody")
    return frame.filter(pl.Series(heavy)), weights[heavy]


def labels(frame: pl.DataFrame, name: str) -> Labels:
    """A column of names."""
    texts = frame[name].cast(pl.String).str.strip_chars()
    names, codes = np.unique(texts.to_numpy().astype(str), return_inverse=True)
    return Labels(tuple(names.tolist()), codes.astype(np.int64))


def covariates(frame: pl.DataFrame, wanted: str | None, faults: Faults) -> tuple[tuple[str, ...], Floats]:
    """`COL,COL:levels,…` as columns of numbers: a text, or a number marked as levels, becomes one column a level but the first."""
    names: list[str] = []
    columns: list[Floats] = []
    for part in listed(wanted):
        name, as_levels = part.removesuffix(":levels"), part.endswith(":levels")
        if not as_levels and _is_number(frame[name]):
            names.append(name)
            columns.append(number_column(frame, name, faults))
            continue
        found = labels(frame, name)
        if len(found.names) < 2:
            faults.add(
                None,
                name,
                found.names[0] if found.names else "",
                "This column has one value only.",
                "Leave it out of --x.",
            )
        if len(found.names) > MOST_LEVELS:
            faults.add(None, name, found.names[0], f"This column has {len(found.names):,} different texts.",
                       f"A covariate has at most {MOST_LEVELS} levels: use numbers, or fewer.")  # fmt: skip
            continue
        for k, level in enumerate(found.names[1:], start=1):
            names.append(f"{name}{level}")
            columns.append((found.codes == k).astype(np.float64))
    faults.raise_if_any()
    return tuple(names), np.column_stack(columns) if columns else np.zeros((frame.height, 0))


def covariate_columns(wanted: str | None) -> list[str]:
    """The columns that `--x` names."""
    return [part.removesuffix(":levels") for part in listed(wanted)]


def _is_number(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return True
    texts = column.str.strip_chars().str.replace(",", ".", literal=True).drop_nulls()
    return bool(texts.cast(pl.Float64, strict=False).is_not_null().all())


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """Options as the manifest keeps them."""
    return {k: v for k, v in options.items() if k not in ("quiet", "as_json", "threads")}
