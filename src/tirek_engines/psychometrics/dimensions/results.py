"""What a calibration of several dimensions found: frozen, with the engine's version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines import ENGINE_VERSION
from tirek_engines.psychometrics.data.prepared import DroppedItem, Prepared
from tirek_engines.psychometrics.dimensions.model import DimensionLikelihood
from tirek_engines.psychometrics.dimensions.shape import covariance_matrix, effects_of, means_of, pairs_of
from tirek_engines.psychometrics.estimation.em import Optimum
from tirek_engines.psychometrics.estimation.estimates import ItemResult
from tirek_engines.psychometrics.likelihood.model import Parameters
from tirek_engines.psychometrics.options import Options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = dict[tuple[str, str], "Estimated"]


@dataclass(frozen=True)
class Estimated:
    """A number with its standard error (NaN where fixed or not asked for)."""

    value: float
    se: float


@dataclass(frozen=True)
class GroupOfDimensions:
    """The distribution of ability in a group (logits); under a latent regression of the rest.

    Attributes
    ----------
    growth : dict
        For pairs on one scale: mean and standard deviation of the second less the first, at the means of the covariates.
    """

    name: str
    n: int
    means: tuple[Estimated, ...]
    variances: tuple[Estimated, ...]
    covariances: Pairs
    correlations: Pairs
    growth: dict[tuple[str, str], tuple[Estimated, Estimated]]


@dataclass(frozen=True)
class DimensionEffect:
    """Effect of a covariate on a dimension (logits a unit), and the covariate's weighted mean and standard deviation."""

    covariate: str
    dimension: str
    beta: float
    se: float
    mean: float
    sd: float


@dataclass(frozen=True)
class DimensionScores:
    """Scores in logits, each of shape (persons, dimensions).

    `eap_covariance` has shape (persons, dimensions, dimensions). `wle`: Warm's estimate in each dimension by its own items
    (between items the likelihood falls apart by dimension); NaN without answers there. `score`, `n_answered`: raw score and
    number of answers.
    """

    eap: Floats
    eap_covariance: Floats
    wle: Floats
    wle_se: Floats
    score: Ints
    n_answered: Ints


@dataclass(frozen=True)
class DimensionErrors:
    """Standard errors by replication, in the order of `values_of`; see `replication`."""

    values: Floats
    n_replicates: int
    n_converged: int
    most_iterations: int


@dataclass(frozen=True)
class Rescale:
    """From the scale of the iterations (covariates centred and scaled) to the reported one.

    Attributes
    ----------
    means, sds : ndarray of float64, shape (covariates,)
        Of the covariates.
    leader : ndarray of int64, shape (dimensions,)
        The dimension whose origin each one shares: itself, or the first where common items link it.
    """

    means: Floats
    sds: Floats
    leader: Ints

    def moves(self, effects: Floats) -> tuple[Floats, Floats]:
        """By how much each dimension's scale moves, and what the covariates' means add to it; effects are scaled."""
        added = (self.means / self.sds) @ effects if self.sds.size else np.zeros(self.leader.shape[0])
        return added[self.leader], added


@dataclass(frozen=True)
class DimensionResult:
    """A finished calibration of several dimensions.

    `means`, `variances`, `covariances`, `correlations` and `growth` are those of the first group; `groups` has all.
    """

    options: Options
    names: tuple[str, ...]
    items: tuple[ItemResult, ...]
    item_dimension: tuple[str, ...]
    item_label: tuple[str, ...]
    groups: tuple[GroupOfDimensions, ...]
    regression: tuple[DimensionEffect, ...]
    explained: tuple[float, ...]
    scores_: DimensionScores
    optimum: Optimum
    parameters: Parameters
    covariance: Floats | None
    likelihood: DimensionLikelihood
    rescale: Rescale
    linked: tuple[bool, ...]
    warnings: tuple[str, ...]
    replicated: DimensionErrors | None = None
    version: str = ENGINE_VERSION

    @property
    def prepared(self) -> Prepared:
        """The packed answers."""
        return self.likelihood.data

    @property
    def dropped(self) -> tuple[DroppedItem, ...]:
        """Items that could not be calibrated."""
        return self.prepared.items.dropped

    @property
    def means(self) -> tuple[Estimated, ...]:
        """Of each dimension in the first group."""
        return self.groups[0].means

    @property
    def variances(self) -> tuple[Estimated, ...]:
        """Of each dimension in the first group."""
        return self.groups[0].variances

    @property
    def covariances(self) -> Pairs:
        """Of each pair of dimensions in the first group."""
        return self.groups[0].covariances

    @property
    def correlations(self) -> Pairs:
        """Of each pair of dimensions in the first group."""
        return self.groups[0].correlations

    @property
    def growth(self) -> dict[tuple[str, str], tuple[Estimated, Estimated]]:
        """For pairs on one scale, in the first group: mean and standard deviation of the second less the first."""
        return self.groups[0].growth

    @property
    def eap(self) -> Floats:
        """Posterior means, shape (persons, dimensions)."""
        return self.scores_.eap

    @property
    def eap_covariance(self) -> Floats:
        """Posterior covariances, shape (persons, dimensions, dimensions)."""
        return self.scores_.eap_covariance

    @property
    def reliability(self) -> tuple[float, ...]:
        """var(EAP) / (var(EAP) + mean posterior variance) of each dimension."""
        w, found = self.prepared.weights, []
        for d in range(len(self.names)):
            spread = float(np.cov(self.eap[:, d], aweights=w, ddof=0))
            found.append(spread / (spread + float(np.average(self.eap_covariance[:, d, d], weights=w))))
        return tuple(found)


def reported(likelihood: DimensionLikelihood, p: Parameters, rescale: Rescale) -> Parameters:
    """The point on the reported scale: a unit of a covariate, ability 0 where all covariates are 0."""
    n_groups, layout = likelihood.n_groups, likelihood.layout
    effects = effects_of(p, n_groups)
    shift, added = rescale.moves(effects)
    means = means_of(p, n_groups) + shift - added
    of_class = np.zeros(likelihood.shape.n_items)
    of_class[layout.of_class] = shift[layout.dimension]
    intercepts = p.intercepts - multipliers(likelihood) * (p.slopes * of_class)[:, None]
    n_z = p.coefficients.size - effects.size
    betas = effects / rescale.sds[:, None] if effects.size else effects
    coefficients = np.concatenate([p.coefficients[:n_z], betas.ravel()])
    return replace(p, means=means.ravel(), intercepts=intercepts, coefficients=coefficients)


def multipliers(likelihood: DimensionLikelihood) -> Floats:
    """By how much a unit of a * theta moves each intercept: k in the score family, 1 otherwise."""
    shape = likelihood.shape
    steps = np.where((shape.kinds == 0)[:, None], np.arange(1.0, shape.max_steps + 1.0)[None, :], 1.0)
    return np.asarray(np.where(shape.step_mask, steps, 0.0))


def reported_covariance(likelihood: DimensionLikelihood, p: Parameters, errors: Floats, rescale: Rescale) -> Floats:
    """Covariance of the reported point, by the derivatives of `reported`."""
    shape = likelihood.shape
    x = shape.flatten(p)
    jacobian = np.empty((x.size, x.size))
    for k in range(x.size):
        ends = []
        for h in (1e-5, -1e-5):
            moved = x.copy()
            moved[k] += h
            ends.append(shape.flatten(reported(likelihood, shape.restore(moved, p), rescale)))
        jacobian[:, k] = (ends[0] - ends[1]) / 2e-5
    return np.asarray(jacobian @ errors @ jacobian.T)


class Functions:
    """Values of functions of the population, with errors by the delta method; `p` and `errors` as reported."""

    def __init__(
        self,
        likelihood: DimensionLikelihood,
        p: Parameters,
        errors: Floats | None,
        names: tuple[str, ...],
        centres: Floats,
    ) -> None:
        self.shape, self.p, self.errors, self.names, self.centres = likelihood.shape, p, errors, names, centres
        self.n_groups, self.start = likelihood.n_groups, likelihood.shape.n_item_parameters

    def group(self, g: int, name: str, n: int, linked: tuple[bool, ...]) -> GroupOfDimensions:
        """Everything of one group."""
        names, pairs = self.names, pairs_of(len(self.names))
        return GroupOfDimensions(
            name,
            n,
            tuple(self._mean(g, d) for d in range(len(names))),
            tuple(self._covariance(g, d, d) for d in range(len(names))),
            {(names[d], names[e]): self._covariance(g, d, e) for d, e in pairs},
            {(names[d], names[e]): self._correlation(g, d, e) for d, e in pairs},
            {(names[d], names[e]): self._growth(g, d, e) for d, e in pairs if linked[d] and linked[e]},
        )

    def _c(self, p: Parameters, g: int) -> Floats:
        return covariance_matrix(p, g, self.n_groups)

    def _mean(self, g: int, d: int) -> Estimated:
        return self.of(lambda p: float(means_of(p, self.n_groups)[g, d]))

    def _covariance(self, g: int, d: int, e: int) -> Estimated:
        return self.of(lambda p: float(self._c(p, g)[d, e]))

    def _correlation(self, g: int, d: int, e: int) -> Estimated:
        return self.of(lambda p: float(self._c(p, g)[d, e] / np.sqrt(self._c(p, g)[d, d] * self._c(p, g)[e, e])))

    def _growth(self, g: int, d: int, e: int) -> tuple[Estimated, Estimated]:
        def mean(p: Parameters) -> float:
            m = means_of(p, self.n_groups)[g]
            if self.centres.size:
                m = m + self.centres @ effects_of(p, self.n_groups)
            return float(m[e] - m[d])

        def spread(p: Parameters) -> float:
            c = self._c(p, g)
            return float(np.sqrt(c[d, d] + c[e, e] - 2.0 * c[d, e]))

        return self.of(mean), self.of(spread)

    def effect(self, c: int, d: int) -> Estimated:
        """Effect of covariate c on dimension d."""
        return self.of(lambda p: float(effects_of(p, self.n_groups)[c, d]))

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
        gradient[np.abs(gradient) < 1e-9] = 0.0
        if not gradient.any():
            return Estimated(value, float("nan"))
        inside = np.flatnonzero(gradient)
        variance = gradient[inside] @ self.errors[np.ix_(inside, inside)] @ gradient[inside]
        return Estimated(value, float(np.sqrt(variance)))
