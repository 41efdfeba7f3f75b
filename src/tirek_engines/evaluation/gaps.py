"""A gap between two groups, and how much of it goes with what is different about them.

Oaxaca (1973, Int. Econ. Rev. 14), Blinder (1973, J. Hum. Resour. 8): threefold as in Jann (2008, Stata J. 8, eq. 3),
twofold at the coefficients of a pooled regression that holds the group (Jann 2008, eq. 8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.evaluation._kernels import group_products

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PARTS = ("gap", "endowments", "coefficients", "interaction", "explained", "unexplained")


@dataclass(frozen=True)
class Gap:
    """A decomposed gap: mean of the first group less mean of the second.

    Attributes
    ----------
    estimates : dict of str to float
        The parts named in `PARTS`.
    se : dict of str to float
        Bootstrap standard errors of the same.
    low, high : dict of str to float
        Percentile intervals.
    by_column : ndarray of float64, shape (columns, 3)
        Endowments, coefficients and interaction of each column of x; the intercept's coefficient part is the remainder.
    means : tuple of float
        Of the first and the second group.
    n : tuple of int
    n_clusters : int
    draws : int
        Bootstrap draws that could be used.
    """

    estimates: dict[str, float]
    se: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    by_column: Floats
    means: tuple[float, float]
    n: tuple[int, int]
    n_clusters: int
    draws: int


def decompose(
    outcome: Floats, x: Floats, first: Bools, cluster: Ints, weights: Floats | None = None, *, draws: int = 999,
    seed: int = 1, level: float = 0.95,
) -> Gap:  # fmt: skip
    """Decompose the gap of mean outcomes between the first group and the others.

    Parameters
    ----------
    outcome : ndarray of float64, shape (persons,)
        Results; finite.
    x : ndarray of float64, shape (persons, columns)
        Characteristics, without a column of ones.
    first : ndarray of bool, shape (persons,)
        Members of the first group.
    cluster : ndarray of int64, shape (persons,)
        What the bootstrap draws as a whole: schools, or persons themselves.
    weights : ndarray of float64, shape (persons,), optional
        Zero or more.
    draws, seed : int
        Of the bootstrap.
    level : float
        Of the intervals.

    Raises
    ------
    Refusal
        ``one_group``, ``collinear_in_group``.
    """
    if first.all() or not first.any():
        raise Refusal("All persons are in one group, so there is no gap.", code="one_group")
    weights = np.ones(outcome.shape[0]) if weights is None else weights
    table = np.ascontiguousarray(np.column_stack([np.ones(outcome.shape[0]), x, outcome]))
    n_clusters = int(cluster.max()) + 1
    sums = np.stack([group_products(table[who], weights[who], cluster[who], n_clusters) for who in (first, ~first)])
    totals = sums.sum(axis=1)
    for place, total in enumerate(totals):
        if np.linalg.matrix_rank(_scaled(total[:-1, :-1]), tol=1e-9) < total.shape[0] - 1:
            raise Refusal(
                f"In the {'first' if place == 0 else 'second'} group some columns of x follow from each other or do "
                "not vary. Leave them out.",
                code="collinear_in_group",
            )
    own, columns = _parts(totals)
    drawn = _drawn(sums, draws, seed)
    tails = np.nanpercentile(drawn, [50.0 * (1.0 - level), 50.0 * (1.0 + level)], axis=0)
    names = dict(zip(PARTS, own, strict=True))
    return Gap(
        estimates=names,
        se=dict(zip(PARTS, np.nanstd(drawn, axis=0, ddof=1).tolist(), strict=True)),
        low=dict(zip(PARTS, tails[0].tolist(), strict=True)),
        high=dict(zip(PARTS, tails[1].tolist(), strict=True)),
        by_column=columns,
        means=(float(totals[0, 0, -1] / totals[0, 0, 0]), float(totals[1, 0, -1] / totals[1, 0, 0])),
        n=(int(first.sum()), int((~first).sum())),
        n_clusters=n_clusters,
        draws=int(np.isfinite(drawn[:, 0]).sum()),
    )


def _scaled(products: Floats) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return np.asarray(products / np.outer(scale, scale))


def _parts(totals: Floats) -> tuple[list[float], Floats]:
    """The parts from the cross products of both groups, in the order of `PARTS`; and the threefold by column."""
    means = totals[:, 0, :] / totals[:, 0, 0][:, None]
    coefficients = np.stack([np.linalg.solve(g[:-1, :-1], g[:-1, -1]) for g in totals])
    apart = means[0, :-1] - means[1, :-1]
    turn = coefficients[0] - coefficients[1]
    by_column = np.column_stack([apart * coefficients[1], means[1, :-1] * turn, apart * turn])
    pooled = _pooled_coefficients(totals)
    gap = float(means[0, -1] - means[1, -1])
    explained = float(apart @ pooled)
    return [gap, *by_column.sum(axis=0).tolist(), explained, gap - explained], by_column[1:]


def _pooled_coefficients(totals: Floats) -> Floats:
    """Regression over both groups with a column for the first, whose own coefficient is left out of what is explained."""
    both = totals.sum(axis=0)
    k = both.shape[0] - 1
    inner = np.zeros((k + 1, k + 1))
    inner[:k, :k] = both[:-1, :-1]
    inner[k, :k] = inner[:k, k] = totals[0, 0, :-1]
    inner[k, k] = totals[0, 0, 0]
    right = np.append(both[:-1, -1], totals[0, 0, -1])
    return np.asarray(np.linalg.solve(inner, right)[:k])


def _drawn(sums: Floats, draws: int, seed: int) -> Floats:
    """The parts in samples of whole clusters; NaN where a sample lacks a group or a column's variation."""
    rng = np.random.default_rng(seed)
    n_clusters = sums.shape[1]
    found = np.full((draws, len(PARTS)), np.nan)
    for b in range(draws):
        counts = np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters).astype(np.float64)
        totals = np.tensordot(sums, counts, axes=(1, 0))
        if totals[:, 0, 0].min() <= 0 or any(np.linalg.cond(_scaled(g[:-1, :-1])) > 1e10 for g in totals):
            continue
        found[b] = _parts(totals)[0]
    return found
