"""3PL, graded and mixed tests: the table kernel against brute force, errors against each other, known values recovered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Items, Options, calibrate
from tirek_engines.psychometrics.calibration import likelihood_of
from tirek_engines.psychometrics.estimation.information import (
    complete_information,
    louis_information,
    observed_information,
)
from tirek_engines.psychometrics.estimation.starts import starting_point
from tirek_engines.psychometrics.likelihood.model import Parameters

from . import twin

KINDS = ("rasch", "2pl", "3pl", "pcm", "gpcm", "graded")


def draw(rng, items, theta):
    """Answers of persons to items of any model."""
    p = items.probabilities(theta)
    above = 1.0 - np.cumsum(p, axis=1)
    u = rng.random((len(items), 1, theta.size))
    return (u < above).sum(axis=1).T.astype(float)


def some_items(rng, n, models=None):
    """Items of random models and parameters."""
    models = models or tuple(rng.choice(KINDS, n))
    steps = np.array([1 if m in ("rasch", "2pl", "3pl") else int(rng.integers(2, 4)) for m in models])
    d = np.where(np.arange(3) < steps[:, None], -np.sort(rng.normal(0, 1.3, (n, 3)), axis=1) - 1e-3 * np.arange(3), 0.0)
    return Items(
        names=tuple(f"i{j}" for j in range(n)),
        models=models,
        slopes=np.array([1.0 if m in ("rasch", "pcm") else rng.uniform(0.6, 2.0) for m in models]),
        intercepts=d[:, : steps.max()],
        guessing=np.array([rng.uniform(0.05, 0.3) if m == "3pl" else 0.0 for m in models]),
        n_steps=steps.astype(np.int64),
        values=tuple(tuple(range(s + 1)) for s in steps),
        dimensions=np.zeros(n, np.int64),
    )


def problem(seed, n, n_items, missing, n_groups=1, models=None):
    """A likelihood and a point, with answers, weights and groups."""
    rng = np.random.default_rng(seed)
    items = some_items(rng, n_items, models)
    x = draw(rng, items, rng.standard_normal(n))
    x[rng.random(x.shape) < missing] = np.nan
    groups = rng.integers(0, n_groups, n)
    answers = Answers(
        np.where(np.isnan(x), 255, x).astype(np.uint8),
        items.names,
        rng.choice([0.5, 1.0, 2.0], n),
        groups.astype(np.int64),
        tuple("abc"[:n_groups]),
    )
    models = dict(zip(items.names, items.models, strict=True))
    likelihood = likelihood_of(answers, Options(force_tables=True, nodes=25, half_range=5.0), models=models)
    start = starting_point(likelihood)
    p = Parameters(
        start.slopes * np.where(likelihood.shape.free_slopes, rng.uniform(0.7, 1.5, len(start.slopes)), 1.0),
        start.intercepts * 1.1,
        np.r_[0.0, rng.normal(0, 0.5, n_groups - 1)],
        rng.uniform(0.6, 1.5, n_groups),
        start.guessing,
    )
    return x, groups, likelihood, p


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.8]), st.integers(1, 3))
def test_the_table_kernel_equals_brute_force(seed, missing, n_groups):
    try:
        x, groups, likelihood, p = problem(seed, 25, 11, missing, n_groups)
    except Refusal:
        return
    found = likelihood.evaluate(p)
    data, shape, theta = likelihood.data, likelihood.shape, likelihood.theta
    curves = twin.curves(shape.models, p.slopes, p.intercepts, p.guessing, shape.n_steps, theta)
    joint = np.empty((len(x), theta.size))
    expected = np.zeros((shape.n_items, shape.max_steps + 1, theta.size))
    for i, row in enumerate(x):
        joint[i] = twin.prior(p.means[groups[i]], p.sds[groups[i]], theta)
        for j, column in enumerate(data.items.columns):
            if not np.isnan(row[column]):
                joint[i] *= curves[j][data.items.values[j].index(int(row[column]))]
    post = joint / joint.sum(axis=1, keepdims=True)
    for i, row in enumerate(x):
        for j, column in enumerate(data.items.columns):
            if not np.isnan(row[column]):
                expected[j, data.items.values[j].index(int(row[column]))] += data.weights[i] * post[i]
    assert found.loglik == pytest.approx(float(data.weights @ np.log(joint.sum(axis=1))), rel=1e-10, abs=1e-9)
    np.testing.assert_allclose(found.unit_means[data.unit_of_person], post @ theta, atol=1e-9)
    np.testing.assert_allclose(found.posterior.counts.categories, expected, atol=1e-9)
    rows = likelihood.log_joint(p, slice(0, 5))
    persons = np.argsort(data.unit_of_person)[:5]
    np.testing.assert_allclose(
        rows - rows.max(axis=1, keepdims=True),
        np.log(joint[persons] / joint[persons].max(axis=1, keepdims=True)),
        atol=1e-8,
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_gradient_of_a_mixed_test_is_the_derivative(seed):
    try:
        _, _, likelihood, p = problem(seed, 60, 7, 0.2, 2)
    except Refusal:
        return
    shape = likelihood.shape
    v, gradient = shape.flatten(p), likelihood.evaluate(p).gradient
    for k in range(len(v)):
        step = np.zeros(len(v))
        step[k] = 1e-6
        up, down = (likelihood.evaluate(shape.restore(v + sign * step, p)).objective for sign in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / 2e-6, abs=2e-4)


def test_louis_is_oakes_by_another_way():
    _, _, likelihood, p = problem(5, 200, 8, 0.3, 2, ("3pl", "2pl", "rasch", "graded", "gpcm", "pcm", "3pl", "2pl"))
    oakes, louis = observed_information(likelihood, p), louis_information(likelihood, p)
    np.testing.assert_allclose(louis, oakes, atol=2e-4 * np.abs(oakes).max())
    complete = complete_information(likelihood, p)
    assert np.all(np.diag(complete) >= np.diag(oakes) - 1e-6)


def test_contradicting_answers_do_not_underflow():
    """300 steep items answered against all order: the product of the rows is below the smallest double."""
    rng = np.random.default_rng(0)
    n_items = 300
    items = some_items(rng, n_items, ("3pl",) * n_items)
    items = Items(
        items.names,
        items.models,
        np.full(n_items, 4.0),
        np.linspace(-12, 12, n_items)[:, None],
        np.full(n_items, 1e-6),
        items.n_steps,
        items.values,
        items.dimensions,
    )
    x = draw(rng, items, rng.standard_normal(40))
    x[0] = (items.intercepts[:, 0] < 0).astype(float)
    x[0, ::7] = np.nan
    answers = Answers.from_matrix(x, list(items.names))
    free = Options(model="3pl", nodes=31)
    likelihood = likelihood_of(answers, free, known=items)
    p = starting_point(likelihood, items)
    found, theta = likelihood.evaluate(p), likelihood.theta
    logs = np.log(items.probabilities(theta))
    line = -0.5 * theta**2 + sum(logs[j, int(k)] for j, k in enumerate(x[0]) if not np.isnan(k))
    post = np.exp(line - line.max())
    assert line.max() < -1000
    assert np.isfinite(found.loglik)
    assert found.unit_means[likelihood.data.unit_of_person[0]] == pytest.approx(post @ theta / post.sum(), abs=1e-9)


def test_guessing_items_come_back_within_their_errors():
    rng = np.random.default_rng(11)
    items = some_items(rng, 25, ("3pl",) * 25)
    x = draw(rng, items, rng.standard_normal(6000))
    found = calibrate(Answers.from_matrix(x, list(items.names)), Options(model="3pl"))
    assert found.fit.converged
    assert max(found.fit.starts) - min(found.fit.starts) < 0.01
    logits = np.array([np.log(i.c / (1 - i.c)) for i in found.items])
    density = -0.5 * ((logits + 1.5) / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi))
    assert found.fit.log_posterior - found.fit.loglik == pytest.approx(density.sum(), abs=1e-6)
    for name, truth in (("a", items.slopes), ("b", -items.intercepts[:, 0] / items.slopes)):
        z = [(getattr(i, name) - t) / getattr(i, f"se_{name}") for i, t in zip(found.items, truth, strict=True)]
        assert 0.5 < np.std(z) < 1.5
        assert np.abs(z).max() < 4
    z = [(i.c - c) / i.se_c for i, c in zip(found.items, items.guessing, strict=True)]
    assert np.abs(z).max() < 4


def test_a_mixed_test_comes_back_within_its_errors():
    rng = np.random.default_rng(12)
    items = some_items(rng, 18, ("2pl", "3pl", "graded", "gpcm", "2pl", "3pl") * 3)
    x = draw(rng, items, rng.standard_normal(5000))
    models = dict(zip(items.names, items.models, strict=True))
    found = calibrate(Answers.from_matrix(x, list(items.names)), Options(se="louis"), models=models)
    assert found.fit.converged
    assert tuple(i.model for i in found.items) == items.models
    z = []
    for j, i in enumerate(found.items):
        if i.model != "3pl":
            z += [(d - t) / s for d, t, s in zip(i.d, items.intercepts[j], i.se_d, strict=False)]
    assert 0.6 < np.std(z) < 1.4
    assert found.groups[0].variance == 1.0
    again = found.as_items()
    np.testing.assert_allclose(again.difficulties[0, 0], found.items[0].b)


def test_anchors_fix_the_scale_and_free_the_groups():
    rng = np.random.default_rng(13)
    items = some_items(rng, 20, ("2pl",) * 20)
    x = draw(rng, items, 0.8 + 0.7 * rng.standard_normal(4000))
    answers = Answers.from_matrix(x, list(items.names))
    found = calibrate(answers, Options(model="2pl"), known=items.take(range(6)))
    group = found.groups[0]
    assert abs(group.mean - 0.8) < 4 * group.se_mean
    assert abs(group.variance - 0.49) < 4 * group.se_variance
    assert [i.fixed for i in found.items] == [True] * 6 + [False] * 14
    np.testing.assert_array_equal([i.a for i in found.items[:6]], items.slopes[:6])
    z = [(i.b + items.intercepts[j, 0] / items.slopes[j]) / i.se_b for j, i in enumerate(found.items) if j >= 6]
    assert np.abs(z).max() < 4
    everything = calibrate(answers, Options(model="2pl"), known=items)
    assert everything.fit.n_parameters == 2


def test_a_group_that_nothing_links_is_refused():
    rng = np.random.default_rng(1)
    x = (rng.random((200, 6)) < 0.6).astype(float)
    x[:100, :3] = np.nan
    x[100:, 3:] = np.nan
    with pytest.raises(Refusal, match="no item in common") as refusal:
        calibrate(Answers.from_matrix(x, groups=np.repeat(["a", "b"], 100)), Options(model="rasch"))
    assert refusal.value.code == "unlinked_group"


def test_a_step_between_two_nodes_is_held_and_said():
    """Two items with equal answers look like steps: their slopes stop at the bound, the rest converges."""
    rng = np.random.default_rng(2)
    theta = rng.standard_normal(800)
    x = (rng.random((800, 8)) < 1 / (1 + np.exp(-(theta[:, None] - np.linspace(-1, 1, 8))))).astype(float)
    x = np.column_stack([x, x[:, 3], x[:, 3]])
    for model in ("2pl", "3pl"):
        found = calibrate(Answers.from_matrix(x), Options(model=model, starts=1))
        assert found.fit.converged
        assert max(i.a for i in found.items) == pytest.approx(10.0)
        assert any("steepest" in w for w in found.warnings)
        assert all(np.isfinite(i.se_a) for i in found.items if i.a < 9)


def test_items_of_several_steps_are_gpcm_under_3pl():
    rng = np.random.default_rng(4)
    items = some_items(rng, 6, ("3pl", "gpcm", "3pl", "2pl", "gpcm", "3pl"))
    x = draw(rng, items, rng.standard_normal(500))
    found = calibrate(Answers.from_matrix(x), Options(model="3pl", se="none", starts=1))
    assert {i.model for i in found.items} == {"3pl", "gpcm"}
    assert found.persons is not None
    assert np.isfinite(found.persons.wle).all()
