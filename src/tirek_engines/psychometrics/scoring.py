"""Scores of persons: EAP with posterior standard deviation, and Warm's weighted likelihood estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics import _kernels as kernels
from tirek_engines.psychometrics._warm_kernels import warm_estimates
from tirek_engines.psychometrics.model import Evaluation, Likelihood, Parameters

Floats = NDArray[np.float64]

FLAG_NONE, FLAG_EXTREME, FLAG_BOUNDED, FLAG_NO_ANSWERS = 0, 1, 2, 3
FLAG_NAMES = ("", "extreme", "bounded", "no-answers")
"""What `PersonScores.flag` means: extreme = all answers wrong or all of full score, so the WLE is finite but
unstable; bounded = the WLE was cut at the bound; no-answers = EAP is the group's mean, there is no WLE."""


WLE_TABLE = 801
"""Nodes of the table from which the WLE of large runs is interpolated."""


@dataclass(frozen=True)
class PersonScores:
    """Scores in logits, one row a person in the order of the answers.

    Attributes
    ----------
    eap, eap_se : ndarray of float64, shape (persons,)
        Posterior mean and posterior standard deviation.
    wle, wle_se : ndarray of float64, shape (persons,)
        Weighted likelihood estimate and 1/sqrt(test information there); NaN without answers.
    score, n_answered : ndarray of int64, shape (persons,)
        Raw score over the calibrated items (categories numbered from 0) and number of them answered.
    flag : ndarray of uint8, shape (persons,)
        Index into `FLAG_NAMES`.
    reliability_eap : float
        var(EAP) / (var(EAP) + mean posterior variance), weighted.
    reliability_wle : float
        1 - mean squared error of the WLE / var(WLE), weighted; can be negative on short tests.
    """

    eap: Floats
    eap_se: Floats
    wle: Floats
    wle_se: Floats
    score: NDArray[np.int64]
    n_answered: NDArray[np.int64]
    flag: NDArray[np.uint8]
    reliability_eap: float
    reliability_wle: float


def score_persons(likelihood: Likelihood, p: Parameters, e: Evaluation, *, bound: float) -> PersonScores:
    """Score every person by one estimate a unit."""
    data = likelihood.data
    unit_wle, unit_error, unit_bounded = warm_estimates(
        likelihood.scores(p),
        data.run_starts,
        data.run_masks,
        p.slopes,
        p.intercepts,
        data.items.n_steps,
        bound,
        WLE_TABLE,
    )
    unit = data.unit_of_person
    eap, variance = e.unit_means[unit], e.unit_variances[unit]
    wle, wle_se = unit_wle[unit], unit_error[unit]
    return PersonScores(
        eap=eap,
        eap_se=np.sqrt(np.maximum(variance, 0.0)),
        wle=wle,
        wle_se=wle_se,
        score=data.raw_scores,
        n_answered=data.n_answered,
        flag=_flags(likelihood, unit_bounded[unit]),
        reliability_eap=_reliability_eap(eap, variance, data.weights),
        reliability_wle=_reliability_wle(wle, wle_se, data.weights),
    )


def _flags(likelihood: Likelihood, bounded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    data = likelihood.data
    steps = data.items.n_steps.astype(np.float64)[:, None]
    full = kernels.design_sums(data.run_masks, steps)[:, 0].astype(np.int64)
    full_of_person = full[data.unit_run[data.unit_of_person]]
    flag = np.zeros(data.raw_scores.shape[0], np.uint8)
    flag[(data.raw_scores == 0) | (data.raw_scores == full_of_person)] = FLAG_EXTREME
    flag[bounded == 1] = FLAG_BOUNDED
    flag[data.n_answered == 0] = FLAG_NO_ANSWERS
    return flag


def _variance(values: Floats, weights: Floats) -> float:
    mean = float(np.average(values, weights=weights))
    return float(np.average((values - mean) ** 2, weights=weights))


def _reliability_eap(eap: Floats, variance: Floats, weights: Floats) -> float:
    spread = _variance(eap, weights)
    return spread / (spread + float(np.average(variance, weights=weights)))


def _reliability_wle(wle: Floats, error: Floats, weights: Floats) -> float:
    known = (weights > 0) & np.isfinite(wle) & np.isfinite(error)
    if int(known.sum()) < 2:
        return float("nan")
    spread = _variance(wle[known], weights[known])
    if spread <= 0:
        return float("nan")
    total = float(weights[known].sum())
    spread *= total / (total - 1.0)
    return 1.0 - float(np.average(error[known] ** 2, weights=weights[known])) / spread
