"""Compiled loops of the latent regression.

The covariates of a person are a row of `values`, of which `shifts` are taken; they are never copied. Every loop takes the units
of one chunk, whose sums are added in the order of the chunks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.tabulated import cubic_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEGLIGIBLE = 1e-22
BLOCK = 32
"""Units whose products are summed together."""


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
    tilts: Floats,
    groups: Ints,
    firsts: Ints,
    origin: float,
    per_step: float,
    points: Floats,
    norms: Floats,
    means: Floats,
    variances: Floats,
) -> None:
    """`prior_moments` by the cubic through four points; `points` (points, 3), `firsts` each group's first. Fills the last three."""
    for u in range(tilts.shape[0]):
        place = (tilts[u] - origin) * per_step
        cell = int(place)
        c0, c1, c2, c3 = cubic_weights(place - cell)
        i = firsts[groups[u]] + cell
        norms[u] = c0 * points[i, 0] + c1 * points[i + 1, 0] + c2 * points[i + 2, 0] + c3 * points[i + 3, 0]
        means[u] = c0 * points[i, 1] + c1 * points[i + 1, 1] + c2 * points[i + 2, 1] + c3 * points[i + 3, 1]
        variances[u] = c0 * points[i, 2] + c1 * points[i + 1, 2] + c2 * points[i + 2, 2] + c3 * points[i + 3, 2]


@kernel
def lines(values: Floats, rows: Ints, shifts: Floats, effects: Floats, out: Floats) -> None:
    """(values[row] - shifts) @ effects of every unit, into `out`; four sums that do not wait for each other."""
    n = effects.shape[0]
    fours = n - n % 4
    for u in range(rows.shape[0]):
        row = rows[u]
        a = 0.0
        b = 0.0
        c = 0.0
        d = 0.0
        for k in range(0, fours, 4):
            a += (values[row, k] - shifts[k]) * effects[k]
            b += (values[row, k + 1] - shifts[k + 1]) * effects[k + 1]
            c += (values[row, k + 2] - shifts[k + 2]) * effects[k + 2]
            d += (values[row, k + 3] - shifts[k + 3]) * effects[k + 3]
        for k in range(fours, n):
            a += (values[row, k] - shifts[k]) * effects[k]
        out[u] = (a + b) + (c + d)


@kernel
def column_sums(values: Floats, rows: Ints, amounts: Floats) -> Floats:
    """Sums of the columns, each unit `amounts` times."""
    out = np.zeros(values.shape[1])
    for u in range(rows.shape[0]):
        row = rows[u]
        for c in range(values.shape[1]):
            out[c] += amounts[u] * values[row, c]
    return out


@kernel
def score_sums(
    values: Floats,
    rows: Ints,
    shifts: Floats,
    groups: Ints,
    weights: Floats,
    after_means: Floats,
    after_variances: Floats,
    before_means: Floats,
    before_variances: Floats,
    tilts: Floats,
    centres: Floats,
    squares: Floats,
) -> Floats:
    """What the answers add to the prior, by group: shape (groups, 2 + covariates).

    Sums over units of weight times: posterior mean less prior mean; the same of the squares about the line, which is
    centres[group] + tilt squares[group]; the first times each covariate.
    """
    out = np.zeros((centres.shape[0], 2 + values.shape[1]))
    for u in range(rows.shape[0]):
        g = groups[u]
        row = rows[u]
        line = centres[g] + tilts[u] * squares[g]
        after = after_means[u] - line
        prior = before_means[u] - line
        amount = weights[u] * (after_means[u] - before_means[u])
        out[g, 0] += amount
        out[g, 1] += weights[u] * (after_variances[u] + after * after - before_variances[u] - prior * prior)
        for c in range(values.shape[1]):
            out[g, 2 + c] += amount * (values[row, c] - shifts[c])
    return out


@kernel
def add_products(block: Floats, amounts: Floats, size: int, out: Floats) -> None:
    """Add amounts[k] times the products of row k, to the lower triangle; four rows at once, `size` a multiple of four."""
    for c in range(block.shape[1]):
        for k in range(0, size, 4):
            a0 = amounts[k] * block[k, c]
            a1 = amounts[k + 1] * block[k + 1, c]
            a2 = amounts[k + 2] * block[k + 2, c]
            a3 = amounts[k + 3] * block[k + 3, c]
            for d in range(c + 1):
                out[c, d] += a0 * block[k, d] + a1 * block[k + 1, d] + a2 * block[k + 2, d] + a3 * block[k + 3, d]


@kernel
def products(values: Floats, rows: Ints, shifts: Floats, groups: Ints, amounts: Floats, n_groups: int) -> Floats:
    """Sums of `amounts` times the products of two of (1, covariates), by group: shape (groups, 1 + covariates, same)."""
    n_units = rows.shape[0]
    n = values.shape[1] + 1
    out = np.zeros((n_groups, n, n))
    block = np.zeros((BLOCK, n))
    block[:, 0] = 1.0
    own = np.zeros(BLOCK)
    u = 0
    while u < n_units:
        g = groups[u]
        size = 0
        while size < BLOCK and u < n_units and groups[u] == g:
            row = rows[u]
            own[size] = amounts[u]
            for c in range(n - 1):
                block[size, 1 + c] = values[row, c] - shifts[c]
            size += 1
            u += 1
        while size % 4:
            own[size] = 0.0
            size += 1
        add_products(block, own, size, out[g])
    for g in range(n_groups):
        for c in range(n):
            for d in range(c):
                out[g, d, c] = out[g, c, d]
    return out
