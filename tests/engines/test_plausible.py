"""Plausible values have the moments of the posterior, and are the same whenever they are drawn."""

import dataclasses

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Groups, Items, Options, calibrate, parallel, score_persons
from tirek_engines.psychometrics.kernels import plausible as kernels
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.population.plausible import draw_values
from tirek_engines.psychometrics.population.schooled import draw_with_schools
from tirek_engines.psychometrics.scoring import KnownRegression, known_likelihood

ALL = Groups(("all",), np.zeros(1), np.ones(1))


def items(models):
    rng = np.random.default_rng(2)
    n_steps = np.array([2 if m in ("pcm", "gpcm", "graded") else 1 for m in models])
    d = np.where(np.arange(2) < n_steps[:, None], np.sort(rng.normal(0, 1.2, (len(models), 2)))[:, ::-1], 0.0)
    return Items(
        tuple(f"i{j}" for j in range(len(models))),
        tuple(models),
        np.where(np.isin(models, ("rasch", "pcm")), 1.0, rng.uniform(0.7, 1.6, len(models))),
        d,
        np.where(np.array(models) == "3pl", 0.2, 0.0),
        n_steps,
        tuple(tuple(range(k + 1)) for k in n_steps.tolist()),
        np.zeros(len(models), np.int64),
    )


def answered(known, theta, seed=3):
    rng = np.random.default_rng(seed)
    p = known.probabilities(theta)
    u = rng.random((len(known), 1, theta.size))
    codes = (u > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1).T.astype(np.uint8)
    return Answers(np.ascontiguousarray(codes), known.names)


@pytest.mark.parametrize("models", [["rasch"] * 12, ["2pl", "gpcm"] * 8, ["3pl", "graded", "gpcm"] * 5])
@pytest.mark.parametrize("regressed", [False, True])
def test_draws_have_the_posterior_s_mean_and_variance(models, regressed):
    rng = np.random.default_rng(7)
    z = rng.normal(size=(4000, 2))
    known, effects = items(models), np.array([0.6, -0.3])
    answers = answered(known, z @ effects + rng.standard_normal(4000))
    regression = KnownRegression(effects, Covariates(("a", "b"), z)) if regressed else None
    eap = score_persons(known, ALL, answers, "eap", regression=regression, grid=Grid(121, 6.0))
    draws = draw_values(*known_likelihood(known, ALL, answers, Grid(), regression), m=50, seed=11)
    standard = (draws - eap.theta) / eap.se
    assert abs(standard.mean()) < 4 / np.sqrt(standard.size)
    assert abs(standard.var() - 1) < 4 * np.sqrt(2 / standard.size)


def test_a_density_that_is_log_linear_between_nodes_adds_no_variance():
    """Nodes half a standard deviation apart: constant cells would add 2 %, linear ones 4 %."""
    theta = np.linspace(-8, 8, 33)
    joint = np.repeat(-0.5 * theta[None, :] ** 2, 1000, axis=0)
    uniforms = np.random.default_rng(1).random((1000, 400))
    out = np.empty((400, 1000))
    kernels.draw_by_table(joint, theta, uniforms, np.arange(1000), out)
    assert out.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / out.size) + 0.001)
    again = np.empty((400, 1000))
    zeros = np.zeros(1000)
    kernels.draw_by_score(zeros, zeros.astype(np.int64), joint[:1], theta, uniforms, np.arange(1000), again)
    assert np.abs(again - out).max() < 1e-9


def test_equal_seeds_give_equal_bits_and_others_do_not():
    known = items(["2pl"] * 10)
    answers = answered(known, np.random.default_rng(0).standard_normal(500))
    point = known_likelihood(known, ALL, answers, Grid())
    one, two, other = (draw_values(*point, m=3, seed=s) for s in (5, 5, 6))
    assert one.tobytes() == two.tobytes()
    assert np.abs(one - other).mean() > 0.1
    assert not np.array_equal(one[0], one[1])


@pytest.mark.parametrize("models", [["2pl"] * 8, ["3pl"] * 8])
def test_threads_do_not_change_a_draw(monkeypatch, models):
    monkeypatch.setattr(parallel, "CHUNK", 300)
    known = items(models)
    answers = answered(known, np.random.default_rng(7).standard_normal(1000))
    likelihood, p = known_likelihood(known, ALL, answers, Grid())
    one, *others = (draw_values(dataclasses.replace(likelihood, threads=n), p, m=3, seed=5) for n in (1, 2, 3))
    for other in others:
        assert np.array_equal(one, other)


def test_covariates_left_out_bias_their_regression_and_held_do_not():
    """The point of conditioning (Mislevy 1991): with five items the effect drawn without it is far too small."""
    rng = np.random.default_rng(8)
    z = rng.normal(size=(20_000, 1))
    known = items(["rasch"] * 5)
    answers = answered(known, z[:, 0] * 0.7 + rng.standard_normal(20_000))
    held = KnownRegression(np.array([0.7]), Covariates(("z",), z))
    slopes = {}
    for name, regression in (("held", held), ("left out", None)):
        values = draw_values(*known_likelihood(known, ALL, answers, Grid(), regression), m=5, seed=1)
        slopes[name] = np.mean([np.polyfit(z[:, 0], v, 1)[0] for v in values])
    assert slopes["held"] == pytest.approx(0.7, abs=0.03)
    assert slopes["left out"] < 0.5


def test_schools_keep_their_variance():
    rng = np.random.default_rng(4)
    school = np.repeat(np.arange(100), 30)
    effect = 0.6 * rng.standard_normal(100)
    known = items(["rasch"] * 10)
    answers = answered(known, effect[school] + 0.8 * rng.standard_normal(3000))
    point = known_likelihood(known, ALL, answers, Grid())
    drawn = draw_with_schools(*point, school, m=5, seed=2)
    between = np.mean([np.bincount(school, v).var(ddof=1) / 900 - v.var() / 30 for v in drawn.draws])
    assert drawn.effects == "random"
    assert np.sqrt(between) == pytest.approx(effect.std(), abs=0.1)
    assert drawn.residual_sd.mean() == pytest.approx(0.8, abs=0.06)


def test_known_items_score_like_the_calibration_that_made_them():
    known = items(["2pl"] * 9)
    answers = answered(known, np.random.default_rng(1).standard_normal(800))
    found = calibrate(answers, Options(model="2pl"))
    again = score_persons(found.as_items(), ALL, answers, "eap")
    assert again.theta.tolist() == found.persons.eap.tolist()
