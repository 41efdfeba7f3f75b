"""Errors by replication: the recalibrations are those one would do by hand."""

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.replicates import replicate_errors


def sample(n=600, seed=6):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(20), n // 20)
    z = rng.normal(size=(n, 1))
    theta = 0.5 * rng.standard_normal(20)[school] + 0.4 * z[:, 0] + rng.standard_normal(n)
    x = (rng.random((n, 7)) < 1 / (1 + np.exp(-(theta[:, None] - np.linspace(-1, 1, 7))))).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    weights = rng.uniform(0.5, 2.0, n)
    left_out = np.stack([np.where(school == s, 0.0, weights * 20 / 19) for s in range(20)])
    return x, Covariates(("z",), z), weights, left_out


@pytest.mark.parametrize("model", ["rasch", "2pl", "3pl"])
@pytest.mark.parametrize("regressed", [False, True])
def test_by_hand(model, regressed):
    x, covariates, weights, left_out = sample()
    held = covariates if regressed else None
    options = Options(model=model, se="none", nodes=31)
    answers = Answers.from_matrix(x, weights=weights)
    found = calibrate(answers, options, covariates=held)
    four = left_out[:4]
    errors = replicate_errors(found, answers, lambda r: four[r], np.full(4, 0.95))
    assert errors.n_converged == 4
    b, beta, variance = np.zeros(7), 0.0, 0.0
    for w in four:
        again = calibrate(Answers.from_matrix(x, weights=w), options, covariates=held)
        b += 0.95 * np.array([i.b - j.b for i, j in zip(again.items, found.items, strict=True)]) ** 2
        variance += 0.95 * (again.groups[0].variance - found.groups[0].variance) ** 2
        if regressed:
            beta += 0.95 * (again.regression[0].beta - found.regression[0].beta) ** 2
    assert errors.b == pytest.approx(np.sqrt(b), rel=1e-2, abs=1e-4)
    assert errors.variance[0] == pytest.approx(np.sqrt(variance), rel=1e-2, abs=1e-4)
    if regressed:
        assert errors.beta[0] == pytest.approx(np.sqrt(beta), rel=1e-2, abs=1e-4)


def test_pupils_of_a_school_are_alike_so_that_the_error_is_larger():
    x, covariates, weights, left_out = sample(n=2000, seed=2)
    answers = Answers.from_matrix(x, weights=weights)
    found = calibrate(answers, Options(model="rasch"), covariates=covariates)
    errors = replicate_errors(found, answers, lambda r: left_out[r], np.full(20, 0.95))
    ratio = errors.b / np.array([i.se_b for i in found.items])
    assert np.median(ratio) > 1.3
