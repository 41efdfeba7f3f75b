"""Item fit against plain sums over persons and over all patterns of answers."""

import itertools

import numpy as np
import pytest

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.fit.itemfit import codes_of, item_fit
from tirek_engines.psychometrics.fit.scorefit import booklets_of, collapse, fit_by_score, holm, tables_of
from tirek_engines.psychometrics.scoring import score_units

from .fitted import items, placed, simulated


def test_posterior_mean_squares_are_those_of_a_loop_over_persons():
    found = items()
    codes, _ = simulated(found, 60, 1, missing=0.15)
    weights = np.random.default_rng(2).uniform(0.5, 2, 60)
    likelihood, p = placed(found, codes, weights)
    fit = item_fit(likelihood, p)
    theta = likelihood.theta
    curves = found.probabilities(theta)
    numbers = np.arange(3)
    mean = np.einsum("jkq,k->jq", curves, numbers)
    variance = np.einsum("jkq,k->jq", curves, numbers**2) - mean**2
    sums = np.zeros((5, 4))
    w = likelihood.data.weights
    for i, row in enumerate(codes):
        posterior = np.exp(-0.5 * theta**2)
        for j in np.flatnonzero(row != 255):
            posterior = posterior * curves[j, row[j]]
        posterior /= posterior.sum()
        for j in np.flatnonzero(row != 255):
            square = (row[j] - mean[j]) ** 2
            sums[j] += w[i] * np.array(
                [posterior @ (square / variance[j]), posterior @ square, posterior @ variance[j], 1]
            )
    assert np.allclose(fit.residuals.outfit, sums[:, 0] / sums[:, 3], atol=1e-9)
    assert np.allclose(fit.residuals.infit, sums[:, 1] / sums[:, 2], atol=1e-9)


@pytest.mark.parametrize("ability", ["eap", "wle"])
def test_residuals_at_a_place_and_q3(ability):
    found = items(2)
    codes, _ = simulated(found, 300, 3, missing=0.1)
    likelihood, p = placed(found, codes)
    fit = item_fit(likelihood, p, ability)
    theta = score_units(likelihood, p, ability).theta
    curves = found.probabilities(theta)
    mean = np.einsum("jkn,k->nj", curves, np.arange(3))
    variance = np.einsum("jkn,k->nj", curves, np.arange(3) ** 2) - mean**2
    there = codes != 255
    r = np.where(there, codes - mean, np.nan)
    assert np.allclose(fit.residuals.outfit, np.nanmean(r**2 / variance, axis=0), atol=1e-6)
    both = there[:, 0] & there[:, 7]
    expected = np.corrcoef(r[both, 0], r[both, 7])[0, 1]
    assert abs(fit.dependence.q3[0, 7] - expected) < 1e-6
    assert np.isnan(fit.dependence.q3[3, 3])
    assert fit.dependence.n[0, 7] == both.sum()


def test_mean_squares_are_one_on_average_if_the_model_holds_and_not_where_it_fails():
    found = items(4)
    codes, _ = simulated(found, 3000, 4)
    codes[:, 0] = np.random.default_rng(5).integers(0, 2, 3000)
    fit = item_fit(*placed(found, codes))
    assert np.abs(fit.residuals.infit[1:] - 1).max() < 0.08
    assert np.abs(fit.residuals.infit_t[1:]).max() < 4
    assert fit.residuals.infit[0] > 1.2
    assert fit.by_score.p[0] < 1e-6
    assert (fit.by_score.p_adjusted[1:] > 0.01).all()


def test_a_copied_item_is_dependent():
    found = items(3)
    codes, _ = simulated(found, 800, 6)
    codes[:, 5] = np.where(np.random.default_rng(7).random(800) < 0.8, codes[:, 0], codes[:, 5])
    fit = item_fit(*placed(found, codes))
    assert fit.dependence.pairs()[0] == (0, 5)
    assert fit.dependence.partners[0] == 5
    assert fit.dependence.dependent.sum() == 2


def test_expected_tables_are_those_of_all_patterns():
    found = items()
    codes, _ = simulated(found, 400, 8)
    groups = (np.arange(400) % 2).astype(np.int64)
    likelihood, p = placed(found, codes, groups=groups)
    (booklet,) = booklets_of(likelihood.data)
    curves = found.probabilities(likelihood.theta)
    observed, expected = tables_of(likelihood, p, codes_of(likelihood.data), booklet, curves)
    by_hand = np.zeros((5, 8, 3))
    scores = codes.sum(axis=1)
    for g in (0, 1):
        prior = np.exp(-0.5 * (likelihood.theta - 0.5 * g) ** 2)
        joint = np.zeros((5, 8, 3))
        for pattern in itertools.product(*(range(s + 1) for s in found.n_steps)):
            chance = prior @ np.prod([curves[j, k] for j, k in enumerate(pattern)], axis=0)
            for j, k in enumerate(pattern):
                joint[j, sum(pattern), k] += chance
        counts = np.bincount(scores[groups == g], minlength=8)
        by_hand += joint / joint.sum(axis=2, keepdims=True) * counts[None, :, None]
    assert np.allclose(expected, by_hand[:, 1:-1], atol=1e-9)
    assert observed[1].sum() == ((scores > 0) & (scores < 7)).sum()


def test_booklets_add_up():
    found = items(4)
    codes, _ = simulated(found, 1200, 9)
    codes[:600, 15:] = 255
    codes[600:, :5] = 255
    both = fit_by_score(*placed(found, codes), codes)
    halves = [placed(found, codes[half]) for half in (slice(0, 600), slice(600, None))]
    parts = [fit_by_score(*half, codes_of(half[0].data)) for half in halves]
    j = 7
    assert both.n_booklets == 2
    assert both.n_persons == 1200
    n_free = 3
    assert np.isclose(both.df[j], sum(part.df[j - shift] for part, shift in zip(parts, (0, 5), strict=True)) + n_free)
    assert np.isclose(both.sx2[j], sum(part.sx2[j - shift] for part, shift in zip(parts, (0, 5), strict=True)))


def test_cells_are_collapsed_until_each_expects_one():
    observed = np.array([[0, 0], [1, 0], [5, 5], [9, 1], [20, 30], [1, 0]], dtype=float)
    expected = np.array([[0, 0], [0.5, 0.5], [4, 6], [9.5, 0.5], [25, 25], [0.2, 0.8]], dtype=float)
    o, e = collapse(observed, expected)
    assert o.tolist() == [[15, 6], [21, 30]]
    assert np.allclose(e, [[14, 7], [25.2, 25.8]])
    many = np.array([[5.0, 4.0, 0.3], [0.4, 8.0, 9.0]])
    o, e = collapse(np.array([[5.0, 4.0, 1.0], [0.0, 9.0, 9.0]]), many)
    assert np.allclose(np.sort(e[e > 0]), np.sort([5.0, 4.3, 8.4, 9.0]))
    assert o.sum() == 28


def test_holm():
    assert np.allclose(holm(np.array([0.04, 0.01, np.nan, 0.03])), [0.06, 0.03, np.nan, 0.06], equal_nan=True)


def test_persons_collapsed_by_score_are_refused():
    codes, _ = simulated(items(), 50, 1)
    found = calibrate(Answers(codes[:, [0, 4]], ("a", "b")), Options(model="rasch", se="none"))
    with pytest.raises(BrokenContract):
        item_fit(found.likelihood, found.parameters)
    with pytest.raises(BrokenContract):
        item_fit(*placed(items(), codes), "map")
