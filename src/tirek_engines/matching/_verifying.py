"""The verifier's own loops; nothing here is shared with those that allocate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]


KEPT_FOR_OTHERS = 4 * 10**18
"""No key reaches half of it; a standing at or above it belongs to somebody whom the kind of seat is not kept for."""


@kernel
def standing(key: int, mask: int, kind: int, kinds: int) -> int:
    """Place for a seat of a kind: lower goes first; those for whom the kind is not kept come behind all others."""
    return key if kind == kinds - 1 or (mask & (1 << kind)) != 0 else key + KEPT_FOR_OTHERS


@kernel
def not_wished(starts: Ints, groups: Ints, masks: Bits, soft: Bits, wishes: Ints, kinds: Ints, given: Ints) -> Ints:
    """Children on a seat that is not among their wishes, not of their group, or not open to them."""
    found = []
    n_kinds = soft.size
    for child in range(starts.size - 1):
        wish, kind = wishes[child], kinds[child]
        if wish < 0:
            if kind >= 0 or given[child] >= 0:
                found.append(child)
            continue
        is_own = starts[child] <= wish < starts[child + 1] and 0 <= kind < n_kinds and groups[wish] == given[child]
        if not is_own or (soft[kind] == 0 and standing(0, masks[wish], kind, n_kinds) > 0):
            found.append(child)
    out = np.empty(len(found), np.int64)
    for at in range(len(found)):
        out[at] = found[at]
    return out


@kernel
def bars(groups: Ints, keys: Ints, masks: Bits, soft: Bits, free: Ints, wishes: Ints, kinds: Ints) -> Ints:
    """From which standing on a kind of seat in a group says no, shape (groups, kinds).

    The standing of the last child there; nothing is refused where a seat is free. A hard kind hears only those it is kept for.
    """
    found = np.full(free.shape, -1, np.int64)
    for child in range(wishes.size):
        if wishes[child] >= 0:
            wish, kind = wishes[child], kinds[child]
            own = standing(keys[wish], masks[wish], kind, soft.size)
            if own > found[groups[wish], kind]:
                found[groups[wish], kind] = own
    for group in range(free.shape[0]):
        for kind in range(soft.size):
            if free[group, kind] > 0:
                found[group, kind] = KEPT_FOR_OTHERS if soft[kind] == 0 else 2 * KEPT_FOR_OTHERS
    return found


@kernel
def wronged(
    starts: Ints, groups: Ints, keys: Ints, masks: Bits, bar: Ints, wishes: Ints, kinds: Ints
) -> tuple[Ints, Ints]:
    """Dearer wishes that should have been heard, and children who should sit on an earlier kind of seat."""
    blocking, wrong = np.zeros(groups.size, np.bool_), np.zeros(wishes.size, np.bool_)
    n_kinds = bar.shape[1]
    for child in range(starts.size - 1):
        met = wishes[child]
        end = starts[child + 1] if met < 0 else met
        for wish in range(starts[child], end):
            for kind in range(n_kinds):
                if standing(keys[wish], masks[wish], kind, n_kinds) < bar[groups[wish], kind]:
                    blocking[wish] = True
        if met >= 0:
            for kind in range(kinds[child]):
                if standing(keys[met], masks[met], kind, n_kinds) < bar[groups[met], kind]:
                    wrong[child] = True
    return np.flatnonzero(blocking), np.flatnonzero(wrong)
