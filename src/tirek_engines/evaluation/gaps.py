"""A gap between two groups, and how much of it goes with what is different about them.

Oaxaca (1973, Int. Econ. Rev. 14), Blinder (1973, J. Hum. Resour. 8): threefold as in Jann (2008, Stata J. 8, eq. 3),
twofold at the coefficients of a pooled regression that holds the group (Jann 2008, eq. 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.evaluation._kernels import group_products

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FEWEST_DRAWS = 40
"""Below this many usable draws percentiles say nothing."""

PARTS = ("gap", "endowments", "coefficients", "interaction", "explained", "unexplained")


@dataclass(frozen=True)
class Gap:
    """A decomposed gap: mean of the first group less mean of the second.

    Attributes
    ----------
    estimates : dict of str to float
        The parts named in `PARTS`.
    se : dict of str to float
        Bootstrap standard errors of the same; NaN where a group has a single cluster, so that no error can be told.
    low, high : dict of str to float
        Percentile intervals; NaN in the same case.
    by_column : ndarray of float64, shape (columns, 3)
        Endowments, coefficients and interaction of each column of x; the intercept's coefficient part is the remainder.
    explained_by : ndarray of float64, shape (columns, 4)
        What goes with each column at the pooled coefficients: estimate, standard error, ends of the interval.
    means : tuple of float
        Of the first and the second group.
    n : tuple of int
    n_clusters : int
    clusters_in_group : tuple of int
        Clusters with members of the first and of the second group.
    draws : int
        Bootstrap draws that could be used.
    """

    estimates: dict[str, float]
    se: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    by_column: Floats
    explained_by: Floats
    means: tuple[float, float]
    n: tuple[int, int]
    n_clusters: int
    clusters_in_group: tuple[int, int]
    draws: int


def decompose(
    outcome: Floats, x: Floats, first: Bools, cluster: Ints, weights: Floats | None = None, *, draws: int = 999,
    seed: int = 1, level: float = 0.95, names: Sequence[str] = (),
    groups: tuple[str, str] = ("first", "second"),
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
    names : sequence of str
        Names of the columns of x, for messages.
    groups : tuple of str
        Names of both groups, for messages.

    Raises
    ------
    Refusal
        ``one_group``, ``collinear_in_group``, ``few_in_group``.
    """
    weights = np.ones(outcome.shape[0]) if weights is None else weights
    if not (weights[first] > 0).any() or not (weights[~first] > 0).any():
        raise Refusal("All persons are in one group, so there is no gap.", code="one_group")
    centres = np.average(x, axis=0, weights=weights)
    table = np.ascontiguousarray(np.column_stack([np.ones(outcome.shape[0]), x - centres, outcome]))
    n_clusters = int(cluster.max()) + 1
    sums = np.stack([group_products(table[who], weights[who], cluster[who], n_clusters) for who in (first, ~first)])
    totals = sums.sum(axis=1)
    names = names or [f"column {k + 1}" for k in range(x.shape[1])]
    for place, (total, who) in enumerate(zip(totals, (first, ~first), strict=True)):
        _check_group(total, int((weights[who] > 0).sum()), groups[place], names)
    own, columns, explained = _parts(totals)
    columns[:, 1] += centres * _turns(totals)
    clusters = tuple(int((group[:, 0, 0] > 0).sum()) for group in sums)
    drawn = _drawn(sums, draws, seed)
    errors, tails = _told(drawn, level, sure=min(clusters) > 1)
    k = len(PARTS)
    return Gap(
        estimates=dict(zip(PARTS, own, strict=True)),
        se=dict(zip(PARTS, errors[:k].tolist(), strict=True)),
        low=dict(zip(PARTS, tails[0, :k].tolist(), strict=True)),
        high=dict(zip(PARTS, tails[1, :k].tolist(), strict=True)),
        by_column=columns,
        explained_by=np.column_stack([explained, errors[k:], tails[0, k:], tails[1, k:]]),
        means=(float(totals[0, 0, -1] / totals[0, 0, 0]), float(totals[1, 0, -1] / totals[1, 0, 0])),
        n=(int(first.sum()), int((~first).sum())),
        n_clusters=n_clusters,
        clusters_in_group=(clusters[0], clusters[1]),
        draws=int(np.isfinite(drawn[:, 0]).sum()),
    )


def _check_group(total: Floats, n: int, group: str, names: Sequence[str]) -> None:
    """A regression within the group has to be possible; columns have mean zero over both groups."""
    if n < total.shape[0]:
        raise Refusal(f"The group {group} has too few persons ({n:,}) for {total.shape[0] - 2} columns of x. Name fewer.",
                      code="few_in_group", group=group, n=n)  # fmt: skip
    own = total[1:-1, 1:-1] - np.outer(total[0, 1:-1], total[0, 1:-1]) / total[0, 0]
    spread, size = np.diag(own), np.diag(total)[1:-1]
    still = [name for name, value, full in zip(names, spread, size, strict=True) if value <= 1e-12 * full]
    guilty = still
    if not still and len(names) > 1:
        values, vectors = np.linalg.eigh(_scaled(own))
        guilty = [name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 0.1]
        guilty = guilty if values[0] < 1e-10 else []
    if guilty:
        what = "does not vary" if len(still) == 1 else "do not vary" if still else "follow from each other"
        raise Refusal(
            f"In the group {group} {', '.join(guilty)} {what}, so the gap cannot be split. "
            + ("Leave it out." if len(guilty) == 1 else "Leave out all but one." if not still else "Leave them out."),
            code="collinear_in_group",
            columns=guilty,
        )


def _told(drawn: Floats, level: float, *, sure: bool) -> tuple[Floats, Floats]:
    """Standard errors and percentiles of the draws; NaN where a group is one cluster or hardly a draw could be used."""
    usable = int(np.isfinite(drawn[:, 0]).sum())
    if not sure or usable < FEWEST_DRAWS:
        return np.full(drawn.shape[1], np.nan), np.full((2, drawn.shape[1]), np.nan)
    tails = np.nanpercentile(drawn, [50.0 * (1.0 - level), 50.0 * (1.0 + level)], axis=0)
    return np.nanstd(drawn, axis=0, ddof=1), tails


def _turns(totals: Floats) -> Floats:
    """By how much the coefficients of the first group exceed those of the second, without the intercept."""
    first, second = (np.linalg.solve(g[:-1, :-1], g[:-1, -1]) for g in totals)
    return np.asarray(first - second)[1:]


def _scaled(products: Floats) -> Floats:
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return np.asarray(products / np.outer(scale, scale))


def _parts(totals: Floats) -> tuple[list[float], Floats, Floats]:
    """The parts from the cross products of both groups, in the order of `PARTS`; the threefold and what is explained by column."""
    means = totals[:, 0, :] / totals[:, 0, 0][:, None]
    coefficients = np.stack([np.linalg.solve(g[:-1, :-1], g[:-1, -1]) for g in totals])
    apart = means[0, :-1] - means[1, :-1]
    turn = coefficients[0] - coefficients[1]
    by_column = np.column_stack([apart * coefficients[1], means[1, :-1] * turn, apart * turn])
    pooled = _pooled_coefficients(totals)
    gap = float(means[0, -1] - means[1, -1])
    by = apart * pooled
    explained = float(by.sum())
    return [gap, *by_column.sum(axis=0).tolist(), explained, gap - explained], by_column[1:], by[1:]


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
    """The parts, and what each column explains, in samples of whole clusters; NaN where a sample lacks a group or a column's variation."""
    rng = np.random.default_rng(seed)
    n_clusters = sums.shape[1]
    found = np.full((draws, len(PARTS) + sums.shape[2] - 2), np.nan)
    for b in range(draws):
        counts = np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters).astype(np.float64)
        totals = np.tensordot(sums, counts, axes=(1, 0))
        if totals[:, 0, 0].min() <= 0 or any(np.linalg.cond(_scaled(g[:-1, :-1])) > 1e10 for g in totals):
            continue
        parts, _, explained = _parts(totals)
        found[b] = [*parts, *explained]
    return found
