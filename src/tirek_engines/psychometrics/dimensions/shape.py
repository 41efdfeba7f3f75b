"""Which parameters of a test of several dimensions are free, and where they stand in a point.

Per group and dimension there are a mean and a standard deviation, per group and pair of dimensions a correlation; per covariate
and dimension an effect. In a `Parameters` they follow each other: `means` and `sds` group by group; `coefficients` first the
correlations group by group (Fisher's z of partial correlations, so that every vector is a covariance), then the effects
covariate by covariate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.parameters import Parameters, Shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class DimensionShape(Shape):
    """As `Shape`; `n_groups` counts groups times dimensions, `n_coefficients` correlations and effects.

    Parameters
    ----------
    loose_means, loose_sds : tuple of bool
        Means and standard deviations that are estimated, group by group.
    n_dimensions : int
    """

    loose_means: tuple[bool, ...] = ()
    loose_sds: tuple[bool, ...] = ()
    n_dimensions: int = 2

    @cached_property
    def free_means(self) -> Bools:
        """Means that are estimated, group by group."""
        return np.array(self.loose_means)

    @cached_property
    def free_sds(self) -> Bools:
        """Standard deviations that are estimated, group by group."""
        return np.array(self.loose_sds)

    @property
    def n_pairs(self) -> int:
        """Pairs of dimensions."""
        return self.n_dimensions * (self.n_dimensions - 1) // 2

    @property
    def n_parts(self) -> int:
        """Groups of persons."""
        return self.n_groups // self.n_dimensions

    @property
    def n_covariates(self) -> int:
        """Covariates of the latent regression."""
        return (self.n_coefficients - self.n_parts * self.n_pairs) // self.n_dimensions


@dataclass(frozen=True)
class Layout:
    """Which dimension each prepared item measures, and the class of items that it shares its parameters with."""

    dimension: Ints
    of_class: Ints
    n_dimensions: int


def correlations(z: Floats, n: int) -> Floats:
    """Correlation matrix of partial correlations tanh(z), in the order 12, 13, 23 (Joe 2006, J. Multivar. Anal. 97)."""
    factor = np.eye(n)
    for i in range(1, n):
        left = 1.0
        for j in range(i):
            partial = np.tanh(z[_pair(j, i)])
            factor[i, j] = partial * np.sqrt(left)
            left -= factor[i, j] ** 2
        factor[i, i] = np.sqrt(max(left, 1e-12))
    return np.asarray(factor @ factor.T)


def z_of(correlation: Floats) -> Floats:
    """The reverse of `correlations`."""
    n = correlation.shape[0]
    factor, z = np.linalg.cholesky(correlation), np.zeros(n * (n - 1) // 2)
    for i in range(1, n):
        left = 1.0
        for j in range(i):
            z[_pair(j, i)] = np.arctanh(np.clip(factor[i, j] / np.sqrt(left), -1 + 1e-12, 1 - 1e-12))
            left = max(left - factor[i, j] ** 2, 1e-12)
    return z


def _pair(j: int, i: int) -> int:
    """Place of the pair j < i: 01, 02, 12."""
    return i * (i - 1) // 2 + j


def pairs_of(n: int) -> list[tuple[int, int]]:
    """All pairs of dimensions in that order."""
    return [(d, e) for e in range(n) for d in range(e)]


def n_dimensions_of(p: Parameters, n_groups: int) -> int:
    """Dimensions of a point."""
    return int(p.means.shape[0]) // n_groups


def covariance_matrix(p: Parameters, group: int = 0, n_groups: int = 1) -> Floats:
    """Covariance of the dimensions in a group."""
    n = n_dimensions_of(p, n_groups)
    pairs = n * (n - 1) // 2
    sds = p.sds[group * n : (group + 1) * n]
    return np.asarray(np.outer(sds, sds) * correlations(p.coefficients[group * pairs : (group + 1) * pairs], n))


def means_of(p: Parameters, n_groups: int) -> Floats:
    """Means, shape (groups, dimensions)."""
    return np.asarray(p.means.reshape(n_groups, -1))


def effects_of(p: Parameters, n_groups: int) -> Floats:
    """Effects of the covariates, shape (covariates, dimensions)."""
    n = n_dimensions_of(p, n_groups)
    return np.asarray(p.coefficients[n_groups * n * (n - 1) // 2 :].reshape(-1, n))
