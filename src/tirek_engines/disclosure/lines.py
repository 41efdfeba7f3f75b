"""Suppression in tables of several ways: every sum that is published may give a hidden cell away.

A *line* is a set of cells of which one is the sum of the others: a total with its parts, by district or by kind of
settlement. Whoever knows all but one cell of a line knows the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure.tables import PRIMARY, SECONDARY, SHOWN
from tirek_engines.errors import BrokenContract


def suppress_lines(
    counts: NDArray[np.int64],
    lines: Sequence[Sequence[int]],
    *,
    minimum: int,
    hidden: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Which cells must be hidden so that no small cell is shown or follows from those shown.

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

    Returns
    -------
    ndarray of uint8, shape (cells,)
        0 shown, 1 hidden for being small, 2 hidden to protect another cell.

    Notes
    -----
    In each line never exactly one cell is hidden, and parts hidden under a shown total are together at least `minimum`.
    Chains of subtraction over several lines are not searched for; that needs a linear program.

    >>> suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10).tolist()
    [0, 1, 0, 2]
    """
    n = np.asarray(counts, dtype=np.int64)
    if n.ndim != 2 or (n.size and int(n.min()) < 0):
        raise BrokenContract("counts", f"shape {n.shape}", "(cells, measures) of 0, 1, 2, …")
    if minimum < 1:
        raise BrokenContract("minimum", minimum, "1 or more")
    state = np.where(((n > 0) & (n < minimum)).any(axis=1), PRIMARY, SHOWN).astype(np.uint8)
    if hidden is not None:
        state[hidden & (state == SHOWN)] = SECONDARY
    rows = [np.asarray(line, dtype=np.int64) for line in lines if len(line) > 1]
    changed = True
    while changed:
        changed = any([_protect(n, line, state, minimum) for line in rows])  # noqa: C419 (every line, each time)
    return state


def _protect(n: NDArray[np.int64], line: NDArray[np.int64], state: NDArray[np.uint8], minimum: int) -> bool:
    """Hide further cells of one line until it gives nothing away; whether any was hidden."""
    before = int((state[line] != SHOWN).sum())
    while _exposed(n, line, state, minimum):
        left = [cell for cell in line[1:] if state[cell] == SHOWN and n[cell].any()]
        if not left:
            if state[line[0]] != SHOWN:
                break
            left = [int(line[0])]  # nothing else can protect: the total goes
        state[min(left, key=lambda cell: (int(n[cell].max()), cell))] = SECONDARY
    return int((state[line] != SHOWN).sum()) > before


def _exposed(n: NDArray[np.int64], line: NDArray[np.int64], state: NDArray[np.uint8], minimum: int) -> bool:
    hidden = line[state[line] != SHOWN]
    if hidden.size == 0:
        return False
    if hidden.size == 1:
        return True
    total_shown = state[line[0]] == SHOWN
    together = n[hidden].sum(axis=0)  # nobody at all is no group that could be given away
    return bool(total_shown and ((together > 0) & (together < minimum)).any())
