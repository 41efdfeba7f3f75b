"""Compiled loops of the latent regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.tabulated import cubic_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEGLIGIBLE = 1e-22


@kernel
def prior_moments(tilts: Floats, groups: Ints, bases: Floats, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """Log normaliser, mean and variance of the weights exp(bases[group, q] + tilt theta_q) of every unit.

    The weights are log-concave in q: from the highest node outwards, two multiplications a node.
    """
    n_nodes = theta.shape[0]
    width = theta[1] - theta[0]
    ratios = np.empty((bases.shape[0], n_nodes))
    for g in range(bases.shape[0]):
        for q in range(n_nodes - 1):
            ratios[g, q] = np.exp(bases[g, q + 1] - bases[g, q])
    norms = np.empty(tilts.shape[0])
    means = np.empty(tilts.shape[0])
    variances = np.empty(tilts.shape[0])
    mode = n_nodes // 2
    for u in range(tilts.shape[0]):
        g = groups[u]
        growth = np.exp(tilts[u] * width)
        while mode > 0 and growth * ratios[g, mode - 1] < 1.0:
            mode -= 1
        while mode < n_nodes - 1 and growth * ratios[g, mode] > 1.0:
            mode += 1
        total = 1.0
        first = 0.0
        second = 0.0
        low = mode
        value = 1.0
        while low > 0:
            value /= growth * ratios[g, low - 1]
            if value < NEGLIGIBLE:
                break
            low -= 1
            total += value
            first += value * (low - mode)
            second += value * (low - mode) * (low - mode)
        high = mode
        value = 1.0
        while high < n_nodes - 1:
            value *= growth * ratios[g, high]
            if value < NEGLIGIBLE:
                break
            high += 1
            total += value
            first += value * (high - mode)
            second += value * (high - mode) * (high - mode)
        mean = first / total
        norms[u] = np.log(total) + tilts[u] * theta[mode] + bases[g, mode]
        means[u] = theta[mode] + width * mean
        variances[u] = width * width * (second / total - mean * mean)
    return norms, means, variances


@kernel
def interpolated_moments(
    tilts: Floats, groups: Ints, firsts: Ints, origin: float, per_step: float, points: Floats
) -> tuple[Floats, Floats, Floats]:
    """`prior_moments` by the cubic through four points; `points` (points, 3), `firsts` each group's first."""
    out = np.empty((3, tilts.shape[0]))
    for u in range(tilts.shape[0]):
        place = (tilts[u] - origin) * per_step
        cell = int(place)
        c0, c1, c2, c3 = cubic_weights(place - cell)
        i = firsts[groups[u]] + cell
        for m in range(3):
            out[m, u] = c0 * points[i, m] + c1 * points[i + 1, m] + c2 * points[i + 2, m] + c3 * points[i + 3, m]
    return out[0], out[1], out[2]


@kernel
def line(design: Floats, effects: Floats) -> Floats:
    """design @ effects in one fixed order, whatever library of linear algebra is there."""
    out = np.zeros(design.shape[0])
    for u in range(design.shape[0]):
        total = 0.0
        for c in range(design.shape[1]):
            total += design[u, c] * effects[c]
        out[u] = total
    return out


@kernel
def pulls(design: Floats, amounts: Floats) -> Floats:
    """design.T @ amounts in one fixed order: sums of blocks of 1024 units, then of the blocks."""
    out = np.zeros(design.shape[1])
    block = np.zeros(design.shape[1])
    for u in range(design.shape[0]):
        for c in range(design.shape[1]):
            block[c] += design[u, c] * amounts[u]
        if u % 1024 == 1023:
            out += block
            block[:] = 0.0
    return out + block


@kernel
def spreads(design: Floats, weights: Floats, means: Floats) -> Floats:
    """Weighted sums of squares of the columns around `means`, in the order of `pulls`."""
    out = np.zeros(design.shape[1])
    block = np.zeros(design.shape[1])
    for u in range(design.shape[0]):
        for c in range(design.shape[1]):
            away = design[u, c] - means[c]
            block[c] += weights[u] * away * away
        if u % 1024 == 1023:
            out += block
            block[:] = 0.0
    return out + block


@kernel
def grams(design: Floats, weights: Floats, groups: Ints, n_groups: int) -> Floats:
    """Weighted cross-products of the columns in each group, (groups, columns, columns)."""
    n = design.shape[1]
    out = np.zeros((n_groups, n, n))
    for u in range(design.shape[0]):
        g = groups[u]
        for c in range(n):
            amount = weights[u] * design[u, c]
            if amount != 0.0:
                for d in range(c + 1):
                    out[g, c, d] += amount * design[u, d]
    for g in range(n_groups):
        for c in range(n):
            for d in range(c):
                out[g, d, c] = out[g, c, d]
    return out
