"""Effects by group and wave: plain differences, doubly robust adjustment, influence functions, summaries."""

import numpy as np
import pytest

from tirek_engines.errors import Refusal
from tirek_engines.evaluation import influence
from tirek_engines.evaluation.doublyrobust import difference
from tirek_engines.evaluation.grouptime import Panel, att_cells, before_entry, event_study, summaries


def panel(seed=1, n=60, effect=2.0, covariates=0):
    rng = np.random.default_rng(seed)
    waves = np.array([1.0, 2.0, 3.0, 4.0])
    entry = rng.choice([2.0, 4.0, np.inf], n)
    x = rng.normal(size=(n, covariates))
    trend = np.arange(4) * (1.0 + (x[:, :1] if covariates else 0.0))
    y = rng.normal(size=(n, 1)) + trend + effect * (waves >= entry[:, None]) + rng.normal(0, 0.3, (n, 4))
    return Panel(y, waves, entry, np.ones(n), x)


def test_a_cell_is_a_difference_of_mean_changes():
    p = panel()
    cells = {(c.group, c.time): c for c in att_cells(p)}
    never = np.isinf(p.entry)
    for (group, time), base in {(2.0, 3.0): 0, (4.0, 4.0): 2, (4.0, 3.0): 1}.items():
        change = p.outcome[:, int(time) - 1] - p.outcome[:, base]
        expected = change[p.entry == group].mean() - change[never].mean()
        assert cells[group, time].estimate == pytest.approx(expected)


def test_units_not_yet_treated_serve_as_comparison_until_they_enter():
    p = panel()
    cells = {(c.group, c.time): c for c in att_cells(p, "not-yet")}
    change = p.outcome[:, 2] - p.outcome[:, 0]
    others = p.entry > 3
    assert cells[2.0, 3.0].estimate == pytest.approx(change[p.entry == 2].mean() - change[others].mean())
    assert cells[2.0, 4.0].n_comparison == int(np.isinf(p.entry).sum())


@pytest.mark.parametrize("covariates", [0, 1])
def test_the_influence_function_is_what_leaving_a_unit_out_does(covariates):
    p = panel(seed=3, n=400, covariates=covariates)
    used = (p.entry == 2.0) | np.isinf(p.entry)
    change = (p.outcome[:, 2] - p.outcome[:, 0])[used]
    treated = p.entry[used] == 2.0
    x = np.column_stack([np.ones(used.sum()), p.covariates[used]])
    whole = difference(change, treated, x, np.ones(treated.size))
    n = treated.size
    left = []
    for k in range(0, n, 5):
        rest = np.arange(n) != k
        left.append(whole.estimate - difference(change[rest], treated[rest], x[rest], np.ones(n - 1)).estimate)
    assert np.array(left) * (n - 1) == pytest.approx(whole.influence[::5], rel=0.15, abs=0.15)
    assert whole.influence.mean() == pytest.approx(0.0, abs=1e-10)


def test_adjustment_removes_what_the_plain_difference_mistakes_for_an_effect():
    rng = np.random.default_rng(5)
    n = 4000
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-x))
    change = 1.0 + 2.0 * x + 0.5 * treated + rng.normal(size=n)
    plain = difference(change, treated, np.ones((n, 1)), np.ones(n))
    adjusted = difference(change, treated, np.column_stack([np.ones(n), x]), np.ones(n))
    error = np.sqrt((adjusted.influence**2).mean() / n)
    assert plain.estimate > 1.5
    assert abs(adjusted.estimate - 0.5) < 4 * error


def test_summaries_weigh_groups_by_their_size():
    p = panel()
    cells = att_cells(p)
    found = {e.estimand: e for e in summaries(p, cells)}
    after = [c for c in cells if c.is_after]
    sizes = np.array([c.n_treated for c in after], float)
    assert found["att_simple"].estimate == pytest.approx(np.average([c.estimate for c in after], weights=sizes))
    events = {e.at: e.estimate for e in event_study(p, after)}
    assert found["att_dynamic"].estimate == pytest.approx(np.mean(list(events.values())))
    assert set(events) == {0.0, 1.0, 2.0}


def test_errors_cover_the_truth_and_see_no_effect_where_there_is_none():
    hits, rejected = 0, 0
    for seed in range(150):
        p = panel(seed=seed, n=80, effect=0.5)
        cluster = np.arange(p.n)
        cells = att_cells(p)
        simple = summaries(p, cells)[0]
        e = influence.errors(simple.estimate, simple.influence, cluster, draws=199, seed=1)
        hits += e.low <= 0.5 <= e.high
        before = before_entry(cells)
        joint, _ = influence.joint_p(
            np.array([c.estimate for c in before]), np.stack([c.influence for c in before], axis=1), cluster
        )
        rejected += joint < 0.05
    assert 132 <= hits <= 149
    assert rejected <= 18


def test_clusters_of_identical_units_count_once():
    p = panel(n=40)
    twice = Panel(
        np.repeat(p.outcome, 2, axis=0), p.waves, np.repeat(p.entry, 2), np.ones(80), np.repeat(p.covariates, 2, axis=0)
    )
    simple, doubled = (summaries(q, att_cells(q))[0] for q in (p, twice))
    own = influence.errors(simple.estimate, simple.influence, np.arange(40), draws=99, seed=1)
    clustered = influence.errors(doubled.estimate, doubled.influence, np.repeat(np.arange(40), 2), draws=99, seed=1)
    assert clustered.se == pytest.approx(own.se)


@pytest.mark.parametrize(("entry", "code"), [(np.inf, "nobody_treated"), (3.0, "nobody_to_compare")])
def test_without_both_sides_there_is_no_effect(entry, code):
    p = panel()
    with pytest.raises(Refusal) as refused:
        att_cells(Panel(p.outcome, p.waves, np.full(p.n, entry), p.weights, p.covariates))
    assert refused.value.code == code


def test_a_covariate_that_tells_the_sides_apart_is_refused():
    p = panel()
    x = np.isinf(p.entry).astype(float)[:, None]
    with pytest.raises(Refusal) as refused:
        att_cells(Panel(p.outcome, p.waves, p.entry, p.weights, x))
    assert refused.value.code == "no_overlap"
