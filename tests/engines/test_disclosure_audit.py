"""All sums together: neither linear programs nor every table there is tell a small count from one that may be shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.readers import (
    LinearReader,
    agreeing,
    boxed,
    crossed,
    every_table,
    nested,
    publish_one_after_the_other,
)
from tirek_engines.assessment.hiding import hide_groups
from tirek_engines.assessment.results import Grouping, _hide_one_by_one
from tirek_engines.disclosure.lines import EarlierTable, suppress_lines
from tirek_engines.errors import BrokenContract

MINIMUM = 10
FEW, MOST = 3, 9
"""For readers who try every table: the smallest group shown, and the most that an inner count is tried with."""


def small(counts, minimum):
    return np.flatnonzero((counts > 0) & (counts < minimum))


def drawn(data, shape, most):
    """Half of them small: that is where it becomes tight."""
    size, count = int(np.prod(shape)), st.one_of(st.integers(0, most // 3), st.integers(0, most))
    return np.array(data.draw(st.lists(count, min_size=size, max_size=size))).reshape(shape)


def moved(data, inner, steps):
    move = data.draw(st.lists(st.sampled_from(steps), min_size=inner.size, max_size=inner.size))
    return np.maximum(inner + np.array(move).reshape(inner.shape), 0)


def assert_safe(tables, shown, lines, minimum):
    """Unless nothing could help: narrow although all of the newest table is hidden."""
    reader = LinearReader(tables, shown, lines)
    blind = LinearReader(tables, [*shown[:-1], np.zeros(len(tables[0]), bool)], lines)
    for t, counts in enumerate(tables):
        for cell in small(counts, minimum):
            if reader.width(t, cell) < minimum - 1e-6:
                assert blind.width(t, cell) < minimum - 1e-6, (t, cell, tables, shown)


def test_sums_over_several_lines_narrow_a_cell_that_no_single_one_gives_away():
    """The table that was found by chance: three districts of two schools."""
    before, now = np.array([10, 0, 0, 10, 0, 0, 0, 0, 0, 10]), np.array([12, 0, 1, 11, 0, 0, 0, 1, 1, 10])
    lines = nested(np.zeros((3, 2), int))[1]
    shown = publish_one_after_the_other([before, now], lines, MINIMUM)
    assert_safe([before, now], shown, lines, MINIMUM)


def test_a_table_of_two_ways_needs_a_square():
    """3 in one corner: its row and its column each hide another cell, and so must theirs."""
    counts, lines = crossed(np.array([[3, 20, 30], [25, 15, 40], [50, 60, 70]]))
    state = suppress_lines(counts[:, None], lines, minimum=MINIMUM)
    assert_safe([counts], [state == 0], lines, MINIMUM)
    assert (state == 1).sum() == 1
    assert (state == 2).sum() == 3
    by_lines = suppress_lines(counts[:, None], lines, minimum=MINIMUM, all_sums_together=False)
    assert set(np.flatnonzero(by_lines)) <= set(np.flatnonzero(state))


def test_what_single_lines_leave_open_several_close():
    """Each line by itself hides enough; all together tell the 1 in the corner to within 5."""
    counts, lines = crossed(np.array([[35, 11, 1], [3, 11, 1], [18, 28, 29]]))
    by_lines = suppress_lines(counts[:, None], lines, minimum=MINIMUM, all_sums_together=False)
    assert LinearReader([counts], [by_lines == 0], lines).width(0, 2) == pytest.approx(5)
    state = suppress_lines(counts[:, None], lines, minimum=MINIMUM)
    assert_safe([counts], [state == 0], lines, MINIMUM)
    assert np.flatnonzero((state > 0) & (by_lines == 0)).tolist() == [9]  # the 28: one cell more is enough


def test_a_part_is_no_more_than_its_whole():
    """Schools of 0, 9 and 18 pupils, known from elsewhere, with 0, 8 and 2 girls. Of 10 girls in all at most 9 are in the
    second, so the third has 1 at least: only without the totals may it have none, or ten."""
    whole, part = np.array([27, 27, 0, 9, 18]), np.array([10, 10, 0, 8, 2])
    counts, known = np.column_stack([whole, part, whole - part]), np.zeros((5, 3), bool)
    known[[0, 2, 3], 0] = True
    lines = [[0, 1], [1, 2, 3, 4]]
    apart = suppress_lines(counts, lines, minimum=MINIMUM, known=known)
    assert apart.tolist() == [0, 0, 0, 1, 1]
    state = suppress_lines(counts, lines, minimum=MINIMUM, known=known, differences=[(0, 1, 2)])
    assert state.tolist() == [2, 2, 0, 1, 1]


def test_a_difference_that_is_none_is_a_broken_contract():
    with pytest.raises(BrokenContract):
        suppress_lines(np.array([[5, 3, 3]]), [], minimum=2, differences=[(0, 1, 2)])


def test_what_cannot_be_protected_is_left_and_costs_nothing_else():
    """9 = 21 - 12, both known: nothing is hidden in vain, and another small cell is protected all the same."""
    counts = np.array([[90], [21], [9], [12], [69], [5], [30], [34]])
    known = np.zeros((8, 1), bool)
    known[[1, 3]] = True
    state = suppress_lines(counts, [[0, 1, 4], [1, 2, 3], [4, 5, 6, 7]], minimum=MINIMUM, known=known)
    assert state.tolist() == [0, 0, 1, 0, 0, 1, 2, 0]


def test_the_same_table_hides_the_same_cells_however_often():
    counts, lines = crossed(np.array([[3, 20, 20, 20], [20, 20, 20, 20], [20, 20, 4, 20], [20, 20, 20, 20]]))
    states = {suppress_lines(counts[:, None], lines, minimum=MINIMUM).tobytes() for _ in range(3)}
    assert len(states) == 1


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_a_table_of_two_ways_alone(data, rows, columns):
    counts, lines = crossed(drawn(data, (rows, columns), 40))
    state = suppress_lines(counts[:, None], lines, minimum=MINIMUM)
    assert_safe([counts], [state == 0], lines, MINIMUM)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(2, 4))
def test_two_tables_one_after_the_other(data, districts, schools):
    first = drawn(data, (districts, schools), 40)
    before, lines = nested(first)
    now, _ = nested(moved(data, first, [0, 0, 0, -3, -1, 1, 4]))
    shown = publish_one_after_the_other([before, now], lines, MINIMUM)
    assert_safe([before, now], shown, lines, MINIMUM)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(2, 3))
def test_three_tables_one_after_the_other(data, districts, schools):
    inner = [drawn(data, (districts, schools), 30)]
    inner += [moved(data, inner[0], [0, 0, -4, 2])]
    inner += [moved(data, inner[1], [0, 0, 0, -2, 3])]
    tables, lines = [nested(one)[0] for one in inner], nested(inner[0])[1]
    shown = publish_one_after_the_other(tables, lines, MINIMUM)
    for last in (1, 2, 3):
        assert_safe(tables[:last], shown[:last], lines, MINIMUM)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([(crossed, (2, 2)), (crossed, (1, 4)), (nested, (2, 2)), (nested, (1, 3))]))
def test_no_table_of_whole_numbers_tells(data, kind):
    make, shape = kind
    counts, lines = make(drawn(data, shape, 5))
    shown = suppress_lines(counts[:, None], lines, minimum=FEW) == 0
    found = every_table(make, shape, counts, shown, MOST)
    everything = every_table(make, shape, counts, np.zeros(len(counts), bool), MOST)
    assert len(everything) == (MOST + 1) ** int(np.prod(shape))  # it does try every one
    for cell in small(counts, FEW):
        assert np.ptp(found[:, cell]) >= FEW, (counts, shown, cell)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([(crossed, (2, 2)), (nested, (2, 2)), (nested, (1, 3))]))
def test_no_two_tables_of_whole_numbers_tell(data, kind):
    make, shape = kind
    inner = drawn(data, shape, 4)
    tables = [make(inner)[0], make(moved(data, inner, [0, 0, -1, 1, 2]))[0]]
    lines = make(inner)[1]
    shown = publish_one_after_the_other(tables, lines, FEW)
    nothing = [shown[0], np.zeros(len(tables[0]), bool)]

    def possible(what):
        return agreeing(tables, [every_table(make, shape, t, s, MOST) for t, s in zip(tables, what, strict=True)])

    found, blind = possible(shown), possible(nothing)
    for t in (0, 1):
        for cell in small(tables[t], FEW):
            if np.ptp(blind[t][:, cell]) >= FEW:
                assert np.ptp(found[t][:, cell]) >= FEW, (tables, shown, t, cell)


@settings(max_examples=6, deadline=None)
@given(st.data())
def test_crossed_three_ways_whole_numbers_are_what_counts(data):
    """A linear program may find halves where persons are whole: a table of three ways with all margins."""
    counts, lines = boxed(drawn(data, (2, 2, 2), 3))
    shown = suppress_lines(counts[:, None], lines, minimum=2) == 0
    found = every_table(boxed, (2, 2, 2), counts, shown, 5)
    for cell in small(counts, 2):
        assert np.ptp(found[:, cell]) >= 2, (counts, shown, cell)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 4), st.integers(2, 3))
def test_whole_part_and_rest_are_safe_together(data, rows, columns):
    """A share with its denominator tells the numerator, and what is left over: three tables in one."""
    whole, lines = crossed(drawn(data, (rows, columns), 40))
    part = crossed(np.array([[data.draw(st.integers(0, int(n))) for n in row] for row in whole.reshape(rows + 1, -1)[:rows, :columns]]))[0]  # fmt: skip
    counts = np.column_stack([whole, part, whole - part])
    shown = suppress_lines(counts, lines, minimum=MINIMUM, differences=[(0, 1, 2)]) == 0
    size = len(whole)
    together = [[m * size + cell for cell in line] for m in range(3) for line in lines]
    together += [[cell, size + cell, 2 * size + cell] for cell in range(size)]
    reader = LinearReader([counts.T.ravel()], [np.tile(shown, 3)], together)
    for number in small(counts.T.ravel(), MINIMUM):
        assert reader.width(0, number) >= MINIMUM - 1e-6, (counts, shown, number)


def test_an_earlier_cell_that_is_gone_today_is_protected_still():
    before, now = np.array([[21], [9], [12]]), np.array([[12], [0], [12]])
    earlier = EarlierTable(before, np.array([False, True, True]), np.zeros((3, 1), bool))
    state = suppress_lines(now, [[0, 1, 2]], minimum=MINIMUM, earlier=[earlier])
    assert state[2] == 2
    assert state[0] == 2


def grouping(codes) -> Grouping:
    return Grouping(tuple("abcdefgh"[: max(codes) + 1]), np.array(codes, dtype=np.int64))


def test_schools_are_not_told_by_their_kind_of_settlement():
    """Two districts, each with a town school and a village school: 4 in one village are 24 villagers less the other 20."""
    sizes = [30, 4, 40, 20]
    school = np.repeat(np.arange(4), sizes)
    district, village = school // 2, school % 2
    groupings = {"district": grouping(district), "settlement": grouping(village), "school": grouping(school)}
    _, alone = _hide_one_by_one(groupings, np.ones(94, bool), MINIMUM)
    assert alone["settlement"].tolist() == [0, 0]
    everybody, state = hide_groups(groupings, np.ones(94, bool), MINIMUM)
    counts = np.array([94, 34, 60, 70, 24, *sizes])
    shown = np.concatenate([[everybody], state["district"], state["settlement"], state["school"]]) == 0
    lines = [[0, 1, 2], [0, 3, 4], [0, 5, 6, 7, 8], [1, 5, 6], [2, 7, 8], [3, 5, 7], [4, 6, 8]]
    assert_safe([counts], [shown], lines, MINIMUM)
    assert state["school"][1] == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(1, 30)), min_size=2, max_size=7))
def test_no_grouping_of_results_tells_about_another(schools):
    """Schools as district, kind of settlement and size."""
    school = np.repeat(np.arange(len(schools)), [size for _, _, size in schools])
    district = np.array([schools[s][0] for s in school])
    settlement = np.array([schools[s][1] for s in school])
    groupings = {"district": grouping(district), "settlement": grouping(settlement), "school": grouping(school)}
    everybody, state = hide_groups(groupings, np.ones(school.size, bool), MINIMUM)
    counts, lines = [school.size], []
    places = {}
    for name, codes in (("district", district), ("settlement", settlement), ("school", school)):
        places[name] = len(counts)
        counts += np.bincount(codes, minlength=len(groupings[name].labels)).tolist()
        lines.append([0, *range(places[name], len(counts))])
    for name, column in (("district", 0), ("settlement", 1)):
        for group in {one[column] for one in schools}:
            inside = [places["school"] + k for k, one in enumerate(schools) if one[column] == group]
            lines.append([places[name] + group, *inside])
    shown = np.concatenate([[everybody], state["district"], state["settlement"], state["school"]]) == 0
    assert_safe([np.array(counts)], [shown], lines, MINIMUM)
