"""Several dimensions with groups, covariates and any model, against sums written out; scores and replicates."""

import dataclasses

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Options
from tirek_engines.psychometrics.dimensions.growth import DimensionMap, calibrate_dimensions
from tirek_engines.psychometrics.dimensions.replication import dimension_errors, values_of
from tirek_engines.psychometrics.dimensions.scoring import (
    KnownDimensions,
    draw_dimensions,
    items_of,
    known_dimensions,
    score_dimensions,
)
from tirek_engines.psychometrics.dimensions.shape import covariance_matrix, effects_of, means_of, z_of
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.likelihood.regression import Covariates

N, K = 400, 5
TRUTH = np.array([[0.1, 0.15], [0.4, -0.3]])


def simulated(model, origin=2.0):
    rng = np.random.default_rng(1)
    group, z = np.repeat(["a", "b"], N // 2), np.column_stack([origin + 3 * rng.normal(size=N), rng.integers(0, 2, N)])
    theta = rng.multivariate_normal([0, 0.7], [[1, 0.8], [0.8, 1.4]], N) + (group == "b")[:, None] * [0.5, 0.8]
    theta += (z - [origin, 0]) @ TRUTH
    b, blocks = np.linspace(-1, 1, K), []
    for d in range(2):
        p = 1 / (1 + np.exp(-(theta[:, [d]] - b)))
        x = (rng.random((N, K)) < (0.2 + 0.8 * p if model == "3pl" else p)).astype(float)
        if model == "graded":
            x += (rng.random((N, K)) < 1 / (1 + np.exp(-(theta[:, [d]] - b - 1)))) * (x > 0)
        blocks.append(x)
    x = np.hstack(blocks)
    x[rng.random(x.shape) < 0.1] = np.nan
    items = [f"T{t}I{j}" for t in (1, 2) for j in range(K)]
    mapping = DimensionMap({i: i[:2] for i in items}, {i: i[3] for i in items}, ("T1", "T2"))
    return Answers.from_matrix(x, items, groups=group), mapping, Covariates(("z", "s"), np.ascontiguousarray(z))


@pytest.fixture(scope="module", params=["rasch", "2pl", "3pl", "graded"])
def fitted(request):
    answers, mapping, covariates = simulated(request.param)
    options = Options(model=request.param, nodes=41, half_range=7.0)
    return answers, covariates, calibrate_dimensions(answers, options, mapping, covariates=covariates)


def posterior(found, answers, covariates, i, theta):
    """Prior times likelihood of person i on a product grid, from the reported numbers alone; and the log of its sum."""
    p = found.parameters
    curves = items_of(found.likelihood, p).probabilities(theta)
    g = int(answers.groups[i])
    mean = means_of(p, 2)[g] + covariates.values[i] @ effects_of(p, 2)
    inverse = np.linalg.inv(covariance_matrix(p, g, 2))
    one, two = theta[:, None] - mean[0], theta[None, :] - mean[1]
    weight = np.exp(-0.5 * (inverse[0, 0] * one**2 + 2 * inverse[0, 1] * one * two + inverse[1, 1] * two**2))
    weight /= weight.sum()
    for j in range(2 * K):
        code = answers.codes[i, j]
        if code != 255:
            weight = weight * (curves[j, code][:, None] if j < K else curves[j, code][None, :])
    return weight


def test_it_converges_and_the_gradient_is_that_of_the_log_posterior(fitted):
    *_, found = fitted
    assert found.optimum.converged
    likelihood, p = found.likelihood, found.optimum.parameters
    x, way = likelihood.shape.flatten(p), np.random.default_rng(2).normal(size=likelihood.shape.places.n)
    x, way = x + 0.02 * way, way / np.linalg.norm(way)
    up, down = (likelihood.evaluate(likelihood.shape.restore(x + h * way, p)).objective for h in (1e-5, -1e-5))
    told = likelihood.evaluate(likelihood.shape.restore(x, p)).gradient @ way
    assert (up - down) / 2e-5 == pytest.approx(told, rel=1e-5)


def test_the_reported_numbers_say_what_was_maximised(fitted):
    answers, covariates, found = fitted
    theta = np.linspace(-9, 9, 121)
    total = 0.0
    for i in range(N):
        joint = posterior(found, answers, covariates, i, theta)
        total += float(np.log(joint.sum()))
        if i < 20:
            share = joint / joint.sum()
            assert found.eap[i] == pytest.approx([share.sum(axis=1) @ theta, share.sum(axis=0) @ theta], abs=2e-3)
    assert total == pytest.approx(found.optimum.evaluation.loglik, abs=0.05)


def test_effects_and_growth_are_found(fitted):
    *_, found = fitted
    for effect in found.regression:
        truth = TRUTH["zs".index(effect.covariate), ("T1", "T2").index(effect.dimension)]
        assert abs(effect.beta - truth) < 4 * effect.se
    first, second = (group.growth["T1", "T2"][0] for group in found.groups)
    line = 0.5 * (TRUTH[1, 1] - TRUTH[1, 0])  # the mean of s is a half, z is at its origin
    assert abs(first.value - 0.7 - line) < 4 * first.se
    assert abs(second.value - 1.0 - line) < 4 * second.se


def test_origin_and_unit_of_a_covariate_change_nothing_else():
    found = []
    for origin in (0.0, 20_000.0):
        answers, mapping, covariates = simulated("rasch", origin)
        found.append(calibrate_dimensions(answers, Options(se="oakes", nodes=31), mapping, covariates=covariates))
    one, other = found
    assert [e.beta for e in one.regression] == pytest.approx([e.beta for e in other.regression], rel=1e-6)
    assert [e.se for e in one.regression] == pytest.approx([e.se for e in other.regression], rel=1e-4)
    for a, b in zip(one.groups, other.groups, strict=True):
        assert a.growth["T1", "T2"][0].value == pytest.approx(b.growth["T1", "T2"][0].value, abs=1e-6)
        assert a.growth["T1", "T2"][0].se == pytest.approx(b.growth["T1", "T2"][0].se, rel=1e-3)


def known_of(found):
    p, n_groups = found.parameters, len(found.groups)
    return KnownDimensions(
        items_of(found.likelihood, p),
        tuple(g.name for g in found.groups),
        means_of(p, n_groups),
        np.array([covariance_matrix(p, g, n_groups) for g in range(n_groups)]),
        effects_of(p, n_groups),
        found.rescale.means,
    )


def to_score(fitted, n=N):
    """The first n persons, to be scored under the finished calibration."""
    answers, covariates, found = fitted
    grid = Grid(found.options.nodes, found.options.half_range)
    few = dataclasses.replace(answers, codes=np.ascontiguousarray(answers.codes[:n]), groups=answers.groups[:n])
    return known_dimensions(known_of(found), few, grid, found.linked, covariates.values[:n])


def test_scoring_anew_gives_the_scores_of_the_calibration(fitted):
    found, ready = fitted[2], to_score(fitted)
    eap, se = score_dimensions(ready, "eap")
    assert eap == pytest.approx(found.eap, abs=1e-7)
    assert se**2 == pytest.approx(np.einsum("udd->ud", found.eap_covariance), abs=1e-7)
    wle, _ = score_dimensions(ready, "wle")
    assert wle == pytest.approx(found.scores_.wle, abs=1e-6, nan_ok=True)


def test_the_mode_is_the_top_of_the_posterior(fitted):
    answers, covariates, found = fitted
    mode, se = score_dimensions(to_score(fitted), "map")
    theta = np.linspace(-6, 6, 481)
    for i in range(5):
        joint = posterior(found, answers, covariates, i, theta)
        top = np.unravel_index(np.argmax(joint), joint.shape)
        assert mode[i] == pytest.approx(theta[list(top)], abs=0.026)
    assert (se > 0).all()


def test_plausible_values_have_the_moments_of_the_posterior(fitted):
    found, ready = fitted[2], to_score(fitted, 8)
    draws = draw_dimensions(ready, m=400, seed=3)
    mean, covariance = draws.mean(axis=0), np.array([np.cov(draws[:, i].T) for i in range(8)])
    assert mean == pytest.approx(found.eap[:8], abs=0.2)
    assert covariance == pytest.approx(found.eap_covariance[:8], abs=0.25)
    assert np.array_equal(draw_dimensions(ready, m=2, seed=3), draw_dimensions(ready, m=2, seed=3))


def test_errors_by_replicates_are_the_sum_of_squared_changes(fitted):
    answers, _, found = fitted
    if found.options.model != "rasch":
        pytest.skip("one model shows it")
    weights = [np.where(np.arange(N) % 4 == r, 0.0, 4 / 3) for r in range(4)]
    errors = dimension_errors(found, answers, lambda r: weights[r], np.full(4, 0.75))
    assert errors.n_converged == 4
    assert errors.values.shape == values_of(found, found.optimum.parameters).shape
    same = dimension_errors(found, answers, lambda _: np.ones(N), np.full(2, 0.5))
    assert same.values == pytest.approx(np.zeros_like(same.values), abs=1e-4)


@pytest.mark.parametrize("n", [2, 3])
def test_z_is_read_back_from_correlations(n):
    from tirek_engines.psychometrics.dimensions.shape import correlations

    z = np.random.default_rng(n).normal(size=n * (n - 1) // 2)
    assert z_of(correlations(z, n)) == pytest.approx(z, abs=1e-8)
