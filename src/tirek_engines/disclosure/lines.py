"""Suppression in tables of several ways: every sum that is published may give a hidden cell away.

A *line* is a set of cells of which one is the sum of the others: a total with its parts, by district or by kind of
settlement. Whoever knows all but one cell of a line knows the last. Readers also remember: a cell that an earlier table
showed, and that has not changed, is *known* however often it is hidden now, and protects nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure.tables import PRIMARY, SECONDARY, SHOWN
from tirek_engines.errors import BrokenContract

Counts = NDArray[np.int64]
Marks = NDArray[np.bool_]


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


def suppress_lines(
    counts: Counts,
    lines: Sequence[Sequence[int]],
    *,
    minimum: int,
    hidden: Marks | None = None,
    known: Marks | None = None,
    earlier: Sequence[EarlierTable] = (),
) -> NDArray[np.uint8]:
    """Which cells must be hidden so that no small cell is shown or follows from those shown, now or earlier.

    Parameters
    ----------
    counts : ndarray of int, shape (cells, measures)
        Persons counted in each cell; several measures (numerator and denominator) are published together, so a cell
        that is too small in one is hidden in all.
    lines : sequence of sequences of int
        Each line's cells: the total first, then its parts.
    minimum : int
        Smallest number of persons that may be shown.
    hidden : ndarray of bool, shape (cells,), optional
        Cells that are hidden already, because another table of the same persons hides them.
    known : ndarray of bool, shape (cells, measures), optional
        Counts that readers have from elsewhere. Hiding them protects nothing.
    earlier : sequence of EarlierTable
        Tables whose hidden cells must not follow from what is shown now.

    Returns
    -------
    ndarray of uint8, shape (cells,)
        0 shown, 1 hidden for being small, 2 hidden to protect another cell.

    Notes
    -----
    In each line never exactly one cell is hidden and unknown, and unknown parts under a known total are together at least
    `minimum`. Where every other part and the total are known, nothing can be protected any more. Chains of subtraction
    over several lines are followed for what is known, and not searched for otherwise; that needs a linear program.

    >>> suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10).tolist()
    [0, 1, 0, 2]

    The 17 were shown yesterday, so that the 40 go:

    >>> known = np.array([[False], [False], [False], [True]])
    >>> suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10, known=known).tolist()
    [0, 1, 2, 0]
    """
    n = np.asarray(counts, dtype=np.int64)
    if n.ndim != 2 or (n.size and int(n.min()) < 0):
        raise BrokenContract("counts", f"shape {n.shape}", "(cells, measures) of 0, 1, 2, …")
    if minimum < 1:
        raise BrokenContract("minimum", minimum, "1 or more")
    told = np.zeros(n.shape, bool) if known is None else np.array(known, dtype=bool)
    if told.shape != n.shape:
        raise BrokenContract("known", f"shape {told.shape}", f"shape {n.shape}")
    state = np.where(((n > 0) & (n < minimum)).any(axis=1), PRIMARY, SHOWN).astype(np.uint8)
    if hidden is not None:
        state[hidden & (state == SHOWN)] = SECONDARY
    rows = [np.asarray(line, dtype=np.int64) for line in lines if len(line) > 1]
    changed = True
    while changed:
        changed = any([_protect(n, line, state, told, minimum) for line in rows])  # noqa: C419 (every line, each time)
        for table in earlier:
            changed |= _protect_earlier(n, rows, state, table, minimum)
    return state


def _protect(n: Counts, line: Counts, state: NDArray[np.uint8], known: Marks, minimum: int) -> bool:
    """Hide further cells of one line until it gives nothing away; whether any was hidden, or anything is known by it."""
    before = int((state[line] != SHOWN).sum())
    while (measures := _exposed(n, line, state != SHOWN, known, minimum)).any():
        cell = _protector(n, line, state, ~known & measures, measures)
        if cell is None:
            break
        state[cell] = SECONDARY
    derived = _derive(line, state != SHOWN, known)
    return derived or int((state[line] != SHOWN).sum()) > before


def _protector(n: Counts, line: Counts, state: NDArray[np.uint8], helps: Marks, measures: Marks) -> int | None:
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


def _protect_earlier(
    n: Counts, rows: Sequence[Counts], state: NDArray[np.uint8], table: EarlierTable, minimum: int
) -> bool:
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


def _hide_smallest(n: Counts, cells: Counts, state: NDArray[np.uint8], helps: Marks) -> bool:
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
