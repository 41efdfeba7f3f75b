"""One difference in differences between two waves, adjusted for what was known of the units before.

Doubly robust for panels: right if either the regression of the change or the chance of being treated is right
(Sant'Anna & Zhao 2020, J. Econom. 219, eq. 2.6 and theorem 1, the traditional estimator). Without covariates it is the
plain difference of mean changes. With every estimate comes its influence function, from which all errors follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LOGIT_STEPS = 50
OVERLAP = 0.999
"""Chances of being treated above this have no comparison."""


@dataclass(frozen=True)
class Difference:
    """An estimate and its influence function, shape (units,): mean zero, variance of the estimate = its mean square / n."""

    estimate: float
    influence: Floats


def difference(change: Floats, treated: Bools, x: Floats, weights: Floats) -> Difference:
    """Effect on the treated of one comparison.

    Parameters
    ----------
    change : ndarray of float64, shape (units,)
        Outcome at the later wave less that at the earlier one.
    treated : ndarray of bool, shape (units,)
        Units that entered, against those that did not.
    x : ndarray of float64, shape (units, terms)
        Covariates with a first column of ones.
    weights : ndarray of float64, shape (units,)
        With mean one.

    Raises
    ------
    Refusal
        ``no_overlap`` where the covariates tell treated from comparison units without fail; ``collinear_covariates``.
    """
    n = change.shape[0]
    d = treated.astype(np.float64)
    x = _standardised(x)
    _check_rank(x)
    chance, bread = _chance(x, d, weights)
    _check_rank(x[~treated])
    only = weights * (1.0 - d)
    inner = np.linalg.inv((x * only[:, None]).T @ x / n)
    slope = inner @ (x.T @ (only * change)) / n
    left = change - x @ slope
    by_regression = (x * (only * left)[:, None]) @ inner
    by_chance = (x * (weights * (d - chance))[:, None]) @ bread

    own = weights * d
    other = weights * chance * (1.0 - d) / (1.0 - chance)
    mean_own = float((own * left).mean() / own.mean())
    mean_other = float((other * left).mean() / other.mean())
    own_part = own * (left - mean_own) - by_regression @ (own[:, None] * x).mean(axis=0)
    other_part = other * (left - mean_other) - by_regression @ (other[:, None] * x).mean(axis=0)
    other_part += by_chance @ ((other * (left - mean_other))[:, None] * x).mean(axis=0)
    return Difference(mean_own - mean_other, own_part / own.mean() - other_part / other.mean())


def _standardised(x: Floats) -> Floats:
    """The columns with mean zero and spread one, which changes neither estimate nor influence; those that do not vary left out."""
    centred = x[:, 1:] - x[:, 1:].mean(axis=0)
    spread = centred.std(axis=0)
    varies = spread > 1e-12 * np.abs(x[:, 1:]).max(axis=0, initial=0.0)
    return np.column_stack([x[:, :1], centred[:, varies] / spread[varies]])


def _check_rank(x: Floats) -> None:
    """What is expected of the treated is learnt from covariates of the comparison units, which must not follow from each other."""
    if x.shape[1] > 1 and np.linalg.matrix_rank(x, tol=1e-8 * np.sqrt(x.shape[0])) < x.shape[1]:
        raise Refusal(
            "Among the comparison units the covariates follow from each other or do not vary, so they cannot be adjusted "
            "for. Leave out one of them.",
            code="collinear_covariates",
        )


def _chance(x: Floats, d: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Chance of being treated by logistic regression, and n times the covariance of its coefficients."""
    n = d.shape[0]
    b = np.zeros(x.shape[1])
    b[0] = np.log(np.average(d, weights=weights) / (1.0 - np.average(d, weights=weights)))
    for _ in range(LOGIT_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -35.0, 35.0)))
        hessian = (x * (weights * p * (1.0 - p))[:, None]).T @ x
        try:
            step = np.linalg.solve(hessian, x.T @ (weights * (d - p)))
        except np.linalg.LinAlgError:
            break
        b = b + step
        if np.abs(step).max() < 1e-10:
            p = 1.0 / (1.0 + np.exp(-(x @ b)))
            if p[d > 0].min() > 1e-9 and p[d == 0].size and p[d == 0].max() < OVERLAP:
                return p, np.linalg.inv(hessian) * n
            break
    raise Refusal(
        "The covariates tell treated units from the others without fail, so there is nobody to compare with. "
        "Leave out the covariate that does.",
        code="no_overlap",
    )
