"""Calibrate a test of several dimensions; growth between occasions as the difference of two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.design import item_models
from tirek_engines.psychometrics.data.prepared import DroppedItem, Prepared, prepare
from tirek_engines.psychometrics.dimensions.model import DimensionLikelihood, DimensionShape, Layout, covariance_matrix
from tirek_engines.psychometrics.estimation.em import Optimum, Progress, maximise
from tirek_engines.psychometrics.estimation.estimates import ItemResult, item_results
from tirek_engines.psychometrics.estimation.information import covariance_of, observed_information
from tirek_engines.psychometrics.items import SCORE_FAMILY
from tirek_engines.psychometrics.likelihood.model import Grid, Parameters, Shape
from tirek_engines.psychometrics.options import Options

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


@dataclass(frozen=True)
class Estimated:
    """A number with its standard error (NaN where fixed or not asked for)."""

    value: float
    se: float


@dataclass(frozen=True)
class DimensionResult:
    """A finished calibration of several dimensions.

    Attributes
    ----------
    means, variances : tuple of Estimated
        Of each dimension (logits).
    covariances, correlations : dict
        Of each pair of dimensions.
    growth : dict
        For pairs on one scale: mean and standard deviation of the second less the first.
    eap : ndarray of float64, shape (persons, dimensions)
    eap_covariance : ndarray of float64, shape (persons, dimensions, dimensions)
    """

    options: Options
    names: tuple[str, ...]
    items: tuple[ItemResult, ...]
    item_dimension: tuple[str, ...]
    item_label: tuple[str, ...]
    means: tuple[Estimated, ...]
    variances: tuple[Estimated, ...]
    covariances: dict[tuple[str, str], Estimated]
    correlations: dict[tuple[str, str], Estimated]
    growth: dict[tuple[str, str], tuple[Estimated, Estimated]]
    eap: Floats
    eap_covariance: Floats
    scores: Ints
    n_answered: Ints
    optimum: Optimum
    covariance: Floats | None
    likelihood: DimensionLikelihood
    warnings: tuple[str, ...]

    @property
    def prepared(self) -> Prepared:
        """The packed answers."""
        return self.likelihood.data

    @property
    def dropped(self) -> tuple[DroppedItem, ...]:
        """Items that could not be calibrated."""
        return self.prepared.items.dropped

    @property
    def reliability(self) -> tuple[float, ...]:
        """var(EAP) / (var(EAP) + mean posterior variance) of each dimension."""
        w = self.prepared.weights
        found = []
        for d in range(len(self.names)):
            spread = float(np.cov(self.eap[:, d], aweights=w, ddof=0))
            found.append(spread / (spread + float(np.average(self.eap_covariance[:, d, d], weights=w))))
        return tuple(found)


def calibrate_dimensions(
    answers: Answers, options: Options, mapping: DimensionMap, *, progress: Progress | None = None
) -> DimensionResult:
    """Estimate items, means, variances and covariances of several dimensions together.

    The first dimension has mean 0. A dimension that shares items with it, directly or through others, is on its scale and
    has a free mean and variance; another has mean 0 of its own and, where its slopes are free, variance 1.

    Parameters
    ----------
    answers : Answers
        Without groups.
    options : Options
        Model of the score family.
    mapping : DimensionMap
        Every item of the answers must have a dimension.
    progress : callable, optional
        Called with iteration, log-likelihood, largest step.
    """
    likelihood = _likelihood(answers, options, mapping)
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
        errors = covariance_of(observed_information(likelihood, best.parameters))  # type: ignore[arg-type]
    return _result(likelihood, options, mapping, best, errors)


def _likelihood(answers: Answers, options: Options, mapping: DimensionMap) -> DimensionLikelihood:
    if len(answers.group_names) > 1:
        raise Refusal("Several dimensions take no groups in this version. Leave --group out.", code="not_built")
    if options.model not in SCORE_FAMILY:
        raise Refusal(f"Several dimensions take rasch, 2pl, pcm or gpcm, not {options.model}.", code="not_built")
    absent = [name for name in answers.items if name not in mapping.dimension]
    if absent:
        raise BrokenContract("mapping.dimension", absent[:5], "a dimension for every item")
    data = prepare(answers, collapse_scores=False)
    names = data.items.names
    labels = [mapping.label.get(name, name) for name in names]
    classes = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    of_class = np.array([classes[label] for label in labels], dtype=np.int64)
    dimension = np.array([mapping.names.index(mapping.dimension[name]) for name in names], dtype=np.int64)
    empty = sorted(set(mapping.names) - {mapping.names[d] for d in dimension})
    if empty:
        raise Refusal(f"Dimension {empty[0]} has no item with answers that differ.", code="empty_dimension")
    first = [int(np.flatnonzero(of_class == k)[0]) for k in range(len(classes))]
    _same_categories(data, of_class, first)
    models = item_models(data.items, dict.fromkeys(names, options.model))
    linked = _linked(dimension, of_class, len(mapping.names))
    fixed_slopes = options.model in ("rasch", "pcm")
    n = len(mapping.names)
    shape = DimensionShape(
        tuple(models[j] for j in first),
        data.items.n_steps[first],
        n_groups=n,
        n_coefficients=n * (n - 1) // 2,
        loose_means=(False, *linked[1:]),
        loose_sds=tuple(fixed_slopes or (bool(linked[d]) and d > 0) for d in range(n)),
    )
    grid = Grid(options.nodes, options.half_range)
    return DimensionLikelihood(data, shape, grid, Layout(dimension, of_class, n))


def _same_categories(data: Prepared, of_class: Ints, first: list[int]) -> None:
    for j, k in enumerate(of_class.tolist()):
        if data.items.values[j] != data.items.values[first[k]]:
            one, other = data.items.names[first[k]], data.items.names[j]
            raise Refusal(
                f"The items {one} and {other} are to share their parameters, but they have different scores: "
                f"{data.items.values[first[k]]} and {data.items.values[j]}.",
                code="different_scores",
            )


def _linked(dimension: Ints, of_class: Ints, n: int) -> tuple[bool, ...]:
    """Dimensions on the scale of the first, through shared items."""
    has = np.zeros((n, int(of_class.max()) + 1), dtype=bool)
    has[dimension, of_class] = True
    reached = np.arange(n) == 0
    for _ in range(n):
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
    intercepts = np.where(shape.step_mask, np.cumsum(np.where(shape.step_mask, ratios, 0.0), axis=1) * 1.15, 0.0)
    n = likelihood.layout.n_dimensions
    return Parameters(
        np.ones(shape.n_items),
        intercepts,
        np.zeros(n),
        np.ones(n),
        coefficients=np.full(shape.n_coefficients, np.arctanh(0.5)),
    )


def _result(
    likelihood: DimensionLikelihood, options: Options, mapping: DimensionMap, best: Optimum, errors: Floats | None
) -> DimensionResult:
    data, units, p = likelihood.data, likelihood.units(best.parameters), best.parameters
    n, names = likelihood.layout.n_dimensions, mapping.names
    of = _Functions(likelihood, p, errors)
    pairs = [(d, e) for e in range(n) for d in range(e)]
    linked = _linked(likelihood.layout.dimension, likelihood.layout.of_class, n)
    scores, n_answered = _raw(likelihood)
    return DimensionResult(
        options=options,
        names=names,
        items=_items(likelihood, p, errors),
        item_dimension=tuple(names[d] for d in likelihood.layout.dimension),
        item_label=tuple(mapping.label.get(name, name) for name in data.items.names),
        means=tuple(of.mean(d) for d in range(n)),
        variances=tuple(of.covariance(d, d) for d in range(n)),
        covariances={(names[d], names[e]): of.covariance(d, e) for d, e in pairs},
        correlations={(names[d], names[e]): of.correlation(d, e) for d, e in pairs},
        growth={(names[d], names[e]): of.growth(d, e) for d, e in pairs if linked[d] and linked[e]},
        eap=best.evaluation.unit_means[units.of_person],
        eap_covariance=best.evaluation.unit_variances[units.of_person],
        scores=scores,
        n_answered=n_answered,
        optimum=best,
        covariance=errors,
        likelihood=likelihood,
        warnings=data.items.warnings + _warnings(likelihood, best, errors),
    )


class _Functions:
    """Values of functions of the parameters, with errors by the delta method."""

    def __init__(self, likelihood: DimensionLikelihood, p: Parameters, errors: Floats | None) -> None:
        self.shape, self.p, self.errors = likelihood.shape, p, errors
        self.start = likelihood.shape.n_item_parameters

    def mean(self, d: int) -> Estimated:
        """Mean of a dimension."""
        return self.of(lambda p: float(p.means[d]))

    def covariance(self, d: int, e: int) -> Estimated:
        """Covariance of two dimensions, or the variance of one."""
        return self.of(lambda p: float(covariance_matrix(p)[d, e]))

    def correlation(self, d: int, e: int) -> Estimated:
        """Correlation of two dimensions."""
        return self.of(lambda p: float(covariance_matrix(p)[d, e] / p.sds[d] / p.sds[e]))

    def growth(self, d: int, e: int) -> tuple[Estimated, Estimated]:
        """Mean and standard deviation of dimension e less dimension d."""

        def spread(p: Parameters) -> float:
            c = covariance_matrix(p)
            return float(np.sqrt(c[d, d] + c[e, e] - 2.0 * c[d, e]))

        return self.of(lambda p: float(p.means[e] - p.means[d])), self.of(spread)

    def of(self, function: Callable[[Parameters], float]) -> Estimated:
        """Any function of the population."""
        value, x = function(self.p), self.shape.flatten(self.p)
        if self.errors is None:
            return Estimated(value, float("nan"))
        gradient = np.zeros(x.shape[0])
        for k in range(self.start, x.shape[0]):
            moved = [x.copy(), x.copy()]
            moved[0][k] += 1e-5
            moved[1][k] -= 1e-5
            up, down = (function(self.shape.restore(v, self.p)) for v in moved)
            gradient[k] = (up - down) / 2e-5
        if not gradient.any():
            return Estimated(value, float("nan"))
        return Estimated(value, float(np.sqrt(gradient @ self.errors @ gradient)))


def _items(likelihood: DimensionLikelihood, p: Parameters, errors: Floats | None) -> tuple[ItemResult, ...]:
    """Every item with the parameters of its class, and their errors."""
    data, of_class, shape = likelihood.data, likelihood.layout.of_class, likelihood.shape
    own = Shape(tuple(shape.models[k] for k in of_class), data.items.n_steps)
    wide = Parameters(p.slopes[of_class], p.intercepts[of_class], np.zeros(1), np.ones(1))
    if errors is None:
        return item_results(data, own, wide, None)
    take = np.zeros((own.places.n, errors.shape[0]))
    for j, k in enumerate(of_class.tolist()):
        if own.places.slopes[j] >= 0:
            take[own.places.slopes[j], shape.places.slopes[k]] = 1.0
        for s in range(int(data.items.n_steps[j])):
            take[own.places.intercepts[j, s], shape.places.intercepts[k, s]] = 1.0
    return item_results(data, own, wide, take @ errors @ take.T)


def _raw(likelihood: DimensionLikelihood) -> tuple[Ints, Ints]:
    """Raw score and number of answers in each dimension, shape (persons, dimensions)."""
    data, layout = likelihood.data, likelihood.layout
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(layout.dimension)].astype(np.int64)
    own = (layout.dimension[:, None] == np.arange(layout.n_dimensions)[None, :]).astype(np.int64)
    plain = replace(likelihood, _held=[]).units(
        Parameters(np.ones(likelihood.shape.n_items), np.zeros((0, 0)), np.zeros(0), np.zeros(0))
    )
    answered = (masks @ own)[data.unit_run[data.unit_of_person]]
    return plain.scores[plain.of_person].astype(np.int64), answered


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
