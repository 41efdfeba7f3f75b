"""Figures that count the same people hide the same cells: what is hidden in one must not follow from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tirek.indicators.cells import Cell, blank, lines_of, persons_of, suppressed
from tirek.indicators.computing import compute
from tirek.indicators.definitions import SETTLEMENT, Indicator, all_indicators
from tirek_engines.disclosure.lines import suppress_lines

Known = Mapping[str, Mapping[tuple, Cell]]


def suppressed_jointly(
    cells: Sequence[Cell], indicator: Indicator, tables: Mapping[str, pl.DataFrame], minimum: int
) -> list[Cell]:
    """Hide what the figures of the same group must hide, judged on all of their counts at once, and what is one's own.

    The same snapshot and definitions give the same cells, whichever figure is published first.
    """
    group = indicator.counts_together or indicator.follows
    if not group or not cells:
        return suppressed(cells, indicator, minimum)
    away = _hidden_in(group, tables, minimum)
    if indicator.counts_together:
        return [blank(cell) if cell.key in away else cell for cell in cells]
    split = {(level, place) for level, place, settlement, _kind in away if settlement}
    is_split = indicator.splits == SETTLEMENT
    before = np.array([
        c.key in away or (is_split and not c.kind and (c.level, c.territory) in split) for c in cells
    ])  # fmt: skip
    counts = np.array([persons_of(cell, indicator) for cell in cells], dtype=np.int64)
    hidden = suppress_lines(counts, lines_of(cells), minimum=minimum, hidden=before)
    return [blank(cell) if hide else cell for cell, hide in zip(cells, hidden, strict=True)]


def _hidden_in(group: str, tables: Mapping[str, pl.DataFrame], minimum: int) -> set[tuple]:
    members = [other for other in all_indicators() if other.counts_together == group]
    ways = tuple(dict.fromkeys(way for member in members for way in member.dimensions))
    known = {m.code: {c.key: c for c in compute(replace(m, dimensions=ways), tables).cells} for m in members}
    every = list({key: cell for found in known.values() for key, cell in found.items()}.values())
    counts = np.array([_counts(cell, members, known) for cell in every], dtype=np.int64)
    hidden = suppress_lines(counts, lines_of(every), minimum=minimum)
    return {cell.key for cell, hide in zip(every, hidden, strict=True) if hide}


def _counts(cell: Cell, members: Sequence[Indicator], known: Known) -> list[int]:
    """Every number of persons that somebody who holds all of these figures sees in a cell, or gets by subtraction."""
    nothing = replace(cell, numerator=0, denominator=0)
    found: list[int] = []
    for member in members:
        mine = known[member.code].get(cell.key, nothing)
        found += persons_of(mine, member)
        if member.part_of:
            whole = known[member.part_of].get(cell.key, nothing)
            found.append((whole.numerator or 0) - (mine.numerator or 0))
    return found
