"""Comparison units chosen before anybody has seen outcomes: alike exactly in some facts, and nearest in the others.

Mahalanobis distance within cells of exact facts, up to a number of comparison units for each treated one, with
replacement (Rubin 1980, Biometrics 36; Stuart 2010, Stat. Sci. 25, section 3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ENDLESS = 99.0
"""What is written where sides differ in a fact that varies within neither."""
ALIKE, ADJUSTABLE = 0.05, 0.25
"""Bounds of standardised differences: up to the first alike, up to the second to be adjusted for, beyond not comparable
(What Works Clearinghouse, Procedures and Standards Handbook 5.0, chapter II)."""


@dataclass(frozen=True)
class Matches:
    """Who is compared with whom.

    Attributes
    ----------
    pairs : ndarray of int64, shape (pairs, 2)
        Treated unit and comparison unit, by row number; nearest first for each treated unit.
    distances : ndarray of float64, shape (pairs,)
    weights : ndarray of float64, shape (units,)
        1 for a matched treated unit; for a comparison unit the sum over its pairs of 1 / number of pairs of the treated.
    unmatched : ndarray of int64
        Treated units for which nobody was near enough.
    """

    pairs: Ints
    distances: Floats
    weights: Floats
    unmatched: Ints


def match(
    values: Floats, treated: Bools, cells: Ints, *, ratio: int = 4, caliper: float | None = 0.2,
    caliper_columns: Sequence[int] = (),
) -> Matches:  # fmt: skip
    """Match every treated unit to the nearest comparison units of its cell that lie within the caliper.

    The caliper comes first, then the distance (Rosenbaum & Rubin 1985, Am. Stat. 39).

    Parameters
    ----------
    values : ndarray of float64, shape (units, columns)
        Facts by which distance is measured; finite.
    treated : ndarray of bool, shape (units,)
        The side for which partners are looked for.
    cells : ndarray of int64, shape (units,)
        Units of different cells are never matched.
    ratio : int
        Comparison units for a treated one, at most. One comparison unit may serve several.
    caliper : float or None
        Largest difference allowed in each of `caliper_columns`, in standard deviations (pooled within both groups).
    caliper_columns : sequence of int
        Columns of `values` that the caliper holds for.
    """
    pooled = _pooled_covariance(values, treated)
    metric = np.asarray(np.linalg.pinv(pooled, hermitian=True), dtype=np.float64)
    sds = np.sqrt(np.diag(pooled))
    pairs: list[tuple[int, int]] = []
    distances: list[float] = []
    unmatched: list[int] = []
    weights = np.zeros(values.shape[0])
    others = np.flatnonzero(~treated)
    for unit in np.flatnonzero(treated).tolist():
        alike = others[cells[others] == cells[unit]]
        if caliper is not None and len(caliper_columns):
            columns = list(caliper_columns)
            gaps = np.abs(values[alike][:, columns] - values[unit, columns])
            alike = alike[np.all(gaps <= caliper * sds[columns] + 1e-12, axis=1)]
        chosen, far = _nearest(unit, alike, values, metric, ratio)
        if chosen.size == 0:
            unmatched.append(int(unit))
            continue
        pairs += [(int(unit), int(other)) for other in chosen]
        distances += far.tolist()
        weights[unit] = 1.0
        weights[chosen] += 1.0 / chosen.size
    return Matches(
        np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(distances), weights, np.array(unmatched, np.int64)
    )


def _nearest(unit: int, others: Ints, values: Floats, metric: Floats, ratio: int) -> tuple[Ints, Floats]:
    """The nearest units; of equally near ones the first."""
    gaps = values[others] - values[unit]
    far = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gaps, metric, gaps), 0.0))
    order = np.argsort(far, kind="stable")
    return others[order][:ratio], far[order][:ratio]


def _pooled_covariance(values: Floats, treated: Bools) -> Floats:
    parts = [values[treated], values[~treated]]
    freedom = sum(max(p.shape[0] - 1, 0) for p in parts)
    squares = sum((p - p.mean(axis=0)).T @ (p - p.mean(axis=0)) for p in parts if p.shape[0])
    return np.asarray(squares / max(freedom, 1)).reshape(values.shape[1], values.shape[1])


@dataclass(frozen=True)
class Balance:
    """How alike treated and comparison units are in one fact, before and after matching.

    ``smd`` is Hedges' g: difference of means over the pooled standard deviation of all units before matching, times
    1 - 3/(4N - 9) (WWC 5.0, appendix E); the same deviation serves after matching, so that the figures can be compared.
    Infinite where the sides differ in a fact that varies within neither of them.
    """

    mean_treated: float
    mean_before: float
    mean_after: float
    smd_before: float
    smd_after: float

    @property
    def told(self) -> tuple[float, float]:
        """After and before as numbers that can be written down: endless ones as `ENDLESS`."""
        after, before = (max(-ENDLESS, min(ENDLESS, smd)) for smd in (self.smd_after, self.smd_before))
        return after, before

    @property
    def verdict(self) -> str:
        """``alike``, ``adjust`` or ``not comparable``."""
        size = abs(self.smd_after)
        return "alike" if size <= ALIKE else "adjust" if size <= ADJUSTABLE else "not comparable"


def balance(values: Floats, treated: Bools, weights: Floats) -> list[Balance]:
    """Balance of every column; `weights` are those of `Matches`, or ones without matching."""
    sds = np.sqrt(np.diag(_pooled_covariance(values, treated)))
    n = values.shape[0]
    small = 1.0 - 3.0 / (4.0 * n - 9.0) if n > 3 else 1.0
    own, other = weights * treated, weights * ~treated
    found = []
    for column, sd in zip(values.T, sds, strict=True):
        before = float(column[~treated].mean())
        treated_before = float(column[treated].mean())
        mean = float(np.average(column, weights=own)) if own.sum() > 0 else float("nan")
        after = float(np.average(column, weights=other)) if other.sum() > 0 else float("nan")
        apart = [_apart(a - b, float(sd), small) for a, b in ((treated_before, before), (mean, after))]
        found.append(Balance(mean, before, after, *apart))
    return found


def _apart(difference: float, sd: float, small: float) -> float:
    """A difference in standard deviations: none, or endless, where nothing varies within the sides."""
    if sd > 1e-12 * abs(difference):
        return difference * small / sd
    return 0.0 if difference == 0.0 else math.copysign(math.inf, difference)
