"""How much a group gained between two tests, with its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from tirek_engines.errors import BrokenContract


@dataclass(frozen=True)
class Gain:
    """Mean difference after minus before, its standard error, and the 95 per cent interval (Student's t)."""

    n: int
    before: float
    after: float
    mean: float
    se: float
    low: float
    high: float


def gain(before: np.ndarray, after: np.ndarray) -> Gain | None:
    """Gain of those who took both tests.

    Parameters
    ----------
    before, after : ndarray of float, shape (n,)
        Scores of the same people in the same order, in per cent of the highest score; NaN where a test was not taken.

    Returns
    -------
    Gain or None
        None when fewer than two took both.

    Notes
    -----
    The error is that of the mean of paired differences, ``s / sqrt(n)``. It says how sure the change is, not that the
    course caused it: there is no comparison group.
    """
    if before.shape != after.shape or before.ndim != 1:
        raise BrokenContract("after", after.shape, f"the shape of before, {before.shape}")
    both = ~(np.isnan(before) | np.isnan(after))
    n = int(both.sum())
    if n < 2:
        return None
    difference = after[both] - before[both]
    mean, se = float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(n))
    half = float(stdtrit(n - 1, 0.975)) * se
    return Gain(n, float(before[both].mean()), float(after[both].mean()), mean, se, mean - half, mean + half)
