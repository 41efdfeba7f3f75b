"""Results of groups: definitions against slow twins, errors against formulas that hold exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.assessment.cells import Column, hide_small, nested_cells, pairs, separate_cells
from tirek_engines.assessment.replication import by_clusters, by_persons, by_zones, from_columns
from tirek_engines.assessment.survey import Measures, Sample, moved_shares, percentiles, trend
from tirek_engines.errors import Refusal


def percentile_twin(values, weights, share):
    """The definition of `percentiles`, spelled out."""
    points = sorted({v for v, w in zip(values, weights, strict=True) if w > 0})
    total, below, places = sum(weights), 0.0, []
    for v in points:
        here = sum(w for x, w in zip(values, weights, strict=True) if x == v)
        places.append((below + here / 2) / total)
        below += here
    return np.interp(share, places, points)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=15).filter(
        lambda rows: any(w for _, w in rows)
    ),
    st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9, 0.99]),
)
def test_percentiles_are_those_of_the_definition(rows, share):
    rows.sort()
    values, weights = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    found = percentiles(values, weights[None, :], np.array([share]))[0, 0]
    assert found == pytest.approx(percentile_twin(values, weights, share), abs=1e-9)


def test_percentiles_do_not_depend_on_the_scale_of_weights_and_mirror():
    rng = np.random.default_rng(3)
    values, weights = np.sort(rng.normal(size=50)), rng.uniform(0.5, 2, 50)
    shares = np.array([0.9, 0.1])
    one = percentiles(values, weights[None, :], shares)[0]
    assert percentiles(values, 1000 * weights[None, :], shares)[0] == pytest.approx(one)
    mirrored = percentiles(-values[::-1], weights[None, ::-1], shares)[0]
    assert mirrored == pytest.approx(-one[::-1])


def sample_of(n=400, m=5, seed=0, cluster=20, how="all", benchmarks=(0.5,)):
    rng = np.random.default_rng(seed)
    school = np.arange(n) // cluster
    theta = rng.normal(size=n) + 0.5 * rng.normal(size=school.max() + 1)[school]
    values = theta + 0.4 * rng.normal(size=(m, n))
    weights = rng.uniform(0.5, 3, n)
    return Sample(values, weights, by_clusters(weights, school), Measures(benchmarks), how), school


def test_jackknife_of_clusters_by_hand():
    sample, school = sample_of(m=1)
    y, w = sample.values[0], sample.weights
    found = sample.summarise(np.arange(400)).combined
    full = np.average(y, weights=w)
    without = [np.average(y[school != s], weights=w[school != s]) for s in range(20)]
    assert found.value[0] == pytest.approx(full)
    assert found.se[0] ** 2 == pytest.approx(19 / 20 * sum((t - full) ** 2 for t in without))
    assert found.freedom[0] == pytest.approx(19)
    assert found.value[1] == pytest.approx(np.sqrt(np.average((y - full) ** 2, weights=w)))
    assert found.value[-1] == pytest.approx(w[y >= 0.5].sum() / w.sum())


def test_a_simple_random_sample_has_the_textbook_error():
    rng = np.random.default_rng(1)
    y = rng.normal(size=150)
    sample = Sample(y[None, :], np.ones(150), by_persons(np.ones(150)), Measures())
    found = sample.summarise(np.arange(150)).combined
    assert found.se[0] == pytest.approx(y.std(ddof=1) / np.sqrt(150))


def test_rubins_rules_and_which_values_carry_the_sampling_error():
    first, _ = sample_of(how="first")
    every, _ = sample_of(how="all")
    rows = np.arange(400)
    one, all_ = first.summarise(rows), every.summarise(rows)
    means = first.values @ first.weights / first.weights.sum()
    imputation = 1.2 * means.var(ddof=1)
    assert one.combined.value[0] == pytest.approx(means.mean())
    assert one.combined.se_imputation[0] ** 2 == pytest.approx(imputation)
    single = Sample(first.values[:1], first.weights, first.replication, first.measures).summarise(rows)
    assert one.combined.se_sampling[0] == pytest.approx(single.combined.se[0])
    assert one.combined.se_sampling[0] != pytest.approx(all_.combined.se_sampling[0], rel=1e-6)
    assert one.combined.se[0] ** 2 == pytest.approx(single.combined.se[0] ** 2 + imputation)


def test_differences_know_that_groups_share_schools():
    sample, _ = sample_of(n=2000, cluster=50)
    half = np.arange(2000) % 2
    one, other = (sample.summarise(np.flatnonzero(half == k)) for k in (0, 1))
    difference = sample.difference(one, other).se[0]
    as_if_independent = np.hypot(one.combined.se[0], other.combined.se[0])
    assert difference < 0.7 * as_if_independent


@pytest.mark.parametrize(("scheme", "factor"), [("jk1", 3 / 4), ("jk2", 1.0), ("brr", 1 / 4), ("fay", 1.0)])
def test_factors_of_the_schemes(scheme, factor):
    rng = np.random.default_rng(2)
    y, w = rng.normal(size=30), np.ones(30)
    columns = rng.uniform(0.5, 1.5, (4, 30))
    sample = Sample(y[None, :], w, from_columns(columns, scheme, fay=0.5), Measures())
    found = sample.summarise(np.arange(30)).combined
    moves = [np.average(y, weights=r) - y.mean() for r in columns]
    assert found.se[0] ** 2 == pytest.approx(factor * sum(d * d for d in moves))


def test_zones_double_one_half_and_drop_the_other():
    w, zones, half = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 1, 2, 2]), np.array([1, 0, 0, 1])
    one = by_zones(w, zones, half)
    assert one.weights(slice(0, 2), np.arange(4)).tolist() == [[2, 0, 3, 4], [1, 2, 0, 8]]
    both = by_zones(w, zones, half, halves=2)
    assert both.weights(slice(2, 4), np.arange(4)).tolist() == [[0, 4, 3, 4], [1, 2, 6, 0]]
    assert both.factors.tolist() == [0.5] * 4


def test_a_group_in_one_cluster_has_no_error():
    sample, school = sample_of()
    assert np.isnan(sample.summarise(np.flatnonzero(school == 3)).combined.se[0])


def test_what_gives_no_error_is_refused():
    with pytest.raises(Refusal):
        from_columns(np.ones((1, 5)), "jk1")
    with pytest.raises(Refusal):
        by_clusters(np.ones(4), np.zeros(4, np.int64))
    with pytest.raises(Refusal):
        by_zones(np.ones(4), np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2]))


def test_trend_adds_the_linking_error():
    difference, se, linked, freedom = trend((500.0, 3.0, 60.0), (510.0, 4.0, 60.0), 2.0)
    assert (difference, linked) == (10.0, 2.0)
    assert se == pytest.approx(np.sqrt(9 + 16 + 4))
    assert freedom == pytest.approx(25**2 / (81 / 60 + 256 / 60))


def test_a_shift_of_the_scale_moves_shares_by_the_density():
    rng = np.random.default_rng(5)
    sample = Sample(rng.normal(size=(1, 200_000)), np.ones(200_000), by_persons(np.ones(200_000)), Measures((0.0,)))
    assert moved_shares(sample, np.arange(200_000), 0.1)[0] == pytest.approx(0.1 * 0.3989, rel=0.03)


def columns():
    district = Column("district", ("A", "B"), np.array([0] * 30 + [1] * 30))
    school = Column("school", ("1", "2", "3"), np.array([0] * 3 + [1] * 12 + [2] * 15 + [0] * 15 + [1] * 15))
    return district, school


def test_nested_groups_and_their_complement():
    cells = nested_cells(columns(), 60)
    assert [c.name for c in cells] == ["all", "A", "B", "A / 1", "A / 2", "A / 3", "B / 1", "B / 2"]
    hidden = hide_small(cells, np.ones(60, dtype=bool), minimum=10)
    # the three of A / 1 would follow from A and its other schools: the next smallest goes as well
    assert [int(h) for h in hidden] == [0, 0, 0, 1, 2, 0, 0, 0]


def test_persons_of_unknown_group_are_a_part_too():
    column = Column("urban", ("0", "1"), np.array([0] * 20 + [1] * 20 + [-1] * 2))
    cells = separate_cells((column,), 42)
    hidden = hide_small(cells, np.ones(42, dtype=bool), minimum=5)
    assert int((hidden > 0).sum()) == 1  # two people without a group would follow from total and both groups


def test_pairs_stay_within_their_parent():
    cells = nested_cells(columns(), 60)
    found, left_out = pairs(cells, most_groups=2)
    names = [(cells[a].name, cells[b].name) for a, b in found]
    assert names == [("B", "A"), ("B / 2", "B / 1")]
    assert left_out == ["district,school"]
