"""Scores of persons on several dimensions: EAP, MAP, Warm's estimate, plausible values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.prepared import prepare
from tirek_engines.psychometrics.dimensions.grid import join, normal_weights
from tirek_engines.psychometrics.dimensions.model import DimensionLikelihood
from tirek_engines.psychometrics.dimensions.results import DimensionScores
from tirek_engines.psychometrics.dimensions.shape import DimensionShape, Layout, covariance_matrix, z_of
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.kernels import plausible as kernels
from tirek_engines.psychometrics.likelihood.model import Evaluation, Grid, Parameters
from tirek_engines.psychometrics.parameters import KIND_3PL
from tirek_engines.psychometrics.population.plausible import stream
from tirek_engines.psychometrics.scoring import Groups, score_persons

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FINEST = 0.1
"""Distance of nodes for plausible values (logits)."""
PART = 4_096
STEPS = 60
WIDTH = 1e-3


def dimension_scores(
    likelihood: DimensionLikelihood, p: Parameters, e: Evaluation, answers: Answers, shift: Floats, bound: float
) -> DimensionScores:
    """EAP and WLE of every person; `shift` brings the iterations' scale to the reported one."""
    of_person = likelihood.units(p).of_person
    score, n_answered = raw_scores(likelihood)
    wle, wle_se = warm(items_of(likelihood, p), likelihood.layout, answers, bound)
    return DimensionScores(
        e.unit_means[of_person] + shift, e.unit_variances[of_person], wle + shift, wle_se, score, n_answered
    )


def items_of(likelihood: DimensionLikelihood, p: Parameters) -> Items:
    """The prepared items at a point."""
    of_class, shape, table = likelihood.layout.of_class, likelihood.shape, likelihood.data.items
    guesses = np.zeros(len(of_class))
    if p.guessing.size:
        guesses = np.where(shape.kinds == KIND_3PL, 1.0 / (1.0 + np.exp(-p.guessing)), 0.0)[of_class]
    return Items(
        names=table.names,
        models=tuple(shape.models[k] for k in of_class),
        slopes=p.slopes[of_class],
        intercepts=p.intercepts[of_class],
        guessing=guesses,
        n_steps=table.n_steps,
        values=table.values,
        dimensions=likelihood.layout.dimension,
    )


def raw_scores(likelihood: DimensionLikelihood) -> tuple[Ints, Ints]:
    """Raw score and number of answers in each dimension, shape (persons, dimensions)."""
    data, layout = likelihood.data, likelihood.layout
    units = np.arange(data.unit_run.shape[0])
    score, answered = (np.zeros((units.size, layout.n_dimensions), np.int64) for _ in range(2))
    for j, d in enumerate(layout.dimension.tolist()):
        there, category = likelihood.codes(units, j)
        score[there, d] += category
        answered[there, d] += 1
    return score[data.unit_of_person], answered[data.unit_of_person]


def warm(items: Items, layout: Layout, answers: Answers, bound: float) -> tuple[Floats, Floats]:
    """Warm's estimate in each dimension by its own items, and its error, shape (persons, dimensions)."""
    theta, se = (np.full((answers.n_persons, layout.n_dimensions), np.nan) for _ in range(2))
    nobody = Groups(("all",), np.zeros(1), np.ones(1))
    plain = Answers(answers.codes, answers.items)
    for d in range(layout.n_dimensions):
        own = items.take(np.flatnonzero(layout.dimension == d))
        found = score_persons(_flat(own), nobody, plain, "wle", bound=bound)
        theta[:, d], se[:, d] = found.theta, found.se
    return theta, se


def _flat(items: Items) -> Items:
    return Items(
        items.names,
        items.models,
        items.slopes,
        items.intercepts,
        items.guessing,
        items.n_steps,
        items.values,
        np.zeros(len(items), np.int64),
    )


@dataclass(frozen=True)
class KnownDimensions:
    """Known items and distributions of several dimensions (logits).

    Parameters
    ----------
    items : Items
        With their dimensions.
    group_names : tuple of str
    means : ndarray of float64, shape (groups, dimensions)
    covariances : ndarray of float64, shape (groups, dimensions, dimensions)
    effects : ndarray of float64, shape (covariates, dimensions)
        Latent regression; without rows where there is none.
    centres : ndarray of float64, shape (covariates,)
        Means of the covariates in the calibration.
    """

    items: Items
    group_names: tuple[str, ...]
    means: Floats
    covariances: Floats
    effects: Floats
    centres: Floats


@dataclass(frozen=True)
class ToScore:
    """A likelihood at known parameters, on the scale of the iterations; `shift` leads to the reported one."""

    likelihood: DimensionLikelihood
    parameters: Parameters
    answers: Answers
    shift: Floats


def known_dimensions(
    known: KnownDimensions, answers: Answers, grid: Grid, linked: Sequence[bool], covariates: Floats | None = None
) -> ToScore:
    """Set up the likelihood of answers under a finished calibration.

    Parameters
    ----------
    known : KnownDimensions
        The calibration.
    answers : Answers
        Columns that are no calibrated items are not read.
    grid : Grid
        Of the calibration.
    linked : sequence of bool
        Dimensions on the scale of the first.
    covariates : ndarray of float64, shape (persons, covariates), optional
        Those of the calibration.
    """
    if set(answers.group_names) - set(known.group_names):
        raise BrokenContract("answers.group_names", answers.group_names, " | ".join(known.group_names))
    place = {name: k for k, name in enumerate(known.items.names)}
    wanted = [j for j, name in enumerate(answers.items) if name in place]
    chosen = Answers(
        np.ascontiguousarray(answers.codes[:, wanted]),
        tuple(answers.items[j] for j in wanted),
        answers.weights,
        answers.groups,
        answers.group_names,
    )
    data = prepare(chosen, collapse_scores=False, known={n: known.items.values[k] for n, k in place.items()})
    items = known.items.take([place[name] for name in data.items.names])
    n, n_groups = known.means.shape[1], len(data.group_names)
    rows = [known.group_names.index(name) for name in data.group_names]
    leader = np.array([0 if is_linked else d for d, is_linked in enumerate(linked)])
    added = known.centres @ known.effects if known.effects.size else np.zeros(n)
    shift = added[leader]
    layout = Layout(items.dimensions, np.arange(len(items)), n)
    shape = DimensionShape(
        items.models,
        items.n_steps,
        n_groups=n_groups * n,
        fixed=np.ones(len(items), dtype=bool),
        n_coefficients=n_groups * (n * (n - 1) // 2) + known.effects.size,
        loose_means=(True,) * (n_groups * n),
        loose_sds=(True,) * (n_groups * n),
        n_dimensions=n,
    )
    design = np.zeros((data.unit_run.shape[0], known.effects.shape[0]))
    if covariates is not None:
        design[data.unit_of_person] = covariates - known.centres
    likelihood = DimensionLikelihood(data, shape, grid, layout, design)
    p = _point(likelihood, known, items, rows, shift, added)
    return ToScore(likelihood, p, chosen, shift)


def _point(
    likelihood: DimensionLikelihood, known: KnownDimensions, items: Items, rows: list[int], shift: Floats, added: Floats
) -> Parameters:
    """The known parameters on the scale theta - shift."""
    from tirek_engines.psychometrics.dimensions.results import multipliers

    sds = np.sqrt(np.array([np.diag(known.covariances[r]) for r in rows]))
    z = [z_of(known.covariances[r] / np.outer(s, s)) for r, s in zip(rows, sds, strict=True)]
    pull = multipliers(likelihood) * (items.slopes * shift[items.dimensions])[:, None]
    width = likelihood.shape.max_steps
    with np.errstate(divide="ignore"):
        guessing = np.log(items.guessing / (1.0 - items.guessing))
    return Parameters(
        items.slopes,
        items.intercepts[:, :width] + pull,
        (known.means[rows] - shift + added).ravel(),
        sds.ravel(),
        guessing=np.where(np.isfinite(guessing), guessing, -30.0),
        coefficients=np.concatenate([*z, known.effects.ravel()]),
    )


def score_dimensions(to_score: ToScore, method: str, *, bound: float = 10.0) -> tuple[Floats, Floats]:
    """Estimates and standard errors by ``eap``, ``wle`` or ``map``, each of shape (persons, dimensions)."""
    likelihood, p = to_score.likelihood, to_score.parameters
    if method == "wle":
        theta, se = warm(items_of(likelihood, p), likelihood.layout, to_score.answers, bound)
    elif method == "eap":
        e, units = likelihood.evaluate(p), likelihood.units(p)
        theta = e.unit_means[units.of_person]
        se = np.sqrt(np.maximum(np.einsum("udd->ud", e.unit_variances), 0.0))[units.of_person]
    else:
        theta, se = _modes(likelihood, p)
    return theta + to_score.shift, se


def _modes(likelihood: DimensionLikelihood, p: Parameters) -> tuple[Floats, Floats]:
    """Mode of the log-posterior of each person by Newton's method; errors from its curvature there."""
    data, n = likelihood.data, likelihood.layout.n_dimensions
    group = data.run_group[data.unit_run]
    inverse = np.array(
        [np.linalg.inv(covariance_matrix(p, g, likelihood.n_groups)) for g in range(likelihood.n_groups)]
    )
    units = likelihood.units(p)
    whole = data.unit_run if units.run.shape[0] == data.unit_run.shape[0] else None
    lines = likelihood.lines(p, units) if whole is not None else p.means.reshape(-1, n)[group]
    at = lines.copy()
    for _ in range(STEPS):
        first, second = _slopes(likelihood, p, at)
        gradient = first - np.einsum("ude,ue->ud", inverse[group], at - lines)
        curvature = inverse[group].copy()
        for d in range(n):
            curvature[:, d, d] -= np.minimum(second[:, d], 0.0)
        step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
        at = at + np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    se = np.sqrt(np.einsum("udd->ud", np.linalg.inv(curvature)))
    return at[data.unit_of_person], se[data.unit_of_person]


def _slopes(likelihood: DimensionLikelihood, p: Parameters, at: Floats) -> tuple[Floats, Floats]:
    """First and second derivative of each dimension's log-likelihood at each unit's own place."""
    items, units = items_of(likelihood, p), np.arange(at.shape[0])
    first, second = np.zeros_like(at), np.zeros_like(at)
    for j, d in enumerate(likelihood.layout.dimension.tolist()):
        there, category = likelihood.codes(units, j)
        own, place = items.take([j]), at[there, d]
        rows = np.arange(there.size)
        low, middle, high = (
            np.log(np.maximum(own.probabilities(place + h)[0][category, rows], 1e-300)) for h in (-WIDTH, 0.0, WIDTH)
        )
        first[there, d] += (high - low) / (2.0 * WIDTH)
        second[there, d] += (high - 2.0 * middle + low) / WIDTH**2
    return first, second


def draw_dimensions(to_score: ToScore, *, m: int, seed: int) -> Floats:
    """`m` draws from every person's posterior, shape (m, persons, dimensions).

    The first dimension is drawn from its marginal, the next from its own given the first, and so on; between two nodes, 0.1
    logits apart at most, the logarithm of the density is taken as linear. One stream of Philox for each 4,096 persons.
    """
    likelihood, p, n = to_score.likelihood, to_score.parameters, to_score.likelihood.layout.n_dimensions
    reach = 6.0 * float(p.sds.max()) + float(np.abs(likelihood.lines(p, likelihood.units(p))).max())
    half = max(likelihood.grid.half_range, reach)
    fine = DimensionLikelihood(
        likelihood.data,
        likelihood.shape,
        Grid(int(np.ceil(2.0 * half / FINEST)) + 1, half),
        likelihood.layout,
        likelihood.design,
        likelihood.guessing_prior,
    )
    units = fine.units(p)
    logs_of, lines = fine.log_likelihoods(p, units), fine.lines(p, units)
    out = np.empty((m, units.of_person.shape[0], n))
    order = np.argsort(units.of_person, kind="stable")
    for number, start in enumerate(range(0, order.shape[0], PART)):
        persons = order[start : start + PART]
        rng = stream(seed, number)
        rows = units.of_person[persons]
        group = fine.data.run_group[units.run[rows]]
        for g in np.unique(group).tolist():
            own = group == g
            logs = logs_of(rows[own])
            covariance = covariance_matrix(p, g, fine.n_groups)
            for k in range(m):
                uniforms = rng.random((n, int(own.sum())))
                out[k, persons[own]] = _one_draw(logs, lines[rows[own]], covariance, fine.theta, uniforms)
    return out + to_score.shift


def _one_draw(logs: list[Floats], means: Floats, covariance: Floats, theta: Floats, uniforms: Floats) -> Floats:
    """One draw a unit: each dimension given those before it, those after it summed out."""
    n = len(logs)
    found = np.empty((means.shape[0], n))
    for d in range(n):
        mean, rest = means[:, d:], covariance[d:, d:]
        if d:
            back = np.linalg.solve(covariance[:d, :d], covariance[:d, d:])
            mean = mean + (found[:, :d] - means[:, :d]) @ back
            rest = rest - covariance[d:, :d] @ back
        tilts = mean @ np.linalg.inv(rest)
        own = [log + tilts[:, k, None] * theta for k, log in enumerate(logs[d:])]
        if len(own) == 1:
            joint = own[0] - 0.5 * theta**2 / rest[0, 0]
        else:
            joint = np.log(np.maximum(join(own, normal_weights(rest, theta), theta).marginals[0], 1e-300))
        drawn = np.empty((1, means.shape[0]))
        places = np.arange(means.shape[0], dtype=np.int64)
        kernels.draw_by_table(np.ascontiguousarray(joint), theta, uniforms[d][:, None].copy(), places, drawn)
        found[:, d] = drawn[0]
    return found
