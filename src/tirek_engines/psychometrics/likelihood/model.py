"""The marginal likelihood of prepared answers as a function of the parameters.

It is put together from three parts that know nothing of each other: a kernel (posteriors of persons, `posteriors`),
the items (`response`) and the population (`normals`, or a latent regression).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.likelihood.normals import GroupNormals, Population, log_prior, lowest_sd, match_prior
from tirek_engines.psychometrics.likelihood.posteriors import Counts, Kernel, Posterior, ScoreKernel, TableKernel
from tirek_engines.psychometrics.likelihood.response import GuessingPrior, item_gradient, maximise_items
from tirek_engines.psychometrics.parameters import Grid, Parameters, Shape

__all__ = [
    "Counts",
    "Evaluation",
    "Grid",
    "GroupNormals",
    "GuessingPrior",
    "Likelihood",
    "Objective",
    "Parameters",
    "Population",
    "Shape",
    "log_prior",
    "lowest_sd",
    "match_prior",
]

Floats = NDArray[np.float64]

USUAL_PRIOR = GuessingPrior()
FINAL = 3
"""Fineness of the pass that ends the iterations: its log-likelihood is right to 1e-12."""


@dataclass(frozen=True)
class Evaluation:
    """The marginal log-likelihood at one point, its gradient, and what the M-step and the scores need.

    Attributes
    ----------
    loglik : float
    log_prior : float
        Log density of the priors on parameters (logit c); 0 without.
    gradient : ndarray
        Of loglik + log_prior, by the free parameters.
    """

    loglik: float
    log_prior: float
    gradient: Floats
    posterior: Posterior

    @property
    def objective(self) -> float:
        """What is maximised: the log-posterior."""
        return self.loglik + self.log_prior

    @property
    def unit_means(self) -> Floats:
        """Posterior mean of each unit."""
        return self.posterior.unit_means

    @property
    def unit_variances(self) -> Floats:
        """Posterior variance of each unit."""
        return self.posterior.unit_variances


class Objective(Protocol):
    """What `estimation.maximise` can maximise."""

    @property
    def shape(self) -> Shape:
        """Which parameters are free."""

    def evaluate(self, p: Parameters) -> Evaluation:
        """Value and gradient."""

    def maximise(self, p: Parameters, e: Evaluation) -> Parameters:
        """One M-step."""


@dataclass(frozen=True)
class Likelihood:
    """The marginal likelihood of the prepared answers on a grid, as a function of the parameters.

    Attributes
    ----------
    population : Population, optional
        How ability is distributed; by default a normal distribution in each group.
    force_tables : bool
        Use the table kernel even where the score kernel would do (its check).
    quick : bool
        Tabulate the E-step where that is worth it.
    moments : bool
        Whether the moments of units are wanted where the E-step is tabulated.
    threads : int
        0: one a processor. The result does not depend on it.
    """

    data: Prepared
    shape: Shape
    grid: Grid
    guessing_prior: GuessingPrior = USUAL_PRIOR
    given_population: Population | None = None
    force_tables: bool = False
    quick: bool = False
    threads: int = 0
    moments: bool = True

    @cached_property
    def theta(self) -> Floats:
        """The nodes."""
        return self.grid.theta

    @cached_property
    def population(self) -> Population:
        """How ability is distributed."""
        return self.given_population or GroupNormals(self.data, self.shape, self.theta)

    @cached_property
    def kernel(self) -> Kernel:
        """The score kernel where all items are in its family, else the table kernel."""
        if self.shape.in_score_family and not self.force_tables:
            moments = self.moments or self.given_population is not None
            fineness = FINAL if self.quick and self.moments else 1
            return ScoreKernel(self.data, self.shape, self.theta, self.quick, moments, self.threads, fineness)
        return TableKernel(self.data, self.shape, self.theta)

    def on(self, grid: Grid) -> Likelihood:
        """The same on another grid."""
        given = self.given_population
        return replace(self, grid=grid, given_population=None if given is None else given.on(grid.theta))

    def quickly(self, *, moments: bool = False) -> Likelihood:
        """The same for iterations; with the moments of units, for their end."""
        return replace(self, quick=True, moments=moments)

    def loglik_on(self, grid: Grid, p: Parameters, e: Evaluation) -> float:
        """The log-likelihood at `p` on another grid, without asking the persons again where `e` (at `p`) has them spread."""
        other, spread = self.on(grid).quickly(), e.posterior.spread
        if spread is None or not isinstance(other.kernel, ScoreKernel) or self.given_population is not None:
            return other.evaluate(p).loglik
        return other.kernel.loglik_of(spread, p, other.population.prior(p))

    def evaluate(self, p: Parameters) -> Evaluation:
        """One pass over the units: log-likelihood, gradient (Fisher's identity), expected counts."""
        posterior = self.kernel.posterior(p, self.population.prior(p))
        items = item_gradient(self.shape, p, posterior.counts, self.theta, self.guessing_prior)
        gradient = np.concatenate([items, self.population.gradient(p, posterior)])
        return Evaluation(posterior.loglik, self.guessing_prior.log_density(self.shape, p), gradient, posterior)

    def maximise(self, p: Parameters, e: Evaluation) -> Parameters:
        """The M-step: items, then population, each on its own."""
        moved = maximise_items(self.shape, p, e.posterior.counts, self.theta, self.guessing_prior)
        return self.population.maximise(moved, e.posterior)

    def log_joint(self, p: Parameters, units: slice) -> Floats:
        """Log of prior times likelihood on the grid for some units, up to a constant a unit: (units, nodes)."""
        return self.kernel.log_joint(p, self.population.prior(p), units)
