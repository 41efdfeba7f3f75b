"""Two-way differences, randomisation, matching, gaps and power."""

from math import comb

import numpy as np
import pytest
from scipy.stats import t as student

from tirek_engines.errors import Refusal
from tirek_engines.evaluation.clustered import least_squares
from tirek_engines.evaluation.gaps import PARTS, decompose
from tirek_engines.evaluation.matching import balance, match
from tirek_engines.evaluation.power import mdes, schools_needed
from tirek_engines.evaluation.twoway import Rows, collapse, permutation_test


def rows(seed=1, units=9, waves=4, effect=0.5, treated=4, gaps=True):
    rng = np.random.default_rng(seed)
    unit, wave = (a.ravel() for a in np.meshgrid(np.arange(units), np.repeat(np.arange(waves), 5), indexing="ij"))
    keep = rng.random(unit.size) > (0.2 if gaps else 0.0)
    unit, wave = unit[keep], wave[keep]
    is_treated, after = np.arange(units) < treated, np.arange(waves) >= 2
    x = rng.normal(size=(unit.size, 1))
    y = (
        rng.normal(size=units)[unit]
        + 0.3 * wave
        + effect * (is_treated[unit] & after[wave])
        + rng.normal(size=unit.size)
    )
    return Rows(y, unit, wave, unit, is_treated, after, rng.uniform(0.5, 2.0, unit.size), x)


def test_taking_units_out_gives_what_dummies_give():
    r = rows()
    d = (r.treated[r.unit] & r.after[r.wave]).astype(float)
    dummies = (r.unit[:, None] == np.arange(9)).astype(float)
    waves = (r.wave[:, None] == np.arange(1, 4)).astype(float)
    design = np.column_stack([d, waves, r.x, dummies])
    w = np.sqrt(r.weights)
    beta = np.linalg.lstsq(design * w[:, None], r.outcome * w, rcond=None)[0]
    found = least_squares(collapse(r))
    assert found.beta * [1, 1, 1, 1, 1 / r.x.std()] == pytest.approx(beta[:5])
    residual = r.outcome - design @ beta
    inverse = np.linalg.inv((design * r.weights[:, None]).T @ design)
    scores = np.stack([(design * (r.weights * residual)[:, None])[r.unit == k].sum(axis=0) for k in range(9)])
    n, k = r.outcome.size, 6
    expected = 9 / 8 * (n - 1) / (n - k) * (inverse @ scores.T @ scores @ inverse)[0, 0]
    assert found.cr1[0, 0] == pytest.approx(expected)


def test_randomisation_tries_every_choice_of_treated_units():
    r = rows(units=7, treated=3)
    own = float(least_squares(collapse(r)).beta[0])
    found = permutation_test(r, own)
    assert found.enumerated
    assert found.draws == comb(7, 3)
    from dataclasses import replace
    from itertools import combinations

    others = []
    for chosen in combinations(range(7), 3):
        treated = np.isin(np.arange(7), chosen)
        others.append(float(least_squares(collapse(replace(r, treated=treated))).beta[0]))
    assert found.p == pytest.approx(np.mean(np.abs(others) >= abs(own) - 1e-9))


def test_where_nothing_varies_there_is_no_effect_to_see():
    r = rows()
    from dataclasses import replace

    with pytest.raises(Refusal) as refused:
        collapse(replace(r, treated=np.ones(9, dtype=bool)))
    assert refused.value.code == "no_contrast"


def test_matches_are_the_nearest_of_the_same_cell():
    values = np.array([[0.0], [10.0], [0.5], [9.0], [11.0], [0.1]])
    treated = np.array([True, True, False, False, False, False])
    cells = np.array([0, 0, 0, 0, 0, 1])
    found = match(values, treated, cells, ratio=2, caliper=None)
    assert found.pairs.tolist() == [[0, 2], [0, 3], [1, 3], [1, 4]]
    assert found.weights.tolist() == [1.0, 1.0, 0.5, 1.0, 0.5, 0.0]


def test_nobody_near_enough_leaves_a_unit_unmatched():
    values = np.array([[0.0], [50.0], [0.1], [0.2]])
    found = match(values, np.array([True, True, False, False]), np.zeros(4, int), caliper=0.2, caliper_columns=[0])
    assert found.unmatched.tolist() == [1]
    assert found.weights.tolist() == [1.0, 0.0, 0.5, 0.5]


def test_distance_does_not_depend_on_units_of_measurement():
    rng = np.random.default_rng(3)
    values, treated = rng.normal(size=(40, 3)), np.arange(40) < 8
    plain = match(values, treated, np.zeros(40, int), caliper=None)
    turned = match(values * [1000.0, 0.01, 5.0] + 7.0, treated, np.zeros(40, int), caliper=None)
    assert turned.pairs.tolist() == plain.pairs.tolist()
    assert turned.distances == pytest.approx(plain.distances)


def test_balance_is_hedges_g():
    rng = np.random.default_rng(4)
    values, treated = rng.normal(size=(30, 1)), np.arange(30) < 12
    a, b = values[treated, 0], values[~treated, 0]
    pooled = np.sqrt((11 * a.var(ddof=1) + 17 * b.var(ddof=1)) / 28)
    expected = (a.mean() - b.mean()) / pooled * (1 - 3 / (4 * 30 - 9))
    found = balance(values, treated, np.ones(30))[0]
    assert found.smd_before == pytest.approx(expected)
    assert found.smd_after == pytest.approx(expected)
    assert found.verdict == (
        "alike" if abs(expected) <= 0.05 else "adjust" if abs(expected) <= 0.25 else "not comparable"
    )


def people(seed=1, n=400):
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.4
    x = rng.normal(size=(n, 2)) + first[:, None] * [0.5, 0.0]
    y = 1.0 + x @ [1.0, 0.5] + first * (0.3 + 0.4 * x[:, 0]) + rng.normal(size=n)
    return y, x, first, rng.integers(0, 25, n)


def test_the_parts_of_a_gap_add_up_and_are_what_they_say():
    y, x, first, cluster = people()
    found = decompose(y, x, first, cluster, draws=99)
    e = found.estimates
    assert e["gap"] == pytest.approx(y[first].mean() - y[~first].mean())
    assert e["endowments"] + e["coefficients"] + e["interaction"] == pytest.approx(e["gap"])
    assert e["explained"] + e["unexplained"] == pytest.approx(e["gap"])
    design = np.column_stack([np.ones(len(y)), x])
    other = np.linalg.lstsq(design[~first], y[~first], rcond=None)[0]
    apart = design[first].mean(axis=0) - design[~first].mean(axis=0)
    assert e["endowments"] == pytest.approx(apart @ other)
    both = np.linalg.lstsq(np.column_stack([design, first]), y, rcond=None)[0]
    assert e["explained"] == pytest.approx(apart @ both[:3])
    assert set(found.se) == set(PARTS)


def test_exchanged_groups_turn_the_gap_around():
    y, x, first, cluster = people()
    one, other = decompose(y, x, first, cluster, draws=49), decompose(y, x, ~first, cluster, draws=49)
    assert other.estimates["gap"] == pytest.approx(-one.estimates["gap"])
    assert other.estimates["explained"] == pytest.approx(-one.estimates["explained"])


def test_the_bootstrap_draws_whole_clusters():
    y, x, first, _ = people()
    shift = np.repeat(np.random.default_rng(2).normal(0, 2.0, 20), 20)
    cluster = np.repeat(np.arange(20), 20)
    first = np.repeat(np.arange(20) % 2 == 0, 20)
    by_cluster = decompose(y + shift, x, first, cluster, draws=199)
    by_person = decompose(y + shift, x, first, np.arange(400), draws=199)
    assert by_cluster.se["gap"] > 2.0 * by_person.se["gap"]


def test_the_smallest_effect_is_that_of_the_formula():
    factor = student.ppf(0.975, 97) + student.ppf(0.8, 97)
    expected = factor * np.sqrt(0.15 * 0.4 / (0.25 * 0.75 * 100) + 0.85 * 0.7 / (0.25 * 0.75 * 100 * 30))
    found = mdes(
        100, 30, treated_share=0.25, rho=0.15, explained_between=0.6, explained_within=0.3, school_covariates=1
    )
    assert found == pytest.approx(expected)


def test_as_many_schools_as_needed_and_not_one_more():
    n = schools_needed(0.2, 40, rho=0.15)
    assert mdes(n, 40, rho=0.15) <= 0.2 < mdes(n - 1, 40, rho=0.15)
    with pytest.raises(Refusal):
        schools_needed(1e-6, 40)
    with pytest.raises(Refusal):
        mdes(2, 40)
