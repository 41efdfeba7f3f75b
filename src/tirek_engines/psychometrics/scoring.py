"""Scores of persons: EAP with posterior standard deviation, Warm's weighted likelihood estimate, posterior mode."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.prepared import prepare
from tirek_engines.psychometrics.estimation.starts import starting_point
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.kernels.location import locate
from tirek_engines.psychometrics.kernels.warm import warm_estimates
from tirek_engines.psychometrics.likelihood.model import Evaluation, Grid, Likelihood, Parameters, Shape
from tirek_engines.psychometrics.likelihood.posteriors import ScoreKernel
from tirek_engines.psychometrics.likelihood.regression import Covariates, Design, LatentRegression

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


def scores_of(
    likelihood: Likelihood, p: Parameters, e: Evaluation, *, bound: float, with_wle: bool = True
) -> PersonScores:
    """EAP and WLE of every person, by one estimate a unit; without the WLE (NaN) if it is not wanted."""
    data, unit = likelihood.data, likelihood.data.unit_of_person
    if with_wle:
        unit_wle, unit_error, unit_bounded = warm_scores(likelihood, p, bound=bound)
    else:
        unit_wle = unit_error = np.full(e.unit_means.shape, np.nan)
        unit_bounded = np.zeros(e.unit_means.shape, np.uint8)
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


Located = tuple[Floats, Floats, NDArray[np.uint8]]


def warm_scores(likelihood: Likelihood, p: Parameters, *, bound: float) -> Located:
    """WLE, its error and whether the bound was met, for every unit."""
    data, kernel = likelihood.data, likelihood.kernel
    if not isinstance(kernel, ScoreKernel):
        return _located(likelihood, p, warm=True, bound=bound)
    return warm_estimates(
        kernel.scores(p),
        data.run_starts,
        data.run_masks,
        p.slopes,
        p.intercepts,
        data.items.n_steps,
        bound,
        WLE_TABLE,
    )


def _located(likelihood: Likelihood, p: Parameters, *, warm: bool, bound: float) -> Located:
    data, layout = likelihood.data, likelihood.data.layout
    assert data.packed is not None
    means, sds = prior_of_units(likelihood, p)
    return locate(
        data.packed,
        data.unit_run,
        data.run_masks,
        means,
        sds,
        layout.byte_of,
        layout.step_of,
        layout.states,
        likelihood.shape.kinds,
        p.slopes,
        p.intercepts,
        p.guessing,
        data.items.n_steps,
        warm,
        bound,
    )


def prior_of_units(likelihood: Likelihood, p: Parameters) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each unit before its answers."""
    group = likelihood.data.run_group[likelihood.data.unit_run]
    population = likelihood.population
    if isinstance(population, LatentRegression):
        return population.lines(p), p.sds[group]
    return p.means[group], p.sds[group]


@dataclass(frozen=True)
class KnownRegression:
    """Known effects of covariates (logits a unit), shape (covariates,), and every person's covariates."""

    effects: Floats
    covariates: Covariates


@dataclass(frozen=True)
class Groups:
    """Known normal distributions of ability: names, means and variances (logits), one each a group."""

    names: tuple[str, ...]
    means: Floats
    variances: Floats


def known_likelihood(
    items: Items, groups: Groups, answers: Answers, grid: Grid, regression: KnownRegression | None = None
) -> tuple[Likelihood, Parameters]:
    """The likelihood of answers when items and groups are known, and the point that holds them.

    Columns of the answers that are no items of the calibration are not read. `answers.group_names` must be names of
    `groups`; a score that an item did not have in its calibration is refused (``unknown_score``).
    """
    unknown = set(answers.group_names) - set(groups.names)
    if unknown:
        raise BrokenContract("answers.group_names", sorted(unknown), " | ".join(groups.names))
    place = {name: k for k, name in enumerate(items.names)}
    wanted = [j for j, name in enumerate(answers.items) if name in place]
    known = {name: items.values[k] for name, k in place.items()}
    chosen = Answers(
        np.ascontiguousarray(answers.codes[:, wanted]),
        tuple(answers.items[j] for j in wanted),
        answers.weights,
        answers.groups,
        answers.group_names,
    )
    data = prepare(chosen, collapse_scores=False, known=known)
    models = tuple(items.models[place[name]] for name in data.items.names)
    n_effects = 0 if regression is None else regression.effects.shape[0]
    shape = Shape(models, data.items.n_steps, len(data.group_names), np.ones(len(models), dtype=bool), n_effects)
    likelihood = Likelihood(data, shape, grid)
    rows = [groups.names.index(name) for name in data.group_names]
    p = replace(starting_point(likelihood, items), means=groups.means[rows], sds=np.sqrt(groups.variances[rows]))
    if regression is None:
        return likelihood, p
    design = Design.of(regression.covariates.values, data)
    population = LatentRegression(data, shape, likelihood.theta, design)
    return replace(likelihood, given_population=population), replace(p, coefficients=regression.effects)


@dataclass(frozen=True)
class Scores:
    """One estimate of ability a person (logits), its standard error, and a flag (index into `FLAG_NAMES`)."""

    theta: Floats
    se: Floats
    flag: NDArray[np.uint8]


def score_persons(
    items: Items,
    groups: Groups,
    answers: Answers,
    method: str = "eap",
    *,
    grid: Grid | None = None,
    bound: float = 10.0,
    regression: KnownRegression | None = None,
) -> Scores:
    """Score persons with a finished calibration.

    Parameters
    ----------
    items : Items
        Calibrated items of any models.
    groups : Groups
        Means and variances of the groups that `answers.group_names` names.
    answers : Answers
        Columns that are no calibrated items are not read.
    method : {"eap", "wle", "map"}
        Posterior mean (SE: posterior standard deviation); Warm's weighted likelihood estimate (SE: 1/sqrt(I)); posterior
        mode (SE from the curvature of the log-posterior).
    grid : Grid, optional
        Nodes for the EAP; 41 on +-6 by default.
    bound : float
        WLE and MAP are kept within +-bound logits, and flagged there.
    regression : KnownRegression, optional
        The latent regression of the calibration: EAP and MAP then hold what is known of the person.

    Returns
    -------
    Scores
        EAP and MAP of a person without answers are the mean of the group; there is no WLE (NaN).
    """
    if method not in ("eap", "wle", "map"):
        raise BrokenContract("method", method, "eap | wle | map")
    return score_units(*known_likelihood(items, groups, answers, grid or Grid(), regression), method, bound=bound)


def score_units(likelihood: Likelihood, p: Parameters, method: str, *, bound: float = 10.0) -> Scores:
    """Score every person of a likelihood at a point; see `score_persons`."""
    unit = likelihood.data.unit_of_person
    bounded = np.zeros(unit.shape[0], np.uint8)
    if method == "eap":
        e = likelihood.evaluate(p)
        return Scores(e.unit_means[unit], np.sqrt(np.maximum(e.unit_variances[unit], 0.0)), _flags(likelihood, bounded))
    if method == "wle":
        theta, se, met = warm_scores(likelihood, p, bound=bound)
    else:
        theta, se, met = _located(likelihood, p, warm=False, bound=bound)
    return Scores(theta[unit], se[unit], _flags(likelihood, met[unit]))


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
