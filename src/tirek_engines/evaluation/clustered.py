"""Least squares on sums by cluster: estimates, clustered errors CR1 and CR3, and what the wild bootstrap reads.

Of every cluster only X_g'WX_g, X_g'Wy_g and y_g'Wy_g are kept. Cameron & Miller (2015, J. Hum. Resour. 50, eq. 10-12);
CR3 as the jackknife of MacKinnon, Nielsen & Webb (2023, J. Appl. Econom. 38, eq. 10).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.evaluation._kernels import group_products

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ClusterSums:
    """Cross products by cluster.

    Attributes
    ----------
    xx : ndarray of float64, shape (clusters, terms, terms)
    xy : ndarray of float64, shape (clusters, terms)
    n : float
        Observations (rows with weight above zero).
    absorbed : int
        Fixed effects taken out of X and y before, that are not nested in clusters.
    """

    xx: Floats
    xy: Floats
    n: float
    absorbed: int = 0

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.xx.shape[0])

    @property
    def n_terms(self) -> int:
        """Number of columns of X."""
        return int(self.xx.shape[1])


@dataclass(frozen=True)
class Estimate:
    """Least squares with clustered errors.

    Attributes
    ----------
    beta : ndarray of float64, shape (terms,)
    cr1, cr3 : ndarray of float64, shape (terms, terms)
        Covariances: CR1 with the factor G/(G-1) (N-1)/(N-K); CR3 the jackknife over clusters, NaN where leaving a
        cluster out leaves a coefficient undetermined.
    freedom : int
        Degrees of freedom of t: clusters - 1.
    """

    beta: Floats
    cr1: Floats
    cr3: Floats
    freedom: int


def cluster_sums(x: Floats, y: Floats, cluster: Ints, weights: Floats | None = None, absorbed: int = 0) -> ClusterSums:
    """Collapse rows (shape of x: rows, terms) to cross products by cluster 0 … G - 1."""
    weights = np.ones(y.shape[0]) if weights is None else weights
    table = np.ascontiguousarray(np.column_stack([x, y]))
    products = group_products(table, weights, cluster, int(cluster.max()) + 1)
    return ClusterSums(products[:, :-1, :-1], products[:, :-1, -1], float((weights > 0).sum()), absorbed)


def least_squares(data: ClusterSums) -> Estimate:
    """Estimate all coefficients with both clustered covariances."""
    xx, xy = data.xx.sum(axis=0), data.xy.sum(axis=0)
    inverse = np.linalg.inv(xx)
    beta = inverse @ xy
    scores = data.xy - data.xx @ beta
    groups, terms = data.n_clusters, data.n_terms + data.absorbed
    factor = groups / (groups - 1.0) * (data.n - 1.0) / (data.n - terms)
    return Estimate(beta, factor * inverse @ (scores.T @ scores) @ inverse, _jackknife(data, xx, xy, beta), groups - 1)


def _jackknife(data: ClusterSums, xx: Floats, xy: Floats, beta: Floats) -> Floats:
    """(G-1)/G sum of squares of what changes when one cluster is left out."""
    left = xx - data.xx
    conditions = np.linalg.cond(left)
    if not np.all(conditions < 1e12):
        return np.full((data.n_terms, data.n_terms), np.nan)
    moved = np.linalg.solve(left, (xy - data.xy)[:, :, None])[:, :, 0] - beta
    return (data.n_clusters - 1.0) / data.n_clusters * (moved.T @ moved)
