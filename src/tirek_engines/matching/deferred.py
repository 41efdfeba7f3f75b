"""Child-proposing deferred acceptance with seat kinds filled in a published order."""

from __future__ import annotations

import numpy as np

from tirek_engines.matching import _kernels
from tirek_engines.matching.market import NOWHERE, Assignment, Market, assignment_of


def deferred_acceptance(market: Market) -> Assignment:
    """Give each child the best group it can have without doing wrong to anybody who goes before it there.

    Parameters
    ----------
    market : Market
        Wishes, orders and seats.

    Returns
    -------
    Assignment
        The stable assignment that every child likes best among the stable ones; it does not depend on the order of the
        children, nor can a child gain by naming wishes that are not its own.

    Notes
    -----
    Gale and Shapley (1962), College admissions and the stability of marriage, with the choice of each group by kinds of seats
    in an order of precedence: Kominers and Sönmez (2016), Matching with slot-specific priorities: theory, Theorems 1 and 2.
    A soft kind is a slot whose order puts those it is kept for before all others. Proposals are handled one at a time
    (McVitie and Wilson 1971), each in the logarithm of the group's seats.
    """
    begins = np.cumsum(market.seats.reshape(-1)).reshape(market.seats.shape) - market.seats
    total = int(market.seats.sum())
    keys, held = np.zeros(total, np.int64), np.full(total, NOWHERE, np.int64)
    last = np.where(market.seats > 0, _kernels.NEVER, -1)
    lines = _kernels.packed(market.starts, market.groups, market.keys, market.eligible)
    proposals = _kernels.defer(
        _kernels.neighbours(market.starts, market.groups, market.n_groups), lines, begins, market.seats, np.array(market.soft, np.uint8), keys, held,
        np.zeros_like(market.seats), last, market.starts[:-1].astype(np.int32),
    )  # fmt: skip
    wishes, kinds = np.full(market.n_children, NOWHERE, np.int64), np.full(market.n_children, NOWHERE, np.int64)
    kind_of_seat = np.repeat(np.tile(np.arange(len(market.kinds)), market.n_groups), market.seats.reshape(-1))
    taken = held != NOWHERE
    seated = lines[held[taken], 1] & _kernels.CHILD
    wishes[seated], kinds[seated] = held[taken], kind_of_seat[taken]
    return assignment_of(market, wishes, kinds, int(proposals))
