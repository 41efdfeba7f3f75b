"""An independent check of an assignment: other code, an own way of comparing, the same definition of right.

It knows neither heaps nor proposals. It looks for the last child admitted on each kind of seat, and then asks of every dearer
wish whether it should have been heard: a free seat that it may take, or a seat held by somebody who goes after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tirek_engines.matching import _verifying
from tirek_engines.matching.market import NOWHERE, Assignment, Ints, Market


@dataclass(frozen=True)
class Verification:
    """What was found wrong.

    Parameters
    ----------
    over_quota : int array, shape (n, 2)
        Group and kind with more children than seats.
    not_wished : int array
        Children in a group that they did not name, or on a seat not open to them.
    blocking : int array
        Wishes dearer than what the child has that should have been heard.
    wrong_kind : int array
        Children on a later kind of seat than the published order of kinds gives them.
    """

    over_quota: Ints
    not_wished: Ints
    blocking: Ints
    wrong_kind: Ints

    @property
    def is_sound(self) -> bool:
        """Nothing was found."""
        return not (self.over_quota.size or self.not_wished.size or self.blocking.size or self.wrong_kind.size)


def verify(market: Market, assignment: Assignment) -> Verification:
    """Look for children who were wronged: seats over quota, seats not wished, wishes that should have been heard.

    Parameters
    ----------
    market : Market
        Wishes, orders and seats.
    assignment : Assignment
        Of whatever origin.

    Returns
    -------
    Verification
        Empty throughout exactly when the assignment is stable under the published orders of children and of kinds of seats.

    Notes
    -----
    A choice that fills kinds of seats one after another is substitutable (Kominers and Sönmez 2016, Proposition 1), so it is
    enough to ask wish by wish: no group of children can block where no single child can.
    """
    soft = np.array(market.soft, np.uint8)
    not_wished = _verifying.not_wished(
        market.starts, market.groups, market.eligible, soft, assignment.wishes, assignment.kinds, assignment.groups
    )
    placed = assignment.wishes != NOWHERE
    nobody = np.empty(0, np.int64)
    if not_wished.size:
        return Verification(np.empty((0, 2), np.int64), not_wished, nobody, nobody)
    used = np.zeros_like(market.seats)
    np.add.at(used, (assignment.groups[placed], assignment.kinds[placed]), 1)
    bars = _verifying.bars(
        market.groups, market.keys, market.eligible, soft, market.seats - used, assignment.wishes, assignment.kinds
    )
    blocking, wrong = _verifying.wronged(
        market.starts, market.groups, market.keys, market.eligible, bars, assignment.wishes, assignment.kinds
    )
    return Verification(np.argwhere(used > market.seats), nobody, blocking, wrong)
