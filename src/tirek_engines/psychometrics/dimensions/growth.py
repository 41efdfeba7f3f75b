"""Calibrate a test of several dimensions; growth between occasions as the difference of two of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.design import check_design, item_models
from tirek_engines.psychometrics.data.prepared import Prepared, prepare
from tirek_engines.psychometrics.dimensions.model import DimensionLikelihood
from tirek_engines.psychometrics.dimensions.results import (
    DimensionEffect,
    DimensionResult,
    Estimated,
    Functions,
    Rescale,
    reported,
    reported_covariance,
)
from tirek_engines.psychometrics.dimensions.scoring import dimension_scores
from tirek_engines.psychometrics.dimensions.shape import DimensionShape, Layout, covariance_matrix, effects_of
from tirek_engines.psychometrics.estimation.em import Optimum, Progress, maximise
from tirek_engines.psychometrics.estimation.estimates import ItemResult, item_results
from tirek_engines.psychometrics.estimation.information import covariance_of, observed_information
from tirek_engines.psychometrics.likelihood.model import Grid, Parameters, Shape
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.options import Options
from tirek_engines.psychometrics.parameters import FIXED_SLOPE, KIND_3PL, KIND_GRADED

__all__ = ["DimensionMap", "DimensionResult", "Estimated", "calibrate_dimensions"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 3


@dataclass(frozen=True)
class DimensionMap:
    """What each item measures.

    Parameters
    ----------
    dimension : mapping of str to str
        Dimension of each item, by name.
    label : mapping of str to str
        Items of one label share their parameters; an item without has its own.
    names : tuple of str
        The dimensions in order; the first has mean 0.
    """

    dimension: Mapping[str, str]
    label: Mapping[str, str]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.names) <= MOST:
            raise Refusal(
                f"There are {len(self.names)} dimensions: {', '.join(self.names)}. This model takes two or three.",
                code="dimensions",
            )


def calibrate_dimensions(
    answers: Answers,
    options: Options,
    mapping: DimensionMap,
    *,
    models: Mapping[str, str] | None = None,
    covariates: Covariates | None = None,
    progress: Progress | None = None,
) -> DimensionResult:
    """Estimate items, means, variances and covariances of several dimensions together.

    The first group has mean 0 in the first dimension. A dimension that shares items with it, directly or through others, is on
    its scale and has a free mean and variance; another has mean 0 of its own and, where its slopes are free, variance 1. Means
    and covariances of all other groups are free.

    Parameters
    ----------
    answers : Answers
        Every item must have a dimension.
    options : Options
        Errors are those of the observed information whatever `se` says, but ``none``.
    mapping : DimensionMap
        Dimension of each item, and which share their parameters.
    models : mapping of str to str, optional
        Models of single items.
    covariates : Covariates, optional
        Latent regression; every covariate has an effect on every dimension.
    progress : callable, optional
        Called with iteration, log-likelihood, largest step.
    """
    likelihood, rescale, linked = _likelihood(answers, options, mapping, models or {}, covariates)
    best = maximise(
        likelihood,
        _start(likelihood),
        tolerance=options.tolerance,
        gradient_tolerance=options.gradient_tolerance,
        max_iterations=options.max_iterations,
        progress=progress,
    )
    errors = None
    if options.se != "none":
        inner = covariance_of(observed_information(likelihood, best.parameters))  # type: ignore[arg-type]
        errors = reported_covariance(likelihood, best.parameters, inner, rescale)
    names = () if covariates is None else covariates.names
    return _result(answers, likelihood, options, mapping, best, errors, rescale, linked, names)


def _likelihood(
    answers: Answers,
    options: Options,
    mapping: DimensionMap,
    models: Mapping[str, str],
    covariates: Covariates | None,
) -> tuple[DimensionLikelihood, Rescale, tuple[bool, ...]]:
    absent = [name for name in answers.items if name not in mapping.dimension]
    if absent:
        raise BrokenContract("mapping.dimension", absent[:5], "a dimension for every item")
    data = prepare(answers, collapse_scores=False)
    requested = item_models(data.items, {n: models.get(n, options.model) for n in data.items.names})
    layout, first = layout_of(data, mapping)
    _same_kinds(data, layout.of_class, first, requested)
    linked = _linked(layout)
    shape = _shape(
        data, layout, linked, tuple(requested[j] for j in first), 0 if covariates is None else len(covariates.names)
    )
    check_design(data, Shape(requested, data.items.n_steps, len(data.group_names)))
    design, rescale = _scaled(data, covariates, linked)
    grid = Grid(options.nodes, options.half_range)
    return DimensionLikelihood(data, shape, grid, layout, design, options.prior), rescale, linked


def layout_of(data: Prepared, mapping: DimensionMap) -> tuple[Layout, list[int]]:
    """Dimension and class of every prepared item, and the first item of each class."""
    names = data.items.names
    labels = [mapping.label.get(name, name) for name in names]
    classes = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    of_class = np.array([classes[label] for label in labels], dtype=np.int64)
    dimension = np.array([mapping.names.index(mapping.dimension[name]) for name in names], dtype=np.int64)
    empty = sorted(set(mapping.names) - {mapping.names[d] for d in dimension})
    if empty:
        raise Refusal(f"Dimension {empty[0]} has no item with answers that differ.", code="empty_dimension")
    first = [int(np.flatnonzero(of_class == k)[0]) for k in range(len(classes))]
    return Layout(dimension, of_class, len(mapping.names)), first


def _shape(
    data: Prepared, layout: Layout, linked: tuple[bool, ...], models: tuple[str, ...], n_covariates: int
) -> DimensionShape:
    n, n_groups = layout.n_dimensions, len(data.group_names)
    first = [int(np.flatnonzero(layout.of_class == k)[0]) for k in range(len(models))]
    others = (n_groups - 1) * n
    return DimensionShape(
        models,
        data.items.n_steps[first],
        n_groups=n_groups * n,
        n_coefficients=n_groups * (n * (n - 1) // 2) + n_covariates * n,
        loose_means=(False, *linked[1:], *(True,) * others),
        loose_sds=(*_loose_sds(layout, linked, models), *(True,) * others),
        n_dimensions=n,
    )


def _loose_sds(layout: Layout, linked: tuple[bool, ...], models: tuple[str, ...]) -> tuple[bool, ...]:
    """A dimension has a free variance if some slope on its scale is 1, or if its scale is another's."""
    unit = [any(models[k] in FIXED_SLOPE for k in layout.of_class[layout.dimension == d]) for d in range(len(linked))]
    together = any(u for u, is_linked in zip(unit, linked, strict=True) if is_linked)
    return tuple((together or d > 0) if is_linked else unit[d] for d, is_linked in enumerate(linked))


def _scaled(data: Prepared, covariates: Covariates | None, linked: tuple[bool, ...]) -> tuple[Floats, Rescale]:
    """Covariates of the units, centred and scaled; and the way back."""
    leader = np.array([0 if is_linked else d for d, is_linked in enumerate(linked)], dtype=np.int64)
    n_units = data.unit_run.shape[0]
    if covariates is None:
        return np.zeros((n_units, 0)), Rescale(np.zeros(0), np.zeros(0), leader)
    if covariates.values.shape[0] != data.unit_of_person.shape[0]:
        raise BrokenContract("covariates", covariates.values.shape[0], f"{data.unit_of_person.shape[0]} persons")
    design = np.empty(covariates.values.shape)
    design[data.unit_of_person] = covariates.values
    weight = data.unit_weight / data.unit_weight.sum()
    means = weight @ design
    sds = np.sqrt(np.maximum(weight @ (design - means) ** 2, 0.0))
    for name, mean, sd in zip(covariates.names, means.tolist(), sds.tolist(), strict=True):
        if sd <= 1e-12 * max(1.0, abs(mean)):
            raise Refusal(
                f"The covariate {name} is the same for everybody who calibrates, so its effect cannot be told from the "
                "difficulty of the items. Leave it out.",
                code="constant_covariate",
                covariate=name,
            )
    design = (design - means) / sds
    _refuse_dependent(data, covariates.names, design, weight)
    return design, Rescale(means, sds, leader)


def _refuse_dependent(data: Prepared, names: tuple[str, ...], design: Floats, weight: Floats) -> None:
    group = data.run_group[data.unit_run]
    dummies = (group[:, None] == np.arange(len(data.group_names))[None, :]).astype(np.float64)
    for k, name in enumerate(names):
        before = np.column_stack([dummies, design[:, :k]])
        gram = (before * weight[:, None]).T @ before
        left = 1.0 - (b := (before * weight[:, None]).T @ design[:, k]) @ np.linalg.lstsq(gram, b, rcond=1e-12)[0]
        if left < 1e-9:
            raise Refusal(
                f"The covariate {name} is determined by the covariates before it and the groups, so its effect cannot be "
                "estimated beside theirs. Leave it out.",
                code="dependent_covariate",
                covariate=name,
            )


def _same_kinds(data: Prepared, of_class: Ints, first: list[int], models: tuple[str, ...]) -> None:
    for j, k in enumerate(of_class.tolist()):
        one, other = data.items.names[first[k]], data.items.names[j]
        if data.items.values[j] != data.items.values[first[k]]:
            raise Refusal(
                f"The items {one} and {other} are to share their parameters, but they have different scores: "
                f"{data.items.values[first[k]]} and {data.items.values[j]}.",
                code="different_scores",
            )
        if models[j] != models[first[k]]:
            raise Refusal(
                f"The items {one} and {other} are to share their parameters, but their models are {models[first[k]]} and "
                f"{models[j]}.",
                code="different_models",
            )


def _linked(layout: Layout) -> tuple[bool, ...]:
    """Dimensions on the scale of the first, through shared items."""
    has = np.zeros((layout.n_dimensions, int(layout.of_class.max()) + 1), dtype=bool)
    has[layout.dimension, layout.of_class] = True
    reached = np.arange(layout.n_dimensions) == 0
    for _ in range(layout.n_dimensions):
        reached = reached | has[:, has[reached].any(axis=0)].any(axis=1)
    return tuple(bool(r) for r in reached)


def _start(likelihood: DimensionLikelihood) -> Parameters:
    """Logits of the frequencies; dimensions of variance 1 that correlate at a half."""
    shape, data = likelihood.shape, likelihood.data
    steps = likelihood.step_counts_of_classes
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    run_weight = np.bincount(data.unit_run, data.unit_weight, minlength=data.run_masks.shape[0])
    answered = np.bincount(likelihood.layout.of_class, masks.T @ run_weight, minlength=shape.n_items)
    lowest = answered - steps.sum(axis=1)
    ratios = np.log((steps + 0.5) / (np.column_stack([lowest, steps[:, :-1]]) + 0.5))
    intercepts = np.cumsum(np.where(shape.step_mask, ratios, 0.0), axis=1) * 1.15
    above = np.where(shape.step_mask, steps, 0.0)[:, ::-1].cumsum(axis=1)[:, ::-1]
    thresholds = 1.15 * np.log((above + 0.5) / (answered[:, None] - above + 0.5))
    intercepts = np.where((shape.kinds == KIND_GRADED)[:, None], thresholds, intercepts)
    prior = likelihood.guessing_prior
    guesses = bool((shape.kinds == KIND_3PL).any())
    coefficients = np.zeros(shape.n_coefficients)
    coefficients[: shape.n_parts * shape.n_pairs] = np.arctanh(0.5)
    return Parameters(
        np.ones(shape.n_items),
        np.where(shape.step_mask, intercepts, 0.0),
        np.zeros(shape.n_groups),
        np.ones(shape.n_groups),
        guessing=np.full(shape.n_items, prior.mean) if guesses else np.zeros(0),
        coefficients=coefficients,
    )


def _result(
    answers: Answers,
    likelihood: DimensionLikelihood,
    options: Options,
    mapping: DimensionMap,
    best: Optimum,
    errors: Floats | None,
    rescale: Rescale,
    linked: tuple[bool, ...],
    covariates: tuple[str, ...],
) -> DimensionResult:
    data, p = likelihood.data, reported(likelihood, best.parameters, rescale)
    group_of = data.run_group[data.unit_run[data.unit_of_person]]
    counts = np.bincount(group_of[data.weights > 0], minlength=len(data.group_names))
    of = Functions(likelihood, p, errors, mapping.names, rescale.means)
    shift, _ = rescale.moves(effects_of(best.parameters, likelihood.n_groups))
    return DimensionResult(
        options=options,
        names=mapping.names,
        items=item_results_of(likelihood, p, errors),
        item_dimension=tuple(mapping.names[d] for d in likelihood.layout.dimension),
        item_label=tuple(mapping.label.get(name, name) for name in data.items.names),
        groups=tuple(of.group(g, name, int(counts[g]), linked) for g, name in enumerate(data.group_names)),
        regression=_effects(of, covariates, mapping.names, rescale),
        explained=_explained(likelihood, best.parameters),
        scores_=dimension_scores(likelihood, best.parameters, best.evaluation, answers, shift, options.wle_bound),
        optimum=best,
        parameters=p,
        covariance=errors,
        likelihood=likelihood,
        rescale=rescale,
        linked=linked,
        warnings=data.items.warnings + _warnings(likelihood, best, errors),
    )


def _effects(
    of: Functions, covariates: tuple[str, ...], names: tuple[str, ...], rescale: Rescale
) -> tuple[DimensionEffect, ...]:
    found = []
    for c, covariate in enumerate(covariates):
        for d, name in enumerate(names):
            e = of.effect(c, d)
            found.append(
                DimensionEffect(covariate, name, e.value, e.se, float(rescale.means[c]), float(rescale.sds[c]))
            )
    return tuple(found)


def _explained(likelihood: DimensionLikelihood, p: Parameters) -> tuple[float, ...]:
    """Share of the variance of each dimension that the covariates explain: var(x'beta) / (var(x'beta) + rest)."""
    if not likelihood.design.shape[1]:
        return ()
    data, n = likelihood.data, likelihood.layout.n_dimensions
    line = likelihood.design @ effects_of(p, likelihood.n_groups)
    weight = data.unit_weight / data.unit_weight.sum()
    explained = weight @ line**2 - (weight @ line) ** 2
    group = data.run_group[data.unit_run]
    rests = np.array([np.diag(covariance_matrix(p, g, likelihood.n_groups)) for g in range(likelihood.n_groups)])
    rest = np.bincount(group, weight, minlength=likelihood.n_groups) @ rests
    return tuple(float(explained[d] / (explained[d] + rest[d])) for d in range(n))


def item_results_of(likelihood: DimensionLikelihood, p: Parameters, errors: Floats | None) -> tuple[ItemResult, ...]:
    """Every item with the parameters of its class, and their errors."""
    data, of_class, shape = likelihood.data, likelihood.layout.of_class, likelihood.shape
    own = Shape(tuple(shape.models[k] for k in of_class), data.items.n_steps)
    guessing = p.guessing[of_class] if p.guessing.size else p.guessing
    wide = Parameters(p.slopes[of_class], p.intercepts[of_class], np.zeros(1), np.ones(1), guessing)
    if errors is None:
        return item_results(data, own, wide, None)
    take = np.zeros((own.places.n, errors.shape[0]))
    for j, k in enumerate(of_class.tolist()):
        pairs = [(own.places.slopes[j], shape.places.slopes[k]), (own.places.guessing[j], shape.places.guessing[k])]
        pairs += [
            (own.places.intercepts[j, s], shape.places.intercepts[k, s]) for s in range(int(data.items.n_steps[j]))
        ]
        for to, of in pairs:
            if to >= 0:
                take[to, of] = 1.0
    return item_results(data, own, wide, take @ errors @ take.T)


def _warnings(likelihood: DimensionLikelihood, best: Optimum, errors: Floats | None) -> tuple[str, ...]:
    found = []
    if not best.converged:
        found.append(
            f"Not converged after {best.iterations} iterations: largest step {best.step:.2g} logits, "
            f"largest gradient {best.gradient:.2g} standard errors."
        )
    if errors is not None and not bool(np.all(np.isfinite(errors))):
        found.append("The information matrix is not positive definite: no standard errors can be given.")
    grid = likelihood.grid
    extra = -(-grid.n_nodes // 4)
    step = 2 * grid.half_range / (grid.n_nodes - 1)
    wider = Grid(grid.n_nodes + 2 * extra, grid.half_range + extra * step)
    other = replace(likelihood, grid=wider).evaluate(best.parameters).loglik
    if abs(other - best.evaluation.loglik) > 0.01:
        found.append(
            f"The grid of {grid.n_nodes} nodes on ±{grid.half_range:g} is too narrow: with {wider.n_nodes} nodes on "
            f"±{wider.half_range:g} the log-likelihood at the same parameters differs by "
            f"{other - best.evaluation.loglik:+.3f}. Use a wider range."
        )
    return tuple(found)
