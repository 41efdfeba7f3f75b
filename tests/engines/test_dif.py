"""DIF by three methods: against plain formulas, against separate calibrations, and on differences that were planted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.dif.common import cross, ets_classes, match_groups
from tirek_engines.psychometrics.dif.effect import ease_of, error_of_effect
from tirek_engines.psychometrics.dif.likelihood_ratio import MARK, _Search, likelihood_ratio
from tirek_engines.psychometrics.dif.logistic import logistic_regression, ordinal_logit
from tirek_engines.psychometrics.dif.mantel_haenszel import _several_categories, _two_categories, mantel_haenszel
from tirek_engines.psychometrics.estimation.information import covariance_of, observed_information
from tirek_engines.psychometrics.estimation.starts import items_of

from .fitted import items, simulated


def two_groups(n=1500, shift=0.0, seed=1, n_of_each=3, missing=0.0):
    """Item 2 (M1, of two steps) is harder by `shift` for group b, whose mean is 0.5 lower."""
    found = items(n_of_each)
    moved = replace(found, intercepts=found.intercepts.copy())
    moved.intercepts[1] -= shift * found.slopes[1] * np.array([1, 2])
    moved.intercepts[0, 0] -= shift * found.slopes[0]
    first, _ = simulated(found, n, seed, missing)
    second, _ = simulated(moved, n, seed + 1, missing, mean=-0.5)
    groups = np.repeat([0, 1], n).astype(np.int64)
    return Answers(np.vstack([first, second]), found.names, None, groups, ("a", "b"))


def test_mantel_haenszel_is_that_of_plain_tables():
    answers = two_groups(200, 0.6)
    found = mantel_haenszel(answers, 0, 1)
    score = answers.codes.sum(axis=1)
    r = s = away = variance = 0.0
    for value in np.unique(score):
        x, g = answers.codes[score == value, 0], answers.groups[score == value]
        n = x.size
        a, b = (x[g == 1] == 1).sum(), (x[g == 1] == 0).sum()
        c, d = (x[g == 0] == 1).sum(), (x[g == 0] == 0).sum()
        if n < 2 or not (a + b) or not (c + d):
            continue
        r, s = r + a * d / n, s + b * c / n
        away += a - (a + b) * (a + c) / n
        variance += (a + b) * (c + d) * (a + c) * (b + d) / n**2 / (n - 1)
    assert found.more["alpha"][0] == pytest.approx(r / s)
    assert found.effect[0] == pytest.approx(-2.35 * np.log(r / s))
    assert found.x2[0] == pytest.approx((abs(away) - 0.5) ** 2 / variance)
    other = mantel_haenszel(answers, 1, 0)
    assert np.allclose(other.effect, -found.effect)
    assert other.favoured(0) in ("", "a")


def test_the_error_for_several_categories_is_that_of_two_and_of_the_bootstrap():
    answers = two_groups(1200, 0.3)
    crossed = cross(match_groups(answers, 0, 1), 0, np.ones(15, dtype=bool))
    counts = crossed.counts[(crossed.counts.sum(axis=2) > 1).all(axis=1)]
    n = counts.sum(axis=(1, 2))
    r = counts[:, 0, 1] * counts[:, 1, 0] / n
    s = counts[:, 0, 0] * counts[:, 1, 1] / n
    assert _several_categories(counts, n, r, s) == pytest.approx(_two_categories(counts, n, r, s), rel=0.05)
    found = mantel_haenszel(answers, 0, 1)
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(150):
        rows = np.concatenate([rng.integers(0, 1200, 1200), rng.integers(1200, 2400, 1200)])
        again = Answers(answers.codes[rows], answers.items, None, answers.groups[rows], ("a", "b"))
        drawn.append(mantel_haenszel(again, 0, 1).effect[1])
    assert found.se[1] == pytest.approx(np.std(drawn), rel=0.2)


@pytest.mark.parametrize("method", [mantel_haenszel, logistic_regression])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_planted_differences_are_found_with_their_sign(method, missing):
    answers = two_groups(4000, 0.9)
    if missing:
        answers.codes[::2, 10:] = 255
        answers.codes[1::2, 5:10] = 255
    found = method(answers, 1, 0, purify=True)
    assert found.effect[0] < -3 * found.se[0] < 0
    assert found.effect[1] < -3 * found.se[1] < 0
    assert found.set_aside.tolist() == [c in ("B", "C") for c in found.classes]
    assert not found.set_aside[2:].any()
    if method is mantel_haenszel:
        assert found.classes[:2] == ("C", "C")
        assert found.favoured(0) == "a"
        assert "easier for a than for persons of b" in found.verdict(0)
        assert (found.p[2:] > 0.001).all()
    assert np.abs(found.effect[2:]).max() < np.abs(found.effect[:2]).min()


def test_ordinal_regression_is_that_of_a_general_optimiser():
    rng = np.random.default_rng(2)
    columns = rng.standard_normal((40, 2))
    counts = rng.integers(1, 9, (40, 3)).astype(float)

    def negative(v):
        above = 1 / (1 + np.exp(-(v[:2] + (columns @ v[2:])[:, None])))
        edges = np.column_stack([np.ones(40), above, np.zeros(40)])
        return -(counts * np.log(np.maximum(edges[:, :-1] - edges[:, 1:], 1e-12))).sum()

    slow = minimize(negative, [0.5, -0.5, 0, 0], method="BFGS", options={"gtol": 1e-8})
    fast = ordinal_logit(counts, columns)
    assert fast.converged
    assert fast.loglik == pytest.approx(-slow.fun, abs=1e-6)
    assert np.allclose(fast.coefficients, slow.x, atol=1e-4)
    steps = 1e-4 * np.eye(4)
    at = fast.coefficients
    hessian = [
        [
            (negative(at + x + y) - negative(at + x - y) - negative(at - x + y) + negative(at - x - y)) / 4e-8
            for y in steps
        ]
        for x in steps
    ]
    errors = np.sqrt(np.diag(np.linalg.inv(np.array(hessian))))
    assert np.allclose(np.sqrt(np.diag(fast.covariance)), errors, rtol=0.05)


def test_a_slope_that_differs_is_no_uniform_difference():
    answers = two_groups(3000)
    rng = np.random.default_rng(3)
    total = answers.codes[:, 1:].sum(axis=1)
    total = (total - total.mean()) / total.std()
    slope = np.where(answers.groups == 0, 2.5, 0.2)
    answers.codes[:, 0] = rng.random(6000) < 1 / (1 + np.exp(-slope * total))
    found = logistic_regression(answers, 0, 1)
    assert found.more["p_nonuniform"][0] < 1e-8
    assert found.classes[0] in ("B", "C")
    assert found.more["slope_difference"][0] > 1
    by_curve = likelihood_ratio(answers, 0, Options(model="2pl", se="none")).table
    assert by_curve.more["unsigned_area"][0] > 0.4
    assert by_curve.p[0] < 1e-8


@pytest.mark.parametrize("model", ["rasch", "2pl", "graded"])
def test_likelihood_ratios_are_those_of_calibrations_from_scratch(model):
    answers = two_groups(400, 0.8, n_of_each=1)
    options = Options(model=model, se="none", persons=False)
    table = likelihood_ratio(answers, 1, options).table
    base = calibrate(answers, options)
    for j in (0, 1):
        columns = [np.where(answers.groups == g, answers.codes[:, j], 255) for g in (0, 1)]
        codes = np.column_stack([np.delete(answers.codes, j, axis=1), *columns]).astype(np.uint8)
        names = (*(n for n in answers.items if n != answers.items[j]), "own a", "own b")
        free = calibrate(Answers(codes, names, None, answers.groups, ("a", "b")), options)
        assert table.x2[j] == pytest.approx(2 * (free.fit.loglik - base.fit.loglik), abs=1e-5)
        assert table.df[j] == free.fit.n_parameters - base.fit.n_parameters
        own = {i.item: i for i in free.items}
        assert table.more["b_difference"][j] == pytest.approx(own["own a"].b - own["own b"].b, abs=1e-3)
    assert table.effect[0] < 0
    assert table.converged


def test_the_error_of_the_effect_is_that_of_the_whole_information():
    answers = two_groups(800, 0.5, n_of_each=2)
    search = _Search(answers, Options(model="2pl", se="none", persons=False), {})
    base = search.fit(frozenset(), None)
    free = search.fit(frozenset({"M0"}), base)
    known = items_of(free.likelihood, free.parameters)
    pair = (known.names.index(f"M0{MARK}b"), known.names.index(f"M0{MARK}a"))
    borrowed = observed_information(base.likelihood, base.parameters)
    quick = error_of_effect(free, base, borrowed, pair, -0.5)
    covariance = covariance_of(observed_information(free.likelihood, free.parameters))
    places, slopes = free.likelihood.shape.places, np.zeros(covariance.shape[0])
    for k, sign in zip(pair, (1, -1), strict=True):
        slopes[places.slopes[k]], slopes[places.intercepts[k, 0]] = sign * -0.5, sign
    assert quick == pytest.approx(np.sqrt(slopes @ covariance @ slopes), rel=0.02)
    assert ease_of(known, pair[0], 0.0, free) == pytest.approx(known.intercepts[pair[0], 0])


def test_purifying_by_likelihood_frees_the_planted_items_only():
    answers = two_groups(2500, 0.9, seed=5)
    found = likelihood_ratio(answers, 1, Options(model="2pl", se="none"), purify=True)
    table = found.table
    assert table.set_aside.tolist() == [True, True, *[False] * 13]
    assert table.rounds > 1
    assert table.effect[0] / 1.4 == pytest.approx(-0.9, abs=0.25)
    own = {(c.item, c.group): c for c in found.curves}
    assert own["M0", "b"].b > own["M0", "a"].b


def test_three_groups_with_gaps():
    answers = two_groups(1500, 0.9)
    groups = np.where(np.arange(3000) % 5 == 0, 2, answers.groups)
    codes = answers.codes.copy()
    codes[groups == 2, 4] = 255
    codes[groups != 0, 9] = 255
    codes[(groups == 1) & (codes[:, 6] == 2), 6] = 1
    three = Answers(codes, answers.items, None, groups, ("a", "b", "c"))
    table = likelihood_ratio(three, 0, Options(model="2pl", se="none")).table
    assert table.df[0] == 4
    assert table.df[4] == 2
    assert table.problems["M9"] == "fewer than two groups answered it"
    assert "scores are not the same" in table.problems["M6"]
    assert np.isnan(table.p[9])
    assert table.classes[9] == ""
    assert table.references[0] == "b"


def test_weights_count_as_the_effective_number_of_persons():
    answers = two_groups(1000, 0.9)
    equal = Answers(answers.codes, answers.items, np.full(2000, 7.0), answers.groups, ("a", "b"))
    uneven = Answers(answers.codes, answers.items, np.tile([0.2, 1.8], 1000), answers.groups, ("a", "b"))
    for method in (mantel_haenszel, logistic_regression):
        plain = method(answers, 0, 1)
        assert np.allclose(method(equal, 0, 1).x2, plain.x2)
        assert method(uneven, 0, 1).se[0] > 1.1 * plain.se[0]
    options = Options(model="rasch", se="none")
    plain, heavy = (likelihood_ratio(a, 0, options).table for a in (answers, uneven))
    assert heavy.se[0] > 1.1 * plain.se[0]


def test_classes_and_refusals():
    delta, se = np.array([0.9, 1.2, 1.7, 1.7, 2.0, np.nan]), np.array([0.1, 0.1, 0.1, 0.9, 0.2, 0.1])
    assert ets_classes(delta, se, np.array([0, 0, 0, 0, 0.2, 0.1])) == ("A", "B", "C", "B", "A", "")
    answers = two_groups(50)
    alone = Answers(answers.codes, answers.items, np.repeat([1.0, 0.0], 50), answers.groups, ("a", "b"))
    with pytest.raises(Refusal, match="Nobody of group b"):
        mantel_haenszel(alone, 0, 1)
    with pytest.raises(Refusal, match="only one group"):
        likelihood_ratio(Answers(answers.codes, answers.items), 0, Options())
