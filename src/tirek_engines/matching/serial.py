"""Serial dictatorship: one published queue, served in turn."""

from __future__ import annotations

import numpy as np

from tirek_engines.errors import BrokenContract
from tirek_engines.matching import _kernels
from tirek_engines.matching.market import NOWHERE, Assignment, Ints, Market, assignment_of


def serial_dictatorship(market: Market, queue: Ints) -> Assignment:
    """Let the children of a queue choose one after another.

    Parameters
    ----------
    market : Market
        Wishes and seats; the keys are not asked. A child takes a seat of the first kind that is meant for it and still free;
        seats kept for others stay free, because those others may still be waiting in the queue. (What is left of a soft
        kind is given by deferred acceptance, or by a second queue.)
    queue : int array
        Children in the order of their turn, each at most once.

    Returns
    -------
    Assignment
        No child gains by naming wishes that are not its own.

    Raises
    ------
    BrokenContract
        When the queue names a child twice or one that is not there.
    """
    queue = np.ascontiguousarray(queue, dtype=np.int64)
    if queue.size and (queue.min() < 0 or queue.max() >= market.n_children):
        raise BrokenContract("queue", (int(queue.min()), int(queue.max())), f"0 … {market.n_children - 1}")
    if np.unique(queue).size != queue.size:
        raise BrokenContract("queue", "a child twice", "each child once")
    wishes, kinds = np.full(market.n_children, NOWHERE, np.int64), np.full(market.n_children, NOWHERE, np.int64)
    asked = _kernels.serve(queue, market.starts, market.groups, market.eligible, market.seats.copy(), wishes, kinds)
    return assignment_of(market, wishes, kinds, int(asked))
