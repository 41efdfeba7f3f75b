"""What a reader of a calibration is warned of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.estimation.em import SAME_OPTIMUM, Optimum
from tirek_engines.psychometrics.likelihood.model import Grid, Likelihood, lowest_sd
from tirek_engines.psychometrics.likelihood.response import steepest_slope

Floats = NDArray[np.float64]

GRID_TOLERANCE = 0.01
"""Change of the log-likelihood, on a wider or a finer grid, above which the grid is called too small."""


def warnings_of(
    n_persons: int,
    without: int,
    likelihood: Likelihood,
    best: Optimum,
    covariance: Floats | None,
    reached: tuple[float, ...],
) -> tuple[str, ...]:
    """Everything about a calibration that its reader ought to know."""
    data, found = likelihood.data, []
    if without:
        found.append(
            f"{without} of {n_persons} persons have no answer: they do not calibrate, their EAP is the mean "
            "of their group and they have no WLE."
        )
    if not best.converged:
        found.append(
            f"Not converged after {best.iterations} iterations: largest step {best.step:.2g} logits, "
            f"largest gradient {best.gradient:.2g} standard errors."
        )
    if covariance is not None and not bool(np.any(np.isfinite(covariance))):
        found.append("The information matrix is not positive definite: no standard errors can be given.")
    found += [
        f"The variance of group {name} is at the least that the grid can tell from zero: these answers show no common "
        "ability, or the group has too few persons. Check the key, the choice of items and the group."
        for name, sd in zip(data.group_names, best.parameters.sds.tolist(), strict=True)
        if sd <= lowest_sd(likelihood.grid.theta) * 1.0001
    ]
    found += [
        f"Item {name} has a slope of {slope:.3f}, below zero: able persons answer it wrong more often. Check its key."
        for name, slope in zip(data.items.names, best.parameters.slopes.tolist(), strict=True)
        if slope < 0
    ]
    steepest = steepest_slope(likelihood.theta)
    found += [
        f"The slope of item {name} is at {slope:.1f}, the steepest that this grid can tell from a step, and has no "
        "error. Often two items ask the same; else use more nodes."
        for name, slope, free in zip(
            data.items.names, best.parameters.slopes.tolist(), likelihood.shape.free_slopes.tolist(), strict=True
        )
        if free and abs(slope) >= steepest * (1.0 - 1e-9)
    ]
    if len(reached) > 1 and best.evaluation.objective - min(reached) > SAME_OPTIMUM:
        found.append(
            f"The {len(reached)} starts came to different optima, with log-posteriors from {min(reached):.3f} to "
            f"{max(reached):.3f}; the best is given."
        )
    return tuple(found + grid_warnings(likelihood, best))


def grid_warnings(likelihood: Likelihood, best: Optimum) -> list[str]:
    """Compare the log-likelihood with that on a grid half as wide again and on one twice as fine."""
    grid, p = likelihood.grid, best.parameters
    found = []
    extra = -(-grid.n_nodes // 4)
    step = 2 * grid.half_range / (grid.n_nodes - 1)
    wider = Grid(grid.n_nodes + 2 * extra, grid.half_range + extra * step, grid.centre)
    finer = Grid(2 * grid.n_nodes - 1, grid.half_range, grid.centre)
    for other, fault in ((wider, "too narrow"), (finer, "too coarse")):
        loglik = likelihood.loglik_on(other, p, best.evaluation)
        if abs(loglik - best.evaluation.loglik) > GRID_TOLERANCE:
            found.append(
                f"The grid of {grid.n_nodes} nodes on ±{grid.half_range:g} is {fault}: with {other.n_nodes} nodes on "
                f"±{other.half_range:g} the log-likelihood at the same parameters differs by "
                f"{loglik - best.evaluation.loglik:+.3f}. Use more nodes or a wider range."
            )
    return found
