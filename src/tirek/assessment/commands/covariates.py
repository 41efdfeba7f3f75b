"""Columns of a table as covariates of a latent regression: numbers as they are, texts as levels. No Django, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults, _natural
from tirek.storage.tables import Fault
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tirek_engines.psychometrics.likelihood.regression import Covariates

MOST_LEVELS = 50


@dataclass(frozen=True)
class Coding:
    """How a column becomes covariates.

    Attributes
    ----------
    column : str
    levels : tuple of str
        Empty for a number. Otherwise all levels; the first is the base, each other has the covariate ``column=level``.
    missing : bool
        A further covariate ``column=missing`` is 1 where the cell is empty; the others are 0 there.
    """

    column: str
    levels: tuple[str, ...] = ()
    missing: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its covariates."""
        own = tuple(f"{self.column}={level}" for level in self.levels[1:]) if self.levels else (self.column,)
        return (*own, f"{self.column}=missing") if self.missing else own

    def recorded(self) -> dict[str, Any]:
        """For fit.json."""
        return asdict(self)

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Coding:
        """Back from fit.json."""
        return cls(recorded["column"], tuple(recorded["levels"]), bool(recorded["missing"]))


def columns_of(text: str | None) -> tuple[tuple[str, bool], ...]:
    """`COL,COL:levels,…`: columns, and whether their numbers are levels."""
    found = []
    for part in (text or "").split(","):
        name = part.strip()
        if name:
            as_levels = name.endswith(":levels")
            found.append((name.removesuffix(":levels"), as_levels))
    names = [name for name, _ in found]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise Refusal(f"--regress names {twice[0]} twice. Name each column once.", code="bad_covariate")
    return tuple(found)


def infer_codings(
    frame: pl.DataFrame, columns: Sequence[tuple[str, bool]], *, dummies: bool, faults: Faults
) -> tuple[Coding, ...]:
    """Decide how each column is coded, from what it holds."""
    codings = []
    for name, as_levels in columns:
        column = frame[name]
        texts = _texts(column)
        missing = dummies and bool(texts.is_null().any())
        if not as_levels and _is_number(column):
            codings.append(Coding(name, (), missing))
            continue
        levels = tuple(sorted(texts.drop_nulls().unique().to_list(), key=_natural))
        if len(levels) < 2:
            faults.add(None, name, "", "This column has fewer than two levels.", "Leave it out of --regress.")
        elif len(levels) > MOST_LEVELS:
            what = f"This column holds {len(levels)} different texts; the first is “{levels[0]}”."
            faults.add(None, name, "", what, f"A covariate has at most {MOST_LEVELS} levels: use numbers, or fewer.")
        codings.append(Coding(name, levels, missing))
    return tuple(codings)


def encode(frame: pl.DataFrame, codings: Sequence[Coding], faults: Faults) -> Covariates:
    """The covariates of every person; each cell that cannot be coded is a fault. Raises `BadTable`."""
    from tirek_engines.psychometrics.likelihood.regression import Covariates

    blocks = [_encode_one(frame[c.column], c, faults) for c in codings]
    faults.raise_if_any()
    return Covariates(tuple(n for c in codings for n in c.names), np.ascontiguousarray(np.column_stack(blocks)))


def _encode_one(column: pl.Series, coding: Coding, faults: Faults) -> NDArray[np.float64]:
    texts = _texts(column)
    absent = texts.is_null().to_numpy()
    if not coding.missing:
        _report(
            column,
            absent,
            faults,
            "The covariate is missing.",
            "Fill it in, remove the row, or say --regress-missing dummy: a covariate then marks the missing.",
        )
    if coding.levels:
        place = {level: k for k, level in enumerate(coding.levels)}
        numbers = np.array([place.get(t, -1) for t in texts.fill_null(coding.levels[0]).to_list()], dtype=np.int64)
        known = ", ".join(coding.levels)
        _report(column, numbers < 0, faults, "The calibration has no such level.", f"Its levels are: {known}.")
        block = (numbers[:, None] == np.arange(1, len(coding.levels))[None, :]).astype(np.float64)
    else:
        values = _floats(column).fill_null(np.nan).to_numpy().astype(np.float64)
        _report(column, ~absent & ~np.isfinite(values), faults, "This is no number.", "Correct it.")
        block = np.where(np.isfinite(values), values, 0.0)[:, None]
    block[absent] = 0.0
    return np.column_stack([block, absent.astype(np.float64)]) if coding.missing else block


def _report(column: pl.Series, bad: NDArray[np.bool_], faults: Faults, what: str, to_do: str) -> None:
    for place in np.flatnonzero(bad).tolist():
        faults.add(place + 2, column.name, column[place], what, to_do)


def _texts(column: pl.Series) -> pl.Series:
    texts = column.cast(pl.String).str.strip_chars()
    return texts.set(texts == "", None)


def _floats(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        column = _texts(column).str.replace(",", ".", literal=True)
    return column.cast(pl.Float64, strict=False)


def _is_number(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return True
    texts = _texts(column)
    return bool((_floats(column).is_null() == texts.is_null()).all())


def require_columns(file: str, frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column."""
    from tirek.storage.tables import BadTable

    absent = [c for c in columns if c not in frame.columns]
    if absent:
        raise BadTable([Fault(file, 1, c, c, "There is no such column.", "Add it, or name another.") for c in absent])
