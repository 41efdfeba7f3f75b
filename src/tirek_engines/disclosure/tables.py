"""Primary and secondary suppression in one-way tables whose total is published as well.

A cell with fewer than `minimum` persons is hidden (primary). If the persons hidden in a table are together still fewer
than `minimum`, or only one cell is hidden, the total minus what is shown would give them away; so the next smallest
cells are hidden too (secondary) until neither holds. An empty cell (0 persons) tells about nobody and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

SHOWN, PRIMARY, SECONDARY = 0, 1, 2


def suppress_table(counts: Sequence[int] | NDArray[np.int64], *, minimum: int) -> NDArray[np.uint8]:
    """Which cells of a one-way table with a published total must be hidden.

    Parameters
    ----------
    counts : sequence of int, shape (cells,)
        Persons in each cell.
    minimum : int
        Smallest number of persons that may be shown.

    Returns
    -------
    ndarray of uint8, shape (cells,)
        0 shown, 1 hidden for being small, 2 hidden to protect another cell.
    """
    n = np.asarray(counts, dtype=np.int64)
    if n.ndim != 1 or (n.size and int(n.min()) < 0):
        raise BrokenContract("counts", f"shape {n.shape}, lowest {n.min() if n.size else 0}", "one row of 0, 1, 2, …")
    if minimum < 1:
        raise BrokenContract("minimum", minimum, "1 or more")
    state = np.where((n > 0) & (n < minimum), PRIMARY, SHOWN).astype(np.uint8)
    while _exposed(n, state, minimum):
        left = np.flatnonzero((state == SHOWN) & (n > 0))
        if left.size == 0:
            break
        state[left[np.argmin(n[left])]] = SECONDARY
    return state


def _exposed(n: NDArray[np.int64], state: NDArray[np.uint8], minimum: int) -> bool:
    hidden = state != SHOWN
    return bool(hidden.any()) and (int(hidden.sum()) == 1 or int(n[hidden].sum()) < minimum)


def suppress_nested(
    counts: Sequence[int] | NDArray[np.int64],
    parents: Sequence[int] | NDArray[np.int64],
    *,
    minimum: int,
    hidden_parents: Sequence[int] | NDArray[np.int64] = (),
) -> NDArray[np.uint8]:
    """`suppress_table` within each parent (schools within districts), for parents whose own total is published.

    A parent that is hidden itself gives no total to subtract from. Its shown cells must not rebuild it, though:
    of a hidden parent at least one cell stays hidden.

    Parameters
    ----------
    counts : sequence of int, shape (cells,)
        Persons in each cell.
    parents : sequence of int, shape (cells,)
        Number of the parent of each cell.
    minimum : int
        Smallest number of persons that may be shown.
    hidden_parents : sequence of int
        Parents that are not published.
    """
    n, parent = np.asarray(counts, dtype=np.int64), np.asarray(parents, dtype=np.int64)
    if n.shape != parent.shape:
        raise BrokenContract("parents", parent.shape, n.shape)
    state = np.zeros(n.shape[0], np.uint8)
    hidden = {int(p) for p in np.asarray(hidden_parents, dtype=np.int64)}
    for p in np.unique(parent):
        cells = np.flatnonzero(parent == p)
        state[cells] = suppress_table(n[cells], minimum=minimum)
        if int(p) in hidden and not (state[cells] != SHOWN).any():
            occupied = cells[n[cells] > 0]
            if occupied.size:
                state[occupied[np.argmin(n[occupied])]] = SECONDARY
    return state
