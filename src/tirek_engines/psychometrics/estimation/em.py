"""EM with Anderson acceleration, from one start or from several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.likelihood.model import Evaluation, Objective, Parameters

Floats = NDArray[np.float64]

MEMORY = 6
RIDGE = 1e-10
"""Added to the squares of the changes, which are scaled to length 1: directions that say the same twice count once."""
LARGEST_JUMP = 1.0
SAME_OPTIMUM = 0.01
"""Log-posteriors that differ by less belong to one optimum."""
NEAR = 0.02
"""A start whose parameters come this close to a known optimum (logits) has come to it."""
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


def best_of_starts(
    likelihood: Objective,
    starts: Sequence[Parameters],
    *,
    tolerance: float,
    gradient_tolerance: float,
    max_iterations: int,
    progress: Progress | None = None,
) -> tuple[Optimum, tuple[float, ...]]:
    """The best optimum of several starts, and the objective that each came to."""
    best: Optimum | None = None
    reached: list[float] = []
    for start in starts:
        found = maximise(
            likelihood,
            start,
            tolerance=tolerance,
            gradient_tolerance=gradient_tolerance,
            max_iterations=max_iterations,
            progress=progress,
            near=best,
        )
        reached.append(found.evaluation.objective)
        if best is None or (found is not best and found.evaluation.objective > best.evaluation.objective):
            best = found
    assert best is not None
    return best, tuple(reached)


def maximise(
    likelihood: Objective,
    start: Parameters,
    *,
    tolerance: float,
    gradient_tolerance: float,
    max_iterations: int,
    progress: Progress | None = None,
    near: Optimum | None = None,
) -> Optimum:
    """EM, accelerated by Anderson's method (6 deep); a jump that lowers the objective is taken back.

    Stops when both the EM step and the gradient are small; says so when the iterations run out. When it comes `near`
    an optimum that is known already, that one is returned.
    """
    shape = likelihood.shape
    known = shape.flatten(near.parameters) if near is not None else None
    point, plain = start, start
    points: list[Floats] = []
    residuals: list[Floats] = []
    best, fallbacks, jumped = -np.inf, 0, False
    for iteration in range(1, max_iterations + 1):
        e = likelihood.evaluate(point)
        if jumped and not e.objective >= best - 1e-9 * abs(best):
            point, jumped, fallbacks = plain, False, fallbacks + 1
            points, residuals = [], []
            continue
        best = max(best, e.objective)
        plain = likelihood.maximise(point, e)
        x = shape.flatten(point)
        residual = shape.flatten(plain) - x
        step = float(np.abs(residual).max())
        gradient = _gradient_in_errors(e.gradient, residual)
        if near is not None and known is not None and float(np.abs(x - known).max()) < NEAR:
            return near
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
    all_points, all_residuals = np.array(points), np.array(residuals)
    moves, changes = all_points[1:] - all_points[:-1], all_residuals[1:] - all_residuals[:-1]
    scale = np.sqrt((changes * changes).sum(axis=1)) + 1e-300
    unit = changes / scale[:, None]
    gram = unit @ unit.T
    gram.flat[:: gram.shape[0] + 1] += RIDGE
    mix = np.linalg.solve(gram, unit @ residuals[-1]) / scale
    return np.asarray(plain - mix @ (moves + changes))
