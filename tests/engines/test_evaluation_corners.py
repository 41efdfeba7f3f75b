"""Evaluation where it is easily wrong: units of measurement, single schools, nobody left to compare, nothing left to chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tirek_engines.errors import Refusal
from tirek_engines.evaluation import influence
from tirek_engines.evaluation.clustered import cluster_sums, least_squares
from tirek_engines.evaluation.doublyrobust import difference
from tirek_engines.evaluation.gaps import decompose
from tirek_engines.evaluation.grouptime import NEVER, Panel, att_cells, event_study, summaries
from tirek_engines.evaluation.matching import balance
from tirek_engines.evaluation.power import mdes, schools_needed
from tirek_engines.evaluation.twoway import TAU, Rows, collapse
from tirek_engines.evaluation.valueadded import value_added
from tirek_engines.evaluation.wild import wild_test


def staggered(entries=(2, 3, 4, NEVER), each=6, seed=1, covariates=0) -> Panel:
    rng = np.random.default_rng(seed)
    entry = np.repeat(np.array(entries, dtype=float), each)
    waves = np.arange(6.0)
    x = rng.normal(size=(entry.size, covariates))
    outcome = rng.normal(size=(entry.size, 6)).cumsum(axis=1) + (waves >= entry[:, None])
    return Panel(outcome, waves, entry, np.ones(entry.size), x)


def test_with_not_yet_a_cell_before_entry_is_compared_with_everybody_untreated_at_both_waves():
    """Also with those who enter before the group does, as long as they have not entered yet."""
    panel = staggered()
    for cell in att_cells(panel, "not-yet"):
        k = int(cell.time)
        base = k - 1 if cell.time < cell.group else int(cell.group) - 1
        own = panel.entry == cell.group
        others = ~own & (panel.entry > max(k, base))
        change = panel.outcome[:, k] - panel.outcome[:, base]
        assert cell.n_comparison == others.sum()
        assert cell.estimate == pytest.approx(change[own].mean() - change[others].mean())
        variance = change[own].var() / own.sum() + change[others].var() / others.sum()
        se = np.sqrt(influence.covariance(cell.influence, np.arange(panel.n))[0, 0])
        assert se == pytest.approx(np.sqrt(variance))


def test_the_band_holds_all_estimates_and_is_the_quantile_of_the_largest_t():
    panel = staggered()
    effects = event_study(panel, att_cells(panel))
    stacked = np.stack([e.influence for e in effects], axis=1)
    cluster = np.arange(panel.n)
    reach = influence.uniform_reach(stacked, cluster, draws=4000, seed=2)
    alone = [influence.errors(e.estimate, e.influence, cluster, draws=99, seed=2) for e in effects]
    assert all(wide >= e.high - effect.estimate for wide, e, effect in zip(reach, alone, effects, strict=True))
    se = np.array([e.se for e in alone])
    rng = np.random.default_rng(9)
    largest = [np.abs(rng.choice([-1.0, 1.0], panel.n) @ stacked / panel.n / se).max() for _ in range(4000)]
    assert reach / se == pytest.approx(np.full(se.size, np.quantile(largest, 0.95)), rel=0.03)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e7])
def test_the_units_of_a_covariate_do_not_matter(scale):
    panel = staggered(covariates=2)
    plain = summaries(panel, att_cells(panel))[0]
    other = replace(panel, covariates=panel.covariates * scale + 3.0 * scale)
    found = summaries(other, att_cells(other))[0]
    assert found.estimate == pytest.approx(plain.estimate, rel=1e-7)
    assert found.influence == pytest.approx(plain.influence, rel=1e-6, abs=1e-8)


def test_a_covariate_that_is_the_same_for_all_changes_nothing():
    panel = staggered()
    plain, other = att_cells(panel), att_cells(replace(panel, covariates=np.full((panel.n, 1), 7.0)))
    assert [c.estimate for c in other] == pytest.approx([c.estimate for c in plain])


def test_covariates_that_cannot_be_adjusted_for_are_refused():
    rng = np.random.default_rng(1)
    treated = np.arange(20) < 8
    one = rng.normal(size=20)
    for other, code in ((2.0 * one + 1.0, "collinear_covariates"), (np.where(treated, one**2, 0.0), "no_overlap")):
        x = np.column_stack([np.ones(20), one, other])
        with pytest.raises(Refusal) as refused:
            difference(rng.normal(size=20), treated, x, np.ones(20))
        assert refused.value.code == code


def rows(scale=1.0, seed=3) -> Rows:
    rng = np.random.default_rng(seed)
    unit, wave = (a.ravel() for a in np.meshgrid(np.arange(12), np.arange(4), indexing="ij"))
    treated, after = np.arange(12) < 5, np.arange(4) >= 2
    x = rng.normal(size=(unit.size, 1))
    y = rng.normal(size=12)[unit] + 0.5 * x[:, 0] + (treated[unit] & after[wave]) + rng.normal(size=unit.size)
    return Rows(y, unit, wave, unit, treated, after, np.ones(unit.size), 5.0 * scale + scale * x)


@pytest.mark.parametrize("scale", [1e-9, 1e8])
def test_the_two_way_estimate_with_its_errors_does_not_depend_on_units(scale):
    plain, other = (least_squares(collapse(rows(s))) for s in (1.0, scale))
    assert other.beta[TAU] == pytest.approx(plain.beta[TAU])
    assert other.cr1[TAU, TAU] == pytest.approx(plain.cr1[TAU, TAU])
    assert other.cr3[TAU, TAU] == pytest.approx(plain.cr3[TAU, TAU])


def test_one_school_on_each_side_leaves_no_error_and_no_interval():
    r = rows()
    two = np.isin(r.unit, [0, 11])
    unit = (r.unit[two] == 11).astype(np.int64)
    few = Rows(r.outcome[two], unit, r.wave[two], unit, np.array([True, False]), r.after, r.weights[two], r.x[two, :0])
    found = wild_test(collapse(few), TAU)
    assert np.isnan([found.p, found.low, found.high]).all()
    e = influence.errors(1.0, np.zeros(2), np.arange(2), draws=99, seed=1)
    assert e.se == 0.0
    assert np.isnan([e.p, e.low, e.high]).all()
    assert np.isnan(influence.uniform_reach(np.zeros((2, 1)), np.arange(2), draws=99, seed=1)).all()


def test_the_bootstrap_is_every_pattern_of_signs_put_through_least_squares():
    """By definition: new outcomes from the restricted fit, estimated again with CR1, each pattern once."""
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(7), [3, 5, 2, 4, 6, 3, 4])
    x = np.column_stack([rng.normal(size=27), np.ones(27), rng.normal(size=27)])
    y = x @ [0.4, 1.0, -0.3] + rng.normal(size=7)[cluster] + rng.normal(size=27)
    data = cluster_sums(x, y, cluster)

    def t(outcome, null):
        found = least_squares(cluster_sums(x, outcome, cluster))
        return abs(found.beta[0] - null) / np.sqrt(found.cr1[0, 0])

    for null in (0.0, 0.35):
        restricted = np.linalg.lstsq(x[:, 1:], y - null * x[:, 0], rcond=None)[0]
        fitted = null * x[:, 0] + x[:, 1:] @ restricted
        residual = y - fitted
        own = t(y, null)
        patterns = 1.0 - 2.0 * ((np.arange(128)[:, None] >> np.arange(7)) & 1)
        drawn = [t(fitted + residual * signs[cluster], null) for signs in patterns]
        assert wild_test(data, 0, null=null).p == pytest.approx(np.mean(np.array(drawn) >= own * (1 - 1e-9)))


def test_sides_that_differ_in_what_varies_within_neither_are_endlessly_apart():
    treated = np.array([True, True, False, False])
    values = np.column_stack([treated.astype(float), np.ones(4), [1.0, 2.0, 1.0, 2.0]])
    found = balance(values, treated, np.ones(4))
    assert [b.verdict for b in found] == ["not comparable", "alike", "alike"]
    assert found[0].smd_after == np.inf
    assert balance(1.0 - values, treated, np.ones(4))[0].smd_after == -np.inf


def pupils(seed=2, schools=15, each=8):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), each)
    x = rng.normal(size=(school.size, 1))
    y = 50 + 2 * x[:, 0] + rng.normal(0, 2, schools)[school] + rng.normal(0, 3, school.size)
    return y, x, school


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_value_added_does_not_depend_on_units(scale):
    y, x, school = pupils()
    plain, other = value_added(y, x, school), value_added(y * scale, x / scale, school)
    assert other.schools.effect / scale == pytest.approx(plain.schools.effect, rel=1e-6)
    assert other.variances["school"] / scale**2 == pytest.approx(plain.variances["school"], rel=1e-6)
    assert other.deviance == pytest.approx(
        plain.deviance + 2 * np.log(scale) * (y.size - 2) - 2 * np.log(scale), rel=1e-9
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda y, x, school: (school * 1.0, x, school),
        lambda y, x, school: (x[:, 0], x, school),
        lambda y, x, school: (y[:9], np.random.default_rng(1).normal(size=(9, 8)), school[:9] % 3),
    ],
    ids=["one result a school", "the outcome among the columns", "as many columns as pupils"],
)
def test_where_nothing_is_left_to_chance_value_added_says_so(change):
    with pytest.raises(Refusal) as refused:
        value_added(*change(*pupils()))
    assert refused.value.code == "no_residual"


def gap_data(seed=4, schools=16, each=10):
    y, x, school = pupils(seed, schools, each)
    first = school % 2 == 0
    return y + 1.5 * first + 0.4 * x[:, 0] * first, np.column_stack([x, np.sin(3 * x)]), first, school


def test_the_place_and_units_of_columns_change_no_part_of_a_gap_but_where_the_intercept_lies():
    y, x, first, school = gap_data()
    plain = decompose(y, x, first, school, draws=50)
    moved = decompose(y, x * 1e-8 + 1e-2, first, school, draws=50)
    assert list(moved.estimates.values()) == pytest.approx(list(plain.estimates.values()), rel=1e-6, abs=1e-7)
    assert list(moved.se.values()) == pytest.approx(list(plain.se.values()), rel=1e-5)
    slopes = [
        np.linalg.lstsq(np.column_stack([np.ones(w.sum()), x[w]]), y[w], rcond=None)[0][1:] for w in (first, ~first)
    ]
    means = [x[first].mean(axis=0), x[~first].mean(axis=0)]
    assert plain.by_column[:, 0] == pytest.approx((means[0] - means[1]) * slopes[1])
    assert plain.by_column[:, 1] == pytest.approx(means[1] * (slopes[0] - slopes[1]))
    assert plain.by_column[:, 2] == pytest.approx((means[0] - means[1]) * (slopes[0] - slopes[1]))


def test_a_group_of_one_school_has_no_error():
    y, x, _, school = gap_data(schools=5)
    found = decompose(y, x, school == 0, school, draws=60)
    assert found.clusters_in_group == (1, 4)
    assert np.isnan(list(found.se.values())).all()
    assert np.isnan(list(found.low.values())).all()
    assert found.estimates["gap"] == pytest.approx(y[school == 0].mean() - y[school > 0].mean())


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda x, first: np.column_stack([x, 2 * x[:, 0] + 1]), "collinear_in_group", "a, c follow from each other"),
        (lambda x, first: np.column_stack([x[:, 0], np.where(first, x[:, 1], 4.0)]), "collinear_in_group", "rural b does not vary"),
        (lambda x, first: np.column_stack([x[:, 0], first]), "collinear_in_group", "urban b does not vary"),
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_used_is_named(change, code, said):
    y, x, first, school = gap_data()
    with pytest.raises(Refusal, match=said) as refused:
        decompose(
            y,
            change(x, first),
            first,
            school,
            draws=50,
            names="abc"[: change(x, first).shape[1]],
            groups=("urban", "rural"),
        )
    assert refused.value.code == code


def test_who_weighs_nothing_is_in_no_group():
    y, x, first, school = gap_data()
    with pytest.raises(Refusal) as refused:
        decompose(y, x, first, school, np.where(first, 0.0, 1.0), draws=50)
    assert refused.value.code == "one_group"


@pytest.mark.parametrize(
    "design", [{"pupils": np.inf}, {"pupils": np.nan}, {"pupils": 0}, {"pupils": 9, "rho": np.nan}]
)
def test_a_plan_needs_numbers(design):
    with pytest.raises(Refusal):
        mdes(40, **design)


@pytest.mark.parametrize("effect", [np.nan, 0.0, -0.1, np.inf])
def test_an_effect_to_look_for_is_a_number_above_zero(effect):
    with pytest.raises(Refusal) as refused:
        schools_needed(effect, 60)
    assert refused.value.code == "out_of_range"
