"""Compiled sums over persons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def group_sums(values: Floats, groups: Ints, n_groups: int) -> tuple[Ints, Floats]:
    """Number of rows and sums of the columns by group.

    ``values`` has shape (rows, columns), ``groups`` holds 0 … n_groups - 1. Sums run in the order of the rows.
    """
    n_rows, n_columns = values.shape
    counts = np.zeros(n_groups, np.int64)
    sums = np.zeros((n_groups, n_columns))
    for i in range(n_rows):
        g = groups[i]
        counts[g] += 1
        for j in range(n_columns):
            sums[g, j] += values[i, j]
    return counts, sums


@kernel
def group_products(values: Floats, weights: Floats, groups: Ints, n_groups: int) -> Floats:
    """Weighted cross products of the columns by group, shape (n_groups, columns, columns), both triangles filled."""
    n_rows, n_columns = values.shape
    products = np.zeros((n_groups, n_columns, n_columns))
    for i in range(n_rows):
        g = groups[i]
        for j in range(n_columns):
            left = weights[i] * values[i, j]
            for k in range(j + 1):
                products[g, j, k] += left * values[i, k]
    for g in range(n_groups):
        for j in range(n_columns):
            for k in range(j):
                products[g, k, j] = products[g, j, k]
    return products
