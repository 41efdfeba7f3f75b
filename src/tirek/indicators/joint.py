"""Figures that count the same people hide the same cells: what is hidden in one must not follow from another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.indicators.cells import Cell, Hiding, blank, differences_of, lines_of, persons_of, suppressed
from tirek.indicators.computing import compute
from tirek.indicators.definitions import SETTLEMENT, Indicator, all_indicators
from tirek.indicators.earlier import Earlier, Key, same_count
from tirek_engines.disclosure.lines import Difference, EarlierTable, suppress_lines

Tables = Mapping[str, pl.DataFrame]
Found = Mapping[str, Mapping[Key, Cell]]


def suppressed_jointly(
    cells: Sequence[Cell], indicator: Indicator, tables: Tables, hiding: Hiding, earlier: Earlier | None = None
) -> list[Cell]:
    """Hide what the figures of the same group must hide, judged on all of their counts at once, and what is one's own.

    The same snapshot, definitions and earlier publications give the same cells, and figures of one snapshot hide the
    same, whichever is published first.
    """
    if not cells or not (indicator.persons or indicator.follows):
        return suppressed(cells, indicator, hiding)
    group = indicator.counts_together or indicator.follows
    away = _hidden_in(group, tables, hiding, earlier) if group else set()
    if indicator.counts_together:
        return [blank(cell) if cell.key in away else cell for cell in cells]
    split = {(level, place) for level, place, settlement, _kind in away if settlement}
    is_split = indicator.splits == SETTLEMENT
    before = np.array([
        c.key in away or (is_split and not c.kind and (c.level, c.territory) in split) for c in cells
    ])  # fmt: skip

    def count(given: Tables) -> Found:
        return {indicator.code: {cell.key: cell for cell in compute(indicator, given).cells}}

    found = {indicator.code: {cell.key: cell for cell in cells}}
    hidden = _hide([indicator], cells, found, hiding, before, earlier, count)
    return [blank(cell) if cell.key in hidden else cell for cell in cells]


def _hidden_in(group: str, tables: Tables, hiding: Hiding, earlier: Earlier | None) -> set[Key]:
    members = [other for other in all_indicators() if other.counts_together == group]
    ways = tuple(dict.fromkeys(way for member in members for way in member.dimensions))

    def count(given: Tables) -> Found:
        return {m.code: {c.key: c for c in compute(replace(m, dimensions=ways), given).cells} for m in members}

    found = count(tables)
    every = list({key: cell for mine in found.values() for key, cell in mine.items()}.values())
    return _hide(members, every, found, hiding, np.zeros(len(every), bool), earlier, count)


def _hide(
    members: Sequence[Indicator],
    cells: Sequence[Cell],
    found: Found,
    hiding: Hiding,
    before: NDArray[np.bool_],
    earlier: Earlier | None,
    count: Callable[[Tables], Found],
) -> set[Key]:
    """Which cells of figures that hide together are hidden; ``count`` counts them on the tables of another snapshot."""
    hide = partial(
        suppress_lines,
        _counts_of(cells, members, found),
        lines_of(cells),
        minimum=hiding.minimum,
        differences=_differences_of(members, found),
        all_sums_together=hiding.all_sums_together,
    )
    if earlier is None:
        state = hide(hidden=before)
    else:
        hidden = earlier.hidden(members)
        before = before | _marks(cells, hidden.pop(earlier.snapshot, set()))
        tables = [
            _earlier_table(members, cells, keys, count(earlier.tables(sha)), earlier) for sha, keys in hidden.items()
        ]
        state = hide(hidden=before, known=_known(cells, members, found, earlier), earlier=tables)
    return {cell.key for cell, away in zip(cells, state, strict=True) if away}


def _marks(cells: Sequence[Cell], keys: set[Key]) -> NDArray[np.bool_]:
    return np.array([cell.key in keys for cell in cells], bool)


def _earlier_table(
    members: Sequence[Indicator], cells: Sequence[Cell], hidden: set[Key], found: Found, earlier: Earlier
) -> EarlierTable:
    """An earlier publication's true counts in today's cells, and which of them it hides."""
    counts = _counts_of(cells, members, found)
    there = {key for mine in found.values() for key in mine}
    absent = ~_marks(cells, there)
    known = _known(cells, members, found, earlier)
    counts[absent], known[absent] = -1, False
    return EarlierTable(counts, _marks(cells, hidden), known)


def _cells_of(cells: Sequence[Cell], found: Mapping[Key, Cell]) -> list[Cell]:
    return [found.get(cell.key) or replace(cell, numerator=0, denominator=0) for cell in cells]


def _counts_of(cells: Sequence[Cell], members: Sequence[Indicator], found: Found) -> NDArray[np.int64]:
    """Every number of persons that somebody who holds all of these figures sees in a cell, or gets by subtraction."""
    columns: list[list[int]] = []
    for member in members:
        mine = _cells_of(cells, found[member.code])
        columns += [list(column) for column in zip(*(persons_of(cell, member) for cell in mine), strict=True)]
        if member.part_of in found:
            whole = _cells_of(cells, found[member.part_of])
            columns.append([(w.numerator or 0) - (m.numerator or 0) for w, m in zip(whole, mine, strict=True)])
    return np.array(columns, dtype=np.int64).reshape(len(columns), len(cells)).T


def _differences_of(members: Sequence[Indicator], found: Found) -> list[Difference]:
    """Which of `_counts_of` are whole, part and rest: within a figure, and of a figure that counts a part of another."""
    first, place = {}, 0
    for member in members:
        first[member.code] = place
        place += len(member.persons) + member.part_of_whole + (member.part_of in found)
    differences = [three for member in members for three in differences_of(member, first[member.code])]
    for member in members:
        whole = next((other for other in members if other.code == member.part_of), None)
        if whole is not None and "numerator" in member.persons and "numerator" in whole.persons:
            rest = first[member.code] + len(member.persons) + member.part_of_whole
            part = first[member.code] + member.persons.index("numerator")
            differences.append((first[whole.code] + whole.persons.index("numerator"), part, rest))
    return differences


def _known(cells: Sequence[Cell], members: Sequence[Indicator], found: Found, earlier: Earlier) -> NDArray[np.bool_]:
    """Which of `_counts_of` readers have from earlier publications: a difference where they have both of its numbers."""
    columns: list[NDArray[np.bool_]] = []
    for member in members:
        mine = _cells_of(cells, found[member.code])
        has = {which: same_count(mine, member, earlier, which) for which in ("numerator", "denominator")}
        columns += [has[which] for which in member.persons]
        if member.part_of_whole:
            columns.append(has["numerator"] & has["denominator"])
        if member.part_of in found:
            of = next(other for other in members if other.code == member.part_of)
            columns.append(has["numerator"] & same_count(_cells_of(cells, found[of.code]), of, earlier, "numerator"))
    return np.array(columns, dtype=bool).reshape(len(columns), len(cells)).T
