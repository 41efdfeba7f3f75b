"""Suppression over several sums: nothing small is shown, and no single hidden cell can be subtracted out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.disclosure.lines import suppress_lines
from tirek_engines.errors import BrokenContract

MINIMUM = 10


def two_way(rows: int, columns: int) -> list[list[int]]:
    """Lines of a table with its margins: cell (r, c) at r * (columns + 1) + c, margins last."""
    at = lambda r, c: r * (columns + 1) + c  # noqa: E731
    lines = [[at(r, columns), *(at(r, c) for c in range(columns))] for r in range(rows + 1)]
    return lines + [[at(rows, c), *(at(r, c) for r in range(rows))] for c in range(columns + 1)]


def with_margins(inner: np.ndarray) -> np.ndarray:
    wide = np.hstack([inner, inner.sum(1, keepdims=True)])
    return np.vstack([wide, wide.sum(0, keepdims=True)]).reshape(-1, 1)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_every_line_keeps_its_secret(data, rows, columns):
    count = st.integers(0, 60)
    inner = np.array(
        data.draw(st.lists(st.lists(count, min_size=columns, max_size=columns), min_size=rows, max_size=rows))
    )
    counts, lines = with_margins(inner), two_way(rows, columns)
    state = suppress_lines(counts, lines, minimum=MINIMUM)
    assert (state[(counts[:, 0] > 0) & (counts[:, 0] < MINIMUM)] == 1).all()
    for line in lines:
        hidden = [cell for cell in line if state[cell]]
        if not hidden:
            continue
        derived_from_zero = all(counts[cell, 0] == 0 for cell in line if not state[cell])
        assert len(hidden) > 1 or derived_from_zero
        if not state[line[0]]:
            assert counts[hidden, 0].sum() >= MINIMUM


def test_a_single_small_part_takes_the_next_smallest_with_it():
    assert suppress_lines(np.array([[60], [3], [40], [17]]), [[0, 1, 2, 3]], minimum=10).tolist() == [0, 1, 0, 2]


def test_when_nothing_else_can_protect_the_total_goes():
    assert suppress_lines(np.array([[3], [3], [0]]), [[0, 1, 2]], minimum=10).tolist() == [1, 1, 0]


def test_a_cell_small_in_one_measure_is_hidden_in_all():
    counts = np.array([[55, 310], [52, 142], [3, 168]])
    assert suppress_lines(counts, [[0, 1, 2]], minimum=10).tolist() == [0, 2, 1]


def test_negative_counts_are_a_broken_contract():
    with pytest.raises(BrokenContract):
        suppress_lines(np.array([[-1]]), [], minimum=10)
