"""Calibrate a test by marginal maximum likelihood: the door of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines import ENGINE_VERSION
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.design import check_design, item_models
from tirek_engines.psychometrics.data.prepared import DroppedItem, Prepared, prepare
from tirek_engines.psychometrics.estimation.diagnosis import warnings_of
from tirek_engines.psychometrics.estimation.em import Optimum, Progress, best_of_starts
from tirek_engines.psychometrics.estimation.estimates import (
    GroupResult,
    ItemResult,
    ReplicateErrors,
    group_results,
    item_results,
)
from tirek_engines.psychometrics.estimation.information import covariance
from tirek_engines.psychometrics.estimation.starts import items_of, starting_point
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Grid, Likelihood, Parameters, Shape
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.options import MODELS, ErrorKind, Model, Options
from tirek_engines.psychometrics.parameters import FIXED_SLOPE
from tirek_engines.psychometrics.population.regressing import (
    CovariateResult,
    RegressionFit,
    covariate_results,
    fit_regression,
)
from tirek_engines.psychometrics.scoring import PersonScores, scores_of

__all__ = ["MODELS", "Calibration", "ErrorKind", "Fit", "Model", "Options", "calibrate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """How the estimation ended.

    Attributes
    ----------
    loglik, log_posterior : float
        They differ by the log density of the priors on guessing (3PL).
    loglik_shortfall : float
        Estimated amount by which the log-posterior is still below its maximum (half the Newton decrement); NaN
        without standard errors.
    n_effective : float
        (sum w)^2 / sum w^2 of the case weights w of those who calibrate; n without weights.
    starts : tuple of float
        Log-posterior that each start came to (a start stops early when it comes to an optimum already found).
    """

    loglik: float
    log_posterior: float
    iterations: int
    converged: bool
    step: float
    gradient: float
    loglik_shortfall: float
    n_parameters: int
    n: int
    n_without_answers: int
    n_runs: int
    reliability_eap: float
    reliability_wle: float
    fallbacks: int
    starts: tuple[float, ...]
    n_effective: float = float("nan")


@dataclass(frozen=True)
class Calibration:
    """A finished calibration; `parameters`, `covariance` and `likelihood` are there for what follows.

    `version` is that of the engine; `estimators.FittedScale` is the same without the answers.
    """

    options: Options
    items: tuple[ItemResult, ...]
    groups: tuple[GroupResult, ...]
    fit: Fit
    persons: PersonScores | None
    dropped: tuple[DroppedItem, ...]
    warnings: tuple[str, ...]
    parameters: Parameters
    covariance: Floats | None
    likelihood: Likelihood
    regression: tuple[CovariateResult, ...] = ()
    explained: float = float("nan")
    replicated: ReplicateErrors | None = None
    version: str = ENGINE_VERSION

    @property
    def prepared(self) -> Prepared:
        """The packed answers."""
        return self.likelihood.data

    def as_items(self) -> Items:
        """The items with their estimates, as linking, scoring and item analysis read them."""
        return items_of(self.likelihood, self.parameters)

    @property
    def shape(self) -> Shape:
        """Which parameters are free."""
        return self.likelihood.shape


def calibrate(
    answers: Answers,
    options: Options | None = None,
    *,
    models: Mapping[str, str] | None = None,
    known: Items | None = None,
    covariates: Covariates | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Estimate item parameters and the distribution of ability from a matrix of answers.

    Marginal maximum likelihood by EM (Bock & Aitkin 1981, Psychometrika 46, eq. 12-15) on an equally spaced grid,
    with Newton M-steps and Anderson acceleration; posterior mode for guessing under 3PL. Persons by EAP and by
    Warm's weighted likelihood (Warm 1989, Psychometrika 54, eq. 7-9).

    Parameters
    ----------
    answers : Answers
        Persons by items; 255 where there is no answer.
    options : Options, optional
        By default Rasch with standard errors.
    models : mapping of str to str, optional
        Models of single items; all others take ``options.model``.
    known : Items, optional
        Items whose parameters are kept as they are (anchors). They give the scale its origin and unit, so that the
        means and variances of all groups are estimated.
    covariates : Covariates, optional
        Latent regression of ability on them; see `regression`. Without covariates a group's mean is all that is known.
    progress : callable, optional
        Called with iteration, log-likelihood, largest step.

    Returns
    -------
    Calibration

    Raises
    ------
    Refusal
        Codes ``nothing_to_calibrate``, ``nobody_to_calibrate``, ``empty_group``, ``tiny_groups``, ``unlinked_group``,
        ``unknown_score``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]])
    >>> c = calibrate(Answers.from_matrix(np.repeat(x, 50, axis=0)), Options(model="rasch"))
    >>> c.fit.converged, len(c.items)
    (True, 3)
    """
    options = options or Options()
    n_covariates = 0 if covariates is None else len(covariates.names)
    base = likelihood_of(answers, options, models=models or {}, known=known, n_coefficients=n_covariates)
    found = _estimate(base, options, covariates, known, progress)
    likelihood, best, errors = found.likelihood, found.best, found.errors
    warnings = likelihood.data.items.warnings + _warnings(answers, found)
    scores = scores_of(likelihood, best.parameters, best.evaluation, bound=options.wle_bound, with_wle=options.persons)
    return Calibration(
        options=options,
        items=item_results(likelihood.data, likelihood.shape, best.parameters, errors),
        groups=group_results(likelihood.data, likelihood.shape, best.parameters, errors),
        fit=_fit(likelihood.data, best, errors, scores, found.reached),
        persons=scores if options.persons else None,
        dropped=likelihood.data.items.dropped,
        warnings=warnings,
        parameters=best.parameters,
        covariance=errors,
        likelihood=likelihood,
        regression=() if found.regression is None else covariate_results(found.regression, errors),
        explained=float("nan") if found.regression is None else found.regression.explained,
    )


@dataclass(frozen=True)
class _Estimate:
    """Where the search ended, with the covariance of the estimates."""

    likelihood: Likelihood
    best: Optimum
    errors: Floats | None
    reached: tuple[float, ...]
    regression: RegressionFit | None = None


def _warnings(answers: Answers, found: _Estimate) -> tuple[str, ...]:
    without = int((found.likelihood.data.n_answered == 0).sum())
    return warnings_of(answers.n_persons, without, found.likelihood, found.best, found.errors, found.reached)


def _estimate(
    base: Likelihood,
    options: Options,
    covariates: Covariates | None,
    known: Items | None,
    progress: Progress | None,
) -> _Estimate:
    reached: tuple[float, ...] = ()

    def search(target: Likelihood) -> Optimum:
        nonlocal reached
        quick = target.quickly()
        best, reached = best_of_starts(
            quick,
            [starting_point(target, known, number=k) for k in range(_n_starts(options, target.shape))],
            tolerance=options.tolerance,
            gradient_tolerance=options.gradient_tolerance,
            max_iterations=options.max_iterations,
            progress=progress,
        )
        best = point_upwards(best, quick)
        return replace(best, evaluation=target.quickly(moments=True).evaluate(best.parameters))

    if covariates is None:
        best = search(base)
        return _Estimate(base, best, covariance(base.quickly(), best.parameters, options.se), reached)
    fit = fit_regression(base, covariates, search)
    errors = covariance(fit.centred.quickly(), fit.optimum.parameters, options.se)
    if errors is not None:
        errors = fit.jacobian @ errors @ fit.jacobian.T
    return _Estimate(fit.likelihood, fit.placed(), errors, reached, fit)


def likelihood_of(
    answers: Answers,
    options: Options,
    *,
    models: Mapping[str, str] | None = None,
    known: Items | None = None,
    n_coefficients: int = 0,
) -> Likelihood:
    """Pack the answers and set up the likelihood that `calibrate` maximises."""
    requested = {name: (models or {}).get(name, options.model) for name in answers.items}
    scores = {name: known.values[k] for k, name in enumerate(known.names)} if known is not None else {}
    if known is not None:
        requested |= {name: model for name, model in zip(known.names, known.models, strict=True) if name in requested}
    unit_slopes = known is None or bool(np.all(known.slopes == 1.0))
    collapse = (
        all(m in FIXED_SLOPE for m in requested.values())
        and unit_slopes
        and options.se in ("oakes", "none")
        and not options.force_tables
        and not n_coefficients
    )
    data = prepare(answers, collapse_scores=collapse, known=scores, threads=options.threads)
    fixed = np.array([name in scores for name in data.items.names])
    names = item_models(data.items, requested)
    shape = Shape(names, data.items.n_steps, len(data.group_names), fixed, n_coefficients)
    check_design(data, shape)
    return Likelihood(
        data,
        shape,
        Grid(options.nodes, options.half_range),
        options.prior,
        None,
        options.force_tables,
        threads=options.threads,
    )


def _n_starts(options: Options, shape: Shape) -> int:
    return options.starts or (3 if shape.free_guessing.any() else 1)


def point_upwards(best: Optimum, likelihood: Likelihood) -> Optimum:
    """The likelihood does not know which end of the scale is up: take the one where most slopes are positive.

    Under 3PL and with slopes or means that are fixed it does know.
    """
    p, shape = best.parameters, likelihood.shape
    known = shape.free_guessing.any() or not shape.free_slopes.all()
    if known or float(np.median(p.slopes)) >= 0:
        return best
    turned = replace(p, slopes=-p.slopes, means=-p.means, coefficients=-p.coefficients)
    return replace(best, parameters=turned, evaluation=likelihood.evaluate(turned))


def _fit(data: Prepared, best: Optimum, errors: Floats | None, scores: PersonScores, reached: tuple[float, ...]) -> Fit:
    shortfall = np.nan
    if errors is not None:
        inner = np.isfinite(np.diag(errors))
        gradient = best.evaluation.gradient[inner]
        shortfall = 0.5 * float(gradient @ errors[np.ix_(inner, inner)] @ gradient) if inner.any() else np.nan
    return Fit(
        loglik=best.evaluation.loglik,
        log_posterior=best.evaluation.objective,
        iterations=best.iterations,
        converged=best.converged,
        step=best.step,
        gradient=best.gradient,
        loglik_shortfall=float(shortfall),
        n_parameters=int(best.evaluation.gradient.shape[0]),
        n=data.n_calibrating,
        n_without_answers=int((data.n_answered == 0).sum()),
        n_runs=int(data.run_group.shape[0]),
        reliability_eap=scores.reliability_eap,
        reliability_wle=scores.reliability_wle,
        fallbacks=best.fallbacks,
        starts=reached,
        n_effective=n_effective(data.weights),
    )


def n_effective(weights: Floats) -> float:
    """Kish's effective number of persons, (sum w)^2 / sum w^2."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0 else float("nan")
