"""Compiled loop over all pairs of persons of a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@kernel
def agreeing_pairs(
    marks: Bytes, present: Bools, wrong: Floats, same: Floats, bounds: Ints, critical: Floats
) -> tuple[Floats, int]:
    """Pairs with more equal wrong answers than `critical` of their class allows, and the number of pairs looked at.

    Rows: first, second, agreeing, expected, sd, z. `marks` holds the wrong option or 255, rows sorted by class.
    """
    found = np.empty((16, 6))
    n = 0
    compared = 0
    for c in range(bounds.shape[0] - 1):
        for a in range(bounds[c], bounds[c + 1]):
            for b in range(a + 1, bounds[c + 1]):
                compared += 1
                agreeing = 0
                expected = 0.0
                variance = 0.0
                for j in range(marks.shape[1]):
                    if present[a, j] and present[b, j]:
                        chance = wrong[a, j] * wrong[b, j] * same[j]
                        expected += chance
                        variance += chance * (1.0 - chance)
                        if marks[a, j] != 255 and marks[a, j] == marks[b, j]:
                            agreeing += 1
                if variance <= 0.0:
                    continue
                sd = np.sqrt(variance)
                z = (agreeing - expected - 0.5) / sd
                if z > critical[c]:
                    if n == found.shape[0]:
                        longer = np.empty((2 * n, 6))
                        longer[:n] = found
                        found = longer
                    found[n, 0] = a
                    found[n, 1] = b
                    found[n, 2] = agreeing
                    found[n, 3] = expected
                    found[n, 4] = sd
                    found[n, 5] = z
                    n += 1
    return found[:n], compared
