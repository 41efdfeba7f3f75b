"""Results of groups: gaps that are not shrunk, errors that cover, small groups hidden, bytes that come back."""

import json
from decimal import Decimal

import numpy as np
import pytest

from tirek_engines.assessment import Grouping, PublicationRules, Scale, draw_plausible_values, results_by_group
from tirek_engines.assessment.results import rounded
from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics import Answers, Options, calibrate

RULES = PublicationRules(10, 2, 8, 10, 1, Decimal(500), Decimal(100))


def world(seed, **shape):
    """The same, calibrated by the Rasch model."""
    answers, *rest = sat(seed, **shape)
    return calibrate(answers), *rest


def sat(seed, n_schools=60, per=25, n_items=12, gap=0.5):
    """Schools in five districts, half of them urban; classes in two languages; a test that is too short."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), per)
    urban, district = np.arange(n_schools) % 2, (np.arange(n_schools) // 2) % 5
    language = rng.integers(0, 2, school.size)
    theta = gap * urban[school] + 0.3 * rng.standard_normal(n_schools)[school] + 0.2 * language
    theta = theta + 0.8 * rng.standard_normal(school.size)
    b = np.linspace(-1.5, 1.5, n_items)
    x = (rng.random((school.size, n_items)) < 1 / (1 + np.exp(-(theta[:, None] - b)))).astype(float)
    groupings = {
        "settlement": Grouping(("rural", "urban"), urban[school]),
        "district": Grouping(tuple("ABCDE"), district[school]),
        "language": Grouping(("kk", "ru"), language),
        "school": Grouping(tuple(f"s{k}" for k in range(n_schools)), school, tuple(district.tolist()), "district"),
    }
    return Answers.from_matrix(x), groupings, school, theta


def test_gaps_are_unbiased_where_those_of_eaps_are_shrunk():
    found = []
    for seed in range(12):
        calibration, groupings, school, theta = world(seed)
        results = results_by_group(calibration, groupings, school, rules=RULES, seed=seed)
        gap = {row.grouping: -row.estimate.mean for row in results.gaps}
        eap = calibration.persons.eap

        def difference(name, values, groupings=groupings):
            codes = groupings[name].codes
            return values[codes == 1].mean() - values[codes == 0].mean()

        found.append(
            [
                gap["settlement"] - difference("settlement", theta),
                gap["language"] - difference("language", theta),
                difference("settlement", eap) - difference("settlement", theta),
                results.rows[0].estimate.sd - theta.std(),
            ]
        )
    settlement, language, shrunk, spread = np.mean(found, axis=0)
    assert abs(settlement) < 0.025
    assert abs(language) < 0.025
    assert shrunk < -0.12
    assert abs(spread) < 0.02


def test_intervals_of_the_gap_cover_and_are_as_wide_as_the_estimates_scatter():
    gaps, errors, covered = [], [], 0
    for seed in range(100, 124):
        calibration, groupings, school, _ = world(seed)
        only = {"settlement": groupings["settlement"]}
        (row,) = results_by_group(calibration, only, school, rules=RULES, seed=1).gaps
        gaps.append(-row.estimate.mean)
        errors.append(row.estimate.se)
        covered += abs(gaps[-1] - 0.5) < row.estimate.half_width
    assert covered >= 20
    assert 0.6 < np.std(gaps) / np.mean(errors) < 1.5


def test_the_mean_of_a_school_is_its_own():
    calibration, groupings, school, theta = world(5, n_schools=40, per=60, n_items=25)
    results = results_by_group(calibration, groupings, school, rules=RULES, seed=2)
    of_school = [r.estimate for r in results.rows if r.grouping == "school"]
    truth = np.array([theta[school == k].mean() for k in range(40)])
    means = np.array([e.mean for e in of_school])
    centre = means.mean() - truth.mean()
    slope = np.polyfit(truth, means - centre, 1)[0]
    assert slope == pytest.approx(1.0, abs=0.1)
    assert {e.method for e in of_school} == {"between pupils"}
    misses = np.abs(means - centre - truth) > 2 * np.array([e.se_measurement for e in of_school])
    assert misses.mean() < 0.15


def test_published_numbers_come_back_byte_for_byte():
    texts = []
    for _ in range(2):
        calibration, groupings, school, _ = world(3)
        results = results_by_group(calibration, groupings, school, rules=RULES, seed=11)
        texts.append(json.dumps([row.published() for row in results.rows + results.gaps]))
    assert texts[0] == texts[1]


def test_another_seed_gives_other_draws_of_the_same_distribution():
    calibration, _, school, _ = world(3)
    one, two = (draw_plausible_values(calibration, school, m=10, seed=s) for s in (1, 2))
    assert one.draws.tobytes() != two.draws.tobytes()
    assert one.draws.std() == pytest.approx(two.draws.std(), rel=0.03)


def test_small_groups_are_hidden_and_cannot_be_subtracted():
    calibration, _, school, _ = world(1, n_schools=10, per=20)
    codes = np.where(np.arange(200) < 4, 0, np.where(np.arange(200) < 60, 1, 2))
    results = results_by_group(
        calibration, {"kind": Grouping(("few", "some", "many"), codes)}, school, rules=RULES, seed=1
    )
    total, few, some, many = results.rows
    assert (total.n, many.n) == (200, 140)
    for row, state in ((few, 1), (some, 2)):
        assert row.hidden == state
        assert {row.n, row.mean, row.se, row.low, row.high, row.sd} == {None}
    assert many.mean is not None


def test_a_pair_with_a_hidden_group_shows_no_gap():
    calibration, _, school, _ = world(1, n_schools=10, per=20)
    codes = (np.arange(200) < 5).astype(np.int64)
    (gap,) = results_by_group(calibration, {"sex": Grouping(("a", "b"), codes)}, school, rules=RULES, seed=1).gaps
    assert gap.mean is None


def test_the_first_cycle_sets_the_scale_and_later_ones_keep_it():
    calibration, groupings, school, _ = world(2, n_schools=20)
    only = {"settlement": groupings["settlement"]}
    first = results_by_group(calibration, only, school, rules=RULES, seed=1)
    assert (first.rows[0].mean, first.rows[0].sd) == (Decimal("500.0"), Decimal("100.0"))
    kept = Scale(500.0, 100.0, 0.0, 1.0)
    later = results_by_group(calibration, only, school, rules=RULES, seed=1, scale=kept)
    assert float(later.rows[0].mean) == pytest.approx(500 + 100 * later.rows[0].estimate.mean, abs=0.051)


def test_persons_without_answers_are_not_counted():
    rng = np.random.default_rng(0)
    x = (rng.random((300, 10)) < 0.6).astype(float)
    x[:50] = np.nan
    school = np.arange(300) // 30
    results = results_by_group(calibrate(Answers.from_matrix(x)), {}, school, rules=RULES, seed=1)
    assert results.rows[0].n == 250
    assert np.isnan(results.values.draws[:, :50]).all()


def test_one_school_and_one_group_work():
    rng = np.random.default_rng(0)
    x = (rng.random((60, 10)) < rng.random((60, 1))).astype(float)
    ones = np.zeros(60, np.int64)
    results = results_by_group(
        calibrate(Answers.from_matrix(x)), {"district": Grouping(("A",), ones)}, ones, rules=RULES, seed=1
    )
    assert results.rows[1].estimate.method == "between pupils"
    assert results.rows[1].mean == results.rows[0].mean


def test_rounding_is_half_up_on_the_shortest_digits():
    assert [str(rounded(v, 1)) for v in (0.25, 0.35, -0.25, 500.0)] == ["0.3", "0.4", "-0.3", "500.0"]
    assert rounded(float("nan"), 1) is None


def test_columns_of_another_length_are_a_broken_contract():
    calibration, _, school, _ = world(1, n_schools=10, per=10)
    with pytest.raises(BrokenContract, match="district"):
        results_by_group(calibration, {"district": Grouping(("A",), school[:5])}, school, rules=RULES, seed=1)


@pytest.mark.parametrize("model", ["graded", "3pl"])
def test_means_of_groups_hold_under_models_without_a_sufficient_score(model):
    answers, groupings, school, theta = sat(3)
    again = calibrate(answers, Options(model=model, se="none"))
    values = draw_plausible_values(again, school, {"settlement": groupings["settlement"].codes}, m=10, seed=1).draws
    urban = groupings["settlement"].codes == 1
    found = (values[:, urban].mean() - values[:, ~urban].mean()) / values.std()
    assert abs(found - (theta[urban].mean() - theta[~urban].mean()) / theta.std()) < 0.1
