"""Value added against a twin that builds the whole covariance matrix."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from tirek_engines.errors import Refusal
from tirek_engines.evaluation import mixed
from tirek_engines.evaluation.valueadded import collapse, value_added


def pupils(seed=1, schools=12, districts=4, between=0.6, above=0.4):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, schools)
    school = np.repeat(np.arange(schools), sizes)
    district = np.arange(schools) % districts
    x = rng.normal(50.0, 5.0, (school.size, 2))
    u, w = rng.normal(0, between, schools), rng.normal(0, above, districts)
    y = 100.0 + x @ [0.5, -0.2] + u[school] + w[district[school]] + rng.normal(size=school.size)
    return y, x, school, district


def dense(y, x, school, district, ratios, *, restricted):
    """-2 log-likelihood, fixed effects and predictions by the n x n covariance matrix."""
    n = y.size
    z = (school[:, None] == np.arange(school.max() + 1)).astype(float)
    v = np.eye(n) + ratios[0] * z @ z.T
    if district is not None:
        g = (district[school][:, None] == np.arange(district.max() + 1)).astype(float)
        v += ratios[1] * g @ g.T
    x = np.column_stack([np.ones(n), x])
    inverse = np.linalg.inv(v)
    a = x.T @ inverse @ x
    beta = np.linalg.solve(a, x.T @ inverse @ y)
    r = y - x @ beta
    freedom = n - x.shape[1] if restricted else n
    s2 = r @ inverse @ r / freedom
    deviance = freedom * (1 + np.log(2 * np.pi * s2)) + np.linalg.slogdet(v)[1]
    if restricted:
        deviance += np.linalg.slogdet(a)[1]
    return deviance, beta, s2 * np.linalg.inv(a), ratios[0] * z.T @ inverse @ r, s2


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("with_districts", [True, False])
def test_the_criterion_and_its_slope_are_those_of_the_whole_matrix(restricted, with_districts):
    y, x, school, district = pupils()
    chosen = district if with_districts else None
    data, _ = collapse(y, x, school, chosen)
    ratios = np.array([0.35, 0.2])[: 2 if with_districts else 1]
    point = mixed.at(data, ratios, restricted=restricted)
    expected = dense(y, x, school, chosen, ratios, restricted=restricted)
    assert point.deviance == pytest.approx(expected[0], abs=1e-8)
    assert point.beta[1:] == pytest.approx(expected[1][1:], abs=1e-10)
    for k in range(ratios.size):
        step = np.eye(ratios.size)[k] * 1e-5
        up, down = (dense(y, x, school, chosen, ratios + s * step, restricted=restricted)[0] for s in (1, -1))
        assert point.gradient[k] == pytest.approx((up - down) / 2e-5, rel=1e-4)


@pytest.mark.parametrize("with_districts", [True, False])
def test_the_estimates_are_those_of_a_general_search(with_districts):
    y, x, school, district = pupils(seed=3)
    chosen = district if with_districts else None
    found = value_added(y, x, school, chosen)
    k = 2 if with_districts else 1
    best = min(
        (minimize(lambda t: dense(y, x, school, chosen, t**2, restricted=True)[0], np.full(k, s), method="Nelder-Mead",
                  options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000}) for s in (0.2, 0.8)),
        key=lambda r: r.fun,
    )  # fmt: skip
    _, beta, covariance, effects, residual = dense(y, x, school, chosen, best.x**2, restricted=True)
    assert found.deviance == pytest.approx(best.fun, abs=1e-8)
    assert found.variances["school"] == pytest.approx(best.x[0] ** 2 * residual, abs=1e-5)
    assert found.beta == pytest.approx(beta, abs=1e-5)
    assert found.se == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)
    assert found.schools.effect == pytest.approx(effects, abs=1e-5)


def test_the_comparative_error_is_the_conditional_one():
    y, x, school, _ = pupils(seed=5)
    found = value_added(y, x, school)
    t2, s2, n = found.variances["school"], found.variances["residual"], found.schools.n
    assert found.schools.se == pytest.approx(np.sqrt(t2 * s2 / (n * t2 + s2)), rel=1e-10)


def test_schools_that_do_not_differ_have_no_variance():
    rng = np.random.default_rng(2)
    school = np.repeat(np.arange(30), 10)
    y = rng.normal(size=300)
    y -= np.repeat(y.reshape(30, 10).mean(axis=1), 10)
    found = value_added(y, np.zeros((300, 0)), school)
    assert found.variances["school"] == 0.0
    assert found.converged
    assert not found.schools.effect.any()


def test_far_away_units_change_nothing_but_the_units():
    y, x, school, district = pupils(seed=7)
    plain, far = value_added(y, x, school, district), value_added(1000 * y + 5e6, x + 1e5, school, district)
    assert far.beta[1:] == pytest.approx(1000 * plain.beta[1:], rel=1e-6)
    assert far.variances["school"] == pytest.approx(1e6 * plain.variances["school"], rel=1e-5)


def test_the_likelihood_is_that_of_the_normal_distribution():
    y, x, school, _ = pupils(seed=9)
    found = value_added(y, x, school, restricted=False)
    z = (school[:, None] == np.arange(school.max() + 1)).astype(float)
    v = found.variances["residual"] * np.eye(y.size) + found.variances["school"] * z @ z.T
    mean = np.column_stack([np.ones(y.size), x]) @ found.beta
    assert found.deviance == pytest.approx(-2 * multivariate_normal(mean, v).logpdf(y), abs=1e-7)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda y, x, s, d: (y, x, np.zeros_like(s), None), "one_school"),
        (lambda y, x, s, d: (y, x, np.arange(y.size), None), "schools_of_one"),
        (lambda y, x, s, d: (np.ones_like(y), x, s, None), "no_spread"),
        (lambda y, x, s, d: (y, np.column_stack([x, x[:, 0]]), s, None), "collinear"),
        (lambda y, x, s, d: (y, x, s, np.zeros_like(d)), "one_district"),
        (lambda y, x, s, d: (y, x, s, np.arange(d.size)), "districts_of_one"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(change, code):
    with pytest.raises(Refusal) as refused:
        value_added(*change(*pupils()))
    assert refused.value.code == code
