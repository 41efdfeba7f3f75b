"""Calibrate a test by marginal maximum likelihood: the door of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.answers import Answers
from tirek_engines.psychometrics.estimates import GroupResult, ItemResult, group_results, item_results
from tirek_engines.psychometrics.estimation import (
    Optimum,
    Progress,
    covariance_of,
    maximise,
    observed_information,
    starting_point,
)
from tirek_engines.psychometrics.model import Grid, Likelihood, Parameters, Shape, lowest_sd
from tirek_engines.psychometrics.prepared import DroppedItem, Prepared, prepare
from tirek_engines.psychometrics.scoring import PersonScores, score_persons

Floats = NDArray[np.float64]
Model = Literal["rasch", "pcm", "2pl", "gpcm"]
ErrorKind = Literal["oakes", "none"]

MODELS: tuple[str, ...] = ("rasch", "pcm", "2pl", "gpcm")
GRID_TOLERANCE = 0.01
"""Change of the log-likelihood, on a wider or a finer grid, above which the grid is called too small."""


@dataclass(frozen=True)
class Options:
    """How to calibrate.

    Parameters
    ----------
    model : {"rasch", "pcm", "2pl", "gpcm"}
        ``rasch`` and ``pcm`` are one model (all slopes 1, variance free), as are ``2pl`` and ``gpcm`` (slopes free,
        group 0 is N(0, 1)): an item's number of categories decides its kind.
    se : {"oakes", "none"}
        Standard errors from the observed information, or none.
    nodes, half_range : int, float
        Quadrature: equally spaced nodes on +-half_range logits, normal weights renormalised.
    tolerance, gradient_tolerance : float
        Convergence: largest EM step (logits), largest derivative (standard errors).
    persons : bool
        Whether to score persons (EAP and WLE).
    wle_bound : float
        Weighted likelihood estimates are kept within +-wle_bound logits, and flagged there.
    """

    model: Model = "rasch"
    se: ErrorKind = "oakes"
    nodes: int = 41
    half_range: float = 6.0
    tolerance: float = 1e-6
    gradient_tolerance: float = 1e-4
    max_iterations: int = 1000
    persons: bool = True
    wle_bound: float = 10.0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise BrokenContract("model", self.model, " | ".join(MODELS))
        if self.se not in ("oakes", "none"):
            raise BrokenContract("se", self.se, "oakes | none")
        if self.nodes < 5 or not self.half_range > 0:
            raise Refusal(
                f"A grid of {self.nodes} nodes on ±{self.half_range} cannot carry a distribution: "
                "use at least 5 nodes and a range above 0 (41 on ±6 is usual).",
                code="grid_too_small",
            )

    @property
    def free_slopes(self) -> bool:
        """Whether discriminations are estimated."""
        return self.model in ("2pl", "gpcm")


@dataclass(frozen=True)
class Fit:
    """How the estimation ended.

    `loglik_shortfall` is the estimated amount by which the log-likelihood is still below its maximum
    (half the Newton decrement); NaN without standard errors.
    """

    loglik: float
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


@dataclass(frozen=True)
class Calibration:
    """A finished calibration; `parameters`, `covariance` and `prepared` are there for what follows."""

    options: Options
    items: tuple[ItemResult, ...]
    groups: tuple[GroupResult, ...]
    fit: Fit
    persons: PersonScores | None
    dropped: tuple[DroppedItem, ...]
    warnings: tuple[str, ...]
    parameters: Parameters
    covariance: Floats | None
    prepared: Prepared


def calibrate(answers: Answers, options: Options | None = None, *, progress: Progress | None = None) -> Calibration:
    """Estimate item difficulties (and slopes) and the distribution of ability from a matrix of answers.

    Marginal maximum likelihood by EM (Bock & Aitkin 1981, Psychometrika 46, eq. 12-15) on an equally spaced grid,
    with the sufficient-score kernel, Newton M-steps and Anderson acceleration; persons by EAP and by Warm's
    weighted likelihood (Warm 1989, Psychometrika 54, eq. 7-9).

    Parameters
    ----------
    answers : Answers
        Persons by items; 255 where there is no answer.
    options : Options, optional
        By default Rasch with standard errors.
    progress : callable, optional
        Called with iteration, log-likelihood, largest step.

    Returns
    -------
    Calibration

    Raises
    ------
    Refusal
        Codes ``nothing_to_calibrate``, ``nobody_to_calibrate``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]])
    >>> c = calibrate(Answers.from_matrix(np.repeat(x, 50, axis=0)), Options(model="rasch"))
    >>> c.fit.converged, len(c.items)
    (True, 3)
    """
    options = options or Options()
    prepared = prepare(answers, collapse_scores=not options.free_slopes)
    n_groups = len(prepared.group_names)
    shape = Shape(prepared.items.n_steps, prepared.items.max_steps, n_groups, options.free_slopes)
    _check_groups(prepared)
    likelihood = Likelihood(prepared, shape, Grid(options.nodes, options.half_range))
    best = maximise(
        likelihood,
        starting_point(likelihood),
        tolerance=options.tolerance,
        gradient_tolerance=options.gradient_tolerance,
        max_iterations=options.max_iterations,
        progress=progress,
    )
    best = _point_upwards(best, likelihood)
    covariance = None
    if options.se != "none":
        covariance = covariance_of(observed_information(likelihood, best.parameters))
    scores = score_persons(likelihood, best.parameters, best.evaluation, bound=options.wle_bound)
    warnings = _warnings(answers, likelihood, best, covariance)
    return Calibration(
        options=options,
        items=item_results(prepared, shape, best.parameters, covariance),
        groups=group_results(prepared, shape, best.parameters, covariance),
        fit=_fit(prepared, best, covariance, scores),
        persons=scores if options.persons else None,
        dropped=prepared.items.dropped,
        warnings=prepared.items.warnings + warnings,
        parameters=best.parameters,
        covariance=covariance,
        prepared=prepared,
    )


def _check_groups(prepared: Prepared) -> None:
    weight = np.bincount(
        prepared.run_group[prepared.unit_run], prepared.unit_weight, minlength=len(prepared.group_names)
    )
    for name, total in zip(prepared.group_names, weight.tolist(), strict=True):
        if total <= 0:
            raise Refusal(
                f"Group {name} has nobody with an answer, so its mean and variance cannot be estimated. "
                "Leave it out or calibrate without groups.",
                code="empty_group",
                group=name,
            )


def _point_upwards(best: Optimum, likelihood: Likelihood) -> Optimum:
    """The likelihood does not know which end of the scale is up: take the one where most slopes are positive."""
    p = best.parameters
    if not likelihood.shape.free_slopes or float(np.median(p.slopes)) >= 0:
        return best
    turned = Parameters(-p.slopes, p.intercepts, -p.means, p.sds)
    return Optimum(
        turned,
        likelihood.evaluate(turned),
        best.iterations,
        best.converged,
        best.step,
        best.gradient,
        best.fallbacks,
    )


def _fit(data: Prepared, best: Optimum, covariance: Floats | None, scores: PersonScores) -> Fit:
    shortfall = np.nan
    if covariance is not None:
        shortfall = 0.5 * float(best.evaluation.gradient @ covariance @ best.evaluation.gradient)
    return Fit(
        loglik=best.evaluation.loglik,
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
    )


def _warnings(answers: Answers, likelihood: Likelihood, best: Optimum, covariance: Floats | None) -> tuple[str, ...]:
    data, found = likelihood.data, []
    without = int((data.n_answered == 0).sum())
    if without:
        found.append(
            f"{without} of {answers.n_persons} persons have no answer: they do not calibrate, their EAP is the mean "
            "of their group and they have no WLE."
        )
    if not best.converged:
        found.append(
            f"Not converged after {best.iterations} iterations: largest step {best.step:.2g} logits, "
            f"largest gradient {best.gradient:.2g} standard errors."
        )
    if covariance is not None and not bool(np.all(np.isfinite(covariance))):
        found.append("The information matrix is not positive definite: no standard errors can be given.")
    found += [
        f"The variance of group {name} is at the least that the grid can tell from zero: these answers show no common "
        "ability. Check the key and the choice of items."
        for name, sd in zip(data.group_names, best.parameters.sds.tolist(), strict=True)
        if sd <= lowest_sd(likelihood.grid.theta) * 1.0001
    ]
    found += [
        f"Item {name} has a slope of {slope:.3f}, below zero: able persons answer it wrong more often. Check its key."
        for name, slope in zip(data.items.names, best.parameters.slopes.tolist(), strict=True)
        if slope < 0
    ]
    return tuple(found + grid_warnings(likelihood, best))


def grid_warnings(likelihood: Likelihood, best: Optimum) -> list[str]:
    """Compare the log-likelihood with that on a grid half as wide again and on one twice as fine."""
    grid, p = likelihood.grid, best.parameters
    found = []
    extra = -(-grid.n_nodes // 4)
    step = 2 * grid.half_range / (grid.n_nodes - 1)
    wider = Grid(grid.n_nodes + 2 * extra, grid.half_range + extra * step)
    finer = Grid(2 * grid.n_nodes - 1, grid.half_range)
    for other, fault in ((wider, "too narrow"), (finer, "too coarse")):
        loglik = Likelihood(likelihood.data, likelihood.shape, other).evaluate(p).loglik
        if abs(loglik - best.evaluation.loglik) > GRID_TOLERANCE:
            found.append(
                f"The grid of {grid.n_nodes} nodes on ±{grid.half_range:g} is {fault}: with {other.n_nodes} nodes on "
                f"±{other.half_range:g} the log-likelihood at the same parameters differs by "
                f"{loglik - best.evaluation.loglik:+.3f}. Use more nodes or a wider range."
            )
    return found
