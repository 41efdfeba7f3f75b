"""Differences in differences by least squares with effects of units and waves, from rows of pupils or of units.

y = a_unit + d_wave + tau D + x b + e. Effects of units are taken out by subtracting each unit's means (Frisch & Waugh);
what is left is kept as cross products by cluster, from which estimate, errors and bootstrap follow. Only where all
treated units enter at one wave: otherwise see `grouptime`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.evaluation._kernels import group_products, group_sums
from tirek_engines.evaluation.clustered import ClusterSums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TAU = 0
"""Column of the effect in the cross products."""


@dataclass(frozen=True)
class Rows:
    """Rows of a panel.

    Attributes
    ----------
    outcome : ndarray of float64, shape (rows,)
    unit, wave, cluster : ndarray of int64, shape (rows,)
        Numbered from 0; a unit lies in one cluster.
    treated : ndarray of bool, shape (units,)
        Units that are ever treated.
    after : ndarray of bool, shape (waves,)
        Waves from entry on.
    weights : ndarray of float64, shape (rows,)
    x : ndarray of float64, shape (rows, columns)
        Further regressors; may have no column.
    """

    outcome: Floats
    unit: Ints
    wave: Ints
    cluster: Ints
    treated: Bools
    after: Bools
    weights: Floats
    x: Floats

    @property
    def n_waves(self) -> int:
        """Number of waves."""
        return int(self.after.shape[0])


def collapse(rows: Rows) -> ClusterSums:
    """Cross products by cluster of [D, waves but the first, x] and the outcome, units' means taken out.

    The columns of waves and x that do not vary within units are left out; one degree of freedom stands for the mean.
    """
    d = rows.treated[rows.unit] & rows.after[rows.wave]
    table, raw = _within(rows, d.astype(np.float64))
    products = group_products(table, rows.weights, rows.cluster, int(rows.cluster.max()) + 1)
    total = products.sum(axis=0)
    kept = _independent(total[:-1, :-1], raw)
    if TAU not in kept:
        raise Refusal(
            "Treatment does not vary within units once the waves are taken out, so it has no effect to be seen. "
            "There must be treated and comparison units, each before and after.",
            code="no_contrast",
        )
    return ClusterSums(
        products[:, kept][:, :, kept], products[:, kept, -1], float((rows.weights > 0).sum()), absorbed=1
    )


def _within(rows: Rows, d: Floats) -> tuple[Floats, Floats]:
    """[D, waves but the first, x, outcome] less the means of units, and the columns' sums of squares before.

    Columns of x have mean zero and spread one, so that their units of measurement do not matter.
    """
    waves = (rows.wave[:, None] == np.arange(1, rows.n_waves)).astype(np.float64)
    spread = rows.x.std(axis=0)
    x = (rows.x - rows.x.mean(axis=0)) / np.where(
        spread > 1e-12 * np.abs(rows.x).max(axis=0, initial=0.0), spread, np.inf
    )
    table = np.ascontiguousarray(np.column_stack([d, waves, x, rows.outcome]))
    n_units = int(rows.unit.max()) + 1
    _, sums = group_sums(table * rows.weights[:, None], rows.unit, n_units)
    mass = np.bincount(rows.unit, rows.weights, n_units)
    means = sums / np.where(mass > 0, mass, 1.0)[:, None]
    return np.asarray(table - means[rows.unit]), rows.weights @ table[:, :-1] ** 2


def _independent(products: Floats, raw: Floats) -> list[int]:
    """Columns that do not follow from those before them (pivots of Cholesky), waves and x first, so that D is judged last."""
    order = [*range(1, products.shape[0]), TAU]
    scale = np.maximum(np.diag(products), 1e-300)
    kept: list[int] = []
    for j in order:
        if products[j, j] <= 1e-12 * raw[j]:
            continue
        left = products[j, j]
        if kept:
            cross = products[np.ix_(kept, [j])][:, 0]
            left = products[j, j] - cross @ np.linalg.solve(products[np.ix_(kept, kept)], cross)
        if left > 1e-9 * scale[j]:
            kept.append(j)
    return sorted(kept)


@dataclass(frozen=True)
class Permutation:
    """A randomisation test: how often would other choices of treated clusters give as large an estimate?"""

    p: float
    draws: int
    enumerated: bool


def permutation_test(rows: Rows, estimate: float, *, draws: int = 9999, seed: int = 1) -> Permutation:
    """Give the treatment to other clusters of the same number, all choices where they are not more than `draws`.

    Fisher's exact test of no effect on anybody; holds however few clusters are treated, if any could have been chosen.
    NaN where treatment varies within clusters.
    """
    treated_cluster = np.zeros(int(rows.cluster.max()) + 1, dtype=bool)
    treated_cluster[rows.cluster[rows.treated[rows.unit]]] = True
    if np.any(treated_cluster[rows.cluster] != rows.treated[rows.unit]):
        return Permutation(float("nan"), 0, False)
    everybody, raw = _within(rows, rows.after[rows.wave].astype(np.float64))
    products = group_products(everybody, rows.weights, rows.cluster, treated_cluster.size)
    total = products.sum(axis=0)
    kept = [j for j in _independent(total[:-1, :-1], raw) if j != TAU]
    fixed = total[np.ix_(kept, kept)]
    labels, enumerated = _assignments(treated_cluster, draws, seed)
    own = labels @ products[:, TAU, TAU]
    cross = labels @ products[:, TAU, kept]
    right = labels @ products[:, TAU, -1]
    solved = np.linalg.solve(fixed, np.column_stack([total[kept, -1], cross.T]))
    base, turn = solved[:, 0], solved[:, 1:]
    below = own - np.einsum("bk,kb->b", cross, turn)
    above = right - cross @ base
    found = above[below > 1e-12] / below[below > 1e-12]
    hits = int(np.sum(np.abs(found) >= abs(estimate) * (1.0 - 1e-9)))
    p = hits / found.size if enumerated else (1 + hits) / (1 + found.size)
    return Permutation(float(p), int(found.size), enumerated)


def _assignments(treated: Bools, draws: int, seed: int) -> tuple[Floats, bool]:
    groups, chosen = treated.size, int(treated.sum())
    if comb(groups, chosen) <= draws:
        picks = list(combinations(range(groups), chosen))
        labels = np.zeros((len(picks), groups))
        labels[np.arange(len(picks))[:, None], np.array(picks)] = 1.0
        return labels, True
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((draws, groups)), axis=1)[:, :chosen]
    labels = np.zeros((draws, groups))
    np.put_along_axis(labels, order, 1.0, axis=1)
    return labels, False
