"""Plausible values conditional on schools: items are known, the population is estimated while drawing.

theta = effects of groups and covariates (flat priors) + school effect + normal rest, by Gibbs sampling (`gibbs`). Random
school effects (normal, variance estimated) give right spreads and errors of large groups; fixed ones (flat priors) leave a
single school its own mean. Values drawn without schools understate the differences between schools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.kernels import plausible as kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.posteriors import Prior, ScoreKernel
from tirek_engines.psychometrics.population import gibbs
from tirek_engines.psychometrics.population.plausible import fine_grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_RANDOM = 4


@dataclass(frozen=True)
class SchooledValues:
    """Draws (m, persons), NaN for persons without answers; residual standard deviation at each; the effects used."""

    draws: Floats
    residual_sd: Floats
    effects: str


@dataclass(frozen=True)
class ScoreRows:
    """Persons whose log-likelihood is score * theta + bases[run]."""

    scores: Floats
    runs: Ints
    bases: Floats
    theta: Floats

    @property
    def n(self) -> int:
        """Number of persons."""
        return int(self.scores.shape[0])

    def draw(self, means: Floats, sd: float, uniforms: Floats) -> Floats:
        """One draw a person."""
        out = np.empty((1, self.n))
        precision = 1.0 / (sd * sd)
        bases = np.ascontiguousarray(self.bases - 0.5 * precision * self.theta**2)
        scores = self.scores + means * precision
        kernels.draw_by_score(scores, self.runs, bases, self.theta, uniforms[:, None], np.arange(self.n), out)
        return np.asarray(out[0])


@dataclass(frozen=True)
class TableRows:
    """Persons whose log-likelihood is given at every node."""

    log_likelihood: Floats
    theta: Floats

    @property
    def n(self) -> int:
        """Number of persons."""
        return int(self.log_likelihood.shape[0])

    def draw(self, means: Floats, sd: float, uniforms: Floats) -> Floats:
        """One draw a person."""
        out = np.empty((1, self.n))
        joint = self.log_likelihood - 0.5 * ((self.theta[None, :] - means[:, None]) / sd) ** 2
        kernels.draw_by_table(joint, self.theta, uniforms[:, None], np.arange(self.n), out)
        return np.asarray(out[0])


def draw_with_schools(
    likelihood: Likelihood,
    p: Parameters,
    school: Ints,
    covariates: Floats | None = None,
    *,
    m: int,
    seed: int,
    effects: Literal["random", "fixed"] = "random",
) -> SchooledValues:
    """Draw `m` plausible values a person, conditional on school, group and covariates.

    Parameters
    ----------
    likelihood, p : Likelihood, Parameters
        Known items and the answers, for instance from `scoring.known_likelihood`.
    school : ndarray of int64, shape (persons,)
        Number of each person's school, 0 and up.
    covariates : ndarray of float64, shape (persons, covariates), optional
        What else is known; their effects are estimated anew, given the schools.
    m : int
        How many draws a person.
    seed : int
        The same seed and the same order of persons give the same draws.
    effects : {"random", "fixed"}
        Fewer than four schools cannot tell a variance: their effects are then fixed.

    Returns
    -------
    SchooledValues
    """
    data = likelihood.data
    n = data.unit_of_person.shape[0]
    if school.shape != (n,):
        raise BrokenContract("school", school.shape, (n,))
    known = np.flatnonzero(data.n_answered > 0)
    _, cell = np.unique(school[known], return_inverse=True)
    is_random = effects == "random" and int(cell.max()) + 1 >= FEWEST_RANDOM
    weights = data.weights[known]
    weights = np.where(weights > 0, weights, weights[weights > 0].min())
    sampler = gibbs.Sampler(
        rows=_rows(likelihood, p, known),
        cell=np.asarray(cell, dtype=np.int64),
        design=_design(likelihood, covariates)[known],
        weights=weights / weights.mean(),
        random=is_random,
    )
    draws, sds = gibbs.run(sampler, m, np.random.Generator(np.random.Philox(key=seed)))
    everybody = np.full((m, n), np.nan)
    everybody[:, known] = draws
    return SchooledValues(everybody, sds, "random" if is_random else "fixed")


def _rows(likelihood: Likelihood, p: Parameters, known: Ints) -> gibbs.Rows:
    fine = likelihood.on(fine_grid(likelihood, p))
    kernel, units = fine.kernel, fine.data.unit_of_person[known]
    if isinstance(kernel, ScoreKernel):
        return ScoreRows(
            kernel.scores(p)[units], fine.data.unit_run[units], kernel.bases(p, flat_prior(fine)), fine.theta
        )
    return table_rows(fine, p, known)


def flat_prior(likelihood: Likelihood) -> Prior:
    """Nothing is believed before the answers."""
    return Prior(np.zeros((likelihood.data.run_group.shape[0], likelihood.theta.shape[0])))


def table_rows(fine: Likelihood, p: Parameters, known: Ints) -> TableRows:
    """Log-likelihood of some persons at every node, without any prior on ability: for 3PL, graded and mixed tests."""
    everybody = fine.kernel.log_joint(p, flat_prior(fine), slice(0, fine.data.unit_run.shape[0]))
    return TableRows(everybody[fine.data.unit_of_person[known]], fine.theta)


def _design(likelihood: Likelihood, covariates: Floats | None) -> Floats:
    """Dummies of every group but the first, then the centred and scaled covariates."""
    data = likelihood.data
    group = data.run_group[data.unit_run[data.unit_of_person]]
    dummies = (group[:, None] == np.arange(1, len(data.group_names))[None, :]).astype(np.float64)
    if covariates is None:
        return np.asarray(dummies)
    spread = covariates.std(axis=0)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([dummies, scaled])
