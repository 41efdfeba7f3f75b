"""Compiled parts of the search for a person's place on the scale: the equation, its tables, its crossing.

See `_location_kernels` for what is solved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.items import log_curve, logistic
from tirek_engines.psychometrics.kernels.warm import cubic

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

FINER = 10
"""Cells of the table from which the places of many persons are interpolated, in a cell of the coarse grid."""


@kernel
def theta_terms(
    kind: int, a: float, d: Floats, logit_c: float, steps: int, theta: float, p: Floats, rise: Floats
) -> tuple[float, float]:
    """Information I and Warm's J of one item; fills `rise` with d log P_k / d theta. `p` is working space."""
    log_curve(kind, a, d, logit_c, steps, theta, p)
    for k in range(steps + 1):
        p[k] = np.exp(p[k])
    information = 0.0
    skewness = 0.0
    if kind == 0:
        mean = 0.0
        for k in range(1, steps + 1):
            mean += k * p[k]
        for k in range(steps + 1):
            rise[k] = a * (k - mean)
            information += p[k] * rise[k] * rise[k]
            skewness += p[k] * rise[k] * rise[k] * rise[k]
        return information, skewness
    if kind == 1:
        c = logistic(logit_c)
        s = logistic(a * theta + d[0])
        first = (1.0 - c) * a * s * (1.0 - s)
        second = first * a * (1.0 - 2.0 * s)
        rise[0] = -a * s
        rise[1] = first / p[1]
        information = first * first / p[1] - first * rise[0]
        skewness = first * second / p[1] - second * rise[0]
        return information, skewness
    above = 0.0
    above_second = 0.0
    for k in range(steps, -1, -1):
        s = logistic(a * theta + d[k - 1]) if k > 0 else 1.0
        at = a * s * (1.0 - s)
        at_second = a * at * (1.0 - 2.0 * s)
        first = at - above
        second = at_second - above_second
        rise[k] = a * (1.0 - s - (logistic(a * theta + d[k]) if k < steps else 0.0))
        information += first * rise[k]
        skewness += second * rise[k]
        above = at
        above_second = at_second
    return information, skewness


@kernel
def theta_tables(
    kinds: Ints, slopes: Floats, intercepts: Floats, guessing: Floats, n_steps: Ints, nodes: Floats
) -> tuple[Floats, Floats, Floats]:
    """d log P_k / d theta (items, categories, nodes), I and J (items, nodes)."""
    n_items, most = intercepts.shape
    rises = np.zeros((n_items, most + 1, nodes.shape[0]))
    information = np.zeros((n_items, nodes.shape[0]))
    skewness = np.zeros((n_items, nodes.shape[0]))
    p = np.empty(most + 1)
    rise = np.empty(most + 1)
    for j in range(n_items):
        logit_c = guessing[j] if guessing.shape[0] else 0.0
        for q in range(nodes.shape[0]):
            information[j, q], skewness[j, q] = theta_terms(
                kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], nodes[q], p, rise
            )
            for k in range(n_steps[j] + 1):
                rises[j, k, q] = rise[k]
    return rises, information, skewness


@kernel
def equation(
    theta: float,
    values: Ints,
    answered: Ints,
    n_answered: int,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    warm: bool,
    mean: float,
    sd: float,
    p: Floats,
    rise: Floats,
) -> tuple[float, float]:
    """What must be zero, and the information, exactly."""
    total = 0.0
    information = 0.0
    skewness = 0.0
    for i in range(n_answered):
        j = answered[i]
        logit_c = guessing[j] if guessing.shape[0] else 0.0
        one, three = theta_terms(kinds[j], slopes[j], intercepts[j], logit_c, n_steps[j], theta, p, rise)
        total += rise[values[i]]
        information += one
        skewness += three
    if not warm:
        return total + (mean - theta) / (sd * sd), information
    if information > 0.0:
        total += skewness / (2.0 * information)
    return total, information


@kernel
def exact_root(
    low: float,
    high: float,
    f_low: float,
    f_high: float,
    values: Ints,
    answered: Ints,
    n_answered: int,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    warm: bool,
    mean: float,
    sd: float,
    p: Floats,
    rise: Floats,
) -> float:
    """The crossing between low and high by regula falsi and bisection."""
    theta = 0.5 * (low + high)
    for step in range(100):
        theta = (low * f_high - high * f_low) / (f_high - f_low)
        if step % 3 == 2:
            theta = 0.5 * (low + high)
        value, _ = equation(
            theta,
            values,
            answered,
            n_answered,
            kinds,
            slopes,
            intercepts,
            guessing,
            n_steps,
            warm,
            mean,
            sd,
            p,
            rise,
        )
        if value > 0.0:
            low = theta
            f_low = value
        else:
            high = theta
            f_high = value
        if abs(value) < 1e-11 or high - low < 1e-11:
            break
    return theta


@kernel
def exact_curvature(
    theta: float,
    values: Ints,
    answered: Ints,
    n_answered: int,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    warm: bool,
    mean: float,
    sd: float,
    p: Floats,
    rise: Floats,
) -> float:
    """Information (WLE), or minus the slope of the equation (MAP)."""
    below = 0.0
    for side in range(-1, 2, 2):
        value, info = equation(
            theta if warm else theta + side * 1e-4,
            values,
            answered,
            n_answered,
            kinds,
            slopes,
            intercepts,
            guessing,
            n_steps,
            warm,
            mean,
            sd,
            p,
            rise,
        )
        if warm:
            return info
        if side < 0:
            below = value
    return (below - value) / 2e-4


@kernel
def interpolated_root(
    left: int,
    nodes: Floats,
    values: Ints,
    answered: Ints,
    n_answered: int,
    rises: Floats,
    infos: Floats,
    skews: Floats,
    warm: bool,
    mean: float,
    precision: float,
    line: Floats,
    known: Floats,
) -> tuple[float, float]:
    """The crossing in a coarse cell and the curvature there, from the fine tables; NaN where they do not reach."""
    first = FINER * left - 1
    if first < 0 or first + FINER + 3 > nodes.shape[0]:
        return np.nan, np.nan
    for m in range(FINER + 3):
        line[m] = (mean - nodes[first + m]) * precision
        known[m] = 0.0
    if warm:
        for m in range(FINER + 3):
            skew = 0.0
            for i in range(n_answered):
                known[m] += infos[answered[i], first + m]
                skew += skews[answered[i], first + m]
            if known[m] > 0.0:
                line[m] += skew / (2.0 * known[m])
    for i in range(n_answered):
        for m in range(FINER + 3):
            line[m] += rises[answered[i], values[i], first + m]
    cell = 0
    for m in range(1, FINER + 1):
        if line[m] > 0.0 >= line[m + 1]:
            cell = m
            break
    if cell == 0:
        return np.nan, np.nan
    low = 0.0
    high = 1.0
    x = line[cell] / (line[cell] - line[cell + 1])
    for _ in range(60):
        value = cubic(line, cell, x)
        if value > 0.0:
            low = x
        else:
            high = x
        if abs(value) < 1e-12 or high - low < 1e-12:
            break
        x += value / (line[cell] - line[cell + 1])
        if not low <= x <= high:
            x = 0.5 * (low + high)
    width = nodes[1] - nodes[0]
    theta = nodes[first + cell] + width * x
    if warm:
        return theta, cubic(known, cell, x)
    return theta, (cubic(line, cell, x - 1e-3) - cubic(line, cell, x + 1e-3)) / (2e-3 * width)
