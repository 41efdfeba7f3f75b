"""Children, groups and wishes of `tirek allocate`, from files to tables that are known to fit together."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tirek.preschool.commands.allocation_rules import Rules
from tirek.preschool.commands.attendance import columns_there
from tirek.storage.tables import Faults, read_table

YES, NO = ("yes", "true", "1", "иә", "да"), ("no", "false", "0", "жоқ", "нет", "")
MOST_SEATS = 10_000


@dataclass(frozen=True)
class Tables:
    """Sorted by code, so that the order of rows in the files changes nothing.

    ``children``: child, family, birth_date, received_at (microseconds), category (place in the rules' list), age, the rules' columns.
    ``groups``: group, kindergarten, low, high (ages), seats by kind. ``wishes``: child and group as row numbers, rank; by child and rank.
    """

    children: pl.DataFrame
    groups: pl.DataFrame
    wishes: pl.DataFrame
    notes: tuple[str, ...]


def read(children: Path, groups: Path, choices: Path, rules: Rules) -> Tables:
    """Read the three files; every fault of a file is told at once."""
    notes: list[str] = []
    c = _children(children, rules)
    g = _groups(groups, rules)
    _places_known(children, c, g)
    return Tables(c, g, _wishes(choices, c, g, rules, notes), tuple(notes))


def _read(path: Path, codes: Sequence[str], wanted: Sequence[str], texts: Sequence[str]) -> tuple[pl.DataFrame, Faults]:
    """A table with trimmed codes, none of them empty."""
    frame = read_table(path, text_columns=[*codes, *texts])
    columns_there(path, frame, [*codes, *wanted])
    frame = frame.with_columns(pl.col(name).str.strip_chars() for name in codes).with_row_index("__row", offset=2)
    faults = Faults(path.name)
    for name in codes:
        for row in frame.filter(pl.col(name).is_null() | (pl.col(name) == ""))["__row"]:
            faults.add(row, name, "", "This cell is empty.", "Say it in every row.")
    return frame, faults


def _twice(frame: pl.DataFrame, keys: list[str], faults: Faults, what: str) -> None:
    for row, value in frame.filter(~pl.struct(keys).is_first_distinct()).select("__row", keys[-1]).iter_rows():
        faults.add(row, keys[-1], value, what, "Take one row away.")


def _children(path: Path, rules: Rules) -> pl.DataFrame:
    asked = rules.child_columns
    texts = ["birth_date", "received_at", "category", "current_group", *asked]
    frame, faults = _read(path, ["child", "family"], ["birth_date", "received_at", "category", *asked], texts)
    _twice(frame, ["child"], faults, "This child is there already.")
    frame = _born(frame, rules.day, faults)
    frame = _received(frame, faults)
    known = {name: place for place, name in enumerate(rules.categories)}
    category = pl.col("category").str.strip_chars()
    for row, value in (
        frame.filter(~category.is_in(list(known)).fill_null(value=False)).select("__row", "category").iter_rows()
    ):
        faults.add(row, "category", value or "", "The rules know no such category.", f"Known are: {', '.join(known)}.")
    for name in {s.column for s in rules.seat_types if s.column} | {
        p.column for p in rules.priorities if p.kind == "yes"
    }:
        frame = _yes(frame, name, faults)
    faults.raise_if_any()
    if "current_group" not in frame.columns:
        frame = frame.with_columns(pl.lit("").alias("current_group"))
    return frame.with_columns(
        category.replace_strict(known, return_dtype=pl.Int64).alias("__category"),
        pl.col("current_group").fill_null("").str.strip_chars(),
    ).sort("child").with_row_index("__child")  # fmt: skip


def _places_known(path: Path, children: pl.DataFrame, groups: pl.DataFrame) -> None:
    faults = Faults(path.name)
    unknown = children.filter(pl.col("current_group") != "").join(
        groups, left_on="current_group", right_on="group", how="anti"
    )
    for row, value in unknown.sort("__row").select("__row", "current_group").iter_rows():
        faults.add(
            row, "current_group", value, "There is no such group.", "Add it to the table of groups, or empty the cell."
        )
    faults.raise_if_any()


def _born(frame: pl.DataFrame, day: datetime.date, faults: Faults) -> pl.DataFrame:
    """Completed years on the day of the rules."""
    born = pl.col("birth_date").str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
    frame = frame.with_columns(born.alias("__born"))
    for row, value in frame.filter(pl.col("__born").is_null()).select("__row", "birth_date").iter_rows():
        faults.add(row, "birth_date", value or "", "This is no day.", "Write it as YYYY-MM-DD.")
    month, of_month = pl.col("__born").dt.month(), pl.col("__born").dt.day()
    had = (month < day.month) | ((month == day.month) & (of_month <= day.day))
    return frame.with_columns((day.year - pl.col("__born").dt.year() - 1 + had.cast(pl.Int32)).alias("__age"))


def _received(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    text = pl.col("received_at").str.strip_chars().str.replace("T", " ")
    shapes = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
    moment = pl.coalesce(
        *(text.str.to_datetime(shape, strict=False, time_unit="us") for shape in shapes[:2]),
        text.str.to_date(shapes[2], strict=False).cast(pl.Datetime("us")),
    )
    frame = frame.with_columns(moment.alias("__received"))
    for row, value in frame.filter(pl.col("__received").is_null()).select("__row", "received_at").iter_rows():
        faults.add(
            row, "received_at", value or "", "This is no moment.", "Write YYYY-MM-DD HH:MM:SS, all in one time zone."
        )
    return frame


def _yes(frame: pl.DataFrame, name: str, faults: Faults) -> pl.DataFrame:
    text = pl.col(name).cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    for row, value in frame.filter(~text.is_in([*YES, *NO])).select("__row", name).iter_rows():
        faults.add(row, name, value, "This is neither yes nor no.", "Write yes or no.")
    return frame.with_columns(text.is_in(YES).alias(f"__is_{name}"))


def _groups(path: Path, rules: Rules) -> pl.DataFrame:
    others = [p.other for p in rules.priorities if p.kind == "equal"]
    frame, faults = _read(path, ["group", "kindergarten"], others, ["age", *others])
    _twice(frame, ["group"], faults, "This group is there already.")
    only = len(rules.seat_types) == 1
    for kind in rules.seat_types:
        name = f"seats_{kind.name}"
        if only and "seats" in frame.columns and name not in frame.columns:
            frame = frame.rename({"seats": name})
        columns_there(path, frame, [name])
        number = pl.col(name).cast(pl.Int64, strict=False)
        for row, value in (
            frame.filter(number.is_null() | ~number.is_between(0, MOST_SEATS)).select("__row", name).iter_rows()
        ):
            faults.add(
                row, name, "" if value is None else value, "This is no number of seats.", f"Write 0 to {MOST_SEATS:,}."
            )
        frame = frame.with_columns(number.fill_null(0).alias(name))
    frame = _ages(frame, faults)
    faults.raise_if_any()
    return frame.sort("group").with_row_index("__group")


def _ages(frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    """The ages that a group takes, from a column age: 3, or 2-3; empty or absent: every age."""
    if "age" not in frame.columns:
        return frame.with_columns(pl.lit(0).alias("__low"), pl.lit(99).alias("__high"))
    text = pl.col("age").fill_null("").str.replace_all(r"\s", "").str.replace_all("[–—]", "-")
    parts = text.str.extract_groups(r"^(\d{1,2})(?:-(\d{1,2}))?$")
    low = parts.struct["1"].cast(pl.Int64)
    high = pl.coalesce(parts.struct["2"].cast(pl.Int64), low)
    frame = frame.with_columns(
        pl.when(text == "").then(0).otherwise(low).alias("__low"),
        pl.when(text == "").then(99).otherwise(high).alias("__high"),
    )
    for row, value in (
        frame.filter(pl.col("__low").is_null() | (pl.col("__high") < pl.col("__low")))
        .select("__row", "age")
        .iter_rows()
    ):
        faults.add(row, "age", value, "This is no age.", "Write 3, or 2-3, in completed years.")
    return frame


def _wishes(path: Path, children: pl.DataFrame, groups: pl.DataFrame, rules: Rules, notes: list[str]) -> pl.DataFrame:
    numbers = [p.column for p in rules.priorities if p.kind == "within"]
    frame, faults = _read(path, ["child", "group"], ["rank", *numbers], [])
    for name, known in (("child", children), ("group", groups)):
        for row, value in frame.join(known, on=name, how="anti").select("__row", name).iter_rows():
            faults.add(
                row, name, value, f"There is no such {name}.", f"Add it to the table of {name}s, or take the row away."
            )
    rank = pl.col("rank").cast(pl.Int64, strict=False)
    for row, value in (
        frame.filter(rank.is_null() | (rank < 1)).select("__row", pl.col("rank").cast(pl.String)).iter_rows()
    ):
        faults.add(row, "rank", value or "", "This is no rank.", "Write 1, 2, 3, …; 1 is the dearest.")
    _twice(frame, ["child", "group"], faults, "This child names the group twice.")
    _twice(frame.filter(rank.is_not_null()), ["child", "rank"], faults, "This child gives the rank twice.")
    for name in numbers:
        value = pl.col(name).cast(pl.Float64, strict=False)
        for row, text in (
            frame.filter(value.is_null() | (value < 0)).select("__row", pl.col(name).cast(pl.String)).iter_rows()
        ):
            faults.add(row, name, text or "", "This is no number of 0 or more.", "Say it for every wish.")
        frame = frame.with_columns(value.alias(name))
    faults.raise_if_any()
    frame = (
        frame.with_columns(rank.alias("rank"))
        .join(children.select("child", "__child", "__age"), on="child")
        .join(groups.select("group", "__group", "__low", "__high"), on="group")
    )
    return frame.with_columns(pl.col("__age").is_between("__low", "__high").alias("__fits")).sort("__child", "rank")
