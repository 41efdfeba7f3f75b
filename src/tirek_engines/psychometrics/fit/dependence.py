"""Do two items still go together once ability is taken out? Yen's Q3."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEPENDENT = 0.2
"""Adjusted Q3 from which a pair is called dependent (Christensen, Makransky & Horton 2017)."""
FEWEST = 30
"""Persons who must have answered both items."""


@dataclass(frozen=True)
class Dependence:
    """Q3 of all pairs of items.

    Attributes
    ----------
    items : tuple of str
    q3 : ndarray of float64, shape (items, items)
        Correlation of the residuals of two items over those who answered both (Yen 1984, Appl. Psychol. Meas. 8, eq. 3);
        NaN on the diagonal and where fewer than 30 did.
    n : ndarray of float64, shape (items, items)
        Sum of weights of those who answered both.
    mean : float
        Mean Q3; about -1/(items - 1) without dependence, because ability is estimated from the same answers.
    adjusted : ndarray of float64, shape (items, items)
        Q3 minus its mean (Marais 2013; Christensen and others 2017, Appl. Psychol. Meas. 41).
    """

    items: tuple[str, ...]
    q3: Floats
    n: Floats
    mean: float

    @property
    def adjusted(self) -> Floats:
        """Q3 minus its mean."""
        return self.q3 - self.mean

    @property
    def partners(self) -> Ints:
        """With which item each has its largest Q3; -1 where there is none."""
        filled = np.where(np.isnan(self.q3), -np.inf, self.q3)
        best = filled.argmax(axis=1) if len(self.items) else np.zeros(0, np.int64)
        return np.where(np.isfinite(filled.max(axis=1, initial=-np.inf)), best, -1).astype(np.int64)

    def largest(self, *, adjusted: bool = False) -> Floats:
        """The largest Q3 of each item."""
        places, rows = self.partners, np.arange(len(self.items))
        found = np.where(places >= 0, self.q3[rows, places], np.nan)
        return np.asarray(found - self.mean if adjusted else found)

    @property
    def dependent(self) -> NDArray[np.bool_]:
        """Items of a pair that goes together more than ability explains."""
        found = np.zeros(len(self.items), dtype=bool)
        for i, j in self.pairs():
            if self.adjusted[i, j] > 0:
                found[[i, j]] = True
        return found

    def pairs(self, bound: float = DEPENDENT) -> list[tuple[int, int]]:
        """Pairs whose adjusted Q3 is beyond +-bound, and not by chance (5 % over all pairs), the largest first."""
        rows, columns = np.triu_indices(len(self.items), 1)
        size, n = np.abs(self.adjusted[rows, columns]), self.n[rows, columns]
        known = np.isfinite(size)
        critical = norm.isf(0.025 / max(1, int(known.sum())))
        with np.errstate(invalid="ignore", divide="ignore"):
            deviate = np.arctanh(np.minimum(size, 1.0)) * np.sqrt(np.maximum(n - 3.0, 0.0))
        kept = np.flatnonzero(known & (size > bound) & (deviate > critical))
        order = kept[np.argsort(-size[kept], kind="stable")]
        return [(int(rows[m]), int(columns[m])) for m in order]


def dependence_of(items: tuple[str, ...], together: Floats) -> Dependence:
    """Q3 from the sums by pair that `_fit_kernels.residual_sums` makes, shape (items, items, 6)."""
    n, x, y, xx, yy, xy = np.moveaxis(together, 2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (xx - x * x / n) * (yy - y * y / n)
        upper = np.where((n >= FEWEST) & (spread > 0), (xy - x * y / n) / np.sqrt(spread), np.nan)
    q3 = np.where(np.tri(len(items), k=0, dtype=bool), np.nan, upper)
    known = q3[np.isfinite(q3)]
    mean = float(known.mean()) if known.size else float("nan")
    both = np.fmax(q3, q3.T) if len(items) else q3
    return Dependence(items, both, n + n.T, mean)
