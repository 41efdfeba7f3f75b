"""Access codes, numbers on papers, and what an answer on a computer is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirek.assessment.codes import NOT_REACHED, OMITTED
from tirek.assessment.sitting import access_codes as codes
from tirek.assessment.sitting.marking import Task, mark, sheet


def test_a_code_is_read_as_it_is_printed_in_either_script():
    code = codes.code_from(b"a seat")
    assert len(code) == 9
    cyrillic = codes.shown_code(code).translate(str.maketrans("ACEHKMPTXY", "АСЕНКМРТХУ")).lower()
    assert codes.read_code(cyrillic) == codes.read_code(f" {codes.shown_code(code)} ") == code


@given(st.binary(min_size=8, max_size=32), st.integers(0, 8), st.sampled_from(codes.SIGNS))
def test_one_wrong_sign_is_noticed(digest, place, sign):
    code = codes.code_from(digest)
    typed = code[:place] + sign + code[place + 1 :]
    assert codes.read_code(typed) == (code if typed == code else None)


@given(st.integers(1, 10**9), st.integers(1, 999), st.integers(0, 9))
def test_a_number_on_a_paper_is_read_back_and_a_wrong_digit_noticed(sitting, number, digit):
    text = codes.paper_number(sitting, number)
    assert codes.read_paper_number(text) == (sitting, number)
    other = text[:-1] + str(digit)
    assert (codes.read_paper_number(other) is None) == (other != text)


@pytest.mark.parametrize("text", ["", "1", "1-2", "a-b-c", "1-2-3-4", "²-01-1"])
def test_what_is_no_number_of_a_paper(text):
    assert codes.read_paper_number(text) is None


@pytest.mark.parametrize(
    ("kind", "key", "tolerance", "value", "score"),
    [
        ("choice", "B", "", "B", 2), ("choice", "B", "", "в", 2), ("choice", "B", "", "A", 0), ("choice", "B", "", " ", None),
        ("choice", "B", "", "AB", 0),
        ("choices", "AC", "", "C,A", 2), ("choices", "AC", "", "A", 0), ("choices", "AC", "", "ABC", 0),
        ("number", "3.5", "", "3,5", 2), ("number", "3.5", "", "7/2", 2), ("number", "3,5", "0,1", "3.6", 2),
        ("number", "3.5", "0.1", "3.61", 0), ("number", "-3", "", "−3", 2), ("number", "1000", "", "1 000", 2),
        ("number", "3|4", "", "4", 2), ("number", "3", "", "three", 0), ("number", "3", "", "1e400", 0),
        ("number", "3", "", "3/0", 0), ("number", "0", "", ".", 0), ("number", "3", "", "9" * 500, 0),
        ("word", "Әжем|әже", "", "ӘЖЕ.", 2), ("word", "тёмный", "", "Темный", 2), ("word", "көл", "", "кол", 0),
        ("word", "ірімшік", "", "iрiмшiк", 2), ("word", "ақ бота", "", " Ақ   бота ", 2),
        ("open", "", "", "because", None),
    ],
)  # fmt: skip
def test_marks(kind, key, tolerance, value, score):
    assert mark(Task(kind, key, 2, tolerance), value) == score


def test_omitted_and_not_reached_are_told_apart():
    assert sheet(["A", "", "B", "", " "], [1, None, 0, None, None]) == bytes([1, OMITTED, 0, NOT_REACHED, NOT_REACHED])
    assert sheet(["", " "], [None, None]) is None
    with pytest.raises(ValueError, match="place 0"):
        sheet(["because"], [None])
