"""The line rule: each published sum by itself gives no hidden cell away.

In each line never exactly one cell is hidden and unknown, and unknown parts under a known total are together at least
`minimum`. Chains of subtraction are followed for what is known. What several sums tell together is left to the audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure.tables import SECONDARY, SHOWN

Counts = NDArray[np.int64]
Marks = NDArray[np.bool_]
State = NDArray[np.uint8]


@dataclass(frozen=True)
class EarlierTable:
    """An earlier table of the same cells, which readers still have.

    Parameters
    ----------
    counts : ndarray of int, shape (cells, measures)
        The persons counted then; -1 where there was no such cell.
    hidden : ndarray of bool, shape (cells,)
        Cells that it hides.
    known : ndarray of bool, shape (cells, measures)
        Counts of it that another table shows.
    """

    counts: Counts
    hidden: Marks
    known: Marks


def hide_by_lines(
    n: Counts, rows: Sequence[Counts], state: State, known: Marks, minimum: int, earlier: Sequence[EarlierTable]
) -> None:
    """Hide further cells, in place, until no line by itself gives anything away.

    Where every other part and the total are known, nothing can be protected any more.
    """
    changed = True
    while changed:
        changed = any([_protect(n, line, state, known, minimum) for line in rows])  # noqa: C419 (every line, each time)
        for table in earlier:
            changed |= _protect_earlier(n, rows, state, table, minimum)


def _protect(n: Counts, line: Counts, state: State, known: Marks, minimum: int) -> bool:
    """Hide further cells of one line until it gives nothing away; whether any was hidden, or anything is known by it."""
    before = int((state[line] != SHOWN).sum())
    while (measures := _exposed(n, line, state != SHOWN, known, minimum)).any():
        cell = _protector(n, line, state, ~known & measures, measures)
        if cell is None:
            break
        state[cell] = SECONDARY
    derived = _derive(line, state != SHOWN, known)
    return derived or int((state[line] != SHOWN).sum()) > before


def _protector(n: Counts, line: Counts, state: State, helps: Marks, measures: Marks) -> int | None:
    """The smallest part that helps in every measure, then the total; then whatever helps in one of them."""
    shown = line[state[line] == SHOWN]
    in_all, in_one = np.asarray((helps == measures).all(axis=1)), np.asarray(helps.any(axis=1))
    for enough in (in_all, in_one):
        parts = [cell for cell in shown if cell != line[0] and enough[cell] and n[cell].any()]
        if parts:
            return int(min(parts, key=lambda cell: (int(n[cell].max()), cell)))
        if line[0] in shown and enough[line[0]]:
            return int(line[0])  # nothing else can protect: the total goes
    return None


def _exposed(n: Counts, line: Counts, hidden: Marks, known: Marks, minimum: int) -> Marks:
    """In which measures a line gives one of its hidden cells away."""
    cells = line[hidden[line]]
    found = np.zeros(n.shape[1], bool)
    if cells.size == 1:
        found[:] = ~known[cells[0]]
        return found
    for m in range(n.shape[1]):
        unknown = cells[~known[cells, m]]
        together = int(n[unknown, m].sum())  # nobody at all is no group that could be given away
        alone = unknown.size == 1 or (unknown.size > 0 and line[0] not in unknown)
        found[m] = alone and 0 < together < minimum
    return found


def _derive(line: Counts, hidden: Marks, known: Marks) -> bool:
    """Mark what follows from the line by what is known; whether anything did."""
    cells = line[hidden[line]]
    if not known[cells].any():
        return False
    derived = False
    for cell, m in _last_unknown(cells, known):
        known[cell, m] = derived = True
    return derived


def _last_unknown(cells: Counts, known: Marks) -> Iterator[tuple[int, int]]:
    for m in range(known.shape[1]):
        unknown = cells[~known[cells, m]]
        if unknown.size == 1:
            yield int(unknown[0]), m


def _protect_earlier(n: Counts, rows: Sequence[Counts], state: State, table: EarlierTable, minimum: int) -> bool:
    """Hide what is shown now and would give a hidden cell of an earlier table away; whether anything was hidden."""
    same = table.counts == n
    shown_now = same & (state == SHOWN)[:, None]
    was = np.maximum(table.counts, 0)
    known = _known_then(rows, table, table.known | shown_now)
    changed = False
    for line in rows:
        cells = line[table.hidden[line]]
        if shown_now[cells].any():
            given = _given_away(was, line, table.hidden, known, minimum)
            changed |= _hide_smallest(n, cells, state, shown_now & given & (was > 0))
    small = (was > 0) & (was < minimum) & table.hidden[:, None]
    if not changed and (small & known & ~_known_then(rows, table, table.known)).any():
        changed = _hide_smallest(n, np.flatnonzero(table.hidden), state, shown_now & (was > 0))
    return changed


def _known_then(rows: Sequence[Counts], table: EarlierTable, told: Marks) -> Marks:
    """What follows in an earlier table from what is told of it."""
    known: Marks = told.copy()
    lines = [line for line in rows if table.hidden[line].sum() > 1]
    while any([_derive(line, table.hidden, known) for line in lines]):  # noqa: C419 (every line, each time)
        pass
    return known


def _hide_smallest(n: Counts, cells: Counts, state: State, helps: Marks) -> bool:
    left = [cell for cell in cells if state[cell] == SHOWN and helps[cell].any()]
    if left:
        state[min(left, key=lambda cell: (int(n[cell].max()), cell))] = SECONDARY
    return bool(left)


def _given_away(n: Counts, line: Counts, hidden: Marks, known: Marks, minimum: int) -> Marks:
    """In which measures small hidden cells of a line are known, or are among too few that are not."""
    cells = line[hidden[line]]
    small = (n[cells] > 0) & (n[cells] < minimum)
    found = _exposed(n, line, hidden, known, minimum)
    found |= np.asarray((small & known[cells]).any(axis=0))
    return found
