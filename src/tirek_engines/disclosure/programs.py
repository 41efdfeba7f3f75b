"""Linear programs over what a reader does not know, in whole numbers.

The tables of a hierarchy, and those of two ways, have whole corners, so that the linear program is enough. Where breakdowns
cross more often a corner may be broken; then it is solved again in whole numbers, because persons are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, hstack

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Marks = NDArray[np.bool_]

TOLERANCE = 1e-6


def best(sums: csc_array, cost: Floats, low: Floats, high: Floats) -> Counts | None:
    """The departures that cost least and keep every sum; None where no whole ones lie within the bounds."""
    for whole in (0, 1):
        found = milp(
            cost,
            integrality=np.full(cost.size, whole),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(sums, 0, 0) if sums.shape[0] else (),
            options={"mip_rel_gap": 0},
        )
        if found.x is None:
            return None
        near = np.rint(found.x)
        if (np.abs(near - found.x) < TOLERANCE).all():
            return np.asarray(near, dtype=np.int64)
    return None


def cheapest(sums: csc_array, shown: Marks, weight: Floats, low: Floats, high: Floats) -> Counts | None:
    """Departures that keep every sum and move as few persons in shown cells as can be, each at its cell's weight.

    A departure of a shown cell is written as what it rises and what it falls; both cost.
    """
    rises = np.where(shown, 0.0, low)
    falls = -low[shown]
    found = best(
        csc_array(hstack([sums, -sums[:, np.flatnonzero(shown)]])) if shown.any() else sums,
        np.concatenate([np.where(shown, weight, 0.0), weight[shown]]),
        np.concatenate([rises, np.zeros(falls.size)]),
        np.concatenate([high, falls]),
    )
    if found is None:
        return None
    moved = found[: shown.size]
    moved[shown] -= found[shown.size :]
    return moved
