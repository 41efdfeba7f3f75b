"""Samples, weights, reliability and hidden groups of questionnaires, held against what was computed by hand."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.errors import BrokenContract
from tirek_engines.surveys.estimates import weighted_mean
from tirek_engines.surveys.reliability import cronbach_alpha, mcdonald_omega, reliability
from tirek_engines.surveys.results import DISTRICT, SCHOOL, Question, Scale, Schools, results_by_group
from tirek_engines.surveys.sampling import draw
from tirek_engines.surveys.scales import scale_scores, turned
from tirek_engines.surveys.weighting import effective_number, response_weights

ints = lambda *values: np.array(values, dtype=np.int64)  # noqa: E731


def test_the_lot_is_the_smallest_digests_whatever_the_order():
    units = [f"u{i}" for i in range(30)]
    by_hand = sorted(units, key=lambda u: hashlib.sha256(f"seed|S|{u}".encode()).digest())[:7]
    assert sorted(units[i] for i in draw(units, size=7, seed="seed", stratum="S")) == sorted(by_hand)
    back = units[::-1]
    assert {back[i] for i in draw(back, size=7, seed="seed", stratum="S")} == set(by_hand)


def test_who_joins_later_changes_nobody_elses_lot_by_more_than_one_place():
    units = [f"u{i}" for i in range(40)]
    before = {units[i] for i in draw(units, size=10, seed="s", stratum="A")}
    more = [*units, "new"]
    after = {more[i] for i in draw(more, size=10, seed="s", stratum="A")}
    assert len(before - after) <= 1


def test_the_lot_refuses_a_unit_twice():
    with pytest.raises(BrokenContract):
        draw(["a", "a"], size=1, seed="s", stratum="A")


def test_every_unit_is_drawn_about_as_often():
    units = [f"u{i}" for i in range(10)]
    counts = np.zeros(10)
    for seed in range(2000):
        counts[draw(units, size=3, seed=str(seed), stratum="A")] += 1
    assert np.abs(counts / 2000 - 0.3).max() < 0.05


def test_weights_by_hand():
    found = response_weights(ints(20, 30, 4), ints(10, 10, 1), ints(1, 1, 1), minimum=5)
    # own classes 20/10 and 30/10; the single answer weighs 50/20; all times 54/52.5
    assert found.weight == pytest.approx(np.array([2, 3, 2.5]) * 54 / 52.5)
    assert found.how.tolist() == [0, 0, 1]


def test_a_silent_school_is_represented_by_its_district_only():
    found = response_weights(ints(10, 10, 100), ints(5, 0, 10), ints(1, 1, 2), minimum=5)
    assert np.isnan(found.weight[1])
    assert found.how.tolist() == [0, 3, 0]
    assert found.weight[0] == pytest.approx(4)  # 20 persons of district 1 by 5 answers
    assert found.weight[2] == pytest.approx(10)


def test_small_schools_of_a_district_are_one_class():
    found = response_weights(ints(6, 9), ints(2, 3), ints(1, 1), minimum=5)
    assert found.weight == pytest.approx([3, 3])
    assert found.how.tolist() == [1, 1]


def test_a_district_with_too_few_answers_takes_the_mean_weight_of_all():
    found = response_weights(ints(40, 10), ints(20, 2), ints(1, 2), minimum=5)
    assert found.how.tolist() == [0, 2]
    assert float(np.nansum(found.weight * ints(20, 2))) == pytest.approx(50)
    assert found.weight[0] == pytest.approx(found.weight[1])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60), st.integers(0, 4)), min_size=1, max_size=12),
    st.integers(1, 8),
)
def test_weights_sum_to_the_register_whenever_anybody_answered(rows, minimum):
    frame = np.array([max(n, m) for n, m, _d in rows])
    finished, district = np.array([m for _n, m, _d in rows]), np.array([d for _n, _m, d in rows])
    found = response_weights(frame, finished, district, minimum=minimum)
    if finished.sum():
        assert float(np.nansum(found.weight * finished)) == pytest.approx(float(frame.sum()))
    assert (np.isnan(found.weight) == (finished == 0)).all()


def test_effective_number_by_hand():
    assert effective_number(np.array([1.0, 1.0, 1.0])) == pytest.approx(3)
    assert effective_number(np.array([1.0, 3.0])) == pytest.approx(16 / 10)


def test_alpha_by_hand():
    # variances 1 and 4, covariance 1.5: total 1 + 4 + 3 = 8; alpha = 2 (1 - 5/8)
    x = np.array([[1.0, 1.0], [2.0, 4.0], [3.0, 4.0], [2.0, 2.0], [2.0, 4.0]])
    total = x.sum(1).var(ddof=1)
    assert cronbach_alpha(x) == pytest.approx(2 * (1 - x.var(0, ddof=1).sum() / total))
    rows = np.array([[1.0, 2.0, 2.0], [2.0, 3.0, 1.0], [3.0, 4.0, 3.0], [4.0, 5.0, 5.0]])
    # item variances 5/3, 5/3, 35/12 (sum 25/4); totals 5, 6, 10, 14: variance 49.1667/3
    assert cronbach_alpha(rows) == pytest.approx(1.5 * (1 - (25 / 4) / (50.75 / 3)), abs=1e-9)


def test_omega_finds_the_loadings_of_a_factor_that_holds_exactly():
    loadings, unique = np.array([0.9, 0.7, 0.5, 0.6]), np.array([0.3, 0.5, 0.6, 0.2])
    wanted = np.outer(loadings, loadings) + np.diag(unique)
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(60, 4))
    raw -= raw.mean(0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    x = white @ np.linalg.cholesky(wanted).T  # its covariance is exactly the one wanted
    assert mcdonald_omega(x) == pytest.approx(loadings.sum() ** 2 / (loadings.sum() ** 2 + unique.sum()), abs=1e-6)


def test_nothing_is_said_of_a_scale_that_does_not_vary():
    assert np.isnan(cronbach_alpha(np.ones((5, 3))))
    assert np.isnan(mcdonald_omega(np.ones((5, 3))))
    found = reliability(np.array([[1.0, np.nan], [np.nan, 2.0]]))
    assert found.persons == 0
    assert np.isnan(found.alpha)


def test_reversed_questions_are_turned_and_half_an_answer_is_none():
    x = np.array([[1.0, 5.0, np.nan], [2.0, np.nan, np.nan]])
    low, high = np.full(3, 1.0), np.full(3, 5.0)
    y = turned(x, np.array([False, True, False]), low, high)
    assert y[0, 1] == 1.0
    assert scale_scores(y, share_answered=0.5).tolist()[0] == pytest.approx(1.0)
    assert np.isnan(scale_scores(y, share_answered=0.5)[1])


def test_the_error_of_a_stratified_mean_by_hand():
    values, school = np.array([1.0, 3.0, 4.0, 4.0]), ints(0, 0, 1, 1)
    weights = np.array([2.0, 2.0, 3.0, 3.0])
    found = weighted_mean(values, weights, school, ints(4, 6))
    assert found.mean == pytest.approx((2 * 4 + 3 * 8) / 10)
    # W = 0.4 and 0.6; s2 = 2 and 0; f = 2/4: 0.4^2 (1 - 0.5) 2/2
    assert found.error == pytest.approx(np.sqrt(0.16 * 0.5 * 2 / 2))
    assert found.plain == pytest.approx(3.0)


def test_a_census_has_no_sampling_error():
    found = weighted_mean(np.array([1.0, 2.0]), np.ones(2), ints(0, 0), ints(2))
    assert found.error == 0


def world(counts, districts):
    school = np.repeat(np.arange(len(counts)), counts)
    schools = Schools(tuple(f"S{i}" for i in range(len(counts))), tuple(districts), np.array(counts))
    answered = np.ones(school.size, dtype=bool)
    value = np.tile([1.0, 2.0, 3.0], school.size)[: school.size]
    chosen = np.stack([value == 1, value == 2, value == 3], axis=1)
    return schools, school, Question("q", ("1", "2", "3"), chosen, value, answered)


def run(counts, districts, **more):
    schools, school, question = world(counts, districts)
    if more.get("unanswered") is not None:
        question.answered[more["unanswered"]] = False
        question.value[more["unanswered"]] = np.nan
    scale = Scale("s", ("q",), (False,), (1.0,), (3.0,))
    return results_by_group(
        schools, school, np.ones(school.size), [question], [scale], minimum=5, share_answered=0.5, low_below=0.5
    )


def shown(found, kind):
    return {g.code for g, s in zip(found.groups, found.state, strict=True) if s == 0 and g.kind == kind}


def test_four_answers_are_hidden_and_five_shown():
    assert shown(run([5, 5, 5], ["D"] * 3), SCHOOL) == {"S0", "S1", "S2"}
    found = run([4, 8, 9], ["D"] * 3)
    assert shown(found, SCHOOL) == {"S2"}  # S1 goes too, or the district minus the others would tell S0
    assert shown(found, DISTRICT) == {"D"}


def test_a_district_of_one_small_school_hides_a_further_district():
    found = run([4, 10, 10, 30, 30], ["A", "B", "B", "C", "C"])
    assert "A" not in shown(found, DISTRICT)
    assert len(shown(found, DISTRICT)) == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from("ABC")), min_size=1, max_size=9))
def test_no_small_group_follows_from_one_sum_and_its_other_parts(rows):
    rows = sorted(rows, key=lambda row: row[1])
    counts, districts = [n for n, _d in rows], [d for _n, d in rows]
    if not sum(counts):
        return
    found = run(counts, districts)
    counted = [group.rows.size for group in found.groups]
    for place, _group in enumerate(found.groups):
        if found.state[place] == 0:
            assert counted[place] == 0 or counted[place] >= 5
        parts = [p for p, g in enumerate(found.groups) if g.parent == place]
        hidden = [p for p in parts if found.state[p] != 0]
        if parts and found.state[place] == 0 and hidden:
            assert len(hidden) > 1 or counted[hidden[0]] == 0
            assert sum(counted[p] for p in hidden) == 0 or sum(counted[p] for p in hidden) >= 5
    for cell in (*found.questions, *found.scales):
        assert found.state[cell.group] == 0
        assert cell.estimate.n >= 5


def test_a_question_that_few_answered_is_hidden_for_itself():
    found = run([6, 9], ["D", "D"], unanswered=[0, 1])
    assert shown(found, SCHOOL) == {"S0", "S1"}
    cells = {found.groups[cell.group].code for cell in found.questions if found.groups[cell.group].kind == SCHOOL}
    assert cells == set()  # S0 has four answers to it; S1 is hidden to protect them


def test_low_share_counts_scores_below_the_place_of_the_rule():
    found = run([9], ["D"])
    everybody = next(cell for cell in found.scales if found.groups[cell.group].kind == "all")
    assert everybody.low_share == pytest.approx(1 / 3)  # the ones lie below 2, the middle of 1 to 3
    assert everybody.estimate.mean == pytest.approx(2)
