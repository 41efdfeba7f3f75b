"""Derivatives of each person's log-likelihood, and what is made of them: cross products and missing information."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.kernels import items as item_kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS = 4_000_000
"""Numbers held at once."""
FEW_RUNS = 200
"""Up to so many runs each is done with the parameters of its own items only."""


@dataclass(frozen=True)
class NodeScores:
    """d log P / d parameter at each node; the last category of each item is for missing answers and holds zeros.

    `places[j, m]` is where parameter m of item j stands in the vector, -1 where it is not free.
    """

    tables: Floats
    places: Ints


def node_scores(likelihood: Likelihood, p: Parameters) -> NodeScores:
    """Tables of all items, shape (items, categories + 1, parameters, nodes)."""
    shape = likelihood.shape
    found = item_kernels.derivatives(shape.kinds, p.slopes, p.intercepts, p.guessing, shape.n_steps, likelihood.theta)
    tables = np.concatenate([found, np.zeros_like(found[:, :1])], axis=1)
    places = np.full((shape.n_items, shape.max_steps + 2), -1, dtype=np.int64)
    places[:, 0] = shape.places.slopes
    places[:, 1 : shape.max_steps + 1] = shape.places.intercepts
    guessing = shape.free_guessing
    places[guessing, 2] = shape.places.guessing[guessing]
    return NodeScores(tables, places)


def categories_of(likelihood: Likelihood, units: slice) -> Ints:
    """Category of each answer; max_steps + 1 where there is none: shape (units, items)."""
    data, shape = likelihood.data, likelihood.shape
    if data.packed is None:
        raise BrokenContract("units", "persons collapsed by score", "one unit a person")
    layout = data.layout
    found = data.packed[units].astype(np.int64)[:, layout.byte_of] // layout.step_of % layout.states
    presented = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : shape.n_items]
    return np.where(presented[data.unit_run[units]] == 1, found, shape.max_steps + 1)


def _posteriors(likelihood: Likelihood, p: Parameters, units: slice) -> Floats:
    joint = likelihood.log_joint(p, units)
    joint = np.exp(joint - joint.max(axis=1, keepdims=True))
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _blocks(likelihood: Likelihood) -> Iterator[tuple[slice, Ints]]:
    """Slices of units with the items that any of them answered."""
    data, shape = likelihood.data, likelihood.shape
    presented = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : shape.n_items]
    few = data.run_masks.shape[0] <= FEW_RUNS
    edges = data.run_starts if few else np.array([0, data.unit_run.shape[0]])
    for b in range(edges.shape[0] - 1):
        items = np.flatnonzero(presented[b]) if few else np.arange(shape.n_items)
        width = likelihood.theta.shape[0] * (items.size * (shape.max_steps + 2) + 2 * shape.n_groups + 2)
        size = max(1, CELLS // width)
        for start in range(int(edges[b]), int(edges[b + 1]), size):
            yield slice(start, min(start + size, int(edges[b + 1]))), items.astype(np.int64)


def _block_scores(
    likelihood: Likelihood, p: Parameters, scores: NodeScores, units: slice, items: Ints
) -> tuple[Floats, Ints]:
    """Derivatives at each node (units, parameters, nodes), and where the parameters stand."""
    categories = categories_of(likelihood, units)
    parts, places = [], []
    for j in items.tolist():
        free = np.flatnonzero(scores.places[j] >= 0)
        if free.size:
            parts.append(scores.tables[j][:, free][categories[:, j]])
            places.append(scores.places[j, free])
    population = likelihood.population.node_scores(p, units)
    parts.append(population)
    first = likelihood.shape.n_item_parameters
    places.append(np.arange(first, first + population.shape[1]))
    return np.concatenate(parts, axis=1), np.concatenate(places)


def cross_products(likelihood: Likelihood, p: Parameters, *, power: int) -> Floats:
    """Sum over persons of w^power s s', s a person's posterior mean of the complete-data score."""
    total = np.zeros((likelihood.shape.places.n,) * 2)
    scores = node_scores(likelihood, p)
    for units, items in _blocks(likelihood):
        by_node, places = _block_scores(likelihood, p, scores, units, items)
        mean = np.einsum("umq,uq->um", by_node, _posteriors(likelihood, p, units))
        weights = likelihood.data.unit_weight[units] ** power
        total[np.ix_(places, places)] += (mean * weights[:, None]).T @ mean
    return total


def missing_information(likelihood: Likelihood, p: Parameters) -> Floats:
    """Sum over persons of w times the posterior covariance of the complete-data score."""
    total = np.zeros((likelihood.shape.places.n,) * 2)
    scores = node_scores(likelihood, p)
    for units, items in _blocks(likelihood):
        by_node, places = _block_scores(likelihood, p, scores, units, items)
        post = _posteriors(likelihood, p, units)
        by_node -= np.einsum("umq,uq->um", by_node, post)[:, :, None]
        by_node *= np.sqrt(post * likelihood.data.unit_weight[units][:, None])[:, None, :]
        flat = np.ascontiguousarray(by_node.transpose(1, 0, 2)).reshape(places.size, -1)
        total[np.ix_(places, places)] += flat @ flat.T
    return total
