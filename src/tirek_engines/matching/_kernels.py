"""Compiled loops of allocation. Each also runs as plain Python, which the tests do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Small = NDArray[np.int32]
NEVER = 2**62
"""A key that never gets a seat."""
KINDS_AT, GROUP_AT, CHILD = 31, 39, 2**31 - 1
"""Where the kinds and the group begin in the packed number of a wish; the child stands in the lowest 31 bits."""
AFTER = 2**61
"""Added to the key of somebody for whom a soft seat was not kept."""


@kernel
def sift_down(keys: Ints, held: Ints, low: int, size: int) -> None:
    """Let the new root of a heap (greatest key on top) at ``low`` sink to its place."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and keys[low + child + 1] > keys[low + child]:
            child += 1
        if keys[low + child] <= keys[low + at]:
            return
        keys[low + at], keys[low + child] = keys[low + child], keys[low + at]
        held[low + at], held[low + child] = held[low + child], held[low + at]
        at = child


@kernel
def sift_up(keys: Ints, held: Ints, low: int, at: int) -> None:
    """Let the last entry of a heap at ``low`` rise to its place."""
    while at > 0:
        parent = (at - 1) // 2
        if keys[low + parent] >= keys[low + at]:
            return
        keys[low + at], keys[low + parent] = keys[low + parent], keys[low + at]
        held[low + at], held[low + parent] = held[low + parent], held[low + at]
        at = parent


@kernel
def take(own: int, wish: int, seats: Ints, held: Ints, low: int, room: int, size: int) -> int:
    """Seat a wish in a heap with room, or in place of the last one there; gives the wish that must leave, or -1."""
    if size < room:
        seats[low + size], held[low + size] = own, wish
        sift_up(seats, held, low, size)
        return -1
    out = held[low]
    seats[low], held[low] = own, wish
    sift_down(seats, held, low, size)
    return int(out)


@kernel
def packed(starts: Ints, groups: Ints, keys: Ints, eligible: Bits) -> Ints:
    """All that is asked of a wish in one line of memory: its key, and its group, child and kinds of seats in one number.

    Children who were displaced are found by chance of memory, and each look elsewhere would cost as much as the rest.
    """
    lines = np.empty((groups.size, 2), np.int64)
    for child in range(starts.size - 1):
        for wish in range(starts[child], starts[child + 1]):
            lines[wish, 0] = keys[wish]
            lines[wish, 1] = (groups[wish] << GROUP_AT) | (np.int64(eligible[wish]) << KINDS_AT) | child
    return lines


@kernel
def neighbours(starts: Ints, groups: Ints, n_groups: int) -> Ints:
    """Children with wishes, those with the same dearest group together: their groups are then near in memory."""
    begins = np.zeros(n_groups + 1, np.int64)
    for child in range(starts.size - 1):
        if starts[child] < starts[child + 1]:
            begins[groups[starts[child]] + 1] += 1
    for group in range(n_groups):
        begins[group + 1] += begins[group]
    order = np.empty(begins[n_groups], np.int64)
    for child in range(starts.size - 1):
        if starts[child] < starts[child + 1]:
            group = groups[starts[child]]
            order[begins[group]] = child
            begins[group] += 1
    return order


@kernel
def defer(
    order: Ints, lines: Ints, begins: Ints, room: Ints, soft: Bits, seats: Ints, held: Ints, sizes: Ints, last: Ints,
    next_wish: Small,
) -> int:  # fmt: skip
    """Child-proposing deferred acceptance; fills ``held`` by group and kind and gives the number of proposals.

    The outcome does not depend on the order in which children come to ask.
    A group fills its kinds of seats in their order. Whoever is left out of one kind, the wish that asks or the one it
    displaced, asks for the next: so each kind always holds the best of all who asked and were not seated before it.
    ``last`` holds the key from which on a kind says no: of its last child when it is full.
    """
    n_kinds, proposals = soft.size, 0
    for nth in range(order.size):
        child = order[nth]
        while child >= 0:
            asking = np.int64(next_wish[child])
            if asking == lines.shape[0] or lines[asking, 1] & CHILD != child:
                break  # the wishes that follow are another child's
            next_wish[child] = asking + 1
            proposals += 1
            group, key = lines[asking, 1] >> GROUP_AT, lines[asking, 0]
            for kind in range(n_kinds):
                own = key
                if kind < n_kinds - 1 and not (lines[asking, 1] >> (KINDS_AT + kind)) & 1:
                    own = key + AFTER if soft[kind] else NEVER
                if own >= last[group, kind]:
                    continue
                low, size = begins[group, kind], sizes[group, kind]
                asking = np.int64(take(own, int(asking), seats, held, low, room[group, kind], size))
                if asking < 0:
                    sizes[group, kind] = size + 1
                if size + 1 >= room[group, kind]:
                    last[group, kind] = seats[low]
                if asking < 0:
                    break
                key = lines[asking, 0]
            child = lines[asking, 1] & CHILD if asking >= 0 else np.int64(-1)
    return proposals


@kernel
def serve(queue: Ints, starts: Ints, groups: Ints, eligible: Bits, left: Ints, wishes: Ints, kinds: Ints) -> int:
    """Serial dictatorship: one after another takes a seat of the dearest wish that has one; gives the number of questions."""
    n_kinds = left.shape[1]
    asked = 0
    for place in range(queue.size):
        child = queue[place]
        for wish in range(starts[child], starts[child + 1]):
            asked += 1
            for kind in range(n_kinds):
                if left[groups[wish], kind] == 0:
                    continue
                if kind < n_kinds - 1 and not (eligible[wish] >> kind) & 1:
                    continue
                left[groups[wish], kind] -= 1
                wishes[child], kinds[child] = wish, kind
                break
            if wishes[child] >= 0:
                break
    return asked
