"""Errors of several dimensions by replicate weights: everything is estimated anew under each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.dimensions.growth import item_results_of
from tirek_engines.psychometrics.dimensions.results import DimensionErrors, DimensionResult, Functions, reported
from tirek_engines.psychometrics.estimation.em import maximise
from tirek_engines.psychometrics.likelihood.model import Parameters
from tirek_engines.psychometrics.replicates import GRADIENT, ROUNDS, STEP, reweighted_data

Floats = NDArray[np.float64]


def dimension_errors(
    found: DimensionResult, answers: Answers, weights: Callable[[int], Floats], factors: Floats
) -> DimensionErrors:
    """Root of the sum of c_r (t_r - t)^2 of everything that is reported; see `replicates`.

    Parameters
    ----------
    found : DimensionResult
        The finished calibration of the same answers.
    answers : Answers
        What was calibrated.
    weights : callable
        ``weights(r)``: all persons' weights in replicate r.
    factors : ndarray of float64, shape (replicates,)
        c_r of the scheme.
    """
    start = found.optimum.parameters
    full = values_of(found, start)
    squares, converged, longest = np.zeros_like(full), 0, 0
    for r in range(factors.shape[0]):
        data = reweighted_data(found.likelihood.data, answers, weights(r))
        likelihood = replace(found.likelihood, data=data, _held=[])
        best = maximise(
            likelihood,
            start,
            tolerance=STEP,
            gradient_tolerance=GRADIENT,
            max_iterations=ROUNDS,
        )
        converged, longest = converged + best.converged, max(longest, best.iterations)
        squares += factors[r] * (values_of(found, best.parameters) - full) ** 2
    return DimensionErrors(np.sqrt(squares), int(factors.shape[0]), converged, longest)


def values_of(found: DimensionResult, p: Parameters) -> Floats:
    """All reported numbers in one vector, in the order of `split_values`."""
    there = reported(found.likelihood, p, found.rescale)
    most = found.likelihood.shape.max_steps
    items = item_results_of(found.likelihood, there, None)
    rows = [[i.a, i.b, i.c, *i.d, *(0.0,) * (most - len(i.d))] for i in items]
    of = Functions(found.likelihood, there, None, found.names, found.rescale.means)
    parts = [np.array(rows).ravel()]
    for g in range(len(found.groups)):
        group = of.group(g, "", 0, found.linked)
        numbers = [*group.means, *group.variances, *group.covariances.values(), *group.correlations.values()]
        numbers += [e for both in group.growth.values() for e in both]
        parts.append(np.array([e.value for e in numbers]))
    n = len(found.names)
    parts.append(np.array([of.effect(k // n, k % n).value for k in range(len(found.regression))]))
    return np.concatenate(parts)


def split_values(found: DimensionResult, values: Floats) -> tuple[Floats, list[Floats], Floats]:
    """Items (items, 3 + steps: a, b, c, d), groups (means, variances, covariances, correlations, growth), effects."""
    width = 3 + found.likelihood.shape.max_steps
    cut = len(found.items) * width
    items, rest = values[:cut].reshape(-1, width), values[cut:]
    group = found.groups[0]
    size = 2 * len(found.names) + 2 * len(group.covariances) + 2 * len(group.growth)
    groups = [rest[g * size : (g + 1) * size] for g in range(len(found.groups))]
    return items, groups, rest[len(found.groups) * size :]
