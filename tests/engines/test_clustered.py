"""Clustered least squares and the wild bootstrap against their definitions, draw by draw."""

import numpy as np
import pytest

from tirek_engines.evaluation.clustered import cluster_sums, least_squares
from tirek_engines.evaluation.wild import wild_test


def sample(groups=8, seed=4):
    rng = np.random.default_rng(seed)
    g = np.sort(rng.integers(0, groups, 160))
    g[:groups] = np.arange(groups)
    treated = (g < groups // 2).astype(float)
    x = np.column_stack([np.ones(160), rng.normal(size=160), treated])
    y = x @ [1.0, 0.3, 0.5] + rng.normal(0, 0.4, groups)[g] + rng.normal(size=160)
    return x, y, g.astype(np.int64)


def fitted(x, y, g):
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    r = y - x @ beta
    scores = np.stack([x[g == k].T @ r[g == k] for k in range(g.max() + 1)])
    groups, (n, k) = scores.shape[0], x.shape
    return beta, groups / (groups - 1) * (n - 1) / (n - k) * inverse @ scores.T @ scores @ inverse


def test_cr1_and_cr3_are_what_they_are_defined_as():
    x, y, g = sample()
    found = least_squares(cluster_sums(x, y, g))
    beta, cr1 = fitted(x, y, g)
    assert found.beta == pytest.approx(beta)
    assert found.cr1 == pytest.approx(cr1)
    groups = g.max() + 1
    left = np.stack([np.linalg.lstsq(x[g != k], y[g != k], rcond=None)[0] - beta for k in range(groups)])
    assert found.cr3 == pytest.approx((groups - 1) / groups * left.T @ left)


def test_a_coefficient_that_hangs_on_one_cluster_has_no_cr3():
    x, y, g = sample()
    x[:, 2] = g == 0
    found = least_squares(cluster_sums(x, y, g))
    assert np.isnan(found.cr3).all()
    assert np.isfinite(found.cr1).all()


@pytest.mark.parametrize("null", [0.0, 0.4])
def test_every_pattern_of_signs_gives_the_t_of_its_own_regression(null):
    x, y, g = sample()
    groups, term = g.max() + 1, 2
    beta, v = fitted(x, y, g)
    t = (beta[term] - null) / np.sqrt(v[term, term])
    restricted = y - null * x[:, term]
    fit = x[:, :2] @ np.linalg.lstsq(x[:, :2], restricted, rcond=None)[0]
    found = []
    for pattern in range(2**groups):
        signs = 1 - 2 * ((pattern >> np.arange(groups)) & 1)
        b, w = fitted(x, fit + null * x[:, term] + signs[g] * (restricted - fit), g)
        found.append((b[term] - null) / np.sqrt(w[term, term]))
    expected = np.mean(np.abs(found) >= abs(t) * (1 - 1e-9))
    test = wild_test(cluster_sums(x, y, g), term, null=null, interval=False)
    assert test.enumerated
    assert test.draws == 256
    assert test.t == pytest.approx(t)
    assert test.p == pytest.approx(expected)


def test_webb_weights_keep_their_squares():
    x, y, g = sample(groups=5, seed=8)
    rng_test = wild_test(cluster_sums(x, y, g), 2, weights="webb", draws=4000, seed=3, interval=False)
    rng = np.random.default_rng(3)
    points = np.array([-np.sqrt(1.5), -1, -np.sqrt(0.5), np.sqrt(0.5), 1, np.sqrt(1.5)])
    signs = points[rng.integers(0, 6, (4000, 5))]
    beta, v = fitted(x, y, g)
    fit = x[:, :2] @ np.linalg.lstsq(x[:, :2], y, rcond=None)[0]
    t = beta[2] / np.sqrt(v[2, 2])
    hits = 0
    for row in signs:
        b, w = fitted(x, fit + row[g] * (y - fit), g)
        hits += abs(b[2] / np.sqrt(w[2, 2])) >= abs(t) * (1 - 1e-9)
    assert rng_test.p == pytest.approx(hits / 4000)


def test_the_interval_ends_where_the_test_begins_to_reject():
    x, y, g = sample(groups=12)
    sums = cluster_sums(x, y, g)
    found = wild_test(sums, 2, draws=4095)
    step = 1e-3
    for end, inside in ((found.low, 1), (found.high, -1)):
        assert wild_test(sums, 2, null=end - inside * step, draws=4095, interval=False).p < 0.05
        assert wild_test(sums, 2, null=end + inside * step, draws=4095, interval=False).p >= 0.05 - 2 / 4096


def test_no_residual_gives_no_test():
    x, _, g = sample()
    found = wild_test(cluster_sums(x, x @ [1.0, 2.0, 3.0], g), 2)
    assert np.isnan(found.p)
