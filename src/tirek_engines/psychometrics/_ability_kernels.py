"""Compiled loops that score persons on known items of any model, by tables of log-likelihoods a byte.

All sums run in one fixed order and every person is computed alone: the same bits whatever the number of threads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

LOWEST = -40.0
"""Log posterior weights so far below the highest one are left out: less than a bit of any sum."""
SCORE, GUESSED, GRADED = 0, 1, 2


@kernel
def log_posterior(row: Bytes, tables: Floats, theta: Floats, mean: float, sd: float, out: Floats) -> float:
    """Fill `out` with the log posterior at the nodes, up to a constant; returns its highest value."""
    for q in range(theta.shape[0]):
        z = (theta[q] - mean) / sd
        out[q] = -0.5 * z * z
    for b in range(row.shape[0]):
        v = row[b]
        if v != 0:
            for q in range(theta.shape[0]):
                out[q] += tables[b, v, q]
    top = -np.inf
    for q in range(theta.shape[0]):
        top = max(top, out[q])
    return top


@kernel
def posterior_moments(
    packed: Bytes, tables: Floats, theta: Floats, means: Floats, sds: Floats
) -> tuple[Floats, Floats]:
    """Posterior mean and variance of every person under N(means[i], sds[i]^2)."""
    mean_out = np.empty(packed.shape[0])
    variance_out = np.empty(packed.shape[0])
    work = np.empty(theta.shape[0])
    for i in range(packed.shape[0]):
        top = log_posterior(packed[i], tables, theta, means[i], sds[i], work)
        total = 0.0
        first = 0.0
        second = 0.0
        for q in range(theta.shape[0]):
            if work[q] - top > LOWEST:
                p = np.exp(work[q] - top)
                total += p
                first += p * theta[q]
                second += p * theta[q] * theta[q]
        mean_out[i] = first / total
        variance_out[i] = max(second / total - mean_out[i] * mean_out[i], 0.0)
    return mean_out, variance_out


@kernel
def draw_values(
    packed: Bytes, tables: Floats, theta: Floats, means: Floats, sds: Floats, uniforms: Floats, out: Floats
) -> None:
    """Draws from every person's posterior, whose logarithm is taken as linear between nodes; fills out (m, persons).

    The log-linear density has the mass h (f1 - f0) / log(f1 / f0) in a cell and an inverse in closed form. Its variance
    is that of the posterior up to the order of h^4; a density that is constant or linear in a cell adds h^2/12 or h^2/6.
    """
    n_nodes = theta.shape[0]
    width = theta[1] - theta[0]
    work = np.empty(n_nodes)
    masses = np.empty(n_nodes)
    for i in range(packed.shape[0]):
        top = log_posterior(packed[i], tables, theta, means[i], sds[i], work)
        low = 0
        while low < n_nodes - 2 and work[low + 1] - top < LOWEST:
            low += 1
        high = n_nodes - 1
        while high > low + 1 and work[high - 1] - top < LOWEST:
            high -= 1
        total = 0.0
        here = np.exp(work[low] - top)
        for q in range(low, high):
            after = np.exp(work[q + 1] - top)
            rise = work[q + 1] - work[q]
            total += (after - here) / rise if abs(rise) > 1e-6 else 0.5 * (after + here)
            masses[q] = total
            here = after
        for m in range(uniforms.shape[1]):
            left = uniforms[i, m] * total
            a = low
            b = high - 1
            while a < b:
                middle = (a + b) // 2
                if masses[middle] < left:
                    a = middle + 1
                else:
                    b = middle
            before = masses[a - 1] if a > low else 0.0
            share = (left - before) / (masses[a] - before)
            rise = work[a + 1] - work[a]
            if abs(rise) > 1e-6:
                share = np.log1p(share * np.expm1(rise)) / rise
            out[m, i] = theta[a] + width * min(max(share, 0.0), 1.0)


@kernel
def item_terms(
    kind: int, slope: float, intercepts: Floats, n_steps: int, guess: float, category: int, theta: float, p: Floats
) -> tuple[float, float, float]:
    """One item at theta: derivative of the log-probability of `category`, Fisher information, and Warm's
    J = sum_k P'_k P''_k / P_k (Warm 1989, Psychometrika 54, eq. 15, for several categories)."""
    if kind == SCORE:
        top = 0.0
        for k in range(n_steps):
            top = max(top, slope * (k + 1) * theta + intercepts[k])
        total = np.exp(-top)
        p[0] = total
        for k in range(n_steps):
            p[k + 1] = np.exp(slope * (k + 1) * theta + intercepts[k] - top)
            total += p[k + 1]
        mean = 0.0
        for k in range(n_steps + 1):
            p[k] /= total
            mean += k * p[k]
        variance = 0.0
        third = 0.0
        for k in range(n_steps + 1):
            variance += p[k] * (k - mean) ** 2
            third += p[k] * (k - mean) ** 3
        return slope * (category - mean), slope * slope * variance, slope * slope * slope * third
    derivative = 0.0
    information = 0.0
    bias = 0.0
    upper = 1.0
    upper_1 = 0.0
    upper_2 = 0.0
    for k in range(n_steps + 1):
        lower = 0.0
        lower_1 = 0.0
        lower_2 = 0.0
        if k < n_steps:
            e = 1.0 / (1.0 + np.exp(-(slope * theta + intercepts[k])))
            lower = guess + (1.0 - guess) * e
            lower_1 = (1.0 - guess) * slope * e * (1.0 - e)
            lower_2 = lower_1 * slope * (1.0 - 2.0 * e)
        value = max(upper - lower, 1e-300)
        first = upper_1 - lower_1
        second = upper_2 - lower_2
        if k == category:
            derivative = first / value
        information += first * first / value
        bias += first * second / value
        upper = lower
        upper_1 = lower_1
        upper_2 = lower_2
    return derivative, information, bias


@kernel
def equation(
    row: Bytes,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    n_steps: Ints,
    guesses: Floats,
    theta: float,
    mean: float,
    precision: float,
    warm: bool,
    p: Floats,
) -> tuple[float, float]:
    """The estimating equation at theta (Warm's, or of the mode under a prior), and the information there."""
    value = -(theta - mean) * precision
    information = 0.0
    bias = 0.0
    for j in range(row.shape[0]):
        if row[j] != 255:
            a, b, c = item_terms(kinds[j], slopes[j], intercepts[j], n_steps[j], guesses[j], row[j], theta, p)
            value += a
            information += b
            bias += c
    if warm and information > 0.0:
        value += bias / (2.0 * information)
    return value, information + precision


@kernel
def solve_persons(
    categories: Bytes,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    n_steps: Ints,
    guesses: Floats,
    starts: Floats,
    means: Floats,
    precisions: Floats,
    warm: bool,
    bound: float,
) -> tuple[Floats, Floats, Bytes]:
    """The root of each person's equation nearest to the start, within +-bound; its error; 1 where the bound was met.

    From the start the bracket grows until the equation, which falls through a maximum, changes its sign; then regula
    falsi and bisection by turns.
    """
    n = categories.shape[0]
    estimates = np.empty(n)
    errors = np.full(n, np.nan)
    bounded = np.zeros(n, np.uint8)
    p = np.empty(intercepts.shape[1] + 1)
    for i in range(n):
        row = categories[i]
        low = max(min(starts[i], bound), -bound)
        high = low
        f_low, _ = equation(row, kinds, slopes, intercepts, n_steps, guesses, low, means[i], precisions[i], warm, p)
        f_high = f_low
        step = 0.25
        while f_low < 0.0 and low > -bound:
            high = low
            f_high = f_low
            low = max(low - step, -bound)
            step *= 2.0
            f_low, _ = equation(row, kinds, slopes, intercepts, n_steps, guesses, low, means[i], precisions[i], warm, p)
        while f_high > 0.0 and high < bound:
            low = high
            f_low = f_high
            high = min(high + step, bound)
            step *= 2.0
            f_high, _ = equation(
                row, kinds, slopes, intercepts, n_steps, guesses, high, means[i], precisions[i], warm, p
            )
        theta = low
        if f_low < 0.0:
            bounded[i] = 1
        elif f_high > 0.0:
            theta = high
            bounded[i] = 1
        else:
            for turn in range(200):
                if f_low == f_high:
                    break
                theta = (low * f_high - high * f_low) / (f_high - f_low)
                if turn % 3 == 2 or not low <= theta <= high:
                    theta = 0.5 * (low + high)
                value, _ = equation(
                    row, kinds, slopes, intercepts, n_steps, guesses, theta, means[i], precisions[i], warm, p
                )
                if value > 0.0:
                    low = theta
                    f_low = value
                else:
                    high = theta
                    f_high = value
                if abs(value) < 1e-11 or high - low < 1e-11:
                    break
        estimates[i] = theta
        _, information = equation(
            row, kinds, slopes, intercepts, n_steps, guesses, theta, means[i], precisions[i], warm, p
        )
        if information > 0.0:
            errors[i] = 1.0 / np.sqrt(information)
    return estimates, errors, bounded
