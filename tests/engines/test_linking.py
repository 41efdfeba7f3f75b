"""Linking: constants known by construction, errors by hand, drift put in on purpose."""

import numpy as np
import pytest

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import locations, match_items, transform
from tirek_engines.psychometrics.linking.drift import DriftRules, purify
from tirek_engines.psychometrics.linking.linkerror import ItemErrors, differences, link_error
from tirek_engines.psychometrics.linking.methods import METHODS, LinkOptions, constants, haberman
from tirek_engines.psychometrics.linking.simultaneous import link_together


def dichotomous(slopes, where, model="2pl", names=None, guessing=0.0):
    a, b = np.asarray(slopes, dtype=float), np.asarray(where, dtype=float)
    n = a.size
    names = tuple(names or (f"M{j}" for j in range(n)))
    c = np.full(n, guessing if model == "3pl" else 0.0)
    return Items(
        names, (model,) * n, a, (-a * b)[:, None], c, np.ones(n, np.int64), ((0, 1),) * n, np.zeros(n, np.int64)
    )


def mixed(seed=0):
    """Ten items of every kind."""
    rng = np.random.default_rng(seed)
    models = ("2pl", "2pl", "3pl", "graded", "gpcm", "gpcm", "graded", "3pl", "2pl", "gpcm")
    steps = np.array([1, 1, 1, 3, 2, 3, 2, 1, 1, 2])
    d = np.zeros((10, 3))
    for j, k in enumerate(steps):
        raw = rng.normal(0, 1, k)
        d[j, :k] = -np.sort(-raw) if models[j] == "graded" else raw
    c = np.where([m == "3pl" for m in models], 0.2, 0.0)
    values = tuple(tuple(range(k + 1)) for k in steps)
    names = tuple(f"M{j}" for j in range(10))
    return Items(names, models, rng.uniform(0.6, 1.8, 10), d, c, steps, values, np.zeros(10, np.int64))


def anchors_of(base, slope, intercept, **more):
    """The base, and what a calibration of the same items gives that lives on another scale."""
    return match_items(base, transform(base, 1 / slope, -intercept / slope), **more)


def test_a_transformed_item_says_the_same_about_the_same_person():
    items, theta = mixed(), np.linspace(-3, 3, 7)
    moved = transform(items, 1.3, -0.4)
    np.testing.assert_allclose(moved.probabilities(1.3 * theta - 0.4), items.probabilities(theta), atol=1e-12)
    np.testing.assert_allclose(locations(moved), 1.3 * locations(items) - 0.4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", ["one", "symmetric"])
def test_every_method_finds_the_change_of_scale(method, direction):
    anchors = anchors_of(mixed(), 1.25, 0.4)
    found = constants(anchors, LinkOptions(method, direction=direction))
    assert found.converged
    assert (found.slope, found.intercept) == (pytest.approx(1.25, abs=1e-7), pytest.approx(0.4, abs=1e-7))
    np.testing.assert_allclose(differences(anchors, found), 0.0, atol=1e-6)


def noisy(n=12, seed=4, model="2pl", drift=0.0):
    rng = np.random.default_rng(seed)
    a = np.ones(n) if model == "rasch" else rng.uniform(0.7, 1.6, n)
    b = rng.normal(0, 1, n)
    base = dichotomous(a, b, model)
    move = rng.normal(0, 0.08, n)
    move[2] += drift
    a_new = a if model == "rasch" else 1.2 * a * np.exp(rng.normal(0, 0.05, n))
    new = dichotomous(a_new, (b + move - 0.3) / (1.0 if model == "rasch" else 1.2), model)
    return match_items(base, new)


def grid_search(anchors, method, theta, weights):
    """The least criterion over a fine lattice: Kolen and Brennan's formulas with loops."""
    best = (np.inf, 0.0, 0.0)
    a, b = anchors.base.slopes, locations(anchors.base)
    a_new, b_new = anchors.new.slopes, locations(anchors.new)
    p = 1 / (1 + np.exp(-a[:, None] * (theta - b[:, None])))
    for slope in np.arange(1.0, 1.4, 0.005):
        for intercept in np.arange(0.1, 0.5, 0.005):
            q = 1 / (1 + np.exp(-a_new[:, None] / slope * (theta - slope * b_new[:, None] - intercept)))
            gap = (p - q) ** 2 if method == "haebara" else (p - q).sum(axis=0)[None, :] ** 2
            best = min(best, (float((gap * weights).sum()), slope, intercept))
    return best[1:]


@pytest.mark.parametrize("method", ["haebara", "stocking-lord"])
def test_curve_methods_minimise_their_criterion(method):
    anchors, options = noisy(), LinkOptions(method)
    found = constants(anchors, options)
    slope, intercept = grid_search(anchors, method, options.theta, options.weights)
    assert found.slope == pytest.approx(slope, abs=0.006)
    assert found.intercept == pytest.approx(intercept, abs=0.006)


def test_moments_by_hand():
    anchors = noisy()
    b, b_new = locations(anchors.base), locations(anchors.new)
    sigma = constants(anchors, LinkOptions("mean-sigma"))
    assert sigma.slope == pytest.approx(b.std() / b_new.std())
    assert sigma.intercept == pytest.approx(b.mean() - sigma.slope * b_new.mean())
    mean = constants(anchors, LinkOptions("mean-mean"))
    assert mean.slope == pytest.approx(anchors.new.slopes.mean() / anchors.base.slopes.mean())


def test_rasch_keeps_the_slope_at_one_unless_asked():
    anchors = noisy(model="rasch")
    for method in METHODS:
        assert constants(anchors, LinkOptions(method)).slope == 1.0
    assert constants(anchors, LinkOptions("mean-sigma", slope="free")).slope != 1.0


def test_two_tests_by_habermans_regressions_are_the_closed_form():
    anchors = noisy()
    joint = haberman([anchors.base, anchors.new])
    closed = constants(anchors, LinkOptions("haberman"))
    assert joint.slopes[1] == pytest.approx(closed.slope)
    assert joint.intercepts[1] == pytest.approx(closed.intercept)


def test_three_tests_that_fit_are_linked_exactly():
    rng = np.random.default_rng(8)
    a, b = rng.uniform(0.7, 1.5, 12), rng.normal(0, 1, 12)
    names = [f"M{j}" for j in range(12)]
    on_scale = dichotomous(a, b, names=names)
    second = transform(on_scale.take(range(3, 10)), 1 / 1.1, -0.5 / 1.1)
    third = transform(on_scale.take(range(6, 12)), 1 / 0.9, -1.2 / 0.9)
    tests = [on_scale.take(range(8)), second, third]
    found = haberman(tests)
    np.testing.assert_allclose(found.slopes, [1, 1.1, 0.9])
    np.testing.assert_allclose(found.intercepts, [0, 0.5, 1.2], atol=1e-12)
    joined = link_together(tests, LinkOptions("haberman"), DriftRules(), at=[0, 0, 0])
    assert max(float(np.abs(j.drift.difference).max()) for j in joined) < 1e-9
    assert max(j.error.error for j in joined) < 1e-9


def test_linking_error_of_rasch_is_the_spread_of_the_differences():
    anchors = noisy(model="rasch")
    options = LinkOptions("mean-mean")
    found = constants(anchors, options)
    error = link_error(anchors, found, options)
    d = locations(anchors.new) - locations(anchors.base)
    assert error.method == "drift"
    assert error.error == pytest.approx(d.std(ddof=1) / np.sqrt(len(d)))
    assert error.jackknife == pytest.approx(error.error)  # the jackknife of a mean is its textbook error


def test_testlets_are_left_out_together():
    base = noisy(model="rasch")
    units = {name: f"T{j // 3}" for j, name in enumerate(base.base.names)}
    anchors = match_items(base.base, base.new, units=units)
    options = LinkOptions("mean-mean")
    found = constants(anchors, options)
    d = locations(anchors.base) - locations(anchors.new)
    without = [np.delete(d, [3 * t, 3 * t + 1, 3 * t + 2]).mean() for t in range(4)]
    error = link_error(anchors, found, options)
    assert (error.method, error.n_units) == ("jackknife", 4)
    assert error.error == pytest.approx(np.sqrt(3 / 4 * sum((x - d.mean()) ** 2 for x in without)))


def test_error_from_the_items_own_errors():
    anchors = noisy(model="rasch")
    n = len(anchors)
    known = ItemErrors(np.full(n, 0.1), np.full(n, np.nan)), ItemErrors(np.full(n, 0.2), np.full(n, np.nan))
    options = LinkOptions("mean-mean")
    error = link_error(anchors, constants(anchors, options), options, errors=known)
    assert error.sampling == pytest.approx(np.sqrt((0.1**2 + 0.2**2) / n), rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_drifting_anchor_is_found_and_taken_out(method):
    anchors, options, rules = noisy(n=15, drift=1.0), LinkOptions(method), DriftRules()
    tilted = purify(anchors, options, rules, remove=False)
    assert tilted.drift.flagged[2]
    assert tilted.drift.difference[2] > 0.5  # it has become harder
    pure = purify(anchors, options, rules)
    assert pure.removed_in.tolist() == [0, 0, 1, *[0] * 12]
    assert abs(pure.constants.intercept - 0.3) < abs(tilted.constants.intercept - 0.3)


def test_without_drift_nothing_is_flagged():
    assert not purify(noisy(n=20), LinkOptions(), DriftRules()).drift.flagged.any()


def test_what_is_no_anchor_is_said():
    base, new = mixed(), mixed(1)
    other = new.take(range(10))
    models = ("3pl", *other.models[1:])
    changed = Items(
        other.names,
        models,
        other.slopes,
        other.intercepts,
        other.guessing,
        other.n_steps,
        other.values,
        other.dimensions,
    )
    found = match_items(base, changed, drop=["M1"])
    assert found.apart == (("M0", "model 2pl against 3pl"), ("M1", "dropped"))
    assert len(found) == 8
    with pytest.raises(Refusal, match="2 common items"):
        match_items(base, new, only=["M3", "M4"])
    with pytest.raises(Refusal, match="Neither test"):
        match_items(base, new, drop=["M77"])
