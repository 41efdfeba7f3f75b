"""Compiled search for a person's place on the scale under any mixture of models: WLE and MAP.

Both are where d log L / d theta + correction(theta) crosses zero from above: Warm's J / (2 I), with
I = sum P'^2 / P and J = sum P' P'' / P over items and categories (Warm 1989, Psychometrika 54, eq. 7-9, and Penfield &
Bergeron 2005, Appl. Psychol. Meas. 29, for several categories), or (mean - theta) / sd^2 of the prior. Under 3PL there may
be several crossings: the one of the highest weighted likelihood is taken, found on a coarse grid first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.roots import (
    FINER,
    exact_curvature,
    exact_root,
    interpolated_root,
    theta_tables,
)

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

COARSE = 161
"""Nodes of the coarse grid."""
MANY = 800
"""More units than this are interpolated (cubic, error below 1e-5 even with slopes of 5); fewer are solved exactly."""


@kernel
def find_answered(mask: Bytes, answered: Ints) -> int:
    """Fill `answered` with the items of a mask; returns how many."""
    found = 0
    for j in range(answered.shape[0]):
        if mask[j // 8] >> (j % 8) & 1:
            answered[found] = j
            found += 1
    return found


@kernel
def fill_correction(answered: Ints, n_answered: int, infos: Floats, skews: Floats, correction: Floats) -> None:
    """Warm's J / (2 I) on the coarse grid."""
    for q in range(COARSE):
        info = 0.0
        skew = 0.0
        for i in range(n_answered):
            info += infos[answered[i], FINER * q]
            skew += skews[answered[i], FINER * q]
        correction[q] = skew / (2.0 * info) if info > 0.0 else 0.0


@kernel
def highest_node(line: Floats) -> int:
    """Where the integral of `line` is highest."""
    best = 0
    height = 0.0
    highest = 0.0
    for q in range(1, line.shape[0]):
        height += line[q - 1] + line[q]
        if height > highest:
            highest = height
            best = q
    return best


@kernel
def locate(
    packed: Bytes,
    unit_run: Ints,
    run_masks: Bytes,
    unit_means: Floats,
    unit_sds: Floats,
    byte_of: Ints,
    step_of: Ints,
    states: Ints,
    kinds: Ints,
    slopes: Floats,
    intercepts: Floats,
    guessing: Floats,
    n_steps: Ints,
    warm: bool,
    bound: float,
) -> tuple[Floats, Floats, Bytes]:
    """Estimate, error, and 1 where the bound was met, for every unit.

    The error is 1/sqrt(I) for the WLE; for the MAP that from the curvature of the log-posterior.
    """
    n, n_items = packed.shape[0], slopes.shape[0]
    nodes = np.linspace(-bound, bound, COARSE)
    fine = np.linspace(-bound, bound, FINER * (COARSE - 1) + 1)
    rises, infos, skews = theta_tables(kinds, slopes, intercepts, guessing, n_steps, fine)
    coarse = rises[:, :, ::FINER].copy()
    near = np.empty(FINER + 3)
    known = np.empty(FINER + 3)
    estimates = np.full(n, np.nan)
    errors = np.full(n, np.nan)
    bounded = np.zeros(n, np.uint8)
    correction = np.zeros(COARSE)
    line = np.empty(COARSE)
    answered = np.empty(n_items, np.int64)
    values = np.empty(n_items, np.int64)
    p = np.empty(intercepts.shape[1] + 1)
    rise = np.empty(intercepts.shape[1] + 1)
    last_run = -1
    n_answered = 0
    for u in range(n):
        run = unit_run[u]
        if run != last_run:
            last_run = run
            n_answered = find_answered(run_masks[run], answered)
            if warm:
                fill_correction(answered, n_answered, infos, skews, correction)
        if warm and n_answered == 0:
            continue
        precision = 0.0 if warm else 1.0 / (unit_sds[u] * unit_sds[u])
        for q in range(COARSE):
            line[q] = correction[q] + (unit_means[u] - nodes[q]) * precision
        for i in range(n_answered):
            j = answered[i]
            values[i] = (packed[u, byte_of[j]] // step_of[j]) % states[j]
            for q in range(COARSE):
                line[q] += coarse[j, values[i], q]
        best = highest_node(line)
        mean, sd = unit_means[u], unit_sds[u]
        person = (values, answered, n_answered, kinds, slopes, intercepts, guessing, n_steps, warm, mean, sd, p, rise)
        tabulated = (values, answered, n_answered, rises, infos, skews)
        curvature = np.nan
        if (best == 0 and line[0] <= 0.0) or (best == COARSE - 1 and line[best] >= 0.0):
            estimates[u] = nodes[best]
            bounded[u] = 1
        else:
            left = best if line[best] > 0.0 else best - 1
            if n > MANY:
                estimates[u], curvature = interpolated_root(left, fine, *tabulated, warm, mean, precision, near, known)
            if np.isnan(estimates[u]):
                estimates[u] = exact_root(nodes[left], nodes[left + 1], line[left], line[left + 1], *person)
        if np.isnan(curvature):
            curvature = exact_curvature(estimates[u], *person)
        if curvature > 0.0:
            errors[u] = 1.0 / np.sqrt(curvature)
    return estimates, errors, bounded
