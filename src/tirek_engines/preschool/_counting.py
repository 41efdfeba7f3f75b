"""Compiled loop over the lines of a month."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Masks = NDArray[np.uint32]
Marks = NDArray[np.bool_]

PAYABLE, WITHHELD, NOTHING = 0, 1, 2
PAID, NOT_CONFIRMED, NOT_ELIGIBLE, NO_NORM, HELD, NO_MARKS, NO_PAID_DAYS = 0, 1, 2, 3, 4, 5, 6


@kernel
def ones(mask: int) -> int:
    """How many bits are set."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@kernel
def first_ones(mask: int, n: int) -> int:
    """The lowest n bits that are set."""
    kept = 0
    while mask and n > 0:
        lowest = mask & -mask
        kept |= lowest
        mask ^= lowest
        n -= 1
    return kept


@kernel
def settle(
    working: int, segments: Masks, rates: Ints, pay: Ints, enrolled: Masks, present: Masks, excused: Masks,
    closed: Masks, eligible: Masks, confirmed: Marks, held: Marks, days: Ints, amount: Ints, status: Bits,
    reason: Bits,
) -> None:  # fmt: skip
    """Fill days, amount, status and reason of every line. pay = shares of present, excused, closed; divisor; most excused."""
    present_share, most_excused = int(pay[0]), int(pay[4])
    whole, of_excused, of_closed = int(pay[0] * pay[3]), int(pay[1]), int(pay[2])
    for line in range(enrolled.size):
        contract = working & int(enrolled[line])
        open_days = contract & int(eligible[line])
        here = open_days & int(present[line])
        away = first_ones(open_days & int(excused[line]) & ~here, most_excused) if of_excused else 0
        shut = (open_days & int(closed[line]) & ~here & ~int(excused[line])) if of_closed else 0
        total, has_norm = 0, True
        for s in range(segments.size):
            mask = int(segments[s])
            parts = present_share * ones(here & mask) + of_excused * ones(away & mask) + of_closed * ones(shut & mask)
            if parts and rates[line, s] < 0:
                has_norm = False
            elif parts:
                total += int(rates[line, s]) * parts
        days[line, 0], days[line, 1], days[line, 2] = ones(here), ones(away), ones(shut)
        amount[line] = (2 * total + whole) // (2 * whole) if has_norm else 0
        marked = contract & (int(present[line]) | int(excused[line]) | int(closed[line]))
        counted = here | away | shut
        status[line], reason[line] = NOTHING, NO_PAID_DAYS
        if not marked:
            reason[line] = NO_MARKS
        elif not marked & open_days:
            status[line], reason[line] = WITHHELD, NOT_ELIGIBLE
        elif counted and not has_norm:
            status[line], reason[line] = WITHHELD, NO_NORM
        elif counted and held[line]:
            status[line], reason[line] = WITHHELD, HELD
        elif counted and not confirmed[line]:
            status[line], reason[line] = WITHHELD, NOT_CONFIRMED
        elif counted:
            status[line], reason[line] = PAYABLE, PAID


@kernel
def double_claims(children: Ints, order: Ints, days: Masks) -> Marks:
    """Lines of a child that share a day; ``order`` puts a child's lines side by side."""
    shared = np.zeros(children.size, np.bool_)
    begin = 0
    while begin < order.size:
        end, once, twice = begin, 0, 0
        while end < order.size and children[order[end]] == children[order[begin]]:
            mask = int(days[order[end]])
            twice |= once & mask
            once |= mask
            end += 1
        if twice:
            for at in range(begin, end):
                shared[order[at]] = (int(days[order[at]]) & twice) != 0
        begin = end
    return shared


@kernel
def most_at_once(groups: Ints, order: Ints, days: Masks, capacity: Ints) -> Ints:
    """Mask of the days of each group on which more children were marked present than it has places."""
    over = np.zeros(capacity.size, np.int64)
    count = np.zeros(32, np.int64)
    begin = 0
    while begin < order.size:
        group, end = groups[order[begin]], begin
        count[:] = 0
        while end < order.size and groups[order[end]] == group:
            mask = int(days[order[end]])
            for day in range(31):
                count[day] += (mask >> day) & 1
            end += 1
        for day in range(31):
            if capacity[group] >= 0 and count[day] > capacity[group]:
                over[group] |= np.int64(1) << day
        begin = end
    return over
