"""Read a table of answers: one row a person, one column an item. No Django, no database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.storage.tables import BadTable, Fault, Faults, read_table, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tirek_engines.psychometrics import Answers

HIGHEST_SCORE = 40
GAP = 3
"""Two neighbouring scores of an item this far apart: the upper ones are taken for undeclared missing codes."""

BACKGROUND = re.compile(
    r"""^(
    id | uid | id[a-z_.]+ | uid[a-z_.]+ | .*[_.]id | row(names?)? | column\ 1 | person | pupil | student
    | (it)?sex | gender | female | male | girl | boy | age | birth.* | name.* | surname.* | iin
    | country | idcntry | nation | region | oblast | district | territory | settlement | urban | rural
    | school | class | grade | track | language | lang | level
    | group | .*weight.* | [a-z]*wgt[a-z0-9]* | stud_?wgt | (test_?)?form | booklet | book | variant
    | jk(c)?(zone|rep) | hisei | escs | migra(nt|tion)? | immig(rant)?
    )$""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class AnswerSpec:
    """Which columns are what, and what special codes mean (`missing` or `wrong`)."""

    items: str | None = None
    id: str | None = None
    weight: str | None = None
    group: str | None = None
    others: tuple[str, ...] = ()
    policies: dict[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    """Columns among `others` to be read as texts."""
    chosen: dict[str, int] | None = None
    """Item columns named one by one, with the highest score of each; stands before `items`."""

    @property
    def named(self) -> tuple[str, ...]:
        """Columns that are named by another option and therefore are no items."""
        return tuple(c for c in (self.id, self.weight, self.group, *self.others) if c)


@dataclass(frozen=True)
class AnswerTable:
    """Answers ready for the engine, with the persons' ids and what was decided about the columns."""

    answers: Answers
    ids: list[str]
    notes: tuple[str, ...]
    others: pl.DataFrame = field(default_factory=pl.DataFrame)
    """The columns that `AnswerSpec.others` names, as they were read."""
    codings: tuple[Any, ...] = ()
    """How covariates were made of them (`covariates.Coding`)."""


def read_answers(path: Path, spec: AnswerSpec) -> AnswerTable:
    """Read, check and code a file of answers. Raises `BadTable` with every fault found."""
    from tirek_engines.psychometrics import Answers

    frame = read_table(path, text_columns=[c for c in (spec.id, spec.group, *spec.texts) if c])
    _named_columns_exist(path, frame, spec)
    columns, limits, notes = choose_items(path, frame, spec)
    faults = Faults(path.name)
    codes = np.empty((frame.height, len(columns)), np.uint8)
    for place, name in enumerate(columns):
        codes[:, place] = code_column(frame[name], spec.policies, limits.get(name), faults)
    ids = _ids(frame, spec.id, faults)
    weights = _weights(frame, spec.weight, faults)
    numbers, names = _groups(frame, spec.group, faults)
    faults.raise_if_any()
    return AnswerTable(
        Answers(codes, tuple(columns), weights, numbers, names), ids, tuple(notes), frame.select(spec.others)
    )


def _named_columns_exist(path: Path, frame: pl.DataFrame, spec: AnswerSpec) -> None:
    absent = [c for c in spec.named if c not in frame.columns]
    if absent:
        known = shown(", ".join(frame.columns))
        raise BadTable(
            [Fault(path.name, 1, c, c, "There is no such column.", f"The file has: {known}.") for c in absent]
        )


def choose_items(path: Path, frame: pl.DataFrame, spec: AnswerSpec) -> tuple[list[str], dict[str, int], list[str]]:
    """The item columns, the highest score of each where a table of items gives it, and what to tell the user."""
    if spec.chosen is not None:
        return list(spec.chosen), dict(spec.chosen), []
    free = [c for c in frame.columns if c not in spec.named]
    if spec.items is None:
        return _unnamed_items(path, frame, free, spec)
    table = Path(spec.items)
    if table.suffix.lower() in (".csv", ".parquet"):
        columns, limits = _items_from_table(table, path, free)
        return columns, limits, []
    globs = [g.strip() for g in spec.items.split(",") if g.strip()]
    columns = [c for c in free if any(fnmatchcase(c, g) for g in globs)]
    if not columns:
        what = f"No column matches {spec.items}."
        raise BadTable([Fault(path.name, 1, "", spec.items, what, f"The file has: {shown(', '.join(free))}.")])
    _refuse_identifiers(path, frame, columns, spec)
    return columns, {}, []


def _unnamed_items(
    path: Path, frame: pl.DataFrame, free: list[str], spec: AnswerSpec
) -> tuple[list[str], dict[str, int], list[str]]:
    """All columns not named otherwise, except those that by name or by content are plainly no items."""
    by_name = [c for c in free if BACKGROUND.match(c)]
    by_content = [c for c in free if c not in by_name and _mostly_no_scores(frame[c], spec.policies)]
    columns = [c for c in free if c not in by_name and c not in by_content]
    notes = []
    if by_name:
        notes.append(f"Taken for background, not for items, because of their names: {', '.join(by_name)}.")
    if by_content:
        notes.append(f"Taken for background, because most values are no scores: {', '.join(by_content)}.")
    if notes:
        notes.append("Name the item columns with --items to decide otherwise.")
    if not columns:
        what = "No column looks like an item."
        raise BadTable([Fault(path.name, 1, "", shown(", ".join(free)), what, "Name them with --items 'M*'.")])
    return columns, {}, notes


def _refuse_identifiers(path: Path, frame: pl.DataFrame, columns: list[str], spec: AnswerSpec) -> None:
    faults = [
        Fault(
            path.name,
            None,
            name,
            "",
            "Most values of this column are no scores, so it is no item.",
            "Choose --items so that it is not matched, or name it with --id, --weight or --group.",
        )
        for name in columns
        if _mostly_no_scores(frame[name], spec.policies)
    ]
    if faults:
        raise BadTable(faults)


def _mostly_no_scores(column: pl.Series, policies: dict[str, str]) -> bool:
    known = column.drop_nulls()
    if known.dtype != pl.String and not known.dtype.is_numeric() and known.dtype != pl.Boolean:
        return len(known) > 0
    texts = known.cast(pl.String).str.strip_chars()
    numbers = texts.cast(pl.Float64, strict=False)
    fits = (numbers.is_between(0, HIGHEST_SCORE) & (numbers == numbers.floor())).fill_null(False)
    return len(known) > 0 and int((fits | texts.is_in(list(policies))).sum()) * 2 < len(known)


def _items_from_table(table: Path, path: Path, free: list[str]) -> tuple[list[str], dict[str, int]]:
    frame = read_table(table, text_columns=["item"])
    if "item" not in frame.columns:
        what = "A table of items needs a column named item."
        raise BadTable([Fault(table.name, 1, "item", "", what, "Add it, or use --items 'M*'.")])
    limit = next((c for c in ("max", "max.points", "max_points") if c in frame.columns), None)
    faults, columns, limits = Faults(table.name), [], {}
    for row, record in enumerate(frame.iter_rows(named=True), start=2):
        name = record["item"]
        if name not in free:
            faults.add(row, "item", name, f"{path.name} has no such column.", "Correct the name or remove the row.")
        elif name in columns:
            faults.add(row, "item", name, "This item is listed twice.", "Remove one of the rows.")
        else:
            columns.append(name)
            if limit and record[limit] is not None:
                limits[name] = _highest(row, limit, record[limit], faults)
    faults.raise_if_any()
    return columns, limits


def _highest(row: int, column: str, value: object, faults: Faults) -> int:
    """The highest score that a table of items names."""
    try:
        highest = float(str(value))
    except ValueError:
        highest = 0.0
    if highest < 1 or highest > 254 or highest != int(highest):
        faults.add(row, column, value, "The highest score is a whole number from 1 to 254.", "Correct it.")
        return HIGHEST_SCORE
    return int(highest)


def code_column(column: pl.Series, policies: dict[str, str], limit: int | None, faults: Faults) -> NDArray[np.uint8]:
    """One byte an answer: the score, or 255 for none. Anything else is a fault of its row."""
    from tirek_engines.psychometrics import NOT_ANSWERED

    texts = column.cast(pl.String).str.strip_chars() if column.dtype == pl.String else None
    numbers = (column if texts is None else texts).cast(pl.Float64, strict=False)
    values = numbers.fill_null(np.nan).to_numpy().copy()
    empty = (column.is_null() if texts is None else (texts.is_null() | (texts == "").fill_null(False))).to_numpy()
    for code, meaning in policies.items():
        special = _equals(values, texts, code)
        values[special] = 0.0 if meaning == "wrong" else np.nan
        empty = (empty & ~special) | (special & (meaning != "wrong"))
    _report_bad_values(column, values, empty, limit, faults)
    with np.errstate(invalid="ignore"):
        fits = ~empty & (values >= 0) & (values < NOT_ANSWERED) & (values == np.floor(values))
    return np.where(fits, np.where(fits, values, 0.0), NOT_ANSWERED).astype(np.uint8)


def _equals(values: NDArray[np.float64], texts: pl.Series | None, code: str) -> NDArray[np.bool_]:
    try:
        return np.asarray(values == float(code))
    except ValueError:
        if texts is None:
            return np.zeros(values.shape[0], dtype=bool)
        return (texts == code).fill_null(False).to_numpy()


def _report_bad_values(
    column: pl.Series,
    values: NDArray[np.float64],
    empty: NDArray[np.bool_],
    limit: int | None,
    faults: Faults,
) -> None:
    with np.errstate(invalid="ignore"):
        whole = (values >= 0) & (values == np.floor(values)) & np.isfinite(values)
    highest = limit if limit is not None else _highest_plausible(values[whole & ~empty])
    with np.errstate(invalid="ignore"):
        bad = ~empty & (~whole | (values > highest))
    for place in np.flatnonzero(bad).tolist():
        value = column[place]
        if not whole[place]:
            what, to_do = (
                "This is no score.",
                "Scores are 0, 1, 2, …; leave the cell empty where there is none.",
            )
        else:
            what = f"The score is outside the range 0 to {highest}."
            to_do = (
                f"Correct it; if it means a missing answer, say --missing {values[place]:g}, or --omitted "
                f"{values[place]:g}:wrong; if it is a score, give the item's max in a table for --items."
            )
        faults.add(place + 2, column.name, value, what, to_do)


def _highest_plausible(values: NDArray[np.float64]) -> int:
    """The highest score before a gap of `GAP` or more."""
    found = np.unique(values[values <= HIGHEST_SCORE])
    if found.size == 0:
        return HIGHEST_SCORE
    gaps = np.flatnonzero(np.diff(found) >= GAP)
    return int(found[gaps[0]]) if gaps.size else int(found[-1])


def _ids(frame: pl.DataFrame, name: str | None, faults: Faults) -> list[str]:
    if name is None:
        return [str(n) for n in range(1, frame.height + 1)]
    ids = frame[name].cast(pl.String)
    for place in np.flatnonzero(ids.is_null().to_numpy()).tolist():
        faults.add(place + 2, name, "", "The person has no id.", "Fill it in.")
    again = (ids.is_duplicated() & ids.is_not_null()).to_numpy()
    first: dict[str, int] = {}
    for place in np.flatnonzero(again).tolist():
        value = str(ids[place])
        if value in first:
            what = f"The id stands in row {first[value]} already."
            faults.add(place + 2, name, value, what, "Remove one of the rows or correct the id.")
        else:
            first[value] = place + 2
    return [str(v) for v in ids.to_list()]


def _weights(frame: pl.DataFrame, name: str | None, faults: Faults) -> NDArray[np.float64] | None:
    if name is None:
        return None
    column = frame[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace(",", ".", literal=True)
    weights = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    with np.errstate(invalid="ignore"):
        bad = ~(np.isfinite(weights) & (weights >= 0))
    for place in np.flatnonzero(bad).tolist():
        value = frame[name][place]
        faults.add(place + 2, name, value, "A weight is a number of zero or more.", "Correct it.")
    if not bad.any() and not (weights > 0).any():
        faults.add(None, name, "0", "All weights are zero.", "Leave --weight out, or correct them.")
    return np.ascontiguousarray(weights)


def _groups(frame: pl.DataFrame, name: str | None, faults: Faults) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if name is None:
        return None, ("all",)
    column = frame[name].cast(pl.String)
    for place in np.flatnonzero(column.is_null().to_numpy()).tolist():
        faults.add(place + 2, name, "", "The person has no group.", "Fill it in, or remove the row.")
    names = sorted(column.drop_nulls().unique().to_list(), key=_natural)
    place_of = {value: number for number, value in enumerate(names)}
    numbers = np.array([place_of.get(v, 0) for v in column.to_list()], dtype=np.int64)
    return numbers, tuple(names)


def _natural(text: str) -> tuple[int, float, str]:
    try:
        return (0, float(text), text)
    except ValueError:
        return (1, 0.0, text)
