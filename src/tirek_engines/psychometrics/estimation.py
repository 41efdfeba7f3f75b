"""EM with Anderson acceleration, and standard errors from the observed information."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.model import Evaluation, Likelihood, Parameters

Floats = NDArray[np.float64]

MEMORY = 6
LARGEST_JUMP = 1.0
Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Optimum:
    """Where the iterations ended.

    Attributes
    ----------
    step : float
        Largest change of a parameter that another EM step would make.
    gradient : float
        Largest derivative of the log-likelihood, in units of the parameter's (complete-data) standard error.
    """

    parameters: Parameters
    evaluation: Evaluation
    iterations: int
    converged: bool
    step: float
    gradient: float
    fallbacks: int


def starting_point(likelihood: Likelihood) -> Parameters:
    """Adjacent-category logits of the marginal frequencies, stretched for the spread of ability."""
    data, shape = likelihood.data, likelihood.shape
    answered = np.where(shape.step_mask, data.step_counts, 0.0)
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    run_weight = np.add.reduceat(data.unit_weight, data.run_starts[:-1])
    lowest = masks.T.astype(np.float64) @ run_weight - answered.sum(axis=1)
    steps = np.log((answered + 0.5) / (np.column_stack([lowest, answered[:, :-1]]) + 0.5))
    intercepts = np.cumsum(np.where(shape.step_mask, steps * 1.15, 0.0), axis=1)
    ones = np.ones(shape.n_groups)
    return Parameters(np.ones(len(data.items.names)), np.where(shape.step_mask, intercepts, 0.0), ones * 0.0, ones)


def maximise(
    likelihood: Likelihood,
    start: Parameters,
    *,
    tolerance: float,
    gradient_tolerance: float,
    max_iterations: int,
    progress: Progress | None = None,
) -> Optimum:
    """EM, accelerated by Anderson's method (6 deep); a jump that lowers the log-likelihood is taken back.

    Stops when both the EM step and the gradient are small; says so when the iterations run out.
    """
    shape = likelihood.shape
    point, plain = start, start
    points: list[Floats] = []
    residuals: list[Floats] = []
    best, fallbacks, jumped = -np.inf, 0, False
    for iteration in range(1, max_iterations + 1):
        e = likelihood.evaluate(point)
        if jumped and not e.loglik >= best - 1e-9 * abs(best):
            point, jumped, fallbacks = plain, False, fallbacks + 1
            points, residuals = [], []
            continue
        best = max(best, e.loglik)
        plain = likelihood.maximise(point, e)
        x = shape.flatten(point)
        residual = shape.flatten(plain) - x
        step = float(np.abs(residual).max())
        gradient = _gradient_in_errors(e.gradient, residual)
        if progress is not None:
            progress(iteration, e.loglik, step)
        if step < tolerance and gradient < gradient_tolerance:
            return Optimum(point, e, iteration, True, step, gradient, fallbacks)
        points, residuals = [*points, x][-MEMORY - 1 :], [*residuals, residual][-MEMORY - 1 :]
        target = anderson(points, residuals)
        jumped = bool(np.abs(target - x - residual).max() < LARGEST_JUMP)
        point = shape.restore(target, point) if jumped else plain
    e = likelihood.evaluate(point)
    residual = shape.flatten(likelihood.maximise(point, e)) - shape.flatten(point)
    gradient = _gradient_in_errors(e.gradient, residual)
    step = float(np.abs(residual).max())
    return Optimum(point, e, max_iterations, False, step, gradient, fallbacks)


def _gradient_in_errors(gradient: Floats, residual: Floats) -> float:
    """An EM step is the gradient over the complete information, so |g| * se_complete = sqrt(g * step)."""
    return float(np.sqrt(np.abs(gradient * residual)).max())


def anderson(points: list[Floats], residuals: list[Floats]) -> Floats:
    """The next point: Anderson's type-II combination of the last few points of x -> x + residual(x)."""
    plain = points[-1] + residuals[-1]
    if len(points) < 2:
        return plain
    moves = np.diff(np.array(points), axis=0).T
    changes = np.diff(np.array(residuals), axis=0).T
    scale = np.linalg.norm(changes, axis=0) + 1e-300
    mix, *_ = np.linalg.lstsq(changes / scale, residuals[-1], rcond=1e-10)
    return np.asarray(plain - (moves + changes) @ (mix / scale))


def observed_information(likelihood: Likelihood, at: Parameters, *, width: float = 5e-4) -> Floats:
    """Minus the second derivatives of the marginal log-likelihood (Oakes 1999, J. R. Stat. Soc. B 61, eq. 1).

    The gradient is exact (Fisher's identity); its derivative is taken by central differences, whose error is
    of the order of width^2.
    """
    x = likelihood.shape.flatten(at)
    information = np.empty((x.shape[0], x.shape[0]))
    for k in range(x.shape[0]):
        gradients = []
        for sign in (1.0, -1.0):
            moved = x.copy()
            moved[k] += sign * width
            gradients.append(likelihood.evaluate(likelihood.shape.restore(moved, at)).gradient)
        information[k] = (gradients[1] - gradients[0]) / (2.0 * width)
    return np.asarray(0.5 * (information + information.T))


def covariance_of(information: Floats) -> Floats:
    """Its inverse; NaN throughout when the information is not positive definite."""
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.full_like(information, np.nan)
    inverse = np.linalg.inv(factor)
    return np.asarray(inverse.T @ inverse)
