"""Latent regression against brute force: every person's integral written out, gradients by differences."""

import numpy as np
import pytest

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.likelihood.regression import Covariates

from . import twin


def simulated(n=400, n_items=8, seed=5, steps=1):
    """Answers of persons whose ability is 0.8 x - 0.5 z + N(0, 1)."""
    rng = np.random.default_rng(seed)
    z = np.column_stack([rng.normal(2.0, 1.5, n), (rng.random(n) < 0.4).astype(float)])
    theta = z @ [0.8, -0.5] + rng.standard_normal(n)
    x = np.zeros((n, n_items))
    for step in range(steps):
        b = np.linspace(0.0, 3.0, n_items) + step
        x += rng.random((n, n_items)) < 1 / (1 + np.exp(-(theta[:, None] - b)))
    x[rng.random((n, n_items)) < 0.15] = np.nan
    return Answers.from_matrix(x), Covariates(("x", "z"), z)


def brute_loglik(found, answers, covariates, effects, theta):
    """Sum over persons of the log of the integral, with the prior of each renormalised on the grid."""
    p, total = found.parameters, 0.0
    for codes, z in zip(answers.codes, covariates.values, strict=True):
        weight = twin.prior(z @ effects, p.sds[0], theta)
        for j, code in enumerate(codes):
            if code != 255:
                d = p.intercepts[j, : found.shape.n_steps[j]]
                weight = weight * twin.probabilities(p.slopes[j], d, theta)[code]
        total += np.log(weight.sum())
    return total


@pytest.mark.parametrize(("model", "steps"), [("rasch", 1), ("2pl", 2)])
def test_the_likelihood_is_the_one_written_out_and_is_highest_there(model, steps):
    answers, covariates = simulated(steps=steps)
    found = calibrate(answers, Options(model=model, nodes=41, half_range=7.0), covariates=covariates)
    assert found.fit.converged
    theta, effects = found.likelihood.theta, np.array([r.beta for r in found.regression])
    here = brute_loglik(found, answers, covariates, effects, theta)
    assert found.fit.loglik == pytest.approx(here, abs=1e-8)
    for move in ([1e-3, 0.0], [-1e-3, 0.0], [0.0, 1e-3], [0.0, -1e-3]):
        assert brute_loglik(found, answers, covariates, effects + move, theta) < here


def test_errors_are_those_of_the_second_derivative():
    answers, covariates = simulated()
    found = calibrate(answers, Options(model="rasch"), covariates=covariates)
    other = calibrate(answers, Options(model="rasch", se="louis"), covariates=covariates)
    assert [r.se for r in found.regression] == pytest.approx([r.se for r in other.regression], rel=2e-3)
    assert found.items[0].se_b == pytest.approx(other.items[0].se_b, rel=2e-3)


def test_the_truth_is_found():
    answers, covariates = simulated(n=6000, n_items=20, seed=9)
    found = calibrate(answers, Options(model="rasch"), covariates=covariates)
    for r, true in zip(found.regression, (0.8, -0.5), strict=True):
        assert abs(r.beta - true) < 3.5 * r.se
    assert abs(found.groups[0].variance - 1.0) < 3.5 * found.groups[0].se_variance
    assert found.explained == pytest.approx(1.5**2 * 0.8**2 / (1.5**2 * 0.8**2 + 1.06), abs=0.05)


def test_origin_and_unit_of_a_covariate_only_move_the_scale():
    answers, covariates = simulated()
    moved = Covariates(covariates.names, covariates.values * [100.0, 1.0] + [20_000.0, 0.0])
    one = calibrate(answers, Options(model="rasch"), covariates=covariates)
    other = calibrate(answers, Options(model="rasch"), covariates=moved)
    assert other.fit.loglik == pytest.approx(one.fit.loglik, abs=1e-6)
    assert other.regression[0].beta * 100 == pytest.approx(one.regression[0].beta, abs=1e-6)
    assert other.regression[0].se * 100 == pytest.approx(one.regression[0].se, rel=1e-3)


def test_dummies_of_groups_say_what_groups_say():
    """Two groups of one variance each estimated: a dummy finds the same difference when the variances are alike."""
    answers, covariates = simulated(n=3000)
    dummy = Covariates(("z",), covariates.values[:, 1:])
    by_dummy = calibrate(answers, Options(model="rasch"), covariates=dummy)
    grouped = Answers(answers.codes, answers.items, None, covariates.values[:, 1].astype(np.int64), ("0", "1"))
    by_group = calibrate(grouped, Options(model="rasch"))
    assert by_dummy.regression[0].beta == pytest.approx(by_group.groups[1].mean, abs=0.01)


@pytest.mark.parametrize("model", ["3pl", "graded"])
def test_models_of_the_table_kernel_take_covariates(model):
    answers, covariates = simulated(n=1500, steps=1 if model == "3pl" else 2)
    found = calibrate(answers, Options(model=model), covariates=covariates)
    assert found.fit.converged
    assert found.regression[0].beta == pytest.approx(0.8, abs=0.25)


def test_what_cannot_be_estimated_is_refused():
    answers, covariates = simulated()
    constant = Covariates(("x", "one"), np.column_stack([covariates.values[:, 0], np.ones(400)]))
    with pytest.raises(Refusal, match="The covariate one is the same for everybody"):
        calibrate(answers, Options(), covariates=constant)
    twice = Covariates(("x", "y"), np.column_stack([covariates.values[:, 0], 3 - 2 * covariates.values[:, 0]]))
    with pytest.raises(Refusal, match="The covariate y is determined by"):
        calibrate(answers, Options(), covariates=twice)


def test_a_finished_regression_keeps_nothing_of_every_person_but_the_scores():
    answers, covariates = simulated()[:2]
    found = calibrate(answers, Options(model="2pl"), covariates=covariates)
    population = found.likelihood.population
    assert not population._memory, "50 bytes a person that nobody asks for"
    assert not population._sums
    assert population.prior(found.parameters).tilts.shape == (answers.n_persons,), "it is computed again when asked for"
