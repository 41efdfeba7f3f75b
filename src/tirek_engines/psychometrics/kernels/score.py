"""Compiled loops of the score-kernel family (Rasch, 2PL, PCM, GPCM).

In that family P(x = k | theta) is proportional to exp(a k theta + d_k) with d_0 = 0, so all answers of a person
enter the posterior through one weighted score s = sum_j a_j x_j and through which items were answered.
Every sum runs in one fixed order: the same input gives the same bits. All of it also runs as plain Python.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

NEGLIGIBLE = 1e-22
"""Posterior weights below this share of the highest one are left out: less than half a bit of the sum."""


ENOUGH = 1e-6
"""A Newton step below this leaves less than 1e-11: the distance to the maximum falls with its square."""


FEW_DESIGNS = 32
"""Below it the items of each design are added one by one: a table of 256 sums a byte would cost more."""


@kernel
def table_sums(packed: Bytes, table: Floats) -> Floats:
    """sum_b table[b, packed[i, b]] for every row: a weighted score by one look-up a byte."""
    sums = np.zeros(packed.shape[0])
    for i in range(packed.shape[0]):
        total = 0.0
        for b in range(packed.shape[1]):
            total += table[b, packed[i, b]]
        sums[i] = total
    return sums


@kernel
def byte_sums(packed: Bytes, amounts: Floats) -> Floats:
    """sums[b, v] = sum of `amounts` over the rows whose byte b holds v."""
    sums = np.zeros((packed.shape[1], 256))
    for i in range(packed.shape[0]):
        for b in range(packed.shape[1]):
            sums[b, packed[i, b]] += amounts[i]
    return sums


@kernel
def log_normalisers(slopes: Floats, intercepts: Floats, n_steps: Ints, theta: Floats) -> Floats:
    """log Z_j(theta_q), Z = sum_k exp(a k theta + d_k): shape (items, nodes)."""
    out = np.empty((slopes.shape[0], theta.shape[0]))
    for j in range(slopes.shape[0]):
        for q in range(theta.shape[0]):
            if n_steps[j] == 1:
                line = slopes[j] * theta[q] + intercepts[j, 0]
                out[j, q] = max(line, 0.0) + np.log1p(np.exp(-abs(line)))
                continue
            top = 0.0
            for k in range(n_steps[j]):
                top = max(top, slopes[j] * (k + 1) * theta[q] + intercepts[j, k])
            total = np.exp(-top)
            for k in range(n_steps[j]):
                total += np.exp(slopes[j] * (k + 1) * theta[q] + intercepts[j, k] - top)
            out[j, q] = top + np.log(total)
    return out


@kernel
def design_sums(masks: Bytes, values: Floats) -> Floats:
    """sum of values[j, :] over the items of each mask, by a table of 256 sums a byte where there are many: (designs, nodes)."""
    n_items, n_nodes = values.shape
    n_bytes = masks.shape[1]
    if masks.shape[0] < FEW_DESIGNS:
        few = np.zeros((masks.shape[0], n_nodes))
        for d in range(masks.shape[0]):
            for j in range(n_items):
                if masks[d, j // 8] >> (j % 8) & 1:
                    for q in range(n_nodes):
                        few[d, q] += values[j, q]
        return few
    tables = np.zeros((n_bytes, 256, n_nodes))
    for b in range(n_bytes):
        for bit in range(min(8, n_items - 8 * b)):
            for v in range(1 << bit):
                for q in range(n_nodes):
                    tables[b, v + (1 << bit), q] = tables[b, v, q] + values[8 * b + bit, q]
    sums = np.zeros((masks.shape[0], n_nodes))
    for d in range(masks.shape[0]):
        for b in range(n_bytes):
            for q in range(n_nodes):
                sums[d, q] += tables[b, masks[d, b], q]
    return sums


@kernel
def item_sums(masks: Bytes, amounts: Floats, n_items: int) -> Floats:
    """The reverse of `design_sums`: the amounts of all designs that hold item j, (items, nodes)."""
    n_nodes = amounts.shape[1]
    if masks.shape[0] < FEW_DESIGNS:
        few = np.zeros((n_items, n_nodes))
        for d in range(masks.shape[0]):
            for j in range(n_items):
                if masks[d, j // 8] >> (j % 8) & 1:
                    for q in range(n_nodes):
                        few[j, q] += amounts[d, q]
        return few
    tables = np.zeros((masks.shape[1], 256, n_nodes))
    for d in range(masks.shape[0]):
        for b in range(masks.shape[1]):
            for q in range(n_nodes):
                tables[b, masks[d, b], q] += amounts[d, q]
    sums = np.zeros((n_items, n_nodes))
    for j in range(n_items):
        for v in range(256):
            if v >> (j % 8) & 1:
                for q in range(n_nodes):
                    sums[j, q] += tables[j // 8, v, q]
    return sums


@kernel
def unit_posterior(
    score: float, width: float, ratios: Floats, falls: Floats, mode: int, post: Floats
) -> tuple[int, int, int, float, float, float]:
    """Posterior weights of one unit below their maximum, into `post` from the first to the last that counts.

    `ratios` holds exp(base[q + 1] - base[q]), `falls` the reverse. The log posterior score theta_q + base[q] is log-concave in q, so the
    unit walks from its highest node outwards with two multiplications a node (exp(score theta_q) is a geometric
    progression), until what is left is negligible. Nothing can overflow and nothing that counts can underflow. Returns mode,
    first, last, sum, mean and variance in nodes from the mode; `mode` is where to look first.
    """
    n_nodes = post.shape[0]
    growth = np.exp(score * width)
    shrink = 1.0 / growth
    while mode > 0 and growth * ratios[mode - 1] < 1.0:
        mode -= 1
    while mode < n_nodes - 1 and growth * ratios[mode] > 1.0:
        mode += 1
    total = 1.0
    first = 0.0
    second = 0.0
    post[mode] = 1.0
    low = mode
    value = 1.0
    while low > 0:
        value *= shrink * falls[low - 1]
        if value < NEGLIGIBLE:
            break
        low -= 1
        post[low] = value
        total += value
        first += value * (low - mode)
        second += value * (low - mode) * (low - mode)
    high = mode
    value = 1.0
    while high < n_nodes - 1:
        value *= growth * ratios[high]
        if value < NEGLIGIBLE:
            break
        high += 1
        post[high] = value
        total += value
        first += value * (high - mode)
        second += value * (high - mode) * (high - mode)
    mean = first / total
    return mode, low, high, total, mean, second / total - mean * mean


@kernel
def posterior_pass(
    scores: Floats, weights: Floats, run_starts: Ints, bases: Floats, theta: Floats
) -> tuple[float, Floats, Floats, Floats]:
    """The E-step: posterior of every unit on an equally spaced grid; see `unit_posterior`.

    Units are sorted by run (same group, same items answered). Within a run the log posterior is
    s theta_q + bases[run, q] up to a constant.

    Returns
    -------
    loglik : float
        Weighted sum of log sum_q exp(s theta_q + bases[run, q]).
    node_counts : ndarray, shape (runs, nodes)
        Weighted expected number of persons at each node.
    means, variances : ndarray, shape (units,)
        Posterior moments of theta.
    """
    n_nodes = theta.shape[0]
    n_runs = bases.shape[0]
    width = theta[1] - theta[0]
    node_counts = np.zeros((n_runs, n_nodes))
    means = np.empty(scores.shape[0])
    variances = np.empty(scores.shape[0])
    ratios = np.empty(n_nodes)
    falls = np.empty(n_nodes)
    post = np.zeros(n_nodes)
    loglik = 0.0
    for run in range(n_runs):
        for q in range(n_nodes - 1):
            ratios[q] = np.exp(bases[run, q + 1] - bases[run, q])
            falls[q] = np.exp(bases[run, q] - bases[run, q + 1])
        mode = n_nodes // 2
        for u in range(run_starts[run], run_starts[run + 1]):
            mode, low, high, total, mean, variance = unit_posterior(scores[u], width, ratios, falls, mode, post)
            means[u] = theta[mode] + width * mean
            variances[u] = width * width * variance
            weight = weights[u]
            if weight != 0.0:
                loglik += weight * (np.log(total) + scores[u] * theta[mode] + bases[run, mode])
                share = weight / total
                for q in range(low, high + 1):
                    node_counts[run, q] += share * post[q]
    return loglik, node_counts, means, variances


@kernel
def item_moments(
    slope: float, intercepts: Floats, n_steps: int, theta: float, probabilities: Floats
) -> tuple[float, float, float]:
    """Mean, variance and third central moment of one item's category; fills `probabilities` of steps 1..n."""
    if n_steps == 1:
        share = 1.0 / (1.0 + np.exp(-(slope * theta + intercepts[0])))
        probabilities[0] = share
        spread = share * (1.0 - share)
        return share, spread, spread * (1.0 - 2.0 * share)
    top = 0.0
    for k in range(n_steps):
        top = max(top, slope * (k + 1) * theta + intercepts[k])
    total = np.exp(-top)
    for k in range(n_steps):
        probabilities[k] = np.exp(slope * (k + 1) * theta + intercepts[k] - top)
        total += probabilities[k]
    mean = 0.0
    for k in range(n_steps):
        probabilities[k] /= total
        mean += (k + 1) * probabilities[k]
    rest = np.exp(-top) / total
    variance = rest * mean * mean
    third = -rest * mean * mean * mean
    for k in range(n_steps):
        away = k + 1 - mean
        variance += probabilities[k] * away * away
        third += probabilities[k] * away * away * away
    return mean, variance, third


@kernel
def item_gradient(
    slopes: Floats,
    intercepts: Floats,
    n_steps: Ints,
    theta: Floats,
    node_counts: Floats,
    step_counts: Floats,
    moments: Floats,
) -> tuple[Floats, Floats]:
    """Derivative of the log-likelihood by slopes and intercepts (by Fisher's identity, at the E-step's point)."""
    by_slope = moments.copy()
    by_step = step_counts.copy()
    p = np.empty(intercepts.shape[1])
    for j in range(slopes.shape[0]):
        for q in range(theta.shape[0]):
            n = node_counts[j, q]
            if n > 0.0:
                mean, _, _ = item_moments(slopes[j], intercepts[j], n_steps[j], theta[q], p)
                by_slope[j] -= n * theta[q] * mean
                for k in range(n_steps[j]):
                    by_step[j, k] -= n * p[k]
    return by_slope, by_step


@kernel
def slope_gradient(
    slope: float, intercepts: Floats, steps: int, theta: Floats, counts: Floats, moment: float, p: Floats
) -> float:
    """Derivative of one item's expected log-likelihood by its slope."""
    total = moment
    for q in range(theta.shape[0]):
        if counts[q] > 0.0:
            mean, _, _ = item_moments(slope, intercepts, steps, theta[q], p)
            total -= counts[q] * theta[q] * mean
    return total


@kernel
def solve_positive(matrix: Floats, right: Floats) -> Floats:
    """Solve matrix x = right for a small positive definite matrix, by Cholesky; both are overwritten."""
    n = right.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = np.sqrt(max(total, 1e-300)) if i == j else total / matrix[j, j]
        for k in range(i):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            right[i] -= matrix[k, i] * right[k]
        right[i] /= matrix[i, i]
    return right


@kernel
def maximise_items(
    slopes: Floats,
    intercepts: Floats,
    n_steps: Ints,
    theta: Floats,
    node_counts: Floats,
    step_counts: Floats,
    moments: Floats,
    free_slopes: NDArray[np.bool_],
    fixed: NDArray[np.bool_],
    steepest: float,
    newton_steps: int,
) -> tuple[Floats, Floats]:
    """The M-step: Newton on each item's expected complete-data log-likelihood, which is concave.

    Slopes stay within +-steepest; one that would leave is held there while the rest is maximised.
    """
    new_slopes = slopes.copy()
    new_intercepts = intercepts.copy()
    p = np.empty(intercepts.shape[1])
    for j in range(slopes.shape[0]):
        if fixed[j]:
            continue
        if free_slopes[j]:
            new_slopes[j] = min(max(new_slopes[j], -steepest), steepest)
        for _ in range(newton_steps):
            free_slope = free_slopes[j] and not (
                abs(new_slopes[j]) >= steepest
                and new_slopes[j]
                * slope_gradient(new_slopes[j], new_intercepts[j], n_steps[j], theta, node_counts[j], moments[j], p)
                > 0.0
            )
            first = 1 if free_slope else 0
            size = n_steps[j] + first
            gradient = np.zeros(size)
            information = np.zeros((size, size))
            if free_slope:
                gradient[0] = moments[j]
            for k in range(n_steps[j]):
                gradient[first + k] = step_counts[j, k]
            for q in range(theta.shape[0]):
                n = node_counts[j, q]
                if n <= 0.0:
                    continue
                mean, variance, _ = item_moments(new_slopes[j], new_intercepts[j], n_steps[j], theta[q], p)
                if free_slope:
                    gradient[0] -= n * theta[q] * mean
                    information[0, 0] += n * theta[q] * theta[q] * variance
                for k in range(n_steps[j]):
                    gradient[first + k] -= n * p[k]
                    information[first + k, first + k] += n * p[k]
                    for m in range(n_steps[j]):
                        information[first + k, first + m] -= n * p[k] * p[m]
                    if free_slope:
                        cross = n * theta[q] * p[k] * (k + 1 - mean)
                        information[0, first + k] += cross
                        information[first + k, 0] += cross
            for k in range(size):
                information[k, k] += 1e-12 * information[k, k] + 1e-300
            change = solve_positive(information, gradient)
            largest = 0.0
            for k in range(size):
                largest = max(largest, abs(change[k]))
            damp = 1.0 if largest <= 1.0 else 1.0 / largest
            if free_slope:
                new_slopes[j] = min(max(new_slopes[j] + damp * change[0], -steepest), steepest)
            for k in range(n_steps[j]):
                new_intercepts[j, k] += damp * change[first + k]
            if largest < ENOUGH:
                break
    return new_slopes, new_intercepts
