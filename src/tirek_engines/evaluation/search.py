"""The variance ratios at which the criterion of `mixed` is smallest."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tirek_engines.evaluation.mixed import Point, SchoolSums, at

Floats = NDArray[np.float64]

LOWEST, HIGHEST = np.log(1e-10), np.log(1e6)
NEWTON_STEPS = 30
STEP_ENOUGH = 1e-11
DIFFERENCE = 1e-4


def lowest(data: SchoolSums, *, restricted: bool) -> tuple[Point, bool]:
    """The best point and whether the search converged.

    A variance of zero is a solution like any other: each set of levels that vary is tried, and the lowest deviance
    wins; of equal ones that with fewer levels.
    """
    n_levels = 2 if data.n_districts else 1
    best, settled = at(data, np.zeros(n_levels), restricted=restricted), True
    for size in range(1, n_levels + 1):
        for levels in combinations(range(n_levels), size):
            found, done = _inside(data, levels, n_levels, restricted)
            if found.deviance < best.deviance - 1e-9:
                best, settled = found, done
    return best, settled


def _inside(data: SchoolSums, levels: tuple[int, ...], n_levels: int, restricted: bool) -> tuple[Point, bool]:
    """The lowest deviance where these levels have variances above zero: quasi-Newton, then Newton to the last digit."""
    places = list(levels)

    def point(logs: Floats) -> Point:
        ratios = np.zeros(n_levels)
        ratios[places] = np.exp(logs)
        return at(data, ratios, restricted=restricted)

    def slope(logs: Floats) -> tuple[float, Floats]:
        p = point(logs)
        return p.deviance, p.gradient[places] * p.ratios[places]

    start = np.full(len(places), np.log(0.1))
    rough = minimize(slope, start, jac=True, method="L-BFGS-B", bounds=[(LOWEST, HIGHEST)] * len(places))
    return _polished(slope, point, np.asarray(rough.x, dtype=float))


def _polished(slope, point, logs: Floats) -> tuple[Point, bool]:  # type: ignore[no-untyped-def]
    """Newton on the gradient; the Hessian from differences of the gradient. Keeps the rough point where it gets lost."""
    start = logs
    for _ in range(NEWTON_STEPS):
        value, gradient = slope(logs)
        steps = DIFFERENCE * np.eye(logs.size)
        hessian = np.stack([(slope(logs + h)[1] - slope(logs - h)[1]) / (2.0 * DIFFERENCE) for h in steps])
        try:
            step = np.linalg.solve(0.5 * (hessian + hessian.T), gradient)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all() or np.abs(step).max() > 1.0 or slope(logs - step)[0] > value + 1e-8 * abs(value):
            break
        logs = logs - step
        if np.abs(step).max() < STEP_ENOUGH:
            return point(logs), True
    ended = point(logs)
    value, gradient = slope(logs)
    flat = bool(np.abs(gradient).max() < 1e-6)
    return (ended, flat) if value <= slope(start)[0] else (point(start), flat)
