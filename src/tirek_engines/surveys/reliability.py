"""How far the questions of a scale measure one thing: Cronbach's alpha and McDonald's omega."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]
MOST_STEPS = 2000
CLOSE = 1e-10


@dataclass(frozen=True)
class Reliability:
    """What can be said of a scale; NaN where it cannot."""

    items: int
    persons: int
    alpha: float
    omega: float


def reliability(answers: Floats) -> Reliability:
    """Alpha and omega from those who answered every question of the scale."""
    x = _complete(answers)
    return Reliability(x.shape[1], x.shape[0], cronbach_alpha(x), mcdonald_omega(x))


def _complete(answers: Floats) -> Floats:
    x = np.asarray(answers, np.float64)
    if x.ndim != 2:
        raise BrokenContract("answers", f"shape {x.shape}", "(persons, items)")
    return x[~np.isnan(x).any(axis=1)]


def cronbach_alpha(answers: Floats) -> float:
    """Cronbach (1951), Psychometrika 16, 297-334, eq. 2: k/(k-1) (1 - sum of the items' variances / variance of the sum).

    Parameters
    ----------
    answers : ndarray of float, shape (persons, items)
        Scored in one direction; persons with a missing answer are left out.

    Returns
    -------
    float
        NaN for fewer than two items or persons, or if the sum does not vary.

    >>> cronbach_alpha(np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]))
    1.0
    """
    x = _complete(answers)
    n, k = x.shape
    if k < 2 or n < 2:
        return float("nan")
    total = float(x.sum(axis=1).var(ddof=1))
    if total <= 0:
        return float("nan")
    return float(k / (k - 1) * (1 - float(x.var(axis=0, ddof=1).sum()) / total))


def mcdonald_omega(answers: Floats) -> float:
    """Omega total of one common factor: (sum of loadings)^2 / ((sum of loadings)^2 + sum of the unique variances).

    Parameters
    ----------
    answers : ndarray of float, shape (persons, items)
        Scored in one direction.

    Returns
    -------
    float
        NaN for fewer than three items (the factor is not identified), if an item does not vary, or if the iterations do not
        settle or end at an impossible solution (a unique variance below zero).

    Notes
    -----
    McDonald (1999), Test Theory, ch. 6. The factor is found by iterated principal axes of the covariance matrix, which for
    one factor minimises the squared residual covariances (minres) where it converges.
    """
    x = _complete(answers)
    n, k = x.shape
    if k < 3 or n < 3:
        return float("nan")
    covariance = np.cov(x, rowvar=False)
    variances = np.diag(covariance).copy()
    if (variances <= 0).any():
        return float("nan")
    loadings = _one_factor(covariance, variances)
    if loadings is None:
        return float("nan")
    unique = variances - loadings**2
    if (unique < 0).any():
        return float("nan")
    common = float(loadings.sum()) ** 2
    return common / (common + float(unique.sum()))


def _one_factor(covariance: Floats, variances: Floats) -> Floats | None:
    communality = variances * _squared_multiple_correlations(covariance)
    for _step in range(MOST_STEPS):
        reduced = covariance.copy()
        np.fill_diagonal(reduced, communality)
        values, vectors = np.linalg.eigh(reduced)
        if values[-1] <= 0:
            return None
        loadings: Floats = vectors[:, -1] * np.sqrt(values[-1])
        new = np.minimum(loadings**2, variances)
        if np.abs(new - communality).max() < CLOSE * variances.max():
            return loadings if loadings.sum() >= 0 else -loadings
        communality = new
    return None


def _squared_multiple_correlations(covariance: Floats) -> Floats:
    try:
        inverse = np.linalg.inv(covariance)
    except np.linalg.LinAlgError:
        return np.full(covariance.shape[0], 0.5)
    found = 1 - 1 / (np.diag(inverse) * np.diag(covariance))
    return np.clip(found, 0.05, 0.95)
