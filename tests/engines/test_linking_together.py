"""Several calibrations linked at once by their curves; what a trend adds to errors from plausible values."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Groups, Options, calibrate
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import match_items, transform
from tirek_engines.psychometrics.linking.drift import DriftRules
from tirek_engines.psychometrics.linking.linkerror import AnswerNoise, answer_noise, error_of_trend, link_error
from tirek_engines.psychometrics.linking.methods import LinkOptions, constants
from tirek_engines.psychometrics.linking.simultaneous import link_together

TRUE = [(1.0, 0.0), (1.2, 0.5), (0.8, -0.4), (1.1, 1.0)]


def items(names, a, d):
    n = len(names)
    return Items(
        tuple(names),
        ("2pl",) * n,
        a,
        d[:, None],
        np.zeros(n),
        np.ones(n, np.int64),
        ((0, 1),) * n,
        np.zeros(n, np.int64),
    )


def four_tests(noise):
    rng = np.random.default_rng(1)
    n = 30
    a, b = rng.uniform(0.7, 1.6, n), rng.normal(size=n)
    base, found = items([f"M{j}" for j in range(n)], a, -a * b), []
    for t, (slope, intercept) in enumerate(TRUE):
        own = transform(base.take(range(5 * t, 5 * t + 15)), 1 / slope, -intercept / slope)
        moved = own.intercepts + noise * rng.normal(size=(15, 1))
        found.append(replace(own, slopes=own.slopes * np.exp(noise * rng.normal(size=15)), intercepts=moved))
    return found


def together(tests, method, **more):
    return link_together(tests, LinkOptions(method=method), DriftRules(), at=[0.0] * len(tests), **more)


def written_out(tests):
    """Haebara's criterion for several tests with all parameters in one search."""
    options = LinkOptions()
    theta, root = options.theta, np.sqrt(options.weights)
    names = sorted({n for t in tests for n in t.names if sum(n in u.names for u in tests) > 1})
    k = len(names)

    def away(x):
        slopes, shifts = np.exp(np.r_[0, x[2 * k : 2 * k + 3]]), np.r_[0, x[2 * k + 3 :]]
        rows = []
        for t, test in enumerate(tests):
            for j, name in enumerate(test.names):
                if name in names:
                    i = names.index(name)
                    p = 1 / (1 + np.exp(-(test.slopes[j] * theta + test.intercepts[j, 0])))
                    q = 1 / (1 + np.exp(-np.exp(x[i]) * (slopes[t] * theta + shifts[t] - x[k + i])))
                    rows.append((p - q) * root)
        return np.concatenate(rows)

    start = np.r_[np.zeros(2 * k), [np.log(s) for s, _ in TRUE[1:]], [i for _, i in TRUE[1:]]]
    found = least_squares(away, start, method="lm", xtol=1e-12, ftol=1e-14).x
    return np.exp(found[2 * k : 2 * k + 3]), found[2 * k + 3 :]


@pytest.mark.parametrize("method", ["haberman", "haebara", "stocking-lord"])
def test_constants_without_noise_are_the_truth(method):
    for found, (slope, intercept) in zip(together(four_tests(0.0), method), TRUE[1:], strict=True):
        assert found.constants.slope == pytest.approx(slope, abs=1e-6)
        assert found.constants.intercept == pytest.approx(intercept, abs=1e-6)
        assert found.error.error < 1e-6


def test_haebara_of_four_tests_is_its_criterion_written_out():
    tests = four_tests(0.1)
    slopes, shifts = written_out(tests)
    found = together(tests, "haebara")
    assert [f.constants.slope for f in found] == pytest.approx(slopes, abs=1e-6)
    assert [f.constants.intercept for f in found] == pytest.approx(shifts, abs=1e-6)
    assert all(f.constants.converged for f in found)


def test_one_step_of_the_jackknife_is_near_the_whole_one():
    tests = four_tests(0.1)
    found = together(tests, "haebara")
    shared = found[0].anchors.new.names
    names = {n for t in tests for n in t.names if sum(n in u.names for u in tests) > 1}
    assert set(shared) <= names
    moves = []
    for name in sorted(names):
        other = together(tests, "haebara", drop=[name])
        moves.append([o.constants.intercept - f.constants.intercept for o, f in zip(other, found, strict=True)])
    whole = np.sqrt((len(names) - 1) / len(names) * (np.array(moves) ** 2).sum(axis=0))
    assert [f.error.intercept_se for f in found] == pytest.approx(whole, rel=0.15)


def test_only_named_anchors_link_several_tests():
    tests = four_tests(0.1)
    chosen = [f"M{j}" for j in range(6, 27)]
    found = together(tests, "stocking-lord", only=chosen)
    assert set(found[0].anchors.new.names) <= set(chosen)
    assert found[0].constants != together(tests, "stocking-lord")[0].constants
    with pytest.raises(Refusal, match="X99"):
        together(tests, "haebara", only=[*chosen, "X99"])
    with pytest.raises(Refusal, match="shares 0 items"):
        together(tests, "haebara", only=["M16", "M17", "M18", "M19"])


def test_items_of_other_kinds_do_not_link_several_tests():
    tests = four_tests(0.0)
    tests[1] = replace(
        tests[1], models=("graded", *tests[1].models[1:]), slopes=tests[1].slopes * np.r_[3, np.ones(14)]
    )
    found = together(tests, "haebara")
    assert "M5" not in found[0].anchors.new.names
    assert found[0].constants.slope == pytest.approx(1.2, abs=1e-6)


def test_chance_in_the_answers_is_the_error_of_a_location_when_abilities_are_known():
    rng = np.random.default_rng(3)
    theta, b = rng.normal(size=2000), np.array([-1.0, 0.0, 1.5])
    one = items(["A", "B", "C"], np.ones(3), -b)
    found = []
    for _ in range(400):
        x = rng.random((2000, 3)) < 1 / (1 + np.exp(-(theta[:, None] - b)))
        at = b.copy()
        for _ in range(6):
            p = 1 / (1 + np.exp(-(theta[:, None] - at)))
            at = at + (p - x).sum(axis=0) / (p * (1 - p)).sum(axis=0)
        found.append(at)
    noise = answer_noise(one, np.full(3, 2000.0), Groups(("all",), np.zeros(1), np.ones(1)), np.ones(1), 3)
    assert noise.anchors == pytest.approx(np.var(found, axis=0).mean(), rel=0.1)


def test_a_trend_adds_drift_and_what_the_anchors_leave_open_beyond_the_test():
    rng = np.random.default_rng(4)
    n, names = 40, [f"M{j}" for j in range(40)]
    base = items(names, np.ones(n), rng.normal(size=n))

    def errors(sd, n_items):
        new = replace(base, intercepts=base.intercepts + sd * rng.normal(size=(n, 1)))
        anchors = match_items(base, new)
        options = LinkOptions("mean-mean")
        noise = (AnswerNoise(0.005, n_items), AnswerNoise(0.005, n_items))
        return link_error(anchors, constants(anchors, options), options, noise=noise)

    only_chance = [errors(0.1, 40) for _ in range(200)]
    assert np.mean([e.trend**2 for e in only_chance]) < 0.2 * np.mean([e.error**2 for e in only_chance])
    drifting = [errors(np.sqrt(0.01 + 0.04), 80) for _ in range(200)]
    wanted = 0.04 / n + 0.01 * (1 / n - 1 / 80)
    assert np.mean([e.trend**2 for e in drifting]) == pytest.approx(wanted, rel=0.1)
    assert drifting[0].held == pytest.approx(0.01 / n)
    assert drifting[0].excess == pytest.approx(0.01 * (1 / n - 1 / 80))
    assert error_of_trend(drifting[0].error, drifting[0].held, drifting[0].excess) == drifting[0].trend
    assert np.isnan(
        link_error(match_items(base, base), constants(match_items(base, base), LinkOptions()), LinkOptions()).trend
    )


def test_weights_have_an_effective_number():
    x = np.random.default_rng(5).integers(0, 2, (400, 5)).astype(float)
    weights = np.where(np.arange(400) < 200, 3.0, 1.0)
    fit = calibrate(Answers.from_matrix(x, list("abcde"), weights=weights), Options(se="none")).fit
    assert fit.n_effective == pytest.approx(800**2 / (200 * 9 + 200))
    assert calibrate(Answers.from_matrix(x, list("abcde")), Options(se="none")).fit.n_effective == pytest.approx(400)
