"""Estimates of items and groups with their standard errors, as they are reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.estimation.starts import category_weights
from tirek_engines.psychometrics.parameters import KIND_3PL, KIND_GRADED, Parameters, Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ItemResult:
    """One calibrated item; for the formulas of its model see `items.Items`.

    Attributes
    ----------
    a, b : float
        Slope; difficulty in logits. With several steps b is the mean of the step difficulties, -d_K / (K a), under the
        graded model of the thresholds, -sum_k d_k / (K a).
    c : float
        Guessing (3PL); 0 elsewhere.
    d : tuple of float
        Intercepts d_1 … d_K.
    se_a, se_b, se_c, se_d : float, float, float, tuple of float
        Standard errors; NaN where a parameter is fixed or errors were not asked for.
    n, mean : int, float
        Persons of positive weight who answered it; their mean score (weighted, categories numbered from 0).
    values : tuple of int
        The original score of each category.
    """

    item: str
    model: str
    a: float
    b: float
    c: float
    d: tuple[float, ...]
    se_a: float
    se_b: float
    se_c: float
    se_d: tuple[float, ...]
    n: int
    mean: float
    values: tuple[int, ...]
    fixed: bool = False


@dataclass(frozen=True)
class GroupResult:
    """Mean and variance of ability in a group (logits), with standard errors; NaN where fixed."""

    group: str
    mean: float
    variance: float
    se_mean: float
    se_variance: float
    n: int


@dataclass(frozen=True)
class ReplicateErrors:
    """Standard errors by replication, in the shapes of the estimates; 0 where a parameter is fixed.

    `n_converged` of `n_replicates` recalibrations came to their optimum; `most_iterations` is the longest.
    """

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    mean: Floats
    variance: Floats
    beta: Floats
    n_replicates: int
    n_converged: int
    most_iterations: int


def item_results(data: Prepared, shape: Shape, p: Parameters, covariance: Floats | None) -> tuple[ItemResult, ...]:
    """Estimates and errors of all items."""
    weights = category_weights(data)
    means = (weights @ np.arange(float(weights.shape[1])) / weights.sum(axis=1)).tolist()
    counts = data.items.counts[:, :255].sum(axis=1).tolist()
    n_steps, slopes = shape.n_steps.tolist(), p.slopes.tolist()
    return tuple(
        _item_result(data, shape, p, covariance, j, (n_steps[j], slopes[j], counts[j], means[j]))
        for j in range(shape.n_items)
    )


def _item_result(
    data: Prepared,
    shape: Shape,
    p: Parameters,
    covariance: Floats | None,
    j: int,
    known: tuple[int, float, int, float],
) -> ItemResult:
    """`known`: steps, slope, persons and mean."""
    steps, a, n, mean = known
    kind, d = int(shape.kinds[j]), p.intercepts[j, :steps].tolist()
    c = _logistic(float(p.guessing[j])) if kind == KIND_3PL else 0.0
    share = [1.0 / steps] * steps if kind == KIND_GRADED else [0.0] * (steps - 1) + [1.0 / steps]
    b = -sum(s * v for s, v in zip(share, d, strict=True)) / a
    places = shape.places
    slope, guess, of_steps = int(places.slopes[j]), int(places.guessing[j]), places.intercepts[j, :steps].tolist()
    by_place = [(slope, -b / a), *((q, -s / a) for q, s in zip(of_steps, share, strict=True))]
    return ItemResult(
        item=data.items.names[j],
        model=shape.models[j],
        a=a,
        b=b,
        c=c,
        d=tuple(d),
        se_a=_error(covariance, slope),
        se_b=_delta(covariance, by_place),
        se_c=c * (1.0 - c) * _error(covariance, guess),
        se_d=tuple(_error(covariance, place) for place in of_steps),
        n=n,
        mean=mean,
        values=data.items.values[j],
        fixed=bool(shape.fixed[j]),
    )


def _logistic(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-z)))


def _error(covariance: Floats | None, place: int) -> float:
    """Standard error of a parameter; NaN where it is not free."""
    return float(np.sqrt(covariance[place, place])) if covariance is not None and place >= 0 else float("nan")


def _delta(covariance: Floats | None, by_place: list[tuple[int, float]]) -> float:
    """Standard error of a function of parameters from its derivatives by them (delta method)."""
    free = [(place, slope) for place, slope in by_place if place >= 0]
    if covariance is None or not free:
        return float("nan")
    gradient = np.zeros(covariance.shape[0])
    for place, slope in free:
        gradient[place] = slope
    return float(np.sqrt(gradient @ covariance @ gradient))


def group_results(data: Prepared, shape: Shape, p: Parameters, covariance: Floats | None) -> tuple[GroupResult, ...]:
    """Estimates and errors of all groups."""
    group_of = data.run_group[data.unit_run[data.unit_of_person]]
    counts = np.bincount(group_of[data.weights > 0], minlength=len(data.group_names))
    return tuple(
        GroupResult(
            name,
            float(p.means[g]),
            float(p.sds[g] ** 2),
            _error(covariance, int(shape.places.means[g])),
            2.0 * float(p.sds[g]) ** 2 * _error(covariance, int(shape.places.sds[g])),
            int(counts[g]),
        )
        for g, name in enumerate(data.group_names)
    )
