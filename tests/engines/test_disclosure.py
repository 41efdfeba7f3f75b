"""Small cells stay hidden, also from somebody who subtracts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirek_engines.disclosure import PRIMARY, SECONDARY, SHOWN, suppress_nested, suppress_table
from tirek_engines.errors import BrokenContract

COUNTS = st.lists(st.integers(0, 60), min_size=0, max_size=12)


@given(COUNTS, st.integers(1, 30))
def test_no_small_cell_can_be_seen_or_found_by_subtraction(counts, minimum):
    n = np.array(counts, dtype=np.int64)
    state = suppress_table(n, minimum=minimum)
    assert not ((state == SHOWN) & (n > 0) & (n < minimum)).any()
    hidden = state != SHOWN
    if hidden.any() and (~hidden & (n > 0)).any():
        assert hidden.sum() >= 2
        assert n[hidden].sum() >= minimum


@given(COUNTS, st.integers(1, 30))
def test_nothing_is_hidden_without_need(counts, minimum):
    n = np.array(counts, dtype=np.int64)
    state = suppress_table(n, minimum=minimum)
    assert ((state == PRIMARY) == ((n > 0) & (n < minimum))).all()
    if not (state == PRIMARY).any():
        assert not (state == SECONDARY).any()


def test_the_next_smallest_cell_protects_a_single_one():
    assert suppress_table([3, 40, 12, 55], minimum=10).tolist() == [PRIMARY, SHOWN, SECONDARY, SHOWN]
    assert suppress_table([6, 7, 40], minimum=10).tolist() == [PRIMARY, PRIMARY, SHOWN]
    assert suppress_table([3, 4, 40], minimum=10).tolist() == [PRIMARY, PRIMARY, SECONDARY]


def test_schools_of_a_hidden_district_do_not_rebuild_it():
    state = suppress_nested([20, 30, 5, 40, 50], [0, 0, 1, 1, 1], minimum=10, hidden_parents=[0])
    assert state.tolist() == [SECONDARY, SHOWN, PRIMARY, SECONDARY, SHOWN]


def test_wrong_arguments_are_named():
    with pytest.raises(BrokenContract, match="counts"):
        suppress_table([-1, 2], minimum=3)
    with pytest.raises(BrokenContract, match="parents"):
        suppress_nested([1, 2], [0], minimum=3)
