"""Errors, tests and intervals of estimates from their influence functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, t

from tirek_engines.evaluation._kernels import group_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_ERROR = 1e-12
"""Errors below this share of the estimate are rounding: clusters do not differ."""


@dataclass(frozen=True)
class Errors:
    """Standard error, p of the multiplier bootstrap of t, and the interval by t with clusters - 1 degrees of freedom.

    NaN but the error, where clusters do not differ.
    """

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
    if groups < 2 or se <= NO_ERROR * max(1.0, abs(estimate)):
        return Errors(se, float("nan"), float("nan"), float("nan"))
    reach = float(t.ppf(0.5 + level / 2.0, groups - 1)) * se
    tops = _signs(groups, draws, seed) @ sums / n
    squares = (float(sums @ sums) - (tops * n) ** 2 / groups) / n**2
    found = np.abs(tops) / np.sqrt(np.maximum(squares, 1e-300))
    own = abs(estimate) / se
    return Errors(se, float((1 + np.sum(found >= own)) / (1 + draws)), estimate - reach, estimate + reach)


def _signs(groups: int, draws: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    bits = np.unpackbits(rng.integers(0, 256, (draws, -(-groups // 8)), dtype=np.uint8), axis=1, count=groups)
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)


def uniform_reach(influence: Floats, cluster: Ints, *, draws: int, seed: int, level: float = 0.95) -> Floats:
    """Half widths of a band that holds all estimates at once, shape (estimates,).

    The quantile of the largest |t| among the estimates in the multiplier bootstrap (Callaway & Sant'Anna 2021, algorithm 1),
    not below that of a single estimate; NaN for estimates without an error.
    """
    sums = by_cluster(influence, cluster)
    n, groups = influence.shape[0], sums.shape[0]
    se = np.sqrt(np.einsum("gk,gk->k", sums, sums)) / n
    sound = se > 0.0
    if groups < 2 or not sound.any():
        return np.full(se.shape, np.nan)
    tops = np.abs(_signs(groups, draws, seed) @ sums[:, sound]) / (n * se[sound])
    own = float(t.ppf(0.5 + level / 2.0, groups - 1))
    factor = max(float(np.quantile(tops.max(axis=1), level)), own)
    return np.where(sound, factor * se, np.nan)


def joint_p(estimates: Floats, influence: Floats, cluster: Ints) -> tuple[float, int]:
    """Wald test that all estimates are zero: p of chi-square and its degrees of freedom; NaN where undetermined."""
    v = covariance(influence, cluster)
    rank = int(np.linalg.matrix_rank(v, tol=1e-10 * float(np.abs(v).max() or 1.0)))
    if rank == 0 or rank < estimates.size:
        return float("nan"), rank
    return float(chi2.sf(estimates @ np.linalg.solve(v, estimates), estimates.size)), rank
