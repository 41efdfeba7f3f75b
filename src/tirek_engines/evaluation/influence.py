"""Errors, tests and intervals of estimates from their influence functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, t

from tirek_engines.evaluation._kernels import group_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Errors:
    """Standard error, p of the multiplier bootstrap of t, and the interval by t with clusters - 1 degrees of freedom."""

    se: float
    p: float
    low: float
    high: float


def by_cluster(influence: Floats, cluster: Ints) -> Floats:
    """Sums of the influence functions by cluster, shape (clusters, estimates) or (clusters,)."""
    columns = influence.reshape(influence.shape[0], -1)
    _, sums = group_sums(np.ascontiguousarray(columns), cluster, int(cluster.max()) + 1)
    return sums.reshape((-1, *influence.shape[1:]))


def covariance(influence: Floats, cluster: Ints) -> Floats:
    """Covariance of estimates: sums of squares by cluster over the square of the number of units."""
    sums = by_cluster(influence, cluster)
    sums = sums.reshape(sums.shape[0], -1)
    return np.asarray((sums.T @ sums) / influence.shape[0] ** 2, dtype=np.float64)


def errors(estimate: float, influence: Floats, cluster: Ints, *, draws: int, seed: int, level: float = 0.95) -> Errors:
    """Error, bootstrap p and interval of one estimate.

    The bootstrap multiplies the influence of clusters by signs of equal chance and divides by the error of the draw
    (Callaway & Sant'Anna 2021, algorithm 1, studentised).
    """
    sums = by_cluster(influence, cluster)
    n, groups = influence.shape[0], sums.shape[0]
    se = float(np.sqrt(sums @ sums)) / n
    if se == 0.0:
        return Errors(0.0, float("nan"), estimate, estimate)
    reach = float(t.ppf(0.5 + level / 2.0, groups - 1)) * se
    rng = np.random.default_rng(seed)
    bits = np.unpackbits(rng.integers(0, 256, (draws, -(-groups // 8)), dtype=np.uint8), axis=1, count=groups)
    tops = (1.0 - 2.0 * bits) @ sums / n
    squares = (float(sums @ sums) - (tops * n) ** 2 / groups) / n**2
    found = np.abs(tops) / np.sqrt(np.maximum(squares, 1e-300))
    own = abs(estimate) / se
    return Errors(se, float((1 + np.sum(found >= own)) / (1 + draws)), estimate - reach, estimate + reach)


def joint_p(estimates: Floats, influence: Floats, cluster: Ints) -> tuple[float, int]:
    """Wald test that all estimates are zero: p of chi-square and its degrees of freedom; NaN where undetermined."""
    v = covariance(influence, cluster)
    rank = int(np.linalg.matrix_rank(v, tol=1e-10 * float(np.abs(v).max() or 1.0)))
    if rank == 0 or rank < estimates.size:
        return float("nan"), rank
    return float(chi2.sf(estimates @ np.linalg.solve(v, estimates), estimates.size)), rank
