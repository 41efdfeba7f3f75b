"""The items' part of the likelihood: gradient and M-step from expected answers, whatever the population is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.kernels import items as item_kernels
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.likelihood.posteriors import Counts
from tirek_engines.psychometrics.parameters import Parameters, Shape

Floats = NDArray[np.float64]

SCORE_ROUNDS = 8
ANY_ROUNDS = 5
"""Newton or Fisher steps in an M-step; one that is not carried to its end is made up for by the next."""
STEEPEST = 3.0
"""Largest slope times the distance of two nodes. A curve that rises between two nodes is a step to the grid, and its
likelihood there says nothing: at 3 the sum over the nodes is still right to 0.1 %."""


def steepest_slope(theta: Floats) -> float:
    """The largest slope that the grid can tell from a step."""
    return STEEPEST / float(theta[1] - theta[0])


@dataclass(frozen=True)
class GuessingPrior:
    """Normal prior on logit c of 3PL items."""

    mean: float = -1.5
    sd: float = 0.5

    def log_density(self, shape: Shape, p: Parameters) -> float:
        """Sum of log densities over the items whose guessing is estimated."""
        if not shape.free_guessing.any():
            return 0.0
        away = (p.guessing[shape.free_guessing] - self.mean) / self.sd
        return float(-0.5 * away @ away - away.size * (np.log(self.sd) + 0.5 * np.log(2.0 * np.pi)))


def item_gradient(shape: Shape, p: Parameters, counts: Counts, theta: Floats, prior: GuessingPrior) -> Floats:
    """Derivative of the log-posterior by the free item parameters (Fisher's identity), in the order of `Shape`."""
    if not counts.categories.size:
        by_slope, by_step = kernels.item_gradient(
            p.slopes, p.intercepts, shape.n_steps, theta, counts.answered, counts.steps, counts.moments
        )
        return np.concatenate([by_slope[shape.free_slopes], by_step[shape.free_steps]])
    found = item_kernels.item_gradients(
        shape.kinds,
        p.slopes,
        p.intercepts,
        p.guessing,
        shape.n_steps,
        theta,
        counts.categories,
        prior.mean,
        prior.sd,
    )
    steps = found[:, 1 : shape.max_steps + 1][shape.free_steps]
    return np.concatenate([found[shape.free_slopes, 0], steps, found[shape.free_guessing, 2]])


def maximise_items(shape: Shape, p: Parameters, counts: Counts, theta: Floats, prior: GuessingPrior) -> Parameters:
    """The M-step of the items: Newton in the score family, safeguarded Fisher scoring otherwise."""
    if not counts.categories.size:
        slopes, intercepts = kernels.maximise_items(
            p.slopes,
            p.intercepts,
            shape.n_steps,
            theta,
            counts.answered,
            counts.steps,
            counts.moments,
            shape.free_slopes,
            shape.fixed,
            steepest_slope(theta),
            SCORE_ROUNDS,
        )
        return replace(p, slopes=slopes, intercepts=intercepts)
    slopes, intercepts, guessing = item_kernels.maximise_any(
        shape.kinds,
        p.slopes,
        p.intercepts,
        p.guessing,
        shape.n_steps,
        theta,
        counts.categories,
        shape.free_slopes,
        shape.fixed,
        prior.mean,
        prior.sd,
        steepest_slope(theta),
        ANY_ROUNDS,
    )
    return replace(p, slopes=slopes, intercepts=intercepts, guessing=guessing)
