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
def spread_products(
    packed: Bytes,
    weights: Floats,
    tilts: Floats,
    lines: Floats,
    design: Floats,
    table: Floats,
    used: Ints,
    origin: float,
    per_step: float,
    point_variances: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Sums over the persons of one run, with the multipliers 1, the line of the regression, and the covariates.

    `lines` (persons,) or (0,) and `design` (persons, covariates) or (0, 0) belong to a latent regression; `used` are the bytes
    that hold answers of the run.

    Returns
    -------
    by_byte : ndarray, shape (used bytes, 256, points)
        Weight of the persons of each value, spread over the points.
    by_other : ndarray, shape (multipliers, points)
        Weight times multiplier, spread over the points.
    spreads : ndarray, shape (persons,)
        Weight times posterior variance.
    cross : ndarray, shape (used bytes, 256, multipliers)
        Sum of `spreads` times multiplier by byte and value.
    square : ndarray, shape (multipliers, multipliers)
        Sum of `spreads` times two multipliers; the lower triangle.
    """
    n, n_points = packed.shape[0], point_variances.shape[0]
    n_others = 1 if lines.shape[0] == 0 else 2 + design.shape[1]
    by_byte = np.zeros((used.shape[0], 256, n_points))
    by_point = np.zeros((n_points, n_others))
    spreads = np.empty(n)
    cross = np.zeros((used.shape[0], 256, n_others))
    square = np.zeros((n_others, n_others))
    others = np.ones(n_others)
    c = np.empty(4)
    for u in range(n):
        score = tilts[u] if tilts.shape[0] else 0.0
        for b in range(packed.shape[1]):
            score += table[b, packed[u, b]]
        place = (score - origin) * per_step
        cell = int(place)
        c[0], c[1], c[2], c[3] = cubic_weights(place - cell)
        variance = 0.0
        for k in range(4):
            variance += c[k] * point_variances[cell + k]
        spreads[u] = weights[u] * variance
        if n_others > 1:
            others[1] = lines[u]
            for m in range(design.shape[1]):
                others[2 + m] = design[u, m]
        for k in range(4):
            share = weights[u] * c[k]
            for m in range(n_others):
                by_point[cell + k, m] += share * others[m]
            for i in range(used.shape[0]):
                by_byte[i, packed[u, used[i]], cell + k] += share
        for i in range(used.shape[0]):
            for m in range(n_others):
                cross[i, packed[u, used[i]], m] += spreads[u] * others[m]
        for m in range(n_others):
            amount = spreads[u] * others[m]
            for o in range(m + 1):
                square[m, o] += amount * others[o]
    return by_byte, by_point.T.copy(), spreads, cross, square


@kernel
def pair_sums(packed: Bytes, one: int, other: int, amounts: Floats) -> Floats:
    """Sum of `amounts` by the values of two bytes, shape (256, 256)."""
    sums = np.zeros((256, 256))
    for u in range(packed.shape[0]):
        sums[packed[u, one], packed[u, other]] += amounts[u]
    return sums
