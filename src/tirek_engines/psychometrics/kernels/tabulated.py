"""Compiled loops of the tabulated E-step (Rasch, 2PL, PCM, GPCM).

Within a run (same group, same items answered) everything that the E-step asks of a person is a smooth function of the weighted
score s: derivatives of log sum_q exp(s theta_q + base_q), the cumulants of the posterior. So the exact kernel is asked
at equally spaced scores only; a person's posterior mean is interpolated by the cubic through four of them, and the person's
weight is spread over the same four with the same coefficients, which is the transposed operation: log-likelihood
and expected counts then come from one exact pass over the points. Runs of few persons are done exactly, person by person.
Every sum runs in one fixed order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.psychometrics.kernels.score import unit_posterior

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@kernel
def cubic_weights(f: float) -> tuple[float, float, float, float]:
    """Coefficients of the values at -1, 0, 1, 2 in the cubic through them, at f in [0, 1]."""
    g = f - 1.0
    h = f - 2.0
    e = f + 1.0
    return -f * g * h / 6.0, 0.5 * e * g * h, -0.5 * e * f * h, e * f * g / 6.0


@kernel
def spread_run(
    packed: Bytes,
    weights: Floats,
    tilts: Floats,
    low: int,
    high: int,
    table: Floats,
    first: int,
    origin: float,
    per_step: float,
    point_means: Floats,
    point_variances: Floats,
    histogram: Floats,
    sums: Floats,
    means: Floats,
    variances: Floats,
) -> None:
    """One run by interpolation: fills histogram, sums (with a column a byte, or none), means and variances (or none)."""
    n_bytes = packed.shape[1]
    with_sums = sums.shape[0] > 0
    with_moments = means.shape[0] > 0
    for u in range(low, high):
        score = tilts[u] if tilts.shape[0] else 0.0
        for b in range(n_bytes):
            score += table[b, packed[u, b]]
        place = (score - origin) * per_step
        cell = int(place)
        i = first + cell
        c0, c1, c2, c3 = cubic_weights(place - cell)
        weight = weights[u]
        mean = c0 * point_means[i] + c1 * point_means[i + 1] + c2 * point_means[i + 2] + c3 * point_means[i + 3]
        histogram[i] += weight * c0
        histogram[i + 1] += weight * c1
        histogram[i + 2] += weight * c2
        histogram[i + 3] += weight * c3
        if with_sums:
            amount = weight * mean
            for b in range(n_bytes):
                sums[b, packed[u, b]] += amount
        if with_moments:
            means[u] = mean
            variances[u] = (
                c0 * point_variances[i]
                + c1 * point_variances[i + 1]
                + c2 * point_variances[i + 2]
                + c3 * point_variances[i + 3]
            )


@kernel
def exact_run(
    packed: Bytes,
    weights: Floats,
    tilts: Floats,
    low: int,
    high: int,
    table: Floats,
    base: Floats,
    theta: Floats,
    node_counts: Floats,
    sums: Floats,
    means: Floats,
    variances: Floats,
) -> float:
    """One run person by person: fills node_counts, sums (or none), means and variances (or none); the log-likelihood."""
    n_bytes = packed.shape[1]
    n_nodes = theta.shape[0]
    ratios = np.empty(n_nodes)
    falls = np.empty(n_nodes)
    post = np.zeros(n_nodes)
    for q in range(n_nodes - 1):
        ratios[q] = np.exp(base[q + 1] - base[q])
        falls[q] = np.exp(base[q] - base[q + 1])
    width = theta[1] - theta[0]
    mode = n_nodes // 2
    loglik = 0.0
    for u in range(low, high):
        score = tilts[u] if tilts.shape[0] else 0.0
        for b in range(n_bytes):
            score += table[b, packed[u, b]]
        mode, first, last, total, mean, variance = unit_posterior(score, width, ratios, falls, mode, post)
        place = theta[mode] + width * mean
        if means.shape[0]:
            means[u] = place
            variances[u] = width * width * variance
        if weights[u] != 0.0:
            loglik += weights[u] * (np.log(total) + score * theta[mode] + base[mode])
            share = weights[u] / total
            for q in range(first, last + 1):
                node_counts[q] += share * post[q]
            if sums.shape[0]:
                for b in range(n_bytes):
                    sums[b, packed[u, b]] += weights[u] * place
    return loglik


@kernel
def chunk_pass(
    packed: Bytes,
    weights: Floats,
    tilts: Floats,
    runs: Ints,
    starts: Ints,
    table: Floats,
    bases: Floats,
    theta: Floats,
    firsts: Ints,
    origins: Floats,
    per_step: float,
    point_means: Floats,
    point_variances: Floats,
    with_sums: bool,
    means: Floats,
    variances: Floats,
) -> tuple[float, Floats, Floats, Floats]:
    """The E-step of a chunk of persons sorted by run.

    `runs` and `starts` say which run stands from where to where; `table` (bytes, 256) holds partial scores; `firsts` is
    each run's first point, -1 where the run is done exactly. `means` and `variances` are filled if they are not empty.

    Returns
    -------
    loglik : float
        Of the runs done exactly.
    node_counts : ndarray, shape (runs of the chunk, nodes)
        Of the runs done exactly.
    histogram : ndarray, shape (points,)
        Weight of the persons of the other runs, spread over the points.
    sums : ndarray, shape (bytes, 256), or (0, 256)
        Sum of weight times posterior mean by byte and value.
    """
    loglik = 0.0
    node_counts = np.zeros((runs.shape[0], theta.shape[0]))
    histogram = np.zeros(point_means.shape[0])
    sums = np.zeros((packed.shape[1] if with_sums else 0, 256))
    for k in range(runs.shape[0]):
        run = runs[k]
        low, high = starts[k], starts[k + 1]
        if firsts[run] >= 0:
            spread_run(
                packed,
                weights,
                tilts,
                low,
                high,
                table,
                firsts[run],
                origins[run],
                per_step,
                point_means,
                point_variances,
                histogram,
                sums,
                means,
                variances,
            )
        else:
            loglik += exact_run(
                packed, weights, tilts, low, high, table, bases[run], theta, node_counts[k], sums, means, variances
            )
    return loglik, node_counts, histogram, sums
