"""Settlement against the same rule in fractions, day by day; the calendar; the queue; the checks."""

from __future__ import annotations

import datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.preschool import Interleaving, Month, Pay, Status, checks, queue_order, settle
from tirek_engines.preschool.settlement import Reason, days_of, mask_of
from tirek_engines.rules.calendar import BadCalendar, load_calendar, parse_calendar

DAYS = 30
ALL = 2**DAYS - 1
masks = st.integers(0, ALL)


def by_hand(month, pay, rates, line) -> Fraction:
    """The amount before rounding: each day on its own."""
    total, excused = Fraction(0), 0
    for day in days_of(month.working & line["enrolled"] & line["eligible"]):
        bit = 1 << (day - 1)
        rate = rates[next(n for n, part in enumerate(month.segments) if part & bit)]
        if line["present"] & bit:
            total += Fraction(rate, pay.divisor)
        elif line["excused"] & bit:
            excused += 1
            if excused <= pay.most_excused:
                total += Fraction(rate * pay.excused, 1000 * pay.divisor)
        elif line["closed"] & bit:
            total += Fraction(rate * pay.closed, 1000 * pay.divisor)
    return total


def half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)


def run(month, pay, rates, line, *, confirmed=True, held=False):
    arrays = {name: np.array([mask], np.uint32) for name, mask in line.items()}
    return settle(month, pay, np.array([rates]), confirmed=np.array([confirmed]), held=np.array([held]), **arrays)


@settings(max_examples=400, deadline=None)
@given(
    working=masks, change=st.integers(1, DAYS - 1), rates=st.tuples(*[st.integers(0, 10**9)] * 2),
    line=st.fixed_dictionaries(dict.fromkeys(("enrolled", "present", "excused", "closed", "eligible"), masks)),
    divisor=st.integers(1, 31), excused=st.integers(0, 1000), most=st.integers(0, 31), closed=st.integers(0, 1000),
)  # fmt: skip
def test_an_amount_is_the_sum_of_its_days_rounded_once(working, change, rates, line, divisor, excused, most, closed):
    month = Month(2026, 9, working, (2**change - 1, ALL ^ (2**change - 1)))
    pay = Pay(divisor, excused, most, closed)
    found = run(month, pay, rates, line)
    assert found.amount.tolist() == [half_up(by_hand(month, pay, rates, line))]


def line_of(**changed):
    return {"enrolled": ALL, "present": 0b111, "excused": 0, "closed": 0, "eligible": ALL} | changed


@pytest.mark.parametrize(
    ("line", "more", "status", "reason"),
    [
        (line_of(), {}, Status.PAYABLE, Reason.PAID),
        (line_of(), {"confirmed": False}, Status.WITHHELD, Reason.NOT_CONFIRMED),
        (line_of(), {"held": True, "confirmed": False}, Status.WITHHELD, Reason.HELD_BY_CHECK),
        (line_of(eligible=0b111000), {}, Status.WITHHELD, Reason.NOT_ELIGIBLE),
        (line_of(present=0), {"confirmed": False}, Status.NOTHING, Reason.NO_MARKS),
        (line_of(present=0, excused=0b11), {}, Status.NOTHING, Reason.NO_PAID_DAYS),
        (line_of(enrolled=0b111000), {}, Status.NOTHING, Reason.NO_MARKS),
    ],
)
def test_the_first_reason_that_holds_is_told(line, more, status, reason):
    found = run(Month(2026, 9, ALL, (ALL,)), Pay(22), [100], line, **more)
    assert (found.status[0], found.reason[0]) == (status, reason)
    assert found.payable.tolist() == ([found.amount[0]] if status == Status.PAYABLE else [0])


def test_without_a_norm_on_a_paid_day_nothing_is_paid():
    month = Month(2026, 9, ALL, (0b11, ALL ^ 0b11))
    assert run(month, Pay(22), [-1, 100], line_of(present=0b1)).reason[0] == Reason.NO_NORM
    assert run(month, Pay(22), [-1, 100], line_of(present=0b100)).reason[0] == Reason.PAID


@pytest.mark.parametrize(
    "make",
    [
        lambda: Month(2026, 9, ALL, (0b1,)),
        lambda: Month(2026, 9, ALL, (ALL, 0b1)),
        lambda: Month(2026, 9, 1 << 30, (ALL,)),
        lambda: run(Month(2026, 9, ALL, (ALL,)), Pay(22), [-2], line_of()),
        lambda: run(Month(2026, 9, ALL, (ALL,)), Pay(22), [1, 2], line_of()),
    ],
)
def test_what_is_no_month_is_a_broken_contract(make):
    with pytest.raises(BrokenContract):
        make()


@pytest.mark.parametrize("pay", [{"divisor": 0}, {"divisor": 22, "excused": 1001}, {"divisor": 22, "closed": -1}])
def test_a_rule_that_cannot_be_is_refused(pay):
    with pytest.raises(Refusal):
        Pay(**pay)


def test_checks_point_at_lines():
    present = np.array([0b11, 0b10, 0b100], np.uint32)
    assert checks.double_claims(np.array([7, 7, 7]), present).tolist() == [True, True, False]
    assert checks.over_capacity(np.array([0, 0, 1]), present, np.array([1, 1])).tolist() == [0b10, 0]
    assert checks.over_capacity(np.array([0, 0, 1]), present, np.array([-1, 0])).tolist() == [0, 0b100]
    due = np.full(5, 0b1111, np.uint32)
    same = np.full(5, 0b101, np.uint32)
    assert checks.alike_in_a_group(np.zeros(5, int), due, same).all()
    assert not checks.alike_in_a_group(np.zeros(5, int), due, due).any()
    assert not checks.alike_in_a_group(np.arange(5), due, same).any()
    assert checks.always_there(due, due, 0b1111, fewest_days=4).all()
    out, off = checks.outside(np.array([0b11], np.uint32), np.array([0b111], np.uint32), 0b1)
    assert (out.tolist(), off.tolist()) == ([0b100], [0b10])


def merged(first: list[int], second: list[int], shares: tuple[int, int]) -> list[int]:
    """Two lists that take turns, by the words of the rule."""
    order = []
    while first or second:
        order += first[: shares[0]] + second[: shares[1]]
        first, second = first[shares[0] :], second[shares[1] :]
    return order


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 3), st.integers(1, 4), st.randoms())
def test_a_queue_is_its_categories_by_time_two_of_them_in_turns(categories, a, b, random):
    n = len(categories)
    received = np.array([random.randrange(5) for _ in range(n)], np.int64)
    ties = np.array(random.sample(range(1000), n), np.int64)
    places = queue_order(
        np.zeros(n, np.int64), np.array(categories, np.int64), received, ties, [Interleaving(1, 2, (a, b))]
    )
    lists = [
        sorted((c for c in range(n) if categories[c] == k), key=lambda c: (received[c], ties[c])) for k in range(4)
    ]
    assert np.argsort(places).tolist() == [*lists[0], *merged(lists[1], lists[2], (a, b)), *lists[3]]


def test_queues_do_not_mix_and_twins_in_everything_are_refused():
    queues, zeros = np.array([1, 0, 1]), np.zeros(3, np.int64)
    assert queue_order(queues, zeros, np.array([3, 2, 1]), zeros).tolist() == [2, 1, 1]
    with pytest.raises(BrokenContract):
        queue_order(zeros, zeros, zeros, zeros)


def test_the_calendar_moves_the_rest_of_holidays_and_not_of_days_off():
    kz = load_calendar("kz")
    worked = kz.working_days(2026, 3)
    assert 9 not in worked, "8 March 2026 is a Sunday"
    assert {21, 22, 23, 24, 25}.isdisjoint(worked), "Nauryz 2026 begins on a Saturday"
    assert 26 in worked
    assert kz.is_working(datetime.date(2024, 6, 17)), "Kurban Ait 2024 was a Sunday; its rest does not move"
    assert kz.name(datetime.date(2026, 10, 25), "kk") == "Республика күні"
    assert kz.add_working_days(datetime.date(2026, 7, 3), 2) == datetime.date(2026, 7, 8)
    assert kz.add_working_days(datetime.date(2026, 7, 3), 0) == datetime.date(2026, 7, 3)


@pytest.mark.parametrize("text", ["holidays: [{day: '02-30', name: {}}]", "holidays: [1]", "[]", ": :"])
def test_a_calendar_that_cannot_be_is_refused(text):
    with pytest.raises(BadCalendar):
        parse_calendar(text, "x.yaml")


def test_masks_and_days_are_the_same_thing():
    assert days_of(mask_of([1, 5, 31])) == [1, 5, 31]
