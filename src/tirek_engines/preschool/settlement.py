"""What the State pays for one child in one month: attended days times the norm of the day, rounded once.

A month is a mask of 31 bits: bit 0 is the first day. All money is whole tiyn, all arithmetic is in whole numbers.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.preschool import _counting

Ints = NDArray[np.int64]
Masks = NDArray[np.uint32]
Marks = NDArray[np.bool_]

WHOLE = 1_000
HIGHEST_RATE = 10**12


class Status(IntEnum):
    """What becomes of a line."""

    PAYABLE = _counting.PAYABLE
    WITHHELD = _counting.WITHHELD
    NOTHING = _counting.NOTHING


class Reason(IntEnum):
    """Why a line is not paid, or not for every day that was marked. The first that holds is told."""

    PAID = _counting.PAID
    NOT_CONFIRMED = _counting.NOT_CONFIRMED
    NOT_ELIGIBLE = _counting.NOT_ELIGIBLE
    NO_NORM = _counting.NO_NORM
    HELD_BY_CHECK = _counting.HELD
    NO_MARKS = _counting.NO_MARKS
    NO_PAID_DAYS = _counting.NO_PAID_DAYS


@dataclass(frozen=True)
class Month:
    """A month, its working days as a mask, and the days from which another norm holds.

    Parameters
    ----------
    year, month : int
        The month.
    working : int
        Bit d: day d + 1 is a working day.
    segments : tuple of int
        Masks of days by norm; disjoint, in the order of days, together the whole month.
    """

    year: int
    month: int
    working: int
    segments: tuple[int, ...]

    def __post_init__(self) -> None:
        whole = (1 << self.n_days) - 1
        joined = 0
        for mask in self.segments:
            if mask & joined:
                raise BrokenContract("segments", self.segments, "masks that share no day")
            joined |= mask
        if joined != whole or self.working & ~whole:
            raise BrokenContract("working, segments", (self.working, self.segments), f"days 1 to {self.n_days}")

    @property
    def n_days(self) -> int:
        """Days of the month."""
        return calendar.monthrange(self.year, self.month)[1]


@dataclass(frozen=True)
class Pay:
    """The rule of payment.

    Parameters
    ----------
    divisor : int
        Days by which a monthly norm is divided: the month's working days, or a number that the rule fixes.
    excused : int
        Thousandths of the norm paid for a day of excused absence.
    most_excused : int
        How many excused days are paid in a month, the first ones.
    closed : int
        Thousandths of the norm paid for a working day on which the group was closed.
    """

    divisor: int
    excused: int = 0
    most_excused: int = 31
    closed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.divisor <= 31:
            raise Refusal(
                f"A monthly norm cannot be divided by {self.divisor} days. The divisor is 1 to 31 days.",
                code="bad_divisor", divisor=self.divisor,
            )  # fmt: skip
        for name in ("excused", "closed"):
            share = getattr(self, name)
            if not 0 <= share <= WHOLE:
                raise Refusal(
                    f"A share of {share} thousandths of the norm cannot be paid for {name} days. Give 0 to {WHOLE}.",
                    code="bad_share", which=name, share=share,
                )  # fmt: skip


@dataclass(frozen=True)
class Lines:
    """One line an enrolment.

    Parameters
    ----------
    days : int array, shape (lines, 3)
        Paid days: present, excused, closed.
    amount : int array, shape (lines,)
        Tiyn. Of a withheld line what it would be once the reason is gone.
    status, reason : uint8 array, shape (lines,)
        `Status` and `Reason`.
    """

    days: Ints
    amount: Ints
    status: NDArray[np.uint8]
    reason: NDArray[np.uint8]

    @property
    def payable(self) -> Ints:
        """Tiyn to be paid now, shape (lines,)."""
        return np.where(self.status == Status.PAYABLE, self.amount, 0)


def settle(
    month: Month,
    pay: Pay,
    rates: Ints,
    *,
    enrolled: Masks,
    present: Masks,
    excused: Masks,
    closed: Masks,
    eligible: Masks,
    confirmed: Marks,
    held: Marks | None = None,
) -> Lines:
    """Settle a month, line by line.

    Parameters
    ----------
    month, pay : Month, Pay
        The days and the rule.
    rates : int array, shape (lines, segments)
        Monthly norm of the line in tiyn while each segment lasts; -1 where no norm holds.
    enrolled, present, excused, closed, eligible : uint32 array, shape (lines,)
        Days of the contract; marks of attendance; days on which the kindergarten may be paid.
    confirmed : bool array, shape (lines,)
        The parent confirmed the month.
    held : bool array, shape (lines,), optional
        A check holds the line for a person to look at.

    Returns
    -------
    Lines
        A day is paid when it is a working day of the contract on which the kindergarten is eligible, and is marked. A day
        with several marks counts as the dearest for nobody: present comes before excused, excused before closed.

    Notes
    -----
    amount = round_half_up( sum over segments of rate x (1000 present + e excused + c closed) / (1000 divisor) ),
    rounded once a line, so that the sum of the lines is the sum that is paid.

    >>> month = Month(2026, 9, 0b111111, (0b111111, 2**30 - 2**6))
    >>> settle(month, Pay(divisor=22), np.array([[4_400_000, 4_400_000]]), enrolled=np.array([63], np.uint32),
    ...     present=np.array([0b111], np.uint32), excused=np.array([0], np.uint32), closed=np.array([0], np.uint32),
    ...     eligible=np.array([2**30 - 1], np.uint32), confirmed=np.array([True])).amount.tolist()
    [600000]
    """
    _check(month, rates, enrolled, present, excused, closed, eligible, confirmed)
    lines = enrolled.size
    holds = np.zeros(lines, np.bool_) if held is None else np.asarray(held, np.bool_)
    days, amount = np.zeros((lines, 3), np.int64), np.zeros(lines, np.int64)
    status, reason = np.zeros(lines, np.uint8), np.zeros(lines, np.uint8)
    _counting.settle(
        month.working, np.array(month.segments, np.uint32), np.ascontiguousarray(rates, np.int64),
        np.array([WHOLE, pay.excused, pay.closed, pay.divisor, pay.most_excused], np.int64),
        _masks(enrolled), _masks(present), _masks(excused), _masks(closed), _masks(eligible),
        np.ascontiguousarray(confirmed, np.bool_), holds, days, amount, status, reason,
    )  # fmt: skip
    return Lines(days, amount, status, reason)


def _masks(values: Masks) -> Masks:
    return np.ascontiguousarray(values, np.uint32)


def _check(month: Month, rates: Ints, *arrays: NDArray[np.generic]) -> None:
    lines = arrays[0].size
    if rates.shape != (lines, len(month.segments)):
        raise BrokenContract("rates", rates.shape, (lines, len(month.segments)))
    for found in arrays:
        if found.shape != (lines,):
            raise BrokenContract("a mask", found.shape, (lines,))
    if rates.size and (int(rates.min()) < -1 or int(rates.max()) > HIGHEST_RATE):
        raise BrokenContract("rates", (int(rates.min()), int(rates.max())), f"tiyn, 0 to {HIGHEST_RATE}, or -1")


def days_of(mask: int) -> list[int]:
    """The days of a mask, from 1."""
    return [day + 1 for day in range(31) if mask >> day & 1]


def mask_of(days: Sequence[int]) -> int:
    """The mask of days, from 1."""
    mask = 0
    for day in days:
        mask |= 1 << (day - 1)
    return mask
