"""Random intercepts of schools, and of districts above them, from one row of sums a school.

y = X b + u_school + w_district + e with independent normal u, w, e. With V the covariance of y in units of the
residual variance, lam_s = var(u) / var(e), lam_d = var(w) / var(e):

* within a school V = I + lam_s 11', so that 1'V^-1 = 1' / (1 + n lam_s) (Woodbury once);
* within a district a second Woodbury adds lam_d 11' over all its schools.

Everything that the likelihood needs is a sum over schools and districts: no matrix is larger than the number of terms.
The criterion is that of Bates, Mächler, Bolker & Walker (2015, J. Stat. Softw. 67(1), eq. 34-42).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SchoolSums:
    """What the likelihood reads of the pupils. The last column of every sum is the outcome.

    Attributes
    ----------
    n : ndarray of float64, shape (schools,)
        Pupils.
    sums : ndarray of float64, shape (schools, terms + 1)
        Sums of [X, y] by school.
    products : ndarray of float64, shape (terms + 1, terms + 1)
        [X, y]'[X, y] over all pupils.
    district : ndarray of int64, shape (schools,)
        District of each school, 0 … n_districts - 1; all zeros without districts.
    n_districts : int
        0 without a district level.
    """

    n: Floats
    sums: Floats
    products: Floats
    district: Ints
    n_districts: int

    @property
    def n_pupils(self) -> float:
        """Number of pupils."""
        return float(self.n.sum())

    @property
    def n_terms(self) -> int:
        """Number of fixed effects."""
        return int(self.products.shape[0]) - 1


@dataclass(frozen=True)
class Point:
    """The criterion at one pair of variance ratios, with all that follows from it.

    Attributes
    ----------
    ratios : ndarray of float64, shape (1,) or (2,)
        lam_s and, with districts, lam_d.
    deviance : float
        -2 log-likelihood (restricted or not), profiled over b and the residual variance.
    gradient : ndarray of float64, same shape as ratios
        Derivative of the deviance.
    beta, covariance : ndarray of float64, shapes (terms,) and (terms, terms)
        Fixed effects and their covariance.
    residual : float
        Residual variance.
    school_pull, district_pull : ndarray of float64
        1'V^-1 (y - X b) by school and by district: times the variance ratio, the predicted effect.
    school_weight, district_weight : ndarray of float64
        1'V^-1 1 by school and by district.
    """

    ratios: Floats
    deviance: float
    gradient: Floats
    beta: Floats
    covariance: Floats
    residual: float
    school_pull: Floats
    district_pull: Floats
    school_weight: Floats
    district_weight: Floats


def at(data: SchoolSums, ratios: Floats, *, restricted: bool) -> Point:
    """The criterion at given variance ratios (each zero or more)."""
    lam_s = float(ratios[0])
    lam_d = float(ratios[1]) if data.n_districts else 0.0
    shrink = 1.0 / (1.0 + data.n * lam_s)
    weight = data.n * shrink
    pulled = data.sums * shrink[:, None]
    inner = data.products - (data.sums * (lam_s * shrink)[:, None]).T @ data.sums
    log_det = float(np.log1p(data.n * lam_s).sum())

    n_districts = max(data.n_districts, 1)
    total = np.bincount(data.district, weight, n_districts)
    spread = np.stack([np.bincount(data.district, column, n_districts) for column in pulled.T], axis=1)
    factor = lam_d / (1.0 + lam_d * total)
    inner = inner - (spread * factor[:, None]).T @ spread
    log_det += float(np.log1p(lam_d * total).sum())

    beta, rss, inverse = _solve(inner)
    freedom = data.n_pupils - (data.n_terms if restricted else 0)
    residual = rss / freedom
    deviance = freedom * (1.0 + np.log(2.0 * np.pi * residual)) + log_det
    if restricted:
        deviance += float(np.linalg.slogdet(inner[:-1, :-1])[1])

    contrast = np.append(-beta, 1.0)
    up = factor[data.district] * weight
    school_rows = pulled - up[:, None] * spread[data.district]
    district_rows = spread / (1.0 + lam_d * total)[:, None]
    school_weight = weight - factor[data.district] * weight**2
    district_weight = total / (1.0 + lam_d * total)
    school_pull, district_pull = school_rows @ contrast, district_rows @ contrast
    levels = [(school_rows, school_weight, school_pull)]
    if data.n_districts:
        levels.append((district_rows, district_weight, district_pull))
    gradient = np.array([_slope(*level, inverse, residual, restricted) for level in levels])
    return Point(
        np.asarray(ratios, dtype=float),
        float(deviance),
        gradient,
        beta,
        residual * inverse,
        residual,
        school_pull,
        district_pull,
        school_weight,
        district_weight,
    )


def _solve(inner: Floats) -> tuple[Floats, float, Floats]:
    """Fixed effects, weighted sum of squares of the residuals, and the inverse of X'V^-1 X."""
    inverse = np.linalg.inv(inner[:-1, :-1])
    beta = np.linalg.solve(inner[:-1, :-1], inner[:-1, -1])
    contrast = np.append(-beta, 1.0)
    return np.asarray(beta, dtype=np.float64), float(contrast @ inner @ contrast), np.asarray(inverse, dtype=np.float64)


def _slope(rows: Floats, weight: Floats, pull: Floats, inverse: Floats, residual: float, restricted: bool) -> float:
    """Derivative of the deviance by the variance ratio of one level."""
    slope = float(weight.sum()) - float(pull @ pull) / residual
    if restricted:
        x = rows[:, :-1]
        slope -= float(np.einsum("ij,jk,ik->", x, inverse, x))
    return slope
