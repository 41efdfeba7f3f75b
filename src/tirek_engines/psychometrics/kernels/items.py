"""Compiled response functions of all models with their derivatives, and the M-step by Fisher scoring.

The parameters of an item stand in the order a, d_1 … d_K, logit c (the last only under 3PL).
Kinds: 0 score family (Rasch, 2PL, PCM, GPCM), 1 3PL, 2 graded; see `items.Items` for the formulas.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BRANCH = 30.0
HALVINGS = 12


@kernel
def log_logistic(z: float) -> float:
    """log 1/(1 + exp(-z)), without overflow."""
    return float(-np.log1p(np.exp(-z))) if z > -BRANCH else float(z - np.log1p(np.exp(z)))


@kernel
def logistic(z: float) -> float:
    """1/(1 + exp(-z)), without overflow."""
    if z >= 0.0:
        return float(1.0 / (1.0 + np.exp(-z)))
    power = np.exp(z)
    return float(power / (1.0 + power))


@kernel
def log_curve(kind: int, a: float, d: Floats, logit_c: float, steps: int, theta: float, out: Floats) -> None:
    """log P(x = k | theta), k = 0 … steps, into `out`; NaN where graded thresholds are out of order."""
    if kind == 0:
        top = 0.0
        out[0] = 0.0
        for k in range(steps):
            out[k + 1] = a * (k + 1) * theta + d[k]
            top = max(top, out[k + 1])
        total = 0.0
        for k in range(steps + 1):
            total += np.exp(out[k] - top)
        for k in range(steps + 1):
            out[k] -= top + np.log(total)
    elif kind == 1:
        z = a * theta + d[0]
        c = logistic(logit_c)
        out[0] = log_logistic(-logit_c) + log_logistic(-z)
        out[1] = np.log(c + (1.0 - c) * logistic(z))
    else:
        out[0] = log_logistic(-(a * theta + d[0]))
        for k in range(1, steps):
            gap = d[k - 1] - d[k]
            both = log_logistic(a * theta + d[k - 1]) + log_logistic(-(a * theta + d[k]))
            out[k] = both + np.log(-np.expm1(-gap)) if gap > 0.0 else np.nan
        out[steps] = log_logistic(a * theta + d[steps - 1])


@kernel
def slopes_of_logs(
    kind: int, a: float, d: Floats, logit_c: float, steps: int, theta: float, p: Floats, out: Floats
) -> None:
    """Derivatives of log P(x = k | theta) into `out` (categories, parameters), from the probabilities `p`."""
    out[:] = 0.0
    if kind == 0:
        mean = 0.0
        for k in range(1, steps + 1):
            mean += k * p[k]
        for k in range(steps + 1):
            out[k, 0] = theta * (k - mean)
            for m in range(1, steps + 1):
                out[k, m] = -p[m]
            if k > 0:
                out[k, k] += 1.0
    elif kind == 1:
        c = logistic(logit_c)
        s = logistic(a * theta + d[0])
        rising = (1.0 - c) * s * (1.0 - s) / p[1]
        out[0, 0] = -s * theta
        out[0, 1] = -s
        out[0, 2] = -c
        out[1, 0] = rising * theta
        out[1, 1] = rising
        out[1, 2] = c * (1.0 - c) * (1.0 - s) / p[1]
    else:
        for k in range(steps + 1):
            if k > 0:
                x = a * theta + d[k - 1]
                upper = logistic(-x)
                if k < steps:
                    y = a * theta + d[k]
                    upper = np.exp(log_logistic(-x) - log_logistic(-y)) / -np.expm1(y - x)
                out[k, k] += upper
                out[k, 0] += upper * theta
            if k < steps:
                y = a * theta + d[k]
                lower = logistic(y)
                if k > 0:
                    x = a * theta + d[k - 1]
                    lower = np.exp(log_logistic(y) - log_logistic(x)) / -np.expm1(y - x)
                out[k, k + 1] -= lower
                out[k, 0] -= lower * theta


@kernel
def log_curves(
    kinds: Ints, slopes: Floats, intercepts: Floats, guessing: Floats, n_steps: Ints, theta: Floats
) -> Floats:
    """log P(x_j = k | theta_q), shape (items, max_steps + 1, nodes); 0 beyond an item's last category."""
    n_items, most = intercepts.shape
    out = np.zeros((n_items, most + 1, theta.shape[0]))
    line = np.empty(most + 1)
    for j in range(n_items):
        logit_c = guessing[j] if guessing.shape[0] else 0.0
        for q in range(theta.shape[0]):
            log_curve(kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta[q], line)
            for k in range(n_steps[j] + 1):
                out[j, k, q] = line[k]
    return out


@kernel
def derivatives(
    kinds: Ints, slopes: Floats, intercepts: Floats, guessing: Floats, n_steps: Ints, theta: Floats
) -> Floats:
    """Derivatives of log P, shape (items, max_steps + 1, max_steps + 2, nodes): by a, d_1 … d_K, logit c."""
    n_items, most = intercepts.shape
    out = np.zeros((n_items, most + 1, most + 2, theta.shape[0]))
    p = np.empty(most + 1)
    part = np.zeros((most + 1, most + 2))
    for j in range(n_items):
        logit_c = guessing[j] if guessing.shape[0] else 0.0
        for q in range(theta.shape[0]):
            log_curve(kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta[q], p)
            for k in range(n_steps[j] + 1):
                p[k] = np.exp(p[k])
            slopes_of_logs(kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta[q], p, part)
            for k in range(n_steps[j] + 1):
                for m in range(most + 2):
                    out[j, k, m, q] = part[k, m]
    return out


@kernel
def expected_objective(
    kind: int,
    a: float,
    d: Floats,
    logit_c: float,
    steps: int,
    theta: Floats,
    counts: Floats,
    prior_mean: float,
    prior_sd: float,
    line: Floats,
) -> float:
    """Expected complete-data log-likelihood of one item, with the prior on logit c under 3PL."""
    if kind == 2:
        for k in range(1, steps):
            if not d[k - 1] > d[k]:
                return -np.inf
    total = 0.0
    for q in range(theta.shape[0]):
        log_curve(kind, a, d, logit_c, steps, theta[q], line)
        for k in range(steps + 1):
            if counts[k, q] > 0.0:
                total += counts[k, q] * line[k]
    if kind == 1:
        away = (logit_c - prior_mean) / prior_sd
        total -= 0.5 * away * away
    return total


@kernel
def item_score(
    kind: int,
    a: float,
    d: Floats,
    logit_c: float,
    steps: int,
    theta: Floats,
    counts: Floats,
    prior_mean: float,
    prior_sd: float,
    gradient: Floats,
    information: Floats,
    p: Floats,
    part: Floats,
) -> float:
    """Fill gradient and Fisher information of `expected_objective`; returns the objective."""
    size = steps + 1 + (1 if kind == 1 else 0)
    gradient[:] = 0.0
    information[:] = 0.0
    total = 0.0
    for q in range(theta.shape[0]):
        n = 0.0
        for k in range(steps + 1):
            n += counts[k, q]
        if n <= 0.0:
            continue
        log_curve(kind, a, d, logit_c, steps, theta[q], p)
        for k in range(steps + 1):
            if counts[k, q] > 0.0:
                total += counts[k, q] * p[k]
            p[k] = np.exp(p[k])
        slopes_of_logs(kind, a, d, logit_c, steps, theta[q], p, part)
        for k in range(steps + 1):
            for m in range(size):
                gradient[m] += counts[k, q] * part[k, m]
                for other in range(m + 1):
                    information[m, other] += n * p[k] * part[k, m] * part[k, other]
    if kind == 1:
        away = (logit_c - prior_mean) / prior_sd
        total -= 0.5 * away * away
        gradient[2] -= away / prior_sd
        information[2, 2] += 1.0 / (prior_sd * prior_sd)
    for m in range(size):
        for other in range(m):
            information[other, m] = information[m, other]
    return total


@kernel
def item_gradients(
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    theta: Floats,
    counts: Floats,
    prior_mean: float,
    prior_sd: float,
) -> Floats:
    """Derivative of the log-posterior by each item's parameters, shape (items, max_steps + 2)."""
    n_items, most = intercepts.shape
    out = np.zeros((n_items, most + 2))
    information = np.zeros((most + 2, most + 2))
    p = np.empty(most + 1)
    part = np.zeros((most + 1, most + 2))
    for j in range(n_items):
        logit_c = guessing[j] if guessing.shape[0] else 0.0
        item_score(
            kinds[j],
            slopes[j],
            intercepts[j],
            logit_c,
            n_steps[j],
            theta,
            counts[j],
            prior_mean,
            prior_sd,
            out[j],
            information,
            p,
            part,
        )
    return out


@kernel
def climb(
    kind: int,
    a: float,
    d: Floats,
    logit_c: float,
    steps: int,
    change: Floats,
    before: float,
    theta: Floats,
    counts: Floats,
    prior_mean: float,
    prior_sd: float,
    steepest: float,
    p: Floats,
) -> tuple[bool, float, float]:
    """Move an item by `change`, halved until the objective does not fall; `d` in place, the slope and logit c returned."""
    largest = np.abs(change).max()
    damp = 1.0 if largest <= 1.0 else 1.0 / largest
    if change[0] != 0.0 and abs(a + damp * change[0]) > steepest:
        damp *= (steepest - abs(a)) / abs(damp * change[0])
    trial = np.empty(d.shape[0])
    for _halving in range(HALVINGS):
        for k in range(steps):
            trial[k] = d[k] + damp * change[1 + k]
        new_a = a + damp * change[0]
        new_c = logit_c + damp * change[2] if kind == 1 else 0.0
        after = expected_objective(kind, new_a, trial, new_c, steps, theta, counts, prior_mean, prior_sd, p)
        if after >= before - 1e-11 * abs(before):
            for k in range(steps):
                d[k] = trial[k]
            if change[0] != 0.0:
                a = min(max(new_a, -steepest), steepest)
            return True, a, new_c
        damp *= 0.5
    return False, a, logit_c


@kernel
def maximise_any(
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    theta: Floats,
    counts: Floats,
    free_slopes: Bools,
    fixed: Bools,
    prior_mean: float,
    prior_sd: float,
    steepest: float,
    rounds: int,
) -> tuple[Floats, Floats, Floats]:
    """The M-step: Fisher scoring item by item; a step that does not raise the objective is halved.

    Graded thresholds stay in order, because a step that would cross them is halved too. Slopes stay within +-steepest;
    one that would leave is held there while the rest is maximised.
    """
    n_items, most = intercepts.shape
    a, d, g = slopes.copy(), intercepts.copy(), guessing.copy()
    gradient = np.zeros(most + 2)
    information = np.zeros((most + 2, most + 2))
    p = np.empty(most + 1)
    part = np.zeros((most + 1, most + 2))
    for j in range(n_items):
        if fixed[j]:
            continue
        kind, steps, own = kinds[j], n_steps[j], counts[j]
        size = steps + 1 + (1 if kind == 1 else 0)
        if free_slopes[j]:
            a[j] = min(max(a[j], -steepest), steepest)
        logit_c = g[j] if kind == 1 else 0.0
        for _ in range(rounds):
            before = item_score(
                kind, a[j], d[j], logit_c, steps, theta, own, prior_mean, prior_sd, gradient, information, p, part
            )
            for m in range(size):
                information[m, m] += 1e-10 * information[m, m] + 1e-300
            held = abs(a[j]) >= steepest and a[j] * gradient[0] > 0.0
            first = 0 if free_slopes[j] and not held else 1
            change = np.zeros(size)
            change[first:] = np.linalg.solve(
                np.ascontiguousarray(information[first:size, first:size]), gradient[first:size].copy()
            )
            moved, a[j], logit_c = climb(
                kind, a[j], d[j], logit_c, steps, change, before, theta, own, prior_mean, prior_sd, steepest, p
            )
            if np.abs(change).max() < 1e-9 or not moved:
                break
        if kind == 1:
            g[j] = logit_c
    return a, d, g
