"""Compiled loops of Warm's weighted likelihood estimate (Warm 1989, Psychometrika 54, eq. 7-9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.score import item_moments

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@kernel
def score_equation(
    theta: float, score: float, slopes: Floats, intercepts: Floats, n_steps: Ints, answered: Bytes, p: Floats
) -> tuple[float, float]:
    """Warm's estimating equation s - E(theta) + I'(theta) / (2 I(theta)), and the information I(theta)."""
    expected = 0.0
    information = 0.0
    skewness = 0.0
    for j in range(slopes.shape[0]):
        if answered[j // 8] >> (j % 8) & 1:
            a = slopes[j]
            mean, variance, third = item_moments(a, intercepts[j], n_steps[j], theta, p)
            expected += a * mean
            information += a * a * variance
            skewness += a * a * a * third
    if information <= 0.0:
        return score - expected, 0.0
    return score - expected + skewness / (2.0 * information), information


@kernel
def warm_root(
    score: float, slopes: Floats, intercepts: Floats, n_steps: Ints, mask: Bytes, bound: float, p: Floats
) -> tuple[float, bool]:
    """Root of Warm's equation within +-bound by regula falsi and bisection; whether the bound was met."""
    low = -bound
    high = bound
    f_low, _ = score_equation(low, score, slopes, intercepts, n_steps, mask, p)
    f_high, _ = score_equation(high, score, slopes, intercepts, n_steps, mask, p)
    if f_low <= 0.0:
        return low, True
    if f_high >= 0.0:
        return high, True
    theta = 0.0
    for step in range(200):
        theta = (low * f_high - high * f_low) / (f_high - f_low)
        if step % 3 == 2:
            theta = 0.5 * (low + high)
        value, _ = score_equation(theta, score, slopes, intercepts, n_steps, mask, p)
        if value > 0.0:
            low, f_low = theta, value
        else:
            high, f_high = theta, value
        if abs(value) < 1e-11 or high - low < 1e-11:
            break
    return theta, False


@kernel
def warm_table(
    slopes: Floats, intercepts: Floats, n_steps: Ints, mask: Bytes, bound: float, size: int
) -> tuple[Floats, Floats]:
    """The score whose WLE is each node of a fine grid, and the information there."""
    needed = np.empty(size)
    information = np.empty(size)
    p = np.empty(intercepts.shape[1])
    for q in range(size):
        theta = -bound + 2.0 * bound * q / (size - 1)
        value, information[q] = score_equation(theta, 0.0, slopes, intercepts, n_steps, mask, p)
        needed[q] = -value
    return needed, information


@kernel
def cubic(values: Floats, q: int, x: float) -> float:
    """Lagrange's cubic through values[q - 1 … q + 2], at q + x."""
    before = -x * (x - 1.0) * (x - 2.0) / 6.0
    here = (x + 1.0) * (x - 1.0) * (x - 2.0) / 2.0
    after = -(x + 1.0) * x * (x - 2.0) / 2.0
    last = (x + 1.0) * x * (x - 1.0) / 6.0
    total: float = before * values[q - 1] + here * values[q] + after * values[q + 1] + last * values[q + 2]
    return total


@kernel
def table_root(score: float, needed: Floats, information: Floats, bound: float) -> tuple[float, float]:
    """Where the interpolated table needs `score`, and the information there; NaN near the bound."""
    size = needed.shape[0]
    if not needed[2] < score < needed[size - 3]:
        return np.nan, np.nan
    low = 2
    high = size - 3
    while high - low > 1:
        middle = (low + high) // 2
        if needed[middle] < score:
            low = middle
        else:
            high = middle
    left = 0.0
    right = 1.0
    x = (score - needed[low]) / (needed[low + 1] - needed[low])
    for _ in range(60):
        value = cubic(needed, low, x) - score
        if value < 0.0:
            left = x
        else:
            right = x
        if abs(value) < 1e-12 or right - left < 1e-12:
            break
        x -= value / (needed[low + 1] - needed[low])
        if not left <= x <= right:
            x = 0.5 * (left + right)
    return -bound + 2.0 * bound * (low + x) / (size - 1), cubic(information, low, x)


@kernel
def warm_estimates(
    scores: Floats,
    run_starts: Ints,
    run_masks: Bytes,
    slopes: Floats,
    intercepts: Floats,
    n_steps: Ints,
    bound: float,
    table_size: int,
) -> tuple[Floats, Floats, Bytes]:
    """Weighted likelihood estimates within +-bound, their errors, and 1 where the bound was met.

    The equation depends on a person only through the score and the items answered. A run with more units than
    `table_size` is solved from a fine table of that one function (cubic interpolation, error below 1e-7); what the
    table does not hold, and smaller runs, are solved exactly.
    """
    n = scores.shape[0]
    estimates = np.full(n, np.nan)
    errors = np.full(n, np.nan)
    bounded = np.zeros(n, np.uint8)
    p = np.empty(intercepts.shape[1])
    for run in range(run_masks.shape[0]):
        mask = run_masks[run]
        if not mask.any():
            continue
        tabulated = run_starts[run + 1] - run_starts[run] > table_size
        if tabulated:
            needed, known = warm_table(slopes, intercepts, n_steps, mask, bound, table_size)
        else:
            needed, known = np.zeros(5), np.zeros(5)
        for u in range(run_starts[run], run_starts[run + 1]):
            theta = np.nan
            information = np.nan
            if tabulated:
                theta, information = table_root(scores[u], needed, known, bound)
            if np.isnan(theta):
                theta, met = warm_root(scores[u], slopes, intercepts, n_steps, mask, bound, p)
                bounded[u] = met
                _, information = score_equation(theta, scores[u], slopes, intercepts, n_steps, mask, p)
            estimates[u] = theta
            if information > 0.0:
                errors[u] = 1.0 / np.sqrt(information)
    return estimates, errors, bounded
