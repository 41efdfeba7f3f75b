"""Compiled pieces of the tabulated E-step that belong to runs and points, not to persons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@kernel
def partial_scores(byte_of: Ints, digits: Bytes, slopes: Floats, n_bytes: int) -> Floats:
    """sum a_j x_j over the items of a byte, for each of its values, shape (bytes, 256); `digits` (items, 256)."""
    table = np.zeros((n_bytes, 256))
    for j in range(slopes.shape[0]):
        for value in range(256):
            table[byte_of[j], value] += slopes[j] * digits[j, value]
    return table


@kernel
def item_moments(byte_of: Ints, digits: Bytes, sums: Floats, n_items: int) -> Floats:
    """sum_i x_ij y_i of each item, from sums of y by byte and value (bytes, 256)."""
    out = np.zeros(n_items)
    for j in range(n_items):
        for value in range(256):
            out[j] += sums[byte_of[j], value] * digits[j, value]
    return out


@kernel
def run_reach(masks: Bytes, full: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest score that a person of each run can have; `full` is what each item gives at most (or least)."""
    low = np.zeros(masks.shape[0])
    high = np.zeros(masks.shape[0])
    for run in range(masks.shape[0]):
        for j in range(full.shape[0]):
            if masks[run, j // 8] >> (j % 8) & 1:
                low[run] += min(full[j], 0.0)
                high[run] += max(full[j], 0.0)
    return low, high


@kernel
def place_points(low: Floats, high: Floats, sizes: Ints, step: float, worth: int) -> tuple[Ints, Ints, Ints, Floats]:
    """Equally spaced scores for the runs with at least `worth` times more persons than points.

    Returns
    -------
    tabulated : ndarray, shape (tabulated runs,)
        Their numbers.
    starts : ndarray, shape (tabulated runs + 1,)
        Where the points of each begin.
    firsts : ndarray, shape (runs,)
        Each run's first point; -1 where there is none.
    points : ndarray
        From one step below the lowest score to two above the highest.
    """
    n_runs = low.shape[0]
    firsts = np.full(n_runs, -1, np.int64)
    chosen = np.empty(n_runs, np.int64)
    starts = np.zeros(n_runs + 1, np.int64)
    n = 0
    for run in range(n_runs):
        n_points = int(np.ceil((high[run] - low[run]) / step)) + 4
        if sizes[run] >= worth * n_points:
            firsts[run] = starts[n]
            chosen[n] = run
            starts[n + 1] = starts[n] + n_points
            n += 1
    points = np.empty(starts[n])
    for k in range(n):
        for i in range(starts[k], starts[k + 1]):
            points[i] = low[chosen[k]] + step * (i - starts[k] - 1.0)
    return chosen[:n].copy(), starts[: n + 1].copy(), firsts, points
