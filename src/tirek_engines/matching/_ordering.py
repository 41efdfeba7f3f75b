"""Compiled loops over the wishes of each group: their order, and wishes named twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Ints = NDArray[np.int64]


@kernel
def wished_twice(starts: Ints, groups: Ints, n_groups: int) -> int:
    """A wish for a group that the same child named before, or -1."""
    named_by = np.full(n_groups, -1, np.int64)
    for child in range(starts.size - 1):
        for wish in range(starts[child], starts[child + 1]):
            if named_by[groups[wish]] == child:
                return wish
            named_by[groups[wish]] = child
    return -1


@kernel
def places_in_groups(groups: Ints, keys: Ints, n_groups: int) -> tuple[Ints, int]:
    """Place of each wish in its group's order, from 1; and a wish that shares its key there, or -1."""
    begins = np.zeros(n_groups + 1, np.int64)
    for wish in range(groups.size):
        begins[groups[wish] + 1] += 1
    for group in range(n_groups):
        begins[group + 1] += begins[group]
    filled = begins[:-1].copy()
    wishes, sorted_keys = np.empty(groups.size, np.int64), np.empty(groups.size, np.int64)
    for wish in range(groups.size):
        at = filled[groups[wish]]
        wishes[at], sorted_keys[at] = wish, keys[wish]
        filled[groups[wish]] = at + 1
    places, tied = np.empty(groups.size, np.int64), -1
    for group in range(n_groups):
        low, high = begins[group], begins[group + 1]
        order = np.argsort(sorted_keys[low:high])
        for nth in range(order.size):
            places[wishes[low + order[nth]]] = nth + 1
            if nth > 0 and sorted_keys[low + order[nth]] == sorted_keys[low + order[nth - 1]]:
                tied = wishes[low + order[nth]]
    return places, tied
