"""Why each wish was met or not, with the numbers that settled it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.matching import _telling
from tirek_engines.matching.market import Assignment, Bits, Ints, Market

OUTCOMES = ("met", "not_needed", "after_the_last", "no_seats", "not_for_you")


@dataclass(frozen=True)
class Reasons:
    """One entry a wish, in the order of ``Market.groups``.

    Parameters
    ----------
    outcomes : uint8 array, shape (wishes,)
        Index into `OUTCOMES`: met; not needed because a dearer wish was met; the child comes after the last one admitted; the
        group has no seats at all; all its seats are of kinds that are not for this child.
    places : int array, shape (wishes,)
        Place of the child among all who named the group, from 1.
    last_places : int array, shape (groups,)
        Place of the last child admitted there, 0 where nobody was. Of reserved kinds this may lie behind children who were refused.
    kinds : int8 array, shape (wishes,)
        Kind of seat when the wish was met, else -1.
    last_by_kind : int array, shape (groups, kinds)
        Place of the last child admitted on each kind of seat, 0 where nobody was.
    """

    outcomes: Bits
    places: Ints
    last_places: Ints
    kinds: NDArray[np.int8]
    last_by_kind: Ints


def reasons(market: Market, assignment: Assignment) -> Reasons:
    """Give every wish its reason: own place, the last place admitted, on which kind of seat.

    Parameters
    ----------
    market : Market
        Wishes, orders and seats.
    assignment : Assignment
        A sound one (`verify`).
    """
    outcomes, kinds, last_by_kind = _telling.tell(
        market.starts, market.groups, market.places, market.eligible, market.seats, np.array(market.soft, np.uint8),
        assignment.wishes, assignment.kinds,
    )  # fmt: skip
    return Reasons(outcomes, market.places, last_by_kind.max(axis=1, initial=0), kinds, last_by_kind)
