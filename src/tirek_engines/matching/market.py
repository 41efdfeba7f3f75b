"""What an allocation starts from and what it gives: arrays, no names."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.matching import _ordering

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
NOWHERE = -1
MOST_KINDS = 8
MOST_WISHES, MOST_GROUPS = 2**31 - 1, 2**24
HIGHEST_KEY = 2**61
"""Keys lie below; the bit above says that a soft seat is taken by somebody it was not kept for."""


@dataclass(frozen=True)
class Market:
    """Children with ranked wishes, groups with seats of several kinds.

    Parameters
    ----------
    starts : int array, shape (children + 1,)
        Wishes of child c are ``starts[c] … starts[c + 1] - 1``, the dearest first.
    groups : int array, shape (wishes,)
        The group wished; a child names a group at most once.
    keys : int array, shape (wishes,)
        Place of the child in that group's order, 0 … 2**61 - 1: lower goes first. No two children share a key in a group.
    eligible : uint8 array, shape (wishes,)
        Bit k: the seats of kind k in that group are meant for this child.
    seats : int array, shape (groups, kinds)
        Free seats by kind, in the published order in which the kinds are filled.
    kinds : tuple of str
        Names of the kinds. The last one is open to everybody, whatever ``eligible`` says.
    soft : tuple of bool, optional
        Kinds whose seats go to others when too few of those they are meant for ask (a soft reserve); by default all.

    Raises
    ------
    BrokenContract
        For arrays of the wrong shape, wishes out of range, a group wished twice, keys shared or out of range, negative seats.
    """

    starts: Ints
    groups: Ints
    keys: Ints
    eligible: Bits
    seats: Ints
    kinds: tuple[str, ...]
    soft: tuple[bool, ...] = ()
    places: Ints = field(init=False, repr=False, default_factory=lambda: np.empty(0, np.int64))
    """Place of each wish among all wishes of its group, from 1."""

    def __post_init__(self) -> None:
        for name, kind in (("starts", np.int64), ("groups", np.int64), ("keys", np.int64), ("seats", np.int64)):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        object.__setattr__(self, "eligible", np.ascontiguousarray(self.eligible, dtype=np.uint8))
        object.__setattr__(self, "soft", tuple(self.soft) or (True,) * len(self.kinds))
        self._check_shapes()
        self._check_wishes()

    def _check_shapes(self) -> None:
        wishes = self.groups.shape
        if self.starts.ndim != 1 or self.starts.size < 1 or self.starts[0] != 0 or self.starts[-1] != self.groups.size:
            raise BrokenContract("starts", self.starts.shape, f"children + 1 numbers from 0 to {self.groups.size}")
        if np.any(np.diff(self.starts) < 0):
            raise BrokenContract("starts", "a falling number", "numbers that never fall")
        if self.keys.shape != wishes or self.eligible.shape != wishes:
            raise BrokenContract("keys, eligible", (self.keys.shape, self.eligible.shape), wishes)
        if self.seats.ndim != 2 or self.seats.shape[1] != len(self.kinds) or not 1 <= len(self.kinds) <= MOST_KINDS:
            raise BrokenContract("seats", self.seats.shape, f"(groups, {len(self.kinds)} kinds), at most {MOST_KINDS}")
        if np.any(self.seats < 0):
            raise BrokenContract("seats", int(self.seats.min()), "0 or more")
        if self.groups.size >= MOST_WISHES or self.n_groups >= MOST_GROUPS:
            raise BrokenContract(
                "groups", (self.groups.size, self.n_groups), f"below {MOST_WISHES} wishes, {MOST_GROUPS} groups"
            )
        if len(self.soft) != len(self.kinds):
            raise BrokenContract("soft", len(self.soft), f"{len(self.kinds)} truths")

    def _check_wishes(self) -> None:
        if self.groups.size == 0:
            return
        if self.groups.min() < 0 or self.groups.max() >= self.n_groups:
            raise BrokenContract("groups", (int(self.groups.min()), int(self.groups.max())), f"0 … {self.n_groups - 1}")
        if self.keys.min() < 0 or self.keys.max() >= HIGHEST_KEY:
            raise BrokenContract("keys", (int(self.keys.min()), int(self.keys.max())), "0 … 2**61 - 1")
        twice = _ordering.wished_twice(self.starts, self.groups, self.n_groups)
        if twice >= 0:
            raise BrokenContract("groups", f"group {self.groups[twice]} wished twice by one child", "each group once")
        places, tied = _ordering.places_in_groups(self.groups, self.keys, self.n_groups)
        if tied >= 0:
            raise BrokenContract("keys", f"one key twice in group {self.groups[tied]}", "an order without ties")
        object.__setattr__(self, "places", places)

    @property
    def n_children(self) -> int:
        """Number of children, those without wishes included."""
        return int(self.starts.size - 1)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.seats.shape[0])

    def children(self) -> Ints:
        """Child of each wish, shape (wishes,)."""
        return np.repeat(np.arange(self.n_children, dtype=np.int64), np.diff(self.starts))


@dataclass(frozen=True)
class Assignment:
    """Where each child comes to.

    Parameters
    ----------
    wishes : int array, shape (children,)
        Index of the wish that was met (into ``Market.groups``), or `NOWHERE`.
    kinds : int array, shape (children,)
        Kind of the seat, or `NOWHERE`.
    groups : int array, shape (children,)
        The group, or `NOWHERE`.
    proposals : int
        How many times a child asked a group: the work that was done.
    """

    wishes: Ints
    kinds: Ints
    groups: Ints
    proposals: int


def assignment_of(market: Market, wishes: Ints, kinds: Ints, proposals: int) -> Assignment:
    """Name the groups of the wishes that were met."""
    placed = wishes != NOWHERE
    groups = np.full(market.n_children, NOWHERE, np.int64)
    groups[placed] = market.groups[wishes[placed]]
    return Assignment(wishes, kinds, groups, proposals)
