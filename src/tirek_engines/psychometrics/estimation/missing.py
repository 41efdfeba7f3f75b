"""Missing information of score-family items in one pass over the persons (Louis 1982; the second term of Oakes 1999, eq. 1).

A person's complete-data score is y theta - g(theta) up to a constant: y holds the person's category for a slope and the covariates
for their effects; g holds theta E(x_j | theta) for a slope, P(x_j = k | theta) for a step, and polynomials for the mean and the spread
of a group. So its posterior covariance is y y' var(theta) - y c' - c y' + C with c = cov(theta, g) and C = cov(g, g), which
depend on the run and the weighted score only: they are computed at the points of the tabulated E-step, and the persons come
in by sums over points, bytes and pairs of bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Layout
from tirek_engines.psychometrics.kernels import items as item_kernels
from tirek_engines.psychometrics.kernels.missing import (
    fold,
    fold_pairs,
    pair_sums,
    place_persons,
    spread_bytes,
    spread_covariates,
)
from tirek_engines.psychometrics.kernels.regression import products
from tirek_engines.psychometrics.likelihood.covariates import Design
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.normals import GroupNormals
from tirek_engines.psychometrics.likelihood.posteriors import ScoreKernel, StreamedKernel
from tirek_engines.psychometrics.likelihood.regression import LatentRegression
from tirek_engines.psychometrics.likelihood.tabulated import Chunk, Plan
from tirek_engines.psychometrics.parallel import CHUNK, in_order

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

LARGE = 4 * CHUNK
"""Persons of a part: many, because folding bytes into items costs the same for each part."""


@dataclass(frozen=True)
class _Run:
    """One run: its persons, points, posteriors at the points, and the functions g of its parameters.

    `mapping` (parameters, multipliers) says what y is made of: the items of the run, 1, the covariates.
    """

    units: slice
    origin: float
    points: slice
    items: Ints
    used: Ints
    post: Floats
    functions: Floats
    mapping: Floats
    places: Ints


def quick_missing_information(likelihood: Likelihood, p: Parameters) -> Floats | None:
    """As `personscores.missing_information`; None where some run has too few persons for points, or units are no persons."""
    kernel, population = likelihood.kernel, likelihood.population
    if not isinstance(kernel, ScoreKernel) or not kernel.quick:
        return None
    if likelihood.data.packed is None and not isinstance(kernel, StreamedKernel):
        return None
    if not isinstance(population, GroupNormals | LatentRegression):
        return None
    prior = population.prior(p)
    plan = kernel.plan(p, prior)
    if plan.tabulated.size < plan.firsts.size:
        return None
    design = population.design if isinstance(population, LatentRegression) else None
    runs = [_set_up(likelihood, p, plan, run, design) for run in range(plan.firsts.size)]
    if isinstance(kernel, StreamedKernel):
        sums = _streamed(kernel, plan, runs)
    else:
        sums = [_persons(likelihood, plan, run, prior.tilts, design) for run in runs]
    total = np.zeros((likelihood.shape.places.n,) * 2)
    for run, (by_point, square) in zip(runs, sums, strict=True):
        total[np.ix_(run.places, run.places)] += _covariance(likelihood.theta, run, by_point, square)
    return total


def _set_up(likelihood: Likelihood, p: Parameters, plan: Plan, run: int, design: Design | None) -> _Run:
    data, shape, theta = likelihood.data, likelihood.shape, likelihood.theta
    items = np.flatnonzero(np.unpackbits(data.run_masks[run], bitorder="little")[: shape.n_items]).astype(np.int64)
    points = slice(int(plan.point_starts[run]), int(plan.point_starts[run + 1]))
    joint = plan.points[points, None] * theta + plan.bases[run]
    post = np.exp(joint - joint.max(axis=1, keepdims=True))
    functions, mapping, places = _functions(likelihood, p, items, int(data.run_group[run]), design)
    return _Run(
        origin=float(plan.origins[run]),
        units=slice(int(data.run_starts[run]), int(data.run_starts[run + 1])),
        points=points,
        items=items,
        used=np.unique(data.layout.byte_of[items]),
        post=post / post.sum(axis=1, keepdims=True),
        functions=functions,
        mapping=mapping,
        places=places,
    )


def _functions(
    likelihood: Likelihood, p: Parameters, items: Ints, group: int, design: Design | None
) -> tuple[Floats, Floats, Ints]:
    """g (nodes, parameters), what y is made of (parameters, multipliers), and the places of the parameters."""
    found = _item_functions(likelihood, p, items)
    theta, places, first = likelihood.theta, likelihood.shape.places, items.size
    precision = 1.0 / float(p.sds[group]) ** 2
    if places.means[group] >= 0:
        found.append((places.means[group], -theta * precision, {}))
    if places.sds[group] >= 0:
        middle = float(p.means[group]) if design is None else 0.0
        line: dict[int, float] = {}
        if design is not None:
            line = {first: -2.0 * precision * float(p.means[group])}
            effects = -2.0 * precision * p.coefficients / design.scales
            line |= {first + 1 + c: effect for c, effect in enumerate(effects.tolist())}
        found.append((places.sds[group], -(theta**2 - 2.0 * middle * theta) * precision, line))
    if design is not None:
        scales = design.scales.tolist()
        found += [
            (int(place), 0.0 * theta, {first + 1 + c: precision / scales[c]})
            for c, place in enumerate(places.coefficients)
        ]
    mapping = np.zeros((len(found), first + 1 + p.coefficients.size))
    for row, (_, _, multipliers) in enumerate(found):
        for multiplier, factor in multipliers.items():
            mapping[row, multiplier] = factor
    return np.array([g for _, g, _ in found]).T, mapping, np.array([place for place, _, _ in found], np.int64)


def _item_functions(likelihood: Likelihood, p: Parameters, items: Ints) -> list[tuple[int, Floats, dict[int, float]]]:
    """Place, g and multipliers of each free parameter of the items of a run."""
    shape, theta, places = likelihood.shape, likelihood.theta, likelihood.shape.places
    curves = np.exp(
        item_kernels.log_curves(shape.kinds, p.slopes, p.intercepts, p.guessing, shape.n_steps, theta)[items]
    )
    found: list[tuple[int, Floats, dict[int, float]]] = []
    for k, j in enumerate(items.tolist()):
        steps = int(shape.n_steps[j])
        if places.slopes[j] >= 0:
            found.append((places.slopes[j], theta * (np.arange(steps + 1.0) @ curves[k, : steps + 1]), {k: 1.0}))
        for m in range(steps):
            if places.intercepts[j, m] >= 0:
                found.append((places.intercepts[j, m], curves[k, m + 1], {}))
    return found


def _persons(
    likelihood: Likelihood, plan: Plan, run: _Run, tilts: Floats, design: Design | None
) -> tuple[Floats, Floats]:
    """Sums of weight times multiplier by point, and of weight times variance times two multipliers."""
    data = likelihood.data
    assert data.packed is not None
    packed, layout = data.packed, data.layout
    starts = range(run.units.start, run.units.stop, LARGE)

    def part(k: int) -> tuple[Floats, Floats]:
        own = slice(starts[k], min(starts[k] + LARGE, run.units.stop))
        known = None if design is None else replace(design, rows=design.rows[own])
        return _part(layout, plan, run, packed[own], data.unit_weight[own], tilts[own], known)

    by_point, square = _nothing(run)
    for one, two in in_order(part, len(starts), likelihood.threads):
        by_point += one
        square += two
    return by_point, square


def _nothing(run: _Run) -> tuple[Floats, Floats]:
    n = run.mapping.shape[1]
    return np.zeros((n, run.points.stop - run.points.start)), np.zeros((n, n))


def _streamed(kernel: StreamedKernel, plan: Plan, runs: list[_Run]) -> list[tuple[Floats, Floats]]:
    """The sums of all runs from a source of chunks."""
    assert kernel.source is not None
    totals = [_nothing(run) for run in runs]

    def add(parts: list[tuple[int, Floats, Floats]]) -> None:
        for number, by_point, square in parts:
            totals[number][0][:] += by_point
            totals[number][1][:] += square

    kernel.source.reduce(partial(_of_chunk, kernel.data.layout, plan, runs), add, kernel.threads)
    return totals


def _of_chunk(layout: Layout, plan: Plan, runs: list[_Run], chunk: Chunk) -> list[tuple[int, Floats, Floats]]:
    found = []
    for k, number in enumerate(chunk.runs.tolist()):
        own = slice(int(chunk.starts[k]), int(chunk.starts[k + 1]))
        sums = _part(layout, plan, runs[number], chunk.packed[own], chunk.weights[own], np.zeros(0), None)
        found.append((number, *sums))
    return found


def _part(
    layout: Layout, plan: Plan, run: _Run, packed: Bytes, weights: Floats, tilts: Floats, design: Design | None
) -> tuple[Floats, Floats]:
    """The sums of some persons of a run."""
    variances = plan.point_variances[run.points]
    placed = place_persons(packed, weights, tilts, plan.table, run.origin, plan.per_step, variances)
    by_byte, cross = spread_bytes(packed, run.used, *placed, variances.size)
    n_items, n = run.items.size, run.mapping.shape[1]
    by_point, square = np.zeros((n, variances.size)), np.zeros((n, n))
    by_point[n_items] = by_byte[0].sum(axis=0)
    square[n_items, n_items] = placed[2].sum()
    own = [np.flatnonzero(layout.byte_of[run.items] == b) for b in run.used]
    digits = [layout.digit_bytes[run.items[k]] for k in own]
    for i, (here, table) in enumerate(zip(own, digits, strict=True)):
        by_point[here] = fold(table, by_byte[i])
        square[n_items, here] = fold(table, cross[i][:, None])[:, 0]
        square[np.ix_(here, here)] = fold(table, np.ascontiguousarray((table * cross[i]).T))
        for k in range(i):
            sums = pair_sums(packed, int(run.used[i]), int(run.used[k]), placed[2])
            square[np.ix_(here, own[k])] = fold_pairs(table, sums, digits[k])
            square[np.ix_(own[k], here)] = square[np.ix_(here, own[k])].T
    if design is not None:
        _add_covariates(by_point, square, run, packed, placed, design, list(zip(own, digits, strict=True)))
    square[:n_items, n_items:] = square[n_items:, :n_items].T
    return by_point, square


def _add_covariates(
    by_point: Floats,
    square: Floats,
    run: _Run,
    packed: Bytes,
    placed: tuple[Ints, Floats, Floats],
    design: Design,
    items: list[tuple[Ints, Bytes]],
) -> None:
    """Fill the rows of the covariates; `items` are those of each used byte, with their digits."""
    first, spreads = run.items.size + 1, placed[2]
    found, cross = spread_covariates(
        packed, run.used, design.values, design.rows, design.shifts, *placed, by_point.shape[1]
    )
    by_point[first:] = found.T
    one_group = np.zeros(spreads.size, np.int64)
    square[first - 1 :, first - 1 :] = products(design.values, design.rows, design.shifts, one_group, spreads, 1)[0]
    for i, (here, table) in enumerate(items):
        square[first:, here] = fold(table, cross[i]).T


def _covariance(theta: Floats, run: _Run, by_point: Floats, square: Floats) -> Floats:
    """Sum over the persons of weight times posterior covariance of the complete-data score."""
    weight = by_point[run.items.size]
    means = run.post @ theta
    expected = run.post @ run.functions
    inner = (run.functions * (weight @ run.post)[:, None]).T @ run.functions - (expected * weight[:, None]).T @ expected
    away = run.post * (theta - means[:, None])
    outer = run.mapping @ (by_point @ away) @ run.functions
    return np.asarray(run.mapping @ square @ run.mapping.T - outer - outer.T + inner)
