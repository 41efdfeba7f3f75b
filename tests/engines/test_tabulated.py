"""The tabulated E-step against the exact one, and the same bits whatever the number of threads."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Options, calibrate, parallel
from tirek_engines.psychometrics.calibration import likelihood_of
from tirek_engines.psychometrics.estimation.em import Optimum, maximise
from tirek_engines.psychometrics.estimation.information import oakes_information, observed_information
from tirek_engines.psychometrics.estimation.missing import quick_missing_information
from tirek_engines.psychometrics.estimation.starts import starting_point
from tirek_engines.psychometrics.kernels.regression import prior_moments
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.normals import log_prior
from tirek_engines.psychometrics.likelihood.regression import Covariates, moments_of_priors
from tirek_engines.psychometrics.population.regressing import fit_regression


def simulated(persons: int, items: int, *, steps: int = 1, booklets: int = 0, seed: int = 1) -> Answers:
    """2PL or GPCM answers; with booklets everybody sees two of so many blocks."""
    rng = np.random.default_rng(seed)
    slopes, places = rng.lognormal(0.1, 0.3, items), np.linspace(-2.0, 2.0, items)
    theta = rng.standard_normal((persons, 1))
    codes = np.zeros((persons, items), np.uint8)
    for _ in range(steps):
        codes += rng.random((persons, items)) < 1.0 / (1.0 + np.exp(-slopes * (theta - places)))
    if booklets:
        block, form = np.arange(items) * booklets // items, rng.integers(0, booklets, persons)
        seen = (block == form[:, None]) | (block == (form[:, None] + 1) % booklets)
        codes[~seen] = 255
    weights = rng.uniform(0.5, 2.0, persons)
    groups = (rng.random(persons) < 0.4).astype(np.int64)
    return Answers(codes, tuple(f"i{j}" for j in range(items)), weights, groups, ("a", "b"))


def set_up(answers: Answers, model: str = "2pl") -> tuple[Likelihood, Parameters]:
    likelihood = likelihood_of(answers, Options(model=model, se="none"))
    start = starting_point(likelihood)
    rng = np.random.default_rng(5)
    slopes = start.slopes * rng.lognormal(0.0, 0.4, start.slopes.size) if model != "rasch" else start.slopes
    return likelihood, dataclasses.replace(start, slopes=slopes, means=np.array([0.0, 0.4]), sds=np.array([1.0, 1.3]))


@pytest.mark.parametrize(("items", "steps", "booklets"), [(10, 1, 0), (40, 1, 0), (12, 3, 0), (30, 1, 5)])
def test_interpolation_is_as_good_as_exact(items, steps, booklets):
    likelihood, p = set_up(simulated(30_000, items, steps=steps, booklets=booklets))
    plan = likelihood.quickly().kernel.plan(p, likelihood.population.prior(p))
    assert plan.tabulated.size == likelihood.data.run_group.size, "every run is large enough"
    exact, quick = likelihood.evaluate(p), likelihood.quickly().evaluate(p)
    assert abs(quick.loglik - exact.loglik) < 1e-9 * abs(exact.loglik)
    assert np.abs(quick.gradient - exact.gradient).max() < 1e-8 * 30_000
    assert quick.posterior.run_counts == pytest.approx(exact.posterior.run_counts, abs=1e-7 * 30_000)
    moments = dataclasses.replace(likelihood.quickly().kernel, moments=True)
    found = moments.posterior(p, likelihood.population.prior(p))
    assert np.abs(found.unit_means - exact.unit_means).max() < 1e-6
    assert np.abs(found.unit_variances - exact.unit_variances).max() < 1e-6


def test_small_runs_are_done_exactly_beside_large_ones():
    answers = simulated(20_000, 20)
    codes = answers.codes.copy()
    codes[::400, 3] = 255
    codes[7::1000, :4] = 255
    likelihood, p = set_up(dataclasses.replace(answers, codes=codes))
    plan = likelihood.quickly().kernel.plan(p, likelihood.population.prior(p))
    assert 0 < plan.tabulated.size < likelihood.data.run_group.size
    exact, quick = likelihood.evaluate(p), likelihood.quickly().evaluate(p)
    assert quick.loglik == pytest.approx(exact.loglik, rel=1e-9)
    assert np.abs(quick.gradient - exact.gradient).max() < 1e-4


def test_the_optimum_is_that_of_the_exact_iterations(monkeypatch):
    answers = simulated(20_000, 25)
    options = Options(model="2pl", se="none", persons=False)
    quick = calibrate(answers, options)
    monkeypatch.setattr(Likelihood, "quickly", lambda self, **_: self)
    exact = calibrate(answers, options)
    assert quick.fit.loglik == pytest.approx(exact.fit.loglik, abs=1e-6)
    assert np.abs(quick.parameters.slopes - exact.parameters.slopes).max() < 1e-5


@pytest.mark.parametrize("model", ["2pl", "rasch"])
def test_threads_do_not_change_a_bit(monkeypatch, model):
    monkeypatch.setattr(parallel, "CHUNK", 3_000)
    answers = simulated(20_000, 25, booklets=5)
    found = [calibrate(answers, Options(model=model, threads=threads)) for threads in (1, 2, 3)]
    for other in found[1:]:
        assert repr(other.fit) == repr(found[0].fit)
        assert repr(other.items) == repr(found[0].items), "every digit"
        assert np.array_equal(other.persons.eap, found[0].persons.eap)
        assert np.array_equal(other.persons.wle, found[0].persons.wle)


def test_moments_of_many_priors_are_interpolated():
    rng = np.random.default_rng(2)
    theta, sds = np.linspace(-6.0, 6.0, 41), np.array([1.0, 0.7])
    bases = log_prior(np.array([0.0, 0.5]), sds, theta)
    tilts, groups = rng.standard_normal(20_000) * 1.5, rng.integers(0, 2, 20_000)
    exact = prior_moments(tilts, groups, bases, theta)
    for one, other in zip(exact, moments_of_priors(tilts, groups, bases, theta, sds), strict=True):
        assert not np.array_equal(one, other), "interpolated"
        assert np.abs(one - other).max() < 1e-8, "worst at the edge of the grid"


@pytest.mark.parametrize(("steps", "booklets", "covariates"), [(1, 0, 0), (3, 0, 0), (1, 5, 0), (1, 0, 3), (3, 5, 2)])
def test_analytic_information_is_that_of_differences(steps, booklets, covariates):
    answers = simulated(20_000, 20, steps=steps, booklets=booklets)
    rng = np.random.default_rng(4)
    values = Covariates(tuple(f"z{c}" for c in range(covariates)), rng.standard_normal((20_000, covariates)))
    options = Options(model="2pl", se="none", persons=False)
    if not covariates:
        found = calibrate(answers, options)
        likelihood, p = found.likelihood, found.parameters
    else:
        base = likelihood_of(answers, options, n_coefficients=covariates)
        fit = fit_regression(base, values, lambda target: search(target, base))
        likelihood, p = fit.centred, fit.optimum.parameters
    assert quick_missing_information(likelihood.quickly(), p) is not None
    exact = np.linalg.inv(observed_information(likelihood, p))
    quick = np.linalg.inv(oakes_information(likelihood.quickly(), p))
    assert np.sqrt(np.diag(quick)) == pytest.approx(np.sqrt(np.diag(exact)), rel=1e-5)


def search(target: Likelihood, base: Likelihood) -> Optimum:
    start = starting_point(base)
    return maximise(target.quickly(), start, tolerance=1e-6, gradient_tolerance=1e-4, max_iterations=100)


@pytest.mark.parametrize("booklets", [0, 5])
def test_the_log_likelihood_on_another_grid_needs_no_further_pass(booklets):
    likelihood, p = set_up(simulated(20_000, 25, booklets=booklets))
    e, other = likelihood.quickly().evaluate(p), dataclasses.replace(likelihood.grid, n_nodes=61, half_range=9.0)
    assert e.posterior.spread is not None
    assert likelihood.loglik_on(other, p, e) == pytest.approx(likelihood.on(other).evaluate(p).loglik, abs=1e-4)


def test_the_pass_that_ends_the_iterations_is_as_good_as_exact():
    likelihood, p = set_up(simulated(20_000, 25))
    e, exact = likelihood.quickly(moments=True).evaluate(p), likelihood.evaluate(p)
    assert e.posterior.spread is not None
    assert e.loglik == pytest.approx(exact.loglik, abs=1e-6)
    assert np.abs(e.unit_means - exact.unit_means).max() < 1e-8
    assert np.abs(e.unit_variances - exact.unit_variances).max() < 1e-8
