"""Compiled loops of item and person fit: residuals at known places, expected tables by raw score, misplaced answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.items import log_curve
from tirek_engines.psychometrics.kernels.roots import theta_terms

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

ABSENT = 255
SMALLEST_VARIANCE = 1e-12


@kernel
def curve_moments(p: Floats, steps: int) -> tuple[float, float, float]:
    """Mean, variance and fourth central moment of a category from its probabilities."""
    mean = 0.0
    for k in range(1, steps + 1):
        mean += k * p[k]
    variance = 0.0
    fourth = 0.0
    for k in range(steps + 1):
        away = (k - mean) * (k - mean)
        variance += away * p[k]
        fourth += away * away * p[k]
    return mean, max(variance, SMALLEST_VARIANCE), fourth


@kernel
def residual_sums(
    codes: Bytes,
    theta: Floats,
    weights: Floats,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    pairs: bool,
) -> tuple[Floats, Floats]:
    """Sums over persons of what fit and dependence need, at one place a person; NaN places are left out.

    Returns sums by item (weight, z^2, r^2, V, fourth/V^2, fourth - V^2) and sums by pair i < j of items that a person
    both answered (weight, r_i, r_j, r_i^2, r_j^2, r_i r_j), r the residual and V the variance of an answer.
    """
    n_items = codes.shape[1]
    sums = np.zeros((n_items, 6))
    together = np.zeros((n_items if pairs else 0, n_items, 6))
    p = np.empty(intercepts.shape[1] + 1)
    line = np.empty(n_items)
    places = np.empty(n_items, np.int64)
    for i in range(codes.shape[0]):
        w = weights[i]
        if np.isnan(theta[i]) or w <= 0.0:
            continue
        n = 0
        for j in range(n_items):
            if codes[i, j] == ABSENT:
                continue
            logit_c = guessing[j] if guessing.shape[0] else 0.0
            log_curve(kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta[i], p)
            for k in range(n_steps[j] + 1):
                p[k] = np.exp(p[k])
            mean, variance, fourth = curve_moments(p, n_steps[j])
            r = codes[i, j] - mean
            sums[j, 0] += w
            sums[j, 1] += w * r * r / variance
            sums[j, 2] += w * r * r
            sums[j, 3] += w * variance
            sums[j, 4] += w * fourth / (variance * variance)
            sums[j, 5] += w * (fourth - variance * variance)
            line[n] = r
            places[n] = j
            n += 1
        if pairs:
            for first in range(n):
                x = line[first]
                for second in range(first + 1, n):
                    y = line[second]
                    cell = together[places[first], places[second]]
                    cell[0] += w
                    cell[1] += w * x
                    cell[2] += w * y
                    cell[3] += w * x * x
                    cell[4] += w * y * y
                    cell[5] += w * x * y
    return sums, together


@kernel
def score_tables(codes: Bytes, group_of: Ints, columns: Ints, n_groups: int, n_scores: int, most: int) -> Ints:
    """How many persons of each group have raw score s and category k of each item: (items, groups, scores, most + 1)."""
    found = np.zeros((columns.shape[0], n_groups, n_scores, most + 1), np.int64)
    for i in range(codes.shape[0]):
        score = 0
        for j in range(columns.shape[0]):
            score += codes[i, columns[j]]
        for j in range(columns.shape[0]):
            found[j, group_of[i], score, codes[i, columns[j]]] += 1
    return found


@kernel
def joint_scores(probabilities: Floats, n_steps: Ints, prior: Floats) -> Floats:
    """P(raw score = s, item = k) under a prior on the nodes, shape (items, scores, categories).

    Lord and Wingersky's recursion (1984, Appl. Psychol. Meas. 8) over all items but one, for each item in turn.
    """
    n_items, n_categories, n_nodes = probabilities.shape
    full = 0
    for j in range(n_items):
        full += n_steps[j]
    found = np.zeros((n_items, full + 1, n_categories))
    rest = np.zeros((full + 1, n_nodes))
    for left_out in range(n_items):
        rest[:] = 0.0
        for q in range(n_nodes):
            rest[0, q] = prior[q]
        reached = 0
        for j in range(n_items):
            if j == left_out:
                continue
            for s in range(reached + n_steps[j], -1, -1):
                for q in range(n_nodes):
                    total = 0.0
                    for k in range(max(0, s - reached), min(n_steps[j], s) + 1):
                        total += probabilities[j, k, q] * rest[s - k, q]
                    rest[s, q] = total
            reached += n_steps[j]
        for s in range(reached + 1):
            for k in range(n_steps[left_out] + 1):
                total = 0.0
                for q in range(n_nodes):
                    total += rest[s, q] * probabilities[left_out, k, q]
                found[left_out, s + k, k] = total
    return found


@kernel
def unexplained_variance(line: Bytes, n_steps: Ints, logs: Floats, rises: Floats, c: float) -> float:
    """Variance of the sum over answers of log P_k - c d log P_k / d theta."""
    total = 0.0
    for j in range(line.shape[0]):
        if line[j] == ABSENT:
            continue
        mean = 0.0
        second = 0.0
        for k in range(n_steps[j] + 1):
            w = logs[j, k] - c * rises[j, k]
            p_k = np.exp(logs[j, k])
            mean += p_k * w
            second += p_k * w * w
        total += second - mean * mean
    return total


@kernel
def person_statistics(
    line: Bytes, n: int, sums: Floats, n_steps: Ints, logs: Floats, rises: Floats, warm: bool, out: Floats
) -> None:
    """The five numbers of one person from the sums over answers, into `out`."""
    out[4] = n
    if n == 0:
        return
    out[2] = sums[4] / sums[5]
    out[3] = sums[6] / n
    if sums[1] > SMALLEST_VARIANCE:
        out[0] = sums[0] / np.sqrt(sums[1])
    if sums[2] <= SMALLEST_VARIANCE:
        return
    c = sums[7] / sums[2]
    variance = unexplained_variance(line, n_steps, logs, rises, c)
    if variance > SMALLEST_VARIANCE:
        start = sums[3] / (2.0 * sums[2]) if warm else 0.0
        out[1] = (sums[0] + c * start) / np.sqrt(variance)


@kernel
def person_sums(
    codes: Bytes,
    theta: Floats,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    warm: bool,
) -> Floats:
    """Person fit at one place a person, shape (persons, 5): lz, lz*, infit, outfit, number of answers.

    lz (Drasgow, Levine & Williams 1985) takes the place for the true one. lz* (Snijders 2001, Psychometrika 66, eq. 8-11;
    Sinharay 2016, Psychometrika 81, eq. 12-15 for several categories) subtracts from log P_k the part that the estimate
    has used up, c d log P_k / d theta, and adds c r0 with r0 = J / (2 I) of Warm's estimate (0 if not `warm`).
    """
    n_items = codes.shape[1]
    most = intercepts.shape[1]
    found = np.full((codes.shape[0], 5), np.nan)
    p = np.empty(most + 1)
    logs = np.empty((n_items, most + 1))
    rises = np.empty((n_items, most + 1))
    for i in range(codes.shape[0]):
        sums = np.zeros(8)
        n = 0
        for j in range(n_items):
            if codes[i, j] == ABSENT or np.isnan(theta[i]):
                continue
            n += 1
            logit_c = guessing[j] if guessing.shape[0] else 0.0
            information, skewness = theta_terms(
                kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta[i], p, rises[j]
            )
            mean, variance, _ = curve_moments(p, n_steps[j])
            r = codes[i, j] - mean
            expected = 0.0
            second = 0.0
            for k in range(n_steps[j] + 1):
                logs[j, k] = np.log(max(p[k], 1e-300))
                expected += p[k] * logs[j, k]
                second += p[k] * logs[j, k] * logs[j, k]
                sums[7] += p[k] * rises[j, k] * logs[j, k]
            sums[0] += logs[j, codes[i, j]] - expected
            sums[1] += second - expected * expected
            sums[2] += information
            sums[3] += skewness
            sums[4] += r * r
            sums[5] += variance
            sums[6] += r * r / variance
        person_statistics(codes[i], n, sums, n_steps, logs, rises, warm, found[i])
    return found


@kernel
def misplaced(codes: Bytes, item_of: Ints, step_of: Ints) -> tuple[Ints, Floats]:
    """Guttman errors of each person, and their share of the most that so many steps passed allow.

    `item_of`, `step_of`: all steps of all items from the easiest to the hardest; an error is a step passed while an
    easier one was failed (Emons 2008, Appl. Psychol. Meas. 32).
    """
    errors = np.zeros(codes.shape[0], np.int64)
    share = np.full(codes.shape[0], np.nan)
    for i in range(codes.shape[0]):
        failed = 0
        passed = 0
        for m in range(item_of.shape[0]):
            code = codes[i, item_of[m]]
            if code == ABSENT:
                continue
            if code >= step_of[m]:
                passed += 1
                errors[i] += failed
            else:
                failed += 1
        if passed > 0 and failed > 0:
            share[i] = errors[i] / (passed * failed)
    return errors, share
