"""Suppression in tables of several ways: every sum that is published may give a hidden cell away.

A *line* is a set of cells of which one is the sum of the others: a total with its parts, by district or by kind of
settlement. Whoever knows all but one cell of a line knows the last, and whoever takes several lines together may narrow a
cell that no single one gives away. Readers also remember: a cell that an earlier table showed, and that has not changed, is
*known* however often it is hidden now, and protects nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tirek_engines.disclosure.line_rule import Counts, EarlierTable, Marks, State, hide_by_lines
from tirek_engines.disclosure.reader import Difference, what_a_reader_has
from tirek_engines.disclosure.tables import PRIMARY, SECONDARY, SHOWN
from tirek_engines.errors import BrokenContract

__all__ = ["Difference", "EarlierTable", "suppress_lines"]


def suppress_lines(
    counts: Counts,
    lines: Sequence[Sequence[int]],
    *,
    minimum: int,
    hidden: Marks | None = None,
    known: Marks | None = None,
    earlier: Sequence[EarlierTable] = (),
    differences: Sequence[Difference] = (),
    all_sums_together: bool = True,
) -> State:
    """Which cells must be hidden so that no small cell is shown or follows from those shown, now or earlier.

    Parameters
    ----------
    counts : ndarray of int, shape (cells, measures)
        Persons counted in each cell; several measures (numerator and denominator) are published together, so a cell
        that is too small in one is hidden in all.
    lines : sequence of sequences of int
        Each line's cells: the total first, then its parts. What parts lack of their total is taken as known.
    minimum : int
        Smallest number of persons that may be shown.
    hidden : ndarray of bool, shape (cells,), optional
        Cells that are hidden already, because another table of the same persons hides them.
    known : ndarray of bool, shape (cells, measures), optional
        Counts that readers have from elsewhere. Hiding them protects nothing.
    earlier : sequence of EarlierTable
        Tables whose hidden cells must not follow from what is shown now.
    differences : sequence of (int, int, int)
        Measures of which the third is the first minus the second: whole, part, rest.
    all_sums_together : bool
        Audit every small cell against all sums at once. Without it only the line rule holds, as it did before November
        2026: what was published by it is verified by it.

    Returns
    -------
    ndarray of uint8, shape (cells,)
        0 shown, 1 hidden for being small, 2 hidden to protect another cell.

    Notes
    -----
    The line rule (`tirek_engines.disclosure.line_rule`) comes first. Then, for each small count, the least and the most that
    it can be are sought over all tables of whole numbers that agree with everything a reader has: the lines of every
    table, cells shown, counts known, and cells unchanged from one table to the next, which are one unknown. Where the
    two are less than `minimum` apart, the cells that cost least are hidden so that they are. A count that stays
    narrower although nothing at all is shown any more is known from elsewhere, and is left.

    >>> suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10).tolist()
    [0, 1, 0, 2]

    The 17 were shown yesterday, so that the 40 go:

    >>> known = np.array([[False], [False], [False], [True]])
    >>> suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10, known=known).tolist()
    [0, 1, 2, 0]
    """
    n = np.asarray(counts, dtype=np.int64)
    told = np.zeros(n.shape, bool) if known is None else np.array(known, dtype=bool)
    _check(n, told, minimum, differences)
    state = np.where(((n > 0) & (n < minimum)).any(axis=1), PRIMARY, SHOWN).astype(np.uint8)
    if hidden is not None:
        state[hidden & (state == SHOWN)] = SECONDARY
    rows = [np.asarray(line, dtype=np.int64) for line in lines if len(line) > 1]
    hide_by_lines(n, rows, state, told.copy(), minimum, earlier)
    if all_sums_together and rows:
        from tirek_engines.disclosure.audit import Audit  # SciPy's solvers, for those who ask

        reader = what_a_reader_has(n, rows, told, earlier, differences)
        Audit(reader, state, minimum).hide_until_safe()
    return state


def _check(n: Counts, told: Marks, minimum: int, differences: Sequence[Difference]) -> None:
    if n.ndim != 2 or (n.size and int(n.min()) < 0):
        raise BrokenContract("counts", f"shape {n.shape}", "(cells, measures) of 0, 1, 2, …")
    if minimum < 1:
        raise BrokenContract("minimum", minimum, "1 or more")
    if told.shape != n.shape:
        raise BrokenContract("known", f"shape {told.shape}", f"shape {n.shape}")
    for whole, part, rest in differences:
        if not (n[:, whole] - n[:, part] == n[:, rest]).all():
            raise BrokenContract("differences", (whole, part, rest), "measures of which the third is the rest")
