"""Marks are blanked until nobody stands out, and a blanked mark cannot be worked out from the others."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.assessment.anonymity import blank_until
from tirek_engines.errors import BrokenContract

ORDER = ["sex", "language", "school"]
ROWS = st.lists(st.tuples(st.sampled_from("fm"), st.sampled_from("kr"), st.sampled_from("ABC")), max_size=60)


def columns(rows):
    return {name: np.array([row[place] for row in rows], dtype=np.str_) for place, name in enumerate(ORDER)}


@given(ROWS, st.integers(2, 6))
@settings(max_examples=80, deadline=None)
def test_every_combination_that_is_left_has_k_rows(rows, k):
    found, left_out = blank_until(columns(rows), k=k)
    combinations = list(zip(*(found[name].tolist() for name in ORDER), strict=True))
    kept = Counter(row for row, out in zip(combinations, left_out, strict=True) if not out)
    assert all(n >= k for n in kept.values())
    assert all(now in ("", before) for row, told in zip(combinations, rows, strict=True) for now, before in zip(row, told, strict=True))  # fmt: skip


def test_the_rarer_sex_of_a_school_is_not_given_away_by_the_other():
    found, left_out = blank_until(columns([("f", "k", "A")] * 9 + [("m", "k", "A")] * 2), k=5)
    assert set(found["sex"]) == {""}
    assert set(found["school"]) == {"A"}
    assert not left_out.any()


def test_those_who_stand_out_whatever_is_blanked_are_left_out():
    _, left_out = blank_until(columns([("f", "k", "A")] * 3), k=5)
    assert left_out.all()


def test_one_is_no_crowd():
    with pytest.raises(BrokenContract):
        blank_until(columns([("f", "k", "A")]), k=1)
