"""Compiled loops of the table kernel: any mixture of response models.

The likelihood of all answers in one packed byte is a row of a table, one entry a node; a person's likelihood is the
product of a few rows. Rows are scaled to a maximum of 1, their logarithms kept apart, so that a product underflows only for
answers that contradict each other hopelessly; those few are done again in logarithms. A missing answer is packed as
category 0, and log P(0) of what is missing is taken off once for each set of answered items ("run").
Every sum runs in one fixed order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

LOST = 1e-200
"""A product of rows below this is computed again in logarithms."""


@kernel
def log_rows(
    log_p: Floats, byte_of: Ints, step_of: Ints, states: Ints, n_bytes: int, n_values: Ints
) -> tuple[Floats, Floats, Floats]:
    """Log-likelihood of every value of every byte, its maximum over the nodes, and the likelihood below it.

    `log_p` has shape (items, categories, nodes); the results (bytes, 256, nodes), (bytes, 256), (bytes, 256, nodes).
    """
    n_nodes = log_p.shape[2]
    logs = np.zeros((n_bytes, 256, n_nodes))
    scales = np.zeros((n_bytes, 256))
    rows = np.zeros((n_bytes, 256, n_nodes))
    for j in range(log_p.shape[0]):
        b = byte_of[j]
        for v in range(n_values[b]):
            k = (v // step_of[j]) % states[j]
            for q in range(n_nodes):
                logs[b, v, q] += log_p[j, k, q]
    for b in range(n_bytes):
        for v in range(n_values[b]):
            top = logs[b, v, 0]
            for q in range(1, n_nodes):
                top = max(top, logs[b, v, q])
            scales[b, v] = top
            for q in range(n_nodes):
                rows[b, v, q] = np.exp(logs[b, v, q] - top)
    return logs, scales, rows


@kernel
def unit_logs(
    values: Bytes, active: Bytes, base: Floats, tilt: float, theta: Floats, logs: Floats, post: Floats
) -> float:
    """Fill `post` with the joint of one unit below its maximum, by logarithms; returns the maximum's logarithm."""
    top = -np.inf
    for q in range(theta.shape[0]):
        total = base[q] + tilt * theta[q]
        for b in range(values.shape[0]):
            if active[b]:
                total += logs[b, values[b], q]
        post[q] = total
        top = max(top, total)
    for q in range(theta.shape[0]):
        post[q] = np.exp(post[q] - top)
    return top


@kernel
def unit_products(
    values: Bytes,
    used: Ints,
    n_used: int,
    start: Floats,
    tilt: float,
    theta: Floats,
    scales: Floats,
    rows: Floats,
    post: Floats,
) -> tuple[float, float]:
    """Fill `post` with the joint of one unit as a product of rows; returns its sum and the logarithm of its scale."""
    n_nodes = theta.shape[0]
    log_scale = 0.0
    for q in range(n_nodes):
        post[q] = start[q]
    if tilt != 0.0:
        highest = abs(tilt) * max(abs(theta[0]), abs(theta[n_nodes - 1]))
        growth = np.exp(tilt * (theta[1] - theta[0]))
        factor = np.exp(tilt * theta[0] - highest)
        log_scale += highest
        for q in range(n_nodes):
            post[q] *= factor
            factor *= growth
    for i in range(n_used):
        b = used[i]
        v = values[b]
        log_scale += scales[b, v]
        for q in range(n_nodes):
            post[q] *= rows[b, v, q]
    total = 0.0
    for q in range(n_nodes):
        total += post[q]
    return total, log_scale


@kernel
def moments_of(post: Floats, theta: Floats) -> tuple[float, float, float]:
    """Sum, mean and variance of weights on the nodes."""
    total = 0.0
    first = 0.0
    second = 0.0
    for q in range(theta.shape[0]):
        total += post[q]
        first += post[q] * theta[q]
        second += post[q] * theta[q] * theta[q]
    mean = first / total
    return total, mean, second / total - mean * mean


@kernel
def table_pass(
    packed: Bytes,
    weights: Floats,
    run_starts: Ints,
    active: Bytes,
    bases: Floats,
    tilts: Floats,
    logs: Floats,
    scales: Floats,
    rows: Floats,
    theta: Floats,
) -> tuple[float, Floats, Floats, Floats, Floats]:
    """The E-step: posterior of every unit, and what is expected of it.

    `packed` (units, bytes) is sorted by run; `active` (runs, bytes) is 1 where a run answered any item of the byte; `bases`
    (runs, nodes) are the log prior less log P(0) of the items missing in active bytes; `tilts` (units,) or (0,), times
    theta, come on top of a unit's log prior; `logs`, `scales` and `rows` are from `log_rows`.

    Returns
    -------
    loglik, run_counts (runs, nodes), byte_counts (bytes, 256, nodes), means (units,), variances (units,)
    """
    n_units, n_bytes = packed.shape
    n_nodes = theta.shape[0]
    run_counts = np.zeros(bases.shape)
    byte_counts = np.zeros((n_bytes, 256, n_nodes))
    means = np.empty(n_units)
    variances = np.empty(n_units)
    post = np.empty(n_nodes)
    start = np.empty(n_nodes)
    used = np.empty(n_bytes, np.int64)
    loglik = 0.0
    for run in range(bases.shape[0]):
        n_used = 0
        for b in range(n_bytes):
            if active[run, b]:
                used[n_used] = b
                n_used += 1
        base_top = bases[run].max()
        for q in range(n_nodes):
            start[q] = np.exp(bases[run, q] - base_top)
        for u in range(run_starts[run], run_starts[run + 1]):
            tilt = tilts[u] if tilts.shape[0] else 0.0
            total, log_scale = unit_products(packed[u], used, n_used, start, tilt, theta, scales, rows, post)
            log_scale += base_top
            if not total > LOST:
                log_scale = unit_logs(packed[u], active[run], bases[run], tilt, theta, logs, post)
            total, means[u], variances[u] = moments_of(post, theta)
            if weights[u] > 0.0:
                loglik += weights[u] * (np.log(total) + log_scale)
                share = weights[u] / total
                for q in range(n_nodes):
                    post[q] *= share
                    run_counts[run, q] += post[q]
                for i in range(n_used):
                    b = used[i]
                    v = packed[u, b]
                    for q in range(n_nodes):
                        byte_counts[b, v, q] += post[q]
    return loglik, run_counts, byte_counts, means, variances


@kernel
def joint_rows(
    packed: Bytes,
    unit_run: Ints,
    active: Bytes,
    bases: Floats,
    tilts: Floats,
    logs: Floats,
    theta: Floats,
) -> Floats:
    """Log joint of answers and ability for some units, shape (units, nodes)."""
    out = np.empty((packed.shape[0], theta.shape[0]))
    for u in range(packed.shape[0]):
        run = unit_run[u]
        tilt = tilts[u] if tilts.shape[0] else 0.0
        for q in range(theta.shape[0]):
            out[u, q] = bases[run, q] + tilt * theta[q]
        for b in range(packed.shape[1]):
            if active[run, b]:
                for q in range(theta.shape[0]):
                    out[u, q] += logs[b, packed[u, b], q]
    return out


@kernel
def category_counts(
    byte_counts: Floats, answered: Floats, byte_of: Ints, step_of: Ints, states: Ints, n_values: Ints, most: int
) -> Floats:
    """Expected number of persons by item, category and node, from the counts by byte and value.

    Category 0 is what is left of those who answered: in the bytes it is mixed with missing answers.
    """
    n_items, n_nodes = answered.shape
    out = np.zeros((n_items, most, n_nodes))
    for j in range(n_items):
        b = byte_of[j]
        for v in range(n_values[b]):
            k = (v // step_of[j]) % states[j]
            if k > 0:
                for q in range(n_nodes):
                    out[j, k, q] += byte_counts[b, v, q]
        for q in range(n_nodes):
            rest = answered[j, q]
            for k in range(1, states[j]):
                rest -= out[j, k, q]
            out[j, 0, q] = max(rest, 0.0)
    return out
