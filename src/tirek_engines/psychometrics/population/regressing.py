"""Estimate items, groups and a latent regression together.

The iterations run with centred covariates: that is well conditioned, and the grid lies where the persons are. The result is
then expressed without centring - ability is 0 where all covariates are 0 - on a grid moved by the mean of x'beta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.estimation.em import Optimum
from tirek_engines.psychometrics.likelihood.covariates import Covariates, Design, Scaled, scale_covariates
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.regression import LatentRegression
from tirek_engines.psychometrics.parameters import KIND_SCORE, Grid, Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CovariateResult:
    """Effect of a covariate (logits a unit), and the covariate's weighted mean and standard deviation."""

    covariate: str
    beta: float
    se: float
    mean: float
    sd: float


@dataclass(frozen=True)
class RegressionFit:
    """A finished latent regression.

    `centred` and `optimum` are what was maximised; `likelihood` and `parameters` say the same without centring, and
    `jacobian` carries a covariance from the first to the second.
    """

    centred: Likelihood
    optimum: Optimum
    likelihood: Likelihood
    parameters: Parameters
    jacobian: Floats
    scaled: Scaled

    def placed(self) -> Optimum:
        """The optimum, expressed without centring; what was kept of the units for the search is let go."""
        _forget(self.centred)
        found = self.likelihood.evaluate(self.parameters)
        _forget(self.likelihood)
        return replace(self.optimum, parameters=self.parameters, evaluation=found)

    @property
    def explained(self) -> float:
        """Share of the variance of ability that the covariates explain: var(x'beta) / (var(x'beta) + residual)."""
        data, p = self.centred.data, self.optimum.parameters
        line = self.scaled.centred.line(p.coefficients)
        weight = data.unit_weight / data.unit_weight.sum()
        explained = float(weight @ line**2 - (weight @ line) ** 2)
        residual = float(weight @ (p.sds**2)[data.run_group[data.unit_run]])
        return explained / (explained + residual)


def fit_regression(
    base: Likelihood,
    covariates: Covariates,
    search: Callable[[Likelihood], Optimum],
) -> RegressionFit:
    """Maximise `base` with a latent regression in place of its population.

    Parameters
    ----------
    base : Likelihood
        Its shape must hold the coefficients; its units must be persons.
    covariates : Covariates
        Persons in the order of the answers.
    search : callable
        Finds the optimum of a likelihood, and points its scale upwards.
    """
    scaled = scale_covariates(base.data, covariates, base.threads)
    away = scaled.means / scaled.sds
    centred = _with_population(base, base.grid, scaled.centred, scaled.products)
    optimum = search(centred)
    p, shape = optimum.parameters, base.shape
    move = float(away @ p.coefficients)
    anchored = bool(shape.fixed.any())
    grid = base.grid if anchored else replace(base.grid, centre=move)
    there = replace(p, means=p.means - move) if anchored else lifted(shape, p, move)
    return RegressionFit(
        centred=centred,
        optimum=optimum,
        likelihood=_with_population(base, grid, scaled.design),
        parameters=there,
        jacobian=_jacobian(shape, p, away, move, anchored),
        scaled=scaled,
    )


def _forget(likelihood: Likelihood) -> None:
    assert isinstance(likelihood.population, LatentRegression)
    likelihood.population.forget()


def _with_population(base: Likelihood, grid: Grid, design: Design, products: Floats | None = None) -> Likelihood:
    population = LatentRegression(base.data, base.shape, grid.theta, design, products)
    return replace(base, grid=grid, given_population=population)


def _multipliers(shape: Shape) -> Floats:
    """By how much a unit of a * theta moves each intercept: k in the score family, 1 otherwise."""
    steps = np.arange(1.0, shape.max_steps + 1.0)[None, :]
    factor = np.where((shape.kinds == KIND_SCORE)[:, None], steps, 1.0)
    return np.asarray(np.where(shape.step_mask, factor, 0.0))


def lifted(shape: Shape, p: Parameters, move: float) -> Parameters:
    """The same items on the scale theta + move."""
    return replace(p, intercepts=p.intercepts - _multipliers(shape) * p.slopes[:, None] * move)


def _jacobian(shape: Shape, p: Parameters, away: Floats, move: float, anchored: bool) -> Floats:
    """Derivative of the parameters without centring by those with it."""
    places = shape.places
    out = np.eye(places.n)
    if anchored:
        free = places.means[places.means >= 0]
        out[np.ix_(free, places.coefficients)] -= away[None, :]
        return out
    factors = _multipliers(shape)
    for j, k in zip(*np.nonzero(shape.free_steps), strict=True):
        row = places.intercepts[j, k]
        if places.slopes[j] >= 0:
            out[row, places.slopes[j]] -= factors[j, k] * move
        out[row, places.coefficients] -= factors[j, k] * p.slopes[j] * away
    return out


def covariate_results(fit: RegressionFit, covariance: Floats | None) -> tuple[CovariateResult, ...]:
    """Effects a unit of each covariate, with standard errors (NaN without a covariance)."""
    scaled, places = fit.scaled, fit.likelihood.shape.places.coefficients
    errors = np.full(len(scaled.names), np.nan)
    if covariance is not None:
        errors = np.sqrt(np.diag(covariance)[places])
    betas = fit.parameters.coefficients / scaled.sds
    columns = (betas, errors / scaled.sds, scaled.means, scaled.sds)
    return tuple(
        CovariateResult(name, *(float(v) for v in row))
        for name, *row in zip(scaled.names, *(c.tolist() for c in columns), strict=True)
    )
