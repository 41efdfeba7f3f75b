"""IIN and BIN checks: published vectors, the slow twin, and what people really type."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek.registry import identifiers as ids

# published: valery1707/kaz-person-id tests (MIT) and the README of ZhymabekRoman/kz-iin-validator
VALID = ["830717350867", "061211600012"]
NEVER_ISSUED = "000813159890"


@pytest.mark.parametrize("iin", VALID)
def test_published_numbers_are_valid(iin):
    assert ids.check_iin(iin) == ids.Checked(iin)


def test_a_number_that_is_never_issued():
    assert ids.check_iin(NEVER_ISSUED).problems == (ids.NOT_ISSUED,)


@pytest.mark.parametrize(
    ("typed", "problems", "proposal"),
    [
        ("61211600012", {ids.WRONG_LENGTH, ids.LOST_ZERO}, "061211600012"),
        ("О61211600012", {ids.LOOK_ALIKE}, "061211600012"),
        ("8З0717350867", {ids.LOOK_ALIKE}, "830717350867"),
        ("83071735O8б7", {ids.LOOK_ALIKE}, "830717350867"),
        ("б1211600012", {ids.LOOK_ALIKE, ids.WRONG_LENGTH, ids.LOST_ZERO}, "061211600012"),
        ("830717350868", {ids.CHECK_DIGIT}, None),
        ("83071735086", {ids.WRONG_LENGTH}, None),
        ("83071735086Ж", {ids.NOT_DIGITS}, None),
        ("", {ids.NOT_DIGITS, ids.WRONG_LENGTH}, None),
        ("８３０７１７３５０８６７", {ids.NOT_DIGITS}, None),
    ],
)
def test_what_people_type(typed, problems, proposal):
    found = ids.check_iin(typed)
    assert set(found.problems) == problems
    assert found.proposal == proposal
    assert not found.is_valid


def test_spaces_and_dashes_are_no_fault():
    assert ids.check_iin(" 830717-350 867").value == "830717350867"


def test_birth_date_and_sex_only_warn():
    found = ids.check_iin("830717350867", birth_date=dt.date(1983, 7, 18), sex="f")
    assert found.problems == (ids.BIRTH_DATE, ids.SEX)
    assert found.is_valid
    assert ids.check_iin("830717350867", birth_date=dt.date(1983, 7, 17), sex="m").problems == ()


def test_a_mask_tells_neither_birth_nor_sex():
    assert ids.mask_iin("830717350867") == "••••••••0867"


@given(st.text("0123456789", min_size=11, max_size=11))
def test_check_digit_follows_the_resolution(eleven):
    first = sum(int(d) * w for d, w in zip(eleven, range(1, 12), strict=True)) % 11
    second = sum(int(d) * w for d, w in zip(eleven, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2], strict=True)) % 11
    expected = first if first < 10 else (second if second < 10 else -1)
    assert ids.check_digit(eleven) == expected
    assert ids.check_digits(np.array([[int(d) for d in eleven]], dtype=np.uint8))[0] == expected


@given(st.text("0123456789", min_size=11, max_size=11), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_outside_position_eleven_is_found_unless_the_second_row_hides_it(eleven, place, shift):
    if ids.check_digit(eleven) == -1:
        return
    changed = eleven[:place] + str((int(eleven[place]) + shift) % 10) + eleven[place + 1 :]
    first = [sum(int(d) * w for d, w in zip(e, range(1, 12), strict=True)) % 11 for e in (eleven, changed)]
    if 10 not in first:
        assert not ids.check_iin(changed + str(ids.check_digit(eleven))).is_valid


ODD = st.one_of(
    st.none(),
    st.text("0123456789", min_size=9, max_size=13),
    st.text("0123456789ОЗбЖ ", max_size=14),
    st.sampled_from([*VALID, NEVER_ISSUED, "61211600012"]),
)


@settings(deadline=None)
@given(st.lists(ODD, max_size=20))
def test_the_column_agrees_with_one_by_one(numbers):
    frame = ids.check_iins(pl.Series(numbers, dtype=pl.String))
    for number, row in zip(numbers, frame.iter_rows(named=True), strict=True):
        if number is None:
            assert row["value"] is None
            assert row["problem"] is None
            continue
        one = ids.check_iin(number)
        assert (row["value"], row["proposal"]) == (one.value, one.proposal)
        assert row["problems"] == " ".join(one.problems)
        assert row["problem"] == (one.problems[0] if one.problems else None)


def test_the_column_warns_like_one_by_one():
    frame = ids.check_iins(
        pl.Series(["830717350867"] * 3 + [None]),
        birth_dates=pl.Series([dt.date(1983, 7, 17), dt.date(1983, 7, 18), None, dt.date(2000, 1, 1)]),
        sexes=pl.Series(["m", "f", "", "f"]),
    )
    assert frame[ids.BIRTH_DATE].to_list() == [False, True, False, False]
    assert frame[ids.SEX].to_list() == [False, True, False, False]


def test_a_seventh_digit_that_stands_for_no_century_warns_of_nothing():
    number = ids.valid_iins(["10010190001"])[0]
    assert ids.check_iin(number, birth_date=dt.date(1999, 1, 1), sex="f").problems == ()
    frame = ids.check_iins(pl.Series([number]), birth_dates=pl.Series([dt.date(1999, 1, 1)]), sexes=pl.Series(["f"]))
    assert frame.select(ids.BIRTH_DATE, ids.SEX).row(0) == (False, False)
