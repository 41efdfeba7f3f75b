"""The loop that gives each wish its reason."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
MET, NOT_NEEDED, AFTER_THE_LAST, NO_SEATS, NOT_FOR_YOU = range(5)


@kernel
def refusal(group: int, mask: int, seats: Ints, soft: Bits) -> int:
    """Why a group refuses: it has no seats, none for this child, or all went to those before it."""
    has_any, has_own = False, False
    for kind in range(soft.size):
        if seats[group, kind] > 0:
            has_any = True
            if kind == soft.size - 1 or soft[kind] or (mask >> kind) & 1:
                has_own = True
    if not has_any:
        return NO_SEATS
    return AFTER_THE_LAST if has_own else NOT_FOR_YOU


@kernel
def tell(
    starts: Ints, groups: Ints, places: Ints, masks: Bits, seats: Ints, soft: Bits, wishes: Ints, kinds: Ints
) -> tuple[Bits, NDArray[np.int8], Ints]:
    """Outcome and kind of seat of each wish, and the last place admitted by group and kind."""
    outcomes, kind_of = np.empty(groups.size, np.uint8), np.full(groups.size, -1, np.int8)
    last = np.zeros(seats.shape, np.int64)
    for child in range(starts.size - 1):
        met = wishes[child]
        end = starts[child + 1] if met < 0 else met
        for wish in range(starts[child], end):
            outcomes[wish] = refusal(groups[wish], masks[wish], seats, soft)
        if met >= 0:
            outcomes[met], kind_of[met] = MET, kinds[child]
            group = groups[met]
            last[group, kinds[child]] = max(last[group, kinds[child]], places[met])
            for wish in range(met + 1, starts[child + 1]):
                outcomes[wish] = NOT_NEEDED
    return outcomes, kind_of, last
