"""The order of a queue: categories, the time of the application, and how two categories take turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interleaving:
    """Two neighbouring categories take turns instead of one going wholly before the other.

    Parameters
    ----------
    first, second : int
        Categories; `first` begins.
    shares : tuple of int
        How many of each in every round: ``(1, 3)`` is one of the first, then three of the second. When one has nobody left, the
        rest of the other follow.
    """

    first: int
    second: int
    shares: tuple[int, int]

    def __post_init__(self) -> None:
        if min(self.shares) < 1 or self.second != self.first + 1:
            raise BrokenContract("interleaving", self, "two categories one after the other, and shares of 1 or more")


def queue_order(
    queues: Ints, categories: Ints, received: Ints, ties: Ints, interleavings: Sequence[Interleaving] = ()
) -> Ints:
    """Place of every child in its queue.

    Parameters
    ----------
    queues : int array, shape (children,)
        Which queue: an age group in a locality.
    categories : int array, shape (children,)
        0 goes first.
    received : int array, shape (children,)
        When the application came, in any whole unit.
    ties : int array, shape (children,)
        Settles what came at the same moment, e.g. the family's lottery number; must leave no tie.
    interleavings : sequence of Interleaving
        Pairs of categories that take turns; no category in two.

    Returns
    -------
    int array, shape (children,)
        Places from 1 in each queue.

    Raises
    ------
    BrokenContract
        When two children of a category cannot be told apart, or interleavings overlap.

    >>> queue_order(np.zeros(5, int), np.array([1, 2, 2, 2, 1]), np.arange(5), np.zeros(5, int),
    ...     [Interleaving(1, 2, (1, 3))]).tolist()
    [1, 2, 3, 4, 5]
    """
    named = [c for pair in interleavings for c in (pair.first, pair.second)]
    if len(named) != len(set(named)):
        raise BrokenContract("interleavings", list(interleavings), "each category in one pair at most")
    order = np.lexsort((ties, received, categories, queues))
    _no_ties(order, queues, categories, received, ties)
    turn = _nth(order, queues, categories)
    group, rank = categories.copy(), np.zeros(categories.size, np.int64)
    for pair in interleavings:
        for category, begins, share in ((pair.first, 0, pair.shares[0]), (pair.second, pair.shares[0], pair.shares[1])):
            of = categories == category
            rank[of] = turn[of] // share * sum(pair.shares) + begins + turn[of] % share
            group[of] = pair.first
    joined = np.lexsort((ties, received, rank, group, queues))
    return _nth(joined, queues, np.zeros_like(categories)) + 1


def _no_ties(order: Ints, *columns: Ints) -> None:
    same = np.ones(max(order.size - 1, 0), bool)
    for column in columns:
        same &= column[order[1:]] == column[order[:-1]]
    if same.any():
        raise BrokenContract("ties", "two children alike in everything", "numbers that tell them apart")


def _nth(order: Ints, queues: Ints, categories: Ints) -> Ints:
    """Which of its queue and category each child is, from 0, when they are taken in `order`."""
    q, c = queues[order], categories[order]
    starts = np.ones(order.size, bool)
    starts[1:] = (q[1:] != q[:-1]) | (c[1:] != c[:-1])
    at = np.arange(order.size)
    first = np.maximum.accumulate(np.where(starts, at, 0))
    nth = np.empty(order.size, np.int64)
    nth[order] = at - first
    return nth
