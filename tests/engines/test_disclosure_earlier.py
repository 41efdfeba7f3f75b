"""Tables one after the other: a reader who has both, and sees what has not changed, pins no small cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.disclosure.lines import EarlierTable, suppress_lines
from tirek_engines.errors import BrokenContract

MINIMUM = 10
MANY = 10**6


def column(*counts: int) -> np.ndarray:
    return np.array(counts).reshape(-1, 1)


def known_of(shown: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    return shown[:, None] & (before == now)


def test_a_known_cell_does_not_protect_and_the_next_smallest_goes():
    counts, known = column(60, 3, 40, 17), column(0, 0, 0, 1) > 0
    assert suppress_lines(counts, [[0, 1, 2, 3]], minimum=10, known=known).tolist() == [0, 1, 2, 0]


def test_when_all_neighbours_are_known_the_total_goes():
    """27 = 12 + 15 yesterday; today 9 + 12 = 21."""
    counts, known = column(21, 9, 12), column(0, 0, 1) > 0
    assert suppress_lines(counts, [[0, 1, 2]], minimum=10, known=known).tolist() == [2, 1, 0]


def test_the_hidden_total_is_protected_in_its_own_line():
    """Region 0 = districts 1 + 2; district 1 = schools 3 + 4. District 2 is known, so the region goes as well."""
    counts, known = column(71, 21, 50, 9, 12), column(0, 0, 1, 0, 1) > 0
    assert suppress_lines(counts, [[0, 1, 2], [1, 3, 4]], minimum=10, known=known).tolist() == [2, 2, 0, 1, 0]


def test_a_known_total_stays_and_a_changed_part_protects():
    """One pupil moved from 3 to 2: the sum of 40 is known, the 12 as well; 19 was 18 yesterday."""
    counts, known = column(40, 9, 12, 19), column(1, 0, 1, 0) > 0
    assert suppress_lines(counts, [[0, 1, 2, 3]], minimum=10, known=known).tolist() == [0, 1, 0, 2]


def test_where_everything_else_is_known_nothing_is_hidden_in_vain():
    counts, known = column(21, 9, 12), column(1, 0, 1) > 0
    assert suppress_lines(counts, [[0, 1, 2]], minimum=10, known=known).tolist() == [0, 1, 0]


def test_one_measure_known_is_not_all_measures_known():
    """A has 9 of whom 4; B 24 of whom 12; C 40 of whom 30. B hides A's 9, but not its 4 when the 12 are known."""
    counts = np.array([[73, 46], [9, 4], [24, 12], [40, 30]])
    known = np.zeros((4, 2), bool)
    assert suppress_lines(counts, [[0, 1, 2, 3]], minimum=10, known=known).tolist() == [0, 1, 2, 0]
    known[2, 1] = True
    assert suppress_lines(counts, [[0, 1, 2, 3]], minimum=10, known=known).tolist() == [0, 1, 0, 2]
    known[[0, 3], 0] = True  # nobody hides in every measure any more: each hides where he can
    assert suppress_lines(counts, [[0, 1, 2, 3]], minimum=10, known=known).tolist() == [0, 1, 2, 2]


def test_an_earlier_hidden_cell_is_not_told_by_what_is_shown_now():
    """Yesterday 9 and 12 of 21 were hidden; today 10 and 12 of 22: the 12 must stay hidden, and need company."""
    before, now = column(21, 9, 12), column(22, 10, 12)
    table = EarlierTable(before, np.array([False, True, True]), np.zeros((3, 1), bool))
    state = suppress_lines(now, [[0, 1, 2]], minimum=10, earlier=[table])
    assert state[2] == 2
    assert (state > 0).sum() >= 2


def test_a_cell_that_was_not_there_before_changes_nothing():
    before, now = column(30, -1, 30), column(42, 12, 30)
    table = EarlierTable(before, np.zeros(3, bool), np.zeros((3, 1), bool))
    assert suppress_lines(now, [[0, 1, 2]], minimum=10, earlier=[table]).tolist() == [0, 0, 0]


def test_known_of_another_shape_is_a_broken_contract():
    with pytest.raises(BrokenContract):
        suppress_lines(column(1, 1), [], minimum=10, known=np.zeros((1, 1), bool))


class Reader:
    """Holds several tables and narrows every cell to an interval, by every line of every table, until nothing moves.

    A cell that has not changed from one table to the next is the same cell to him.
    """

    def __init__(self, tables, shown, lines) -> None:
        self.tables, self.lines = tables, lines
        self.low = [np.where(s, t, 0) for t, s in zip(tables, shown, strict=True)]
        self.high = [np.where(s, t, MANY) for t, s in zip(tables, shown, strict=True)]

    def narrow(self) -> None:
        for _ in range(60):
            before = [a.copy() for a in (*self.low, *self.high)]
            for low, high in zip(self.low, self.high, strict=True):
                for total, *parts in self.lines:
                    self._line(low, high, total, parts)
            self._tie()
            if all((a == b).all() for a, b in zip(before, (*self.low, *self.high), strict=True)):
                return

    def _line(self, low, high, total, parts) -> None:
        low[total] = max(low[total], sum(low[p] for p in parts))
        high[total] = min(high[total], sum(high[p] for p in parts))
        for p in parts:
            rest = [q for q in parts if q != p]
            high[p] = min(high[p], high[total] - sum(low[q] for q in rest))
            low[p] = max(low[p], low[total] - sum(high[q] for q in rest))

    def _tie(self) -> None:
        same = self.tables[0] == self.tables[1]
        low, high = np.maximum(*self.low), np.minimum(*self.high)
        for table in (0, 1):
            self.low[table] = np.where(same, low, self.low[table])
            self.high[table] = np.where(same, high, self.high[table])


def nested(inner: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """A region, its districts and their schools."""
    districts, schools = inner.shape
    counts = np.concatenate([[inner.sum()], inner.sum(1), inner.ravel()])
    lines = [[0, *range(1, districts + 1)]]
    lines += [[1 + d, *(1 + districts + d * schools + s for s in range(schools))] for d in range(districts)]
    return counts, lines


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(2, 4))
def test_a_reader_of_both_tables_pins_no_small_cell(data, districts, schools):
    size = districts * schools
    first = np.array(data.draw(st.lists(st.integers(0, 40), min_size=size, max_size=size)))
    move = data.draw(st.lists(st.sampled_from([0, 0, 0, -3, -1, 1, 4]), min_size=size, max_size=size))
    second = np.maximum(first + np.array(move), 0)
    before, lines = nested(first.reshape(districts, schools))
    now, _ = nested(second.reshape(districts, schools))
    was = suppress_lines(before[:, None], lines, minimum=MINIMUM) == 0
    known = known_of(was, before[:, None], now[:, None])
    alone = Reader([before, before], [was, was], lines)
    alone.narrow()
    table = EarlierTable(before[:, None], ~was, np.zeros((len(before), 1), bool))
    state = suppress_lines(now[:, None], lines, minimum=MINIMUM, known=known, earlier=[table])
    reader = Reader([before, now], [was, state == 0], lines)
    reader.narrow()
    given_up = _disclosed_whatever_is_hidden(before, now, was, lines)
    for t, counts in enumerate((before, now)):
        for cell in np.flatnonzero((counts > 0) & (counts < MINIMUM)):
            if given_up[t][cell] or (t == 0 and alone.high[0][cell] - alone.low[0][cell] < MINIMUM):
                continue
            assert reader.high[t][cell] - reader.low[t][cell] >= MINIMUM, (before, now, was, state, cell)


def _disclosed_whatever_is_hidden(before, now, was, lines):
    """Cells within the rule's width although nothing at all of the second table is shown: no pattern protects them."""
    reader = Reader([before, now], [was, np.zeros(len(now), bool)], lines)
    reader.narrow()
    return [high - low < MINIMUM for low, high in zip(reader.low, reader.high, strict=True)]
