"""Marks are blanked until nobody stands out, and a blanked mark cannot be worked out from the others."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.assessment.anonymity import blank_until

ORDER = ["sex", "language", "school"]
ROWS = st.lists(st.tuples(st.sampled_from("fm"), st.sampled_from("kr"), st.sampled_from("ABC")), max_size=60)


@given(ROWS, st.integers(2, 6))
@settings(max_examples=80, deadline=None)
def test_every_combination_that_is_left_has_k_rows(rows, k):
    frame = pl.DataFrame(rows, schema=dict.fromkeys(ORDER, pl.String), orient="row").with_row_index("n")
    found, left_out = blank_until(frame, ORDER, k=k)
    assert found["n"].to_list() == frame["n"].to_list()
    kept = found.filter(~left_out)
    assert kept.is_empty() or kept.group_by(ORDER).len()["len"].min() >= k
    for column in ORDER:
        pairs = zip(found[column], frame[column], strict=True)
        assert all(now in ("", before) for now, before in pairs)


def test_the_rarer_sex_of_a_school_is_not_given_away_by_the_other():
    frame = pl.DataFrame({"sex": ["f"] * 9 + ["m"] * 2, "language": ["k"] * 11, "school": ["A"] * 11})
    found, left_out = blank_until(frame, ORDER, k=5)
    assert set(found["sex"]) == {""}
    assert set(found["school"]) == {"A"}
    assert not left_out.any()
