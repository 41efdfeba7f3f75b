"""Estimates of items and groups with their standard errors, as they are reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.model import Parameters, Shape
from tirek_engines.psychometrics.prepared import Prepared

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ItemResult:
    """One calibrated item: P(x = k) ~ exp(a k theta + d_k), d_0 = 0; dichotomous P = 1/(1 + exp(-a(theta - b))).

    Attributes
    ----------
    a, b : float
        Slope; difficulty in logits. With several steps b is the mean of the step difficulties, -d_K / (K a).
    d : tuple of float
        Cumulative intercepts d_1 … d_K.
    se_a, se_b, se_d : float, float, tuple of float
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
    d: tuple[float, ...]
    se_a: float
    se_b: float
    se_d: tuple[float, ...]
    n: int
    mean: float
    values: tuple[int, ...]


@dataclass(frozen=True)
class GroupResult:
    """Mean and variance of ability in a group (logits), with standard errors; NaN where fixed."""

    group: str
    mean: float
    variance: float
    se_mean: float
    se_variance: float
    n: int


def item_results(data: Prepared, shape: Shape, p: Parameters, covariance: Floats | None) -> tuple[ItemResult, ...]:
    n_items = len(data.items.names)
    starts = np.concatenate([[0], np.cumsum(data.items.n_steps)]) + (n_items if shape.free_slopes else 0)
    total_by_item = _answering_weight(data)
    results = []
    for j in range(n_items):
        steps = int(data.items.n_steps[j])
        places = list(range(int(starts[j]), int(starts[j + 1])))
        a, d = float(p.slopes[j]), p.intercepts[j, :steps]
        se_a, se_b, se_d = np.nan, np.nan, np.full(steps, np.nan)
        if covariance is not None:
            se_d = np.sqrt(np.diag(covariance)[places])
            gradient = np.zeros(covariance.shape[0])
            gradient[places[-1]] = -1.0 / (steps * a)
            if shape.free_slopes:
                se_a = float(np.sqrt(covariance[j, j]))
                gradient[j] = d[-1] / (steps * a * a)
            se_b = float(np.sqrt(gradient @ covariance @ gradient))
        score = float(data.step_counts[j, :steps] @ np.arange(1, steps + 1))
        results.append(
            ItemResult(
                item=data.items.names[j],
                model=_item_model(steps, shape.free_slopes),
                a=a,
                b=float(-d[-1] / (steps * a)),
                d=tuple(d.tolist()),
                se_a=float(se_a),
                se_b=float(se_b),
                se_d=tuple(np.asarray(se_d).tolist()),
                n=int(data.items.counts[j, :255].sum()),
                mean=score / total_by_item[j],
                values=data.items.values[j],
            )
        )
    return tuple(results)


def _item_model(steps: int, free_slopes: bool) -> str:
    if steps == 1:
        return "2pl" if free_slopes else "rasch"
    return "gpcm" if free_slopes else "pcm"


def _answering_weight(data: Prepared) -> list[float]:
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    run_weight = np.add.reduceat(data.unit_weight, data.run_starts[:-1])
    return [float(w) for w in masks.T.astype(np.float64) @ run_weight]


def group_results(data: Prepared, shape: Shape, p: Parameters, covariance: Floats | None) -> tuple[GroupResult, ...]:
    group_of = data.run_group[data.unit_run[data.unit_of_person]]
    counts = np.bincount(group_of[data.weights > 0], minlength=len(data.group_names))
    n_item_parameters = shape.flatten(p).shape[0] - int(shape.free_means.sum()) - int(shape.free_sds.sum())
    se_mean, se_variance = np.full(shape.n_groups, np.nan), np.full(shape.n_groups, np.nan)
    if covariance is not None:
        errors = np.sqrt(np.diag(covariance))[n_item_parameters:]
        n_means = int(shape.free_means.sum())
        se_mean[shape.free_means] = errors[:n_means]
        se_variance[shape.free_sds] = 2.0 * p.sds[shape.free_sds] ** 2 * errors[n_means:]
    return tuple(
        GroupResult(
            name,
            float(p.means[g]),
            float(p.sds[g] ** 2),
            float(se_mean[g]),
            float(se_variance[g]),
            int(counts[g]),
        )
        for g, name in enumerate(data.group_names)
    )
