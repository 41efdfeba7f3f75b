"""Compiled kernels of results for groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]


@kernel
def weighted_percentiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """Percentiles of sorted `values` under each row of `weights`; see `survey.percentiles` for the definition.

    A value of weight zero is no point of the distribution. NaN where a row has no weight at all.
    """
    rows, n = weights.shape
    out = np.full((rows, shares.shape[0]), np.nan)
    for r in range(rows):
        total = 0.0
        for i in range(n):
            total += weights[r, i]
        if total <= 0.0:
            continue
        below, last, last_middle = 0.0, np.nan, 0.0
        k, i = 0, 0
        while i < n and k < shares.shape[0]:
            here, value = 0.0, values[i]
            while i < n and values[i] == value:
                here += weights[r, i]
                i += 1
            if here <= 0.0:
                continue
            middle = (below + 0.5 * here) / total
            while k < shares.shape[0] and shares[k] <= middle:
                if np.isnan(last):
                    out[r, k] = value
                else:
                    out[r, k] = last + (value - last) * (shares[k] - last_middle) / (middle - last_middle)
                k += 1
            below += here
            last, last_middle = value, middle
        while k < shares.shape[0]:
            out[r, k] = last
            k += 1
    return out


@kernel
def weighted_moments(values: Floats, weights: Floats, benchmarks: Floats) -> Floats:
    """Mean, standard deviation and shares at or above benchmarks of `values` under each row of `weights`.

    Sums run in the order of the values, so that the bits do not depend on threads. NaN where a row has no weight.
    """
    rows, n = weights.shape
    out = np.full((rows, 2 + benchmarks.shape[0]), np.nan)
    origin = 0.0
    for i in range(n):
        origin += values[i] / n
    for r in range(rows):
        total, first, second = 0.0, 0.0, 0.0
        for i in range(n):
            w, away = weights[r, i], values[i] - origin
            total += w
            first += w * away
            second += w * away * away
        if total <= 0.0:
            continue
        mean = first / total
        out[r, 0] = origin + mean
        out[r, 1] = np.sqrt(max(second / total - mean * mean, 0.0))
        for b in range(benchmarks.shape[0]):
            above = 0.0
            for i in range(n):
                if values[i] >= benchmarks[b]:
                    above += weights[r, i]
            out[r, 2 + b] = above / total
    return out
