"""Enrolments and marks of `tirek settle`, from files to arrays."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.storage.tables import BadTable, Fault, Faults, read_table

Masks = NDArray[np.uint32]
Ints = NDArray[np.int64]

MARKS = ("present", "excused", "closed")
DAY_MARKS = (*MARKS, "absent")
YES, NO = ("yes", "true", "1", "иә", "да"), ("no", "false", "0", "жоқ", "нет")


@dataclass(frozen=True)
class Attendance:
    """One line an enrolment of the month, in the order of the file.

    ``masks``: days of the contract and days marked, by name. ``row``: the row of the file.
    """

    frame: pl.DataFrame
    masks: dict[str, Masks]
    confirmed: NDArray[np.bool_]
    row: Ints
    notes: tuple[str, ...]
    strangers: tuple[str, ...]
    """Children with marks but without an enrolment."""


def columns_there(path: Path, frame: pl.DataFrame, wanted: Sequence[str]) -> None:
    """Refuse a table that lacks a column."""
    absent = [c for c in wanted if c not in frame.columns]
    if absent:
        known = ", ".join(frame.columns)
        raise BadTable(
            [Fault(path.name, 1, c, c, "There is no such column.", f"The file has: {known}.") for c in absent]
        )


def read(enrolments: Path, marks: Path, norm_columns: Sequence[str], year: int, month: int) -> Attendance:
    """Read both files for one month; every fault of a file is told at once."""
    lines, notes = _lines(enrolments, norm_columns, year, month)
    found = _marks(marks, year, month, notes)
    keys = ["child", "group"] if "group" in found.columns else ["child"]
    joined = lines.join(found, on=keys, how="left", maintain_order="left")
    known = lines.select(keys).unique()
    strangers = found.join(known, on=keys, how="anti")["child"].unique().sort().to_list()
    masks = {name: joined[name].fill_null(0).to_numpy().astype(np.uint32) for name in MARKS}
    masks["enrolled"] = joined["enrolled"].to_numpy().astype(np.uint32)
    return Attendance(
        joined, masks, joined["confirmed"].to_numpy(), joined["__row"].to_numpy().astype(np.int64),
        tuple(notes), tuple(strangers),
    )  # fmt: skip


def _lines(path: Path, norm_columns: Sequence[str], year: int, month: int) -> tuple[pl.DataFrame, list[str]]:
    """Enrolments that touch the month, with the mask of their days."""
    texts = ["child", "group", "kindergarten", "from", "until", "confirmed", *norm_columns]
    frame = read_table(path, text_columns=texts)
    columns_there(path, frame, ["child", "group", "kindergarten", "from", *norm_columns])
    notes: list[str] = []
    if "until" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("until"))
    if "confirmed" not in frame.columns:
        notes.append(f"{path.name} has no column confirmed: every line is taken as confirmed by the parent.")
        frame = frame.with_columns(pl.lit("yes").alias("confirmed"))
    faults = Faults(path.name)
    frame = frame.with_row_index("__row", offset=2)
    frame = frame.with_columns(
        pl.col(name).str.strip_chars() for name in {"child", "group", "kindergarten", *norm_columns}
    )
    for name in ("child", "group", "kindergarten"):
        _none_empty(frame, name, faults)
    frame = _dated(frame, "from", faults, required=True)
    frame = _dated(frame, "until", faults, required=False)
    _periods(frame, faults)
    _once(frame, faults)
    frame = _confirmed(frame, faults)
    faults.raise_if_any()
    return _of_month(frame, year, month), notes


def _none_empty(frame: pl.DataFrame, name: str, faults: Faults) -> None:
    for row in frame.filter(pl.col(name).is_null() | (pl.col(name) == ""))["__row"]:
        faults.add(row, name, "", "This cell is empty.", "Say it in every row.")


def _dated(frame: pl.DataFrame, name: str, faults: Faults, *, required: bool) -> pl.DataFrame:
    text = pl.col(name).cast(pl.String).str.strip_chars()
    frame = frame.with_columns(text.str.to_date("%Y-%m-%d", strict=False).alias(f"__{name}"))
    bad = pl.col(f"__{name}").is_null() & (pl.lit(required) | (text.is_not_null() & (text != "")))
    for row, value in frame.filter(bad).select("__row", text.alias("t")).iter_rows():
        faults.add(row, name, value or "", "This is no day.", "Write it as YYYY-MM-DD.")
    return frame


def _periods(frame: pl.DataFrame, faults: Faults) -> None:
    for row, begins, ends in (
        frame.filter(pl.col("__until") <= pl.col("__from")).select("__row", "__from", "__until").iter_rows()
    ):
        faults.add(row, "until", ends, f"It ends before it begins on {begins}.",
                   "The first day that does not count any more comes after the first day.")  # fmt: skip


def _once(frame: pl.DataFrame, faults: Faults) -> None:
    """A child is in a group once at a time; two kindergartens at once are for the checks to find."""
    ordered = frame.sort("child", "group", "__from", "__row")
    ends = pl.col("__until").fill_null(datetime.date.max)
    same = (pl.col("child") == pl.col("child").shift()) & (pl.col("group") == pl.col("group").shift())
    clash = ordered.filter(same & (pl.col("__from") < ends.shift()))
    for row, child in clash.select("__row", "child").iter_rows():
        faults.add(row, "child", child, "The child is in this group already on these days.", "Take one row away.")


def _confirmed(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    text = pl.col("confirmed").str.strip_chars().str.to_lowercase()
    for row, value in frame.filter(~text.is_in([*YES, *NO]) & (text != "")).select("__row", "confirmed").iter_rows():
        faults.add(row, "confirmed", value, "This is neither yes nor no.", "Write yes or no.")
    return frame.with_columns(text.is_in(YES).fill_null(value=False).alias("confirmed"))


def _of_month(frame: pl.DataFrame, year: int, month: int) -> pl.DataFrame:
    last = calendar.monthrange(year, month)[1]
    first, after = datetime.date(year, month, 1), datetime.date(year, month, last) + datetime.timedelta(days=1)
    frame = frame.filter((pl.col("__from") < after) & (pl.col("__until").is_null() | (pl.col("__until") > first)))
    begins = (pl.max_horizontal(pl.col("__from"), pl.lit(first)) - first).dt.total_days()
    ends = (pl.min_horizontal(pl.col("__until").fill_null(after), pl.lit(after)) - first).dt.total_days()
    bits = (1 << np.arange(last + 1, dtype=np.int64)) - 1
    low, high = (frame.select(days).to_series().to_numpy() for days in (begins, ends))
    return frame.with_columns(pl.Series("enrolled", bits[high] - bits[low]))


def _marks(path: Path, year: int, month: int, notes: list[str]) -> pl.DataFrame:
    """Masks by child (and group, where the file has it), from masks or from a row a day."""
    frame = read_table(path, text_columns=["child", "group", "date", "month", "mark"])
    columns_there(path, frame, ["child"])
    by_day = "mark" in frame.columns or "date" in frame.columns
    columns_there(path, frame, ["date", "mark"] if by_day else ["month", *MARKS])
    keys = [name for name in ("child", "group") if name in frame.columns]
    frame = frame.with_row_index("__row", offset=2).with_columns(pl.col(k).str.strip_chars() for k in keys)
    faults = Faults(path.name)
    for name in keys:
        _none_empty(frame, name, faults)
    found = (_of_days if by_day else _of_masks)(frame, keys, year, month, faults, notes)
    faults.raise_if_any()
    return found


def _of_days(
    frame: pl.DataFrame, keys: list[str], year: int, month: int, faults: Faults, notes: list[str]
) -> pl.DataFrame:
    frame = _dated(frame, "date", faults, required=True)
    mark = pl.col("mark").str.strip_chars().str.to_lowercase()
    for row, value in frame.filter(~mark.is_in(DAY_MARKS).fill_null(value=False)).select("__row", "mark").iter_rows():
        faults.add(row, "mark", value or "", "There is no such mark.", f"Write {', '.join(DAY_MARKS)}.")
    of_month = frame.filter((pl.col("__date").dt.year() == year) & (pl.col("__date").dt.month() == month))
    _left_out(frame.height - of_month.height, year, month, notes)
    bit = pl.lit(1, pl.Int64) * (2 ** (pl.col("__date").dt.day().cast(pl.Int64) - 1)).cast(pl.Int64)
    return (
        of_month.with_columns(mark.alias("__mark"), bit.alias("__bit"))
        .unique([*keys, "__date", "__mark"])
        .group_by(keys)
        .agg(pl.col("__bit").filter(pl.col("__mark") == name).sum().cast(pl.Int64).alias(name) for name in MARKS)
    )


def _of_masks(
    frame: pl.DataFrame, keys: list[str], year: int, month: int, faults: Faults, notes: list[str]
) -> pl.DataFrame:
    wanted, limit = f"{year:04d}-{month:02d}", 1 << calendar.monthrange(year, month)[1]
    of_month = frame.filter(pl.col("month").str.strip_chars().str.starts_with(wanted))
    _left_out(frame.height - of_month.height, year, month, notes)
    for name in MARKS:
        number = pl.col(name).cast(pl.String).str.strip_chars().cast(pl.Int64, strict=False)
        bad = number.is_null() | (number < 0) | (number >= limit)
        for row, value in of_month.filter(bad).select("__row", pl.col(name).cast(pl.String)).iter_rows():
            faults.add(row, name, value or "", "This is no mask of days of the month.",
                       f"Write a whole number from 0 to {limit - 1}: bit 0 is the first day.")  # fmt: skip
        of_month = of_month.with_columns(number.alias(name))
    clash = of_month.filter(pl.struct(keys).is_duplicated())
    for row, child in clash.filter(~pl.struct(keys).is_first_distinct()).select("__row", "child").iter_rows():
        faults.add(row, "child", child, "The month of this child is there twice.", "Join the two rows.")
    return of_month.select([*keys, *MARKS])


def _left_out(n: int, year: int, month: int, notes: list[str]) -> None:
    if n:
        notes.append(f"{n:,} rows of other months than {year:04d}-{month:02d} are left out.")
