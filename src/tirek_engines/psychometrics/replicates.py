"""Errors of a calibration by replicate weights: everything is estimated anew under each, and what moves is the error.

The variance of an estimate t is sum_r c_r (t_r - t)^2 with the factors c_r of the scheme (Wolter 2007, Introduction to Variance
Estimation, ch. 3-4). Unlike errors from the information, these hold for samples of schools, whose pupils are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel
from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.calibration import Calibration
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.prepared import Prepared, byte_sums_of, step_counts_of
from tirek_engines.psychometrics.estimation.em import Optimum, maximise
from tirek_engines.psychometrics.estimation.estimates import ReplicateErrors
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.regression import LatentRegression

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

STEP, GRADIENT = 1e-6, 1e-4
ROUNDS = 500


@kernel
def weighted_steps(codes: Bytes, columns: Ints, recode: Bytes, weights: Floats, n_steps: int) -> Floats:
    """Weighted number of answers of each item in each category from 1 up."""
    counts = np.zeros((columns.shape[0], n_steps))
    for i in range(codes.shape[0]):
        if weights[i] > 0.0:
            for j in range(columns.shape[0]):
                category = recode[j, codes[i, columns[j]]]
                if category != 255 and category > 0:
                    counts[j, category - 1] += weights[i]
    return counts


def reweighted_data(data: Prepared, answers: Answers, weights: Floats) -> Prepared:
    """The same answers with other case weights; they are scaled to sum to the number of positive ones."""
    if weights.shape != data.unit_of_person.shape:
        raise BrokenContract("weights", weights.shape, data.unit_of_person.shape)
    used = np.where(data.n_answered > 0, weights, 0.0)
    n = int(np.count_nonzero(used > 0))
    if n == 0:
        raise Refusal("A replicate weight is zero for everybody with answers.", code="nobody_to_calibrate")
    used = used * (n / used.sum())
    items = data.items
    unit_weight = np.bincount(data.unit_of_person, used, minlength=data.unit_weight.shape[0]).astype(np.float64)
    if data.packed is not None:
        steps = step_counts_of(data.layout, items, byte_sums_of(data.packed, unit_weight))
    else:
        steps = weighted_steps(answers.codes, items.columns, items.recode, used, items.max_steps)
    return replace(
        data,
        unit_weight=unit_weight,
        step_counts=steps,
        weights=used,
        n_calibrating=n,
    )


def reweighted(likelihood: Likelihood, answers: Answers, weights: Floats) -> Likelihood:
    """The same likelihood with other case weights."""
    new = reweighted_data(likelihood.data, answers, weights)
    given = likelihood.given_population
    if isinstance(given, LatentRegression):
        given = LatentRegression(new, likelihood.shape, likelihood.theta, given.design)
    return replace(likelihood, data=new, given_population=given)


def replicate_errors(
    calibration: Calibration,
    answers: Answers,
    weights: Callable[[int], Floats],
    factors: Floats,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> ReplicateErrors:
    """Calibrate again under every replicate weight, each time from the estimates of the whole sample.

    Parameters
    ----------
    calibration : Calibration
        The finished one, of the same answers.
    answers : Answers
        What was calibrated.
    weights : callable
        ``weights(r)``: all persons' weights in replicate r.
    factors : ndarray of float64, shape (replicates,)
        c_r of the scheme.
    progress : callable, optional
        Called with the number done and the number of all.
    """
    likelihood, start = calibration.likelihood, calibration.parameters
    full = _estimates(calibration, start)
    squares = np.zeros_like(full)
    converged, longest = 0, 0
    for r in range(factors.shape[0]):
        found = _again(reweighted(likelihood, answers, weights(r)), start)
        converged, longest = converged + found.converged, max(longest, found.iterations)
        squares += factors[r] * (_estimates(calibration, found.parameters) - full) ** 2
        if progress is not None:
            progress(r + 1, factors.shape[0])
    return _unpacked(calibration, np.sqrt(squares), int(factors.shape[0]), converged, longest)


def _again(likelihood: Likelihood, start: Parameters) -> Optimum:
    return maximise(likelihood.quickly(), start, tolerance=STEP, gradient_tolerance=GRADIENT, max_iterations=ROUNDS)


def _estimates(calibration: Calibration, p: Parameters) -> Floats:
    """All reported numbers in one vector: a, b, c, d, means, variances, effects."""
    shape = calibration.shape
    last = p.intercepts[np.arange(shape.n_items), shape.n_steps - 1]
    graded = np.where(shape.step_mask, p.intercepts, 0.0).sum(axis=1) / shape.n_steps
    b = np.where(shape.kinds == 2, -graded / p.slopes, -last / (shape.n_steps * p.slopes))
    c = 1.0 / (1.0 + np.exp(-p.guessing)) if p.guessing.size else np.zeros(shape.n_items)
    effects = p.coefficients * _unscale(calibration)
    return np.concatenate([p.slopes, b, c, p.intercepts.ravel(), p.means, p.sds**2, effects])


def _unscale(calibration: Calibration) -> Floats:
    """From effects of scaled covariates to those of a unit."""
    return np.array([1.0 / r.sd for r in calibration.regression])


def _unpacked(calibration: Calibration, errors: Floats, n: int, converged: int, longest: int) -> ReplicateErrors:
    shape = calibration.shape
    j, k, g = shape.n_items, shape.max_steps, shape.n_groups
    a, b, c, d, mean, variance, beta = np.split(errors, np.cumsum([j, j, j, j * k, g, g]))
    return ReplicateErrors(a, b, c, d.reshape(j, k), mean, variance, beta, n, converged, longest)
