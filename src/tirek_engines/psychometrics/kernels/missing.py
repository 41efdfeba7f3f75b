"""Compiled sums over persons for the information that is missing because ability is not observed; see `missing`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.tabulated import cubic_weights

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@kernel
def place_persons(
    packed: Bytes,
    weights: Floats,
    tilts: Floats,
    table: Floats,
    origin: float,
    per_step: float,
    point_variances: Floats,
) -> tuple[Ints, Floats, Floats]:
    """The first of the four points about each person of a run, the weight on each, and weight times posterior variance."""
    n = packed.shape[0]
    cells = np.empty(n, np.int64)
    shares = np.empty((n, 4))
    spreads = np.empty(n)
    for u in range(n):
        score = tilts[u] if tilts.shape[0] else 0.0
        for b in range(packed.shape[1]):
            score += table[b, packed[u, b]]
        place = (score - origin) * per_step
        i = int(place)
        cells[u] = i
        c0, c1, c2, c3 = cubic_weights(place - i)
        w = weights[u]
        shares[u, 0] = w * c0
        shares[u, 1] = w * c1
        shares[u, 2] = w * c2
        shares[u, 3] = w * c3
        v = point_variances
        spreads[u] = w * (c0 * v[i] + c1 * v[i + 1] + c2 * v[i + 2] + c3 * v[i + 3])
    return cells, shares, spreads


@kernel
def spread_bytes(
    packed: Bytes, used: Ints, cells: Ints, shares: Floats, spreads: Floats, n_points: int
) -> tuple[Floats, Floats]:
    """Persons of each value of each used byte, spread over the points (used bytes, 256, points), and sums of `spreads`."""
    by_byte = np.zeros((used.shape[0], 256, n_points))
    cross = np.zeros((used.shape[0], 256))
    for i in range(used.shape[0]):
        for u in range(packed.shape[0]):
            value = packed[u, used[i]]
            cross[i, value] += spreads[u]
            for k in range(4):
                by_byte[i, value, cells[u] + k] += shares[u, k]
    return by_byte, cross


@kernel
def spread_covariates(
    packed: Bytes,
    used: Ints,
    values: Floats,
    rows: Ints,
    shifts: Floats,
    cells: Ints,
    shares: Floats,
    spreads: Floats,
    n_points: int,
) -> tuple[Floats, Floats]:
    """Covariates of the persons, spread over the points (points, covariates), and times `spreads` by value of each used byte."""
    n = values.shape[1]
    by_point = np.zeros((n_points, n))
    cross = np.zeros((used.shape[0], 256, n))
    own = np.empty(n)
    for u in range(packed.shape[0]):
        for c in range(n):
            own[c] = values[rows[u], c] - shifts[c]
        for k in range(4):
            for c in range(n):
                by_point[cells[u] + k, c] += shares[u, k] * own[c]
        for c in range(n):
            own[c] *= spreads[u]
        for i in range(used.shape[0]):
            value = packed[u, used[i]]
            for c in range(n):
                cross[i, value, c] += own[c]
    return by_point, cross


@kernel
def pair_sums(packed: Bytes, one: int, other: int, amounts: Floats) -> Floats:
    """Sum of `amounts` by the values of two bytes, shape (256, 256)."""
    sums = np.zeros((256, 256))
    for u in range(packed.shape[0]):
        sums[packed[u, one], packed[u, other]] += amounts[u]
    return sums


@kernel
def fold(digits: Bytes, sums: Floats) -> Floats:
    """digits @ sums in one fixed order, without the zeros; `digits` (items, 256), `sums` (256, columns)."""
    out = np.zeros((digits.shape[0], sums.shape[1]))
    for j in range(digits.shape[0]):
        for value in range(digits.shape[1]):
            digit = digits[j, value]
            if digit != 0:
                for c in range(sums.shape[1]):
                    out[j, c] += digit * sums[value, c]
    return out


@kernel
def fold_pairs(one: Bytes, sums: Floats, other: Bytes) -> Floats:
    """one @ sums @ other.T, shape (items of one byte, items of the other)."""
    half = fold(one, sums)
    return fold(other, half.T.copy()).T.copy()
