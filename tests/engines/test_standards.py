"""Standard setting: cut scores that can be worked out by hand."""

import numpy as np
import pytest

from tirek_engines.assessment.levels import impact, normal_impact
from tirek_engines.assessment.replication import by_persons
from tirek_engines.assessment.standards import angoff, bookmark, error_at, ordered_booklet, theta_of_raw
from tirek_engines.assessment.survey import Measures, Sample
from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.items import Items


def rasch(where):
    n = len(where)
    names = tuple(f"M{j}" for j in range(n))
    d = -np.asarray(where, dtype=float)[:, None]
    ones, zeros = np.ones(n), np.zeros(n)
    return Items(names, ("rasch",) * n, ones, d, zeros, np.ones(n, np.int64), ((0, 1),) * n, np.zeros(n, np.int64))


def partial_credit():
    """One item of two steps, at -1 and 1."""
    d = np.array([[1.0, 0.0]])
    return Items(("P",), ("pcm",), np.ones(1), d, np.zeros(1), np.array([2]), ((0, 1, 2),), np.zeros(1, np.int64))


def test_rp67_lies_log_two_above_the_difficulty():
    pages = ordered_booklet(rasch([1.0, -1.0, 0.0]))
    assert [p.item for p in pages] == ["M1", "M2", "M0"]
    assert [p.location for p in pages] == pytest.approx(np.array([-1, 0, 1]) + np.log(2))
    half = ordered_booklet(rasch([1.0, -1.0, 0.0]), response_probability=0.5)
    assert [p.location for p in half] == pytest.approx([-1, 0, 1])


def test_each_step_of_an_item_has_a_page():
    item = partial_credit()
    pages = ordered_booklet(item, response_probability=0.5)
    assert [p.step for p in pages] == [1, 2]
    for page in pages:
        p = item.probabilities(np.array([page.location]))[0, :, 0]
        assert p[page.step :].sum() == pytest.approx(0.5)


def three_pl(c):
    one, d = np.ones(1), np.zeros((1, 1))
    return Items(("G",), ("3pl",), one, d, np.array([c]), np.ones(1, np.int64), ((0, 1),), np.zeros(1, np.int64))


def test_guessing_counts_only_when_asked():
    assert ordered_booklet(three_pl(0.25))[0].location == pytest.approx(np.log(2))
    with_it = ordered_booklet(three_pl(0.25), guessing=True)[0].location
    p = (2 / 3 - 0.25) / 0.75
    assert with_it == pytest.approx(np.log(p / (1 - p)))
    with pytest.raises(Refusal):
        ordered_booklet(three_pl(0.7), guessing=True)


def test_bookmarks_of_a_panel_over_two_rounds():
    pages = ordered_booklet(rasch(np.arange(10.0)), response_probability=0.5)
    placements = np.array([[[2, 6], [4, 8], [3, 9]], [[3, 7], [4, 8], [3, 8]]])
    found = bookmark(pages, placements)
    assert found.cuts.tolist() == pytest.approx(np.array([[2.0, 7.0], [2.0, 7.0]]))
    assert found.spread[0, 0] == pytest.approx(np.std([1, 3, 2], ddof=1))
    assert found.se[0, 0] == pytest.approx(1.2533 * found.spread[0, 0] / np.sqrt(3))
    assert found.changed[1].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert (found.convergence < 1).all()
    between = bookmark(pages, placements, at="between", middle="mean")
    assert between.cuts[0, 0] == pytest.approx(2.5)
    assert between.se[0, 0] == pytest.approx(found.spread[0, 0] / np.sqrt(3))


def test_tables_that_agree_within_themselves_leave_a_larger_error():
    pages = ordered_booklet(rasch(np.arange(20.0)), response_probability=0.5)
    placements = np.array([3, 3, 4, 4, 9, 9, 10, 10]).reshape(1, 8, 1)
    tables = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    alone = bookmark(pages, placements, middle="mean")
    together = bookmark(pages, placements, middle="mean", tables=tables)
    assert together.cuts == pytest.approx(alone.cuts)
    assert together.se[0, 0] == pytest.approx(np.std([2.5, 8.5], ddof=1) / np.sqrt(2))
    assert together.se[0, 0] > 2 * alone.se[0, 0]


@pytest.mark.parametrize("placement", [[[[0, 2], [1, 2]]], [[[1, 4], [1, 2]]], [[[3, 2], [1, 2]]], [[[1, 2]]]])
def test_bookmarks_that_cannot_be_are_refused(placement):
    with pytest.raises(Refusal):
        bookmark(ordered_booklet(rasch([0.0, 1.0, 2.0])), np.array(placement))


def test_angoff_of_a_judge_who_knows_the_items():
    items = rasch([-1.0, 0.0, 1.0, 2.0])
    levels = np.array([-0.5, 1.0])
    ratings = np.broadcast_to(items.expected(levels), (2, 3, 4, 2)).copy()
    ratings[:, 1] = np.broadcast_to(items.expected(levels + 0.3), (2, 4, 2))
    ratings[:, 2] = np.broadcast_to(items.expected(levels - 0.3), (2, 4, 2))
    found = angoff(items, ratings)
    assert found.scale.recommended == pytest.approx(levels)
    assert found.scale.recommended_se == pytest.approx([0.3 / np.sqrt(3)] * 2)
    assert found.misfit == pytest.approx(np.zeros((2, 3, 2)), abs=1e-9)
    assert found.raw.cuts[0] == pytest.approx(ratings[0].sum(axis=1).mean(axis=0))


def test_angoff_refuses_what_has_no_meaning():
    items = rasch([0.0, 1.0])
    good = np.full((1, 2, 2, 1), 0.6)
    for change in (1.4, np.nan, 0.0):
        bad = good.copy()
        bad[0, 0, :, 0] = change
        with pytest.raises(Refusal):
            angoff(items, bad)


def test_the_curve_is_inverted():
    items = partial_credit()
    assert theta_of_raw(items, 1.0) == pytest.approx(0.0, abs=1e-9)
    information = items.information(np.array([0.0])).sum()
    assert error_at(items, np.array([0.0]))[0] == pytest.approx(1 / np.sqrt(information))


def test_impact_from_plausible_values():
    rng = np.random.default_rng(6)
    values = 500 + 100 * rng.normal(size=(5, 4000))
    sample = Sample(values, np.ones(4000), by_persons(np.ones(4000)), Measures())
    found = impact(sample, np.arange(4000), [400.0, 600.0], panel_se=[10.0, 10.0])
    assert found.shares.value.sum() == pytest.approx(1)
    assert found.shares.value == pytest.approx(normal_impact(500, 100, [400, 600]), abs=0.02)
    single = sample.values[0] < 400
    sampling = single.std() / np.sqrt(4000)
    assert found.shares.se_sampling[0] == pytest.approx(sampling, rel=0.25)
    assert found.lower[0] < found.shares.value[0] < found.higher[0]
    assert found.lower[2] > found.shares.value[2] > found.higher[2]
