"""Calibrate answers that do not fit into memory: every pass reads packed chunks and keeps only their sums.

>>> from tirek_engines.psychometrics.large.streaming import calibrate_source
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.calibration import Calibration, Fit, point_upwards
from tirek_engines.psychometrics.data.design import check_design, item_models
from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.estimation.diagnosis import warnings_of
from tirek_engines.psychometrics.estimation.em import Optimum, Progress, best_of_starts
from tirek_engines.psychometrics.estimation.estimates import GroupResult, group_results, item_results
from tirek_engines.psychometrics.estimation.information import covariance
from tirek_engines.psychometrics.estimation.starts import starting_point
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.kernels.warm import warm_estimates
from tirek_engines.psychometrics.large.packedfile import PackedFile
from tirek_engines.psychometrics.likelihood.model import FINAL, Grid, Likelihood, Shape
from tirek_engines.psychometrics.likelihood.posteriors import Source, StreamedKernel
from tirek_engines.psychometrics.options import Options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WLE_TABLE = 801


@dataclass(frozen=True)
class StreamedLikelihood(Likelihood):
    """The likelihood of persons that a source hands out chunk by chunk.

    `fineness` is that of the score kernel: 1 for the iterations, `FINAL` for what is reported.
    """

    source: Source | None = None
    fineness: int = 1

    @cached_property
    def kernel(self) -> StreamedKernel:
        """Always the score kernel, tabulated where a run has persons enough."""
        return StreamedKernel(
            self.data, self.shape, self.theta, True, False, self.threads, self.fineness, source=self.source
        )

    def in_the_end(self) -> StreamedLikelihood:
        """The same as fine as it is reported."""
        return replace(self, fineness=FINAL)


@dataclass(frozen=True)
class PersonChunk:
    """Scores of the persons of a chunk; see `scoring.PersonScores`. `rows` says which persons of the input they are."""

    rows: Ints
    eap: Floats
    eap_se: Floats
    wle: Floats
    wle_se: Floats


def calibrate_source(
    data: Prepared,
    source: Source,
    options: Options,
    *,
    models: Mapping[str, str] | None = None,
    n_persons: int,
    n_without_answers: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """`calibrate` for persons that are not in memory: the same estimates to 1e-9, the same errors.

    Parameters
    ----------
    data : Prepared
        Items, runs and their weights; no persons (`PackedFile.data`).
    source : Source
        Hands out the persons: a `PackedFile`, or `spark.SparkSource`.
    options : Options
        Rasch, 2PL, PCM or GPCM, errors ``oakes``, ``louis`` or ``none``.
    models : mapping of str to str, optional
        Models of single items.
    n_persons, n_without_answers : int
        For the warnings and the fit.
    progress : callable, optional
        Called with iteration, log-likelihood, largest step.

    Raises
    ------
    Refusal
        ``not_streamed`` for other models and errors; otherwise as `calibrate`.
    """
    likelihood = streamed_likelihood(data, source, options, models or {})
    start = starting_point(likelihood)
    best, reached = best_of_starts(
        likelihood,
        [start],
        tolerance=options.tolerance,
        gradient_tolerance=options.gradient_tolerance,
        max_iterations=options.max_iterations,
        progress=progress,
    )
    best, final = point_upwards(best, likelihood), likelihood.in_the_end()
    best = replace(best, evaluation=final.evaluate(best.parameters))
    errors = covariance(likelihood, best.parameters, options.se)
    warnings = (*data.items.warnings, *warnings_of(n_persons, n_without_answers, final, best, errors, reached))
    return Calibration(
        options=options,
        items=item_results(data, final.shape, best.parameters, errors),
        groups=_groups(final, source, best, errors),
        fit=_fit(final, best, errors, n_without_answers, reached),
        persons=None,
        dropped=data.items.dropped,
        warnings=warnings,
        parameters=best.parameters,
        covariance=errors,
        likelihood=final,
    )


def calibrate_packed(
    file: PackedFile,
    options: Options,
    *,
    models: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Calibrate a file of packed answers; see `calibrate_source`."""
    return calibrate_source(
        file.data,
        file,
        options,
        models=models,
        n_persons=file.n_persons,
        n_without_answers=file.n_without_answers,
        progress=progress,
    )


def streamed_likelihood(
    data: Prepared, source: Source, options: Options, models: Mapping[str, str]
) -> StreamedLikelihood:
    """What `calibrate_source` maximises."""
    names = item_models(data.items, {name: models.get(name, options.model) for name in data.items.names})
    shape = Shape(names, data.items.n_steps, len(data.group_names))
    if not shape.in_score_family or options.se in ("sandwich", "crossprod"):
        raise Refusal(
            "From a stream come Rasch, 2PL, PCM and GPCM with errors oakes, louis or none. Choose one of them, or leave out "
            "--stream.",
            code="not_streamed",
        )
    check_design(data, shape)
    grid = Grid(options.nodes, options.half_range)
    return StreamedLikelihood(data, shape, grid, options.prior, None, False, True, options.threads, source=source)


def _groups(
    likelihood: StreamedLikelihood, source: Source, best: Optimum, errors: Floats | None
) -> tuple[GroupResult, ...]:
    """As `estimates.group_results`, with the number of persons from the runs."""
    data = likelihood.data
    person = replace(data, unit_of_person=np.arange(data.unit_run.size), weights=np.ones(data.unit_run.size))
    answered = data.run_masks.any(axis=1)
    counts = np.bincount(data.run_group, np.where(answered, source.positives, 0), minlength=len(data.group_names))
    found = group_results(person, likelihood.shape, best.parameters, errors)
    return tuple(replace(group, n=int(n)) for group, n in zip(found, counts, strict=True))


def _fit(
    likelihood: StreamedLikelihood, best: Optimum, errors: Floats | None, without: int, reached: tuple[float, ...]
) -> Fit:
    shortfall = float("nan")
    gradient = best.evaluation.gradient
    if errors is not None:
        inner = np.isfinite(np.diag(errors))
        shortfall = 0.5 * float(gradient[inner] @ errors[np.ix_(inner, inner)] @ gradient[inner])
    return Fit(
        loglik=best.evaluation.loglik,
        log_posterior=best.evaluation.objective,
        iterations=best.iterations,
        converged=best.converged,
        step=best.step,
        gradient=best.gradient,
        loglik_shortfall=shortfall,
        n_parameters=int(gradient.shape[0]),
        n=likelihood.data.n_calibrating,
        n_without_answers=without,
        n_runs=int(likelihood.data.run_group.shape[0]),
        reliability_eap=float("nan"),
        reliability_wle=float("nan"),
        fallbacks=best.fallbacks,
        starts=reached,
    )


def scores_of_packed(file: PackedFile, calibration: Calibration) -> Iterator[PersonChunk]:
    """EAP and WLE of the persons, chunk by chunk, in the order of the file."""
    likelihood, p = calibration.likelihood, calibration.parameters
    kernel, prior = likelihood.kernel, likelihood.population.prior(p)
    assert isinstance(kernel, StreamedKernel)
    plan, n_steps = kernel.plan(p, prior), likelihood.data.items.n_steps
    masks, bound = likelihood.data.run_masks, calibration.options.wle_bound
    for k in range(len(file.places)):
        chunk = file.chunk(k)
        n = chunk.weights.shape[0]
        means, variances = np.empty(n), np.empty(n)
        plan.sums(chunk, means, variances)
        scores = kernels.table_sums(chunk.packed, plan.table)
        own = np.ascontiguousarray(masks[chunk.runs])
        wle, wle_se, _ = warm_estimates(scores, chunk.starts, own, p.slopes, p.intercepts, n_steps, bound, WLE_TABLE)
        yield PersonChunk(file.rows(k), means, np.sqrt(np.maximum(variances, 0.0)), wle, wle_se)
