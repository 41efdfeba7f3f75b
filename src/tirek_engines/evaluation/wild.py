"""The wild cluster restricted bootstrap of t, on sums by cluster.

Cameron, Gelbach & Miller (2008, Rev. Econ. Stat. 90); the restricted version WCR-C of MacKinnon, Nielsen & Webb (2023,
J. Appl. Econom. 38, algorithm 1). For a coefficient b_j, with u_g = X_g'r~_g the scores of the residuals under the
hypothesis b_j = b0, c the j-th row of (X'X)^-1 and draws v_g = +-1 of equal chance:

    z* = sum_g v_g u_g;   numerator c z*;   variance* = m sum_g (v_g c u_g - c X_g'X_g (X'X)^-1 z*)^2.

All draws are done at once by three matrix products. u_g is linear in b0, so that the interval (all b0 that are not
rejected) needs no further draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from tirek_engines.evaluation.clustered import ClusterSums, least_squares

Floats = NDArray[np.float64]
Weights = Literal["rademacher", "webb"]

ENUMERATED_UP_TO = 14
FEW_CLUSTERS = 12
WEBB = np.sqrt(np.array([1.5, 1.0, 0.5, 0.5, 1.0, 1.5])) * np.array([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
CHUNK = 2048
WIDEST = 60
"""Standard errors on each side within which the end of an interval is looked for."""


@dataclass(frozen=True)
class WildResult:
    """A bootstrapped test with its interval.

    Attributes
    ----------
    t : float
        Estimate divided by its CR1 error.
    p : float
        Share of draws with |t*| >= |t|.
    low, high : float
        Interval of the hypotheses not rejected; NaN where it has no end within reach, and where clusters leave no error.
    draws : int
        Patterns of signs.
    enumerated : bool
        All 2^G patterns of signs once, instead of random ones.
    weights : str
        ``rademacher`` or ``webb``.
    """

    t: float
    p: float
    low: float
    high: float
    draws: int
    enumerated: bool
    weights: str


def wild_test(
    data: ClusterSums, term: int, *, null: float = 0.0, draws: int = 9999, level: float = 0.95, seed: int = 1,
    weights: Weights | None = None, interval: bool = True,
) -> WildResult:  # fmt: skip
    """Test coefficient `term` = `null`, with the interval by inversion.

    Parameters
    ----------
    data : ClusterSums
        Cross products by cluster; at least two clusters.
    term : int
        Column of X.
    null : float
        b0, the value of the coefficient under the hypothesis.
    draws : int
        Random patterns; all 2^G patterns where these are not more.
    weights : {"rademacher", "webb"}, optional
        By default Rademacher, and Webb's six points (Webb 2023, Can. J. Econ. 56) where clusters are so few that
        signs give fewer patterns than draws but are more than can be enumerated.
    level : float
        Of the interval.
    seed : int
        Of the random patterns.
    interval : bool
        Whether the interval is wanted.
    """
    groups = data.n_clusters
    enumerated = weights != "webb" and groups <= ENUMERATED_UP_TO and 2**groups <= draws + 1
    kind: Weights = weights or ("webb" if groups < FEW_CLUSTERS and not enumerated else "rademacher")
    signs = _all_signs(groups) if enumerated else _random(groups, draws, kind, seed)
    parts = _Parts.of(data, term, signs, are_signs=kind == "rademacher")
    if parts.se <= 1e-12 * max(1.0, abs(parts.estimate)):
        nothing = float("nan")
        return WildResult(nothing, nothing, nothing, nothing, signs.shape[0], enumerated, kind)
    low = high = float("nan")
    if interval:
        low, high = _inverted(parts, 1.0 - level)
    return WildResult(parts.t(null), parts.p(null), low, high, signs.shape[0], enumerated, kind)


@dataclass(frozen=True)
class _Parts:
    """Everything of which t and t* are made, as linear functions of the hypothesis b0: value + slope * b0."""

    estimate: float
    se: float
    numerator: tuple[Floats, Floats]
    variance: tuple[Floats, Floats, Floats]

    @staticmethod
    def of(data: ClusterSums, term: int, signs: Floats, *, are_signs: bool) -> _Parts:
        fitted = least_squares(data)
        xx = data.xx.sum(axis=0)
        inverse = np.linalg.inv(xx)
        c = inverse[term]
        values, slopes = _scores_under(data, xx, term)
        groups = data.n_clusters
        factor = groups / (groups - 1.0) * (data.n - 1.0) / (data.n - data.n_terms - data.absorbed)
        spread = np.einsum("j,gjk,kl->gl", c, data.xx, inverse)
        sides = [(u, (u @ c)[:, None] * spread) for u in (values, slopes)]
        drawn = signs @ np.column_stack([part for side in sides for part in side])
        z0, a0, z1, a1 = np.split(drawn, 4, axis=1)
        own = _squares(signs, values @ c, slopes @ c, are_signs)
        cross = spread.T @ spread
        variance = (
            own[0] - 2.0 * _dot(a0, z0) + _dot(z0 @ cross, z0),
            2.0 * (own[1] - _dot(a0, z1) - _dot(a1, z0) + _dot(z0 @ cross, z1)),
            own[2] - 2.0 * _dot(a1, z1) + _dot(z1 @ cross, z1),
        )
        return _Parts(
            float(fitted.beta[term]),
            float(np.sqrt(fitted.cr1[term, term])),
            (z0 @ c, z1 @ c),
            (factor * variance[0], factor * variance[1], factor * variance[2]),
        )

    def t(self, null: float) -> float:
        """t of the data."""
        return (self.estimate - null) / self.se

    def p(self, null: float) -> float:
        """Share of draws at least as far out as the data; equal ones (within rounding) count."""
        top = self.numerator[0] + null * self.numerator[1]
        squares = self.variance[0] + null * self.variance[1] + null**2 * self.variance[2]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(top) / np.sqrt(np.maximum(squares, 0.0))
        found = np.isfinite(t)
        return float(np.mean(t[found] >= abs(self.t(null)) * (1.0 - 1e-9))) if found.any() else float("nan")


def _dot(left: Floats, right: Floats) -> Floats:
    return np.asarray(np.einsum("bk,bk->b", left, right), dtype=np.float64)


def _squares(signs: Floats, s0: Floats, s1: Floats, are_signs: bool) -> tuple[Floats, Floats, Floats]:
    """sum_g v_g^2 s_g s'_g for every draw: the same for all where the weights are signs."""
    pairs = np.column_stack([s0 * s0, s0 * s1, s1 * s1])
    found = np.broadcast_to(pairs.sum(axis=0), (signs.shape[0], 3)) if are_signs else (signs * signs) @ pairs
    return found[:, 0], found[:, 1], found[:, 2]


def _scores_under(data: ClusterSums, xx: Floats, term: int) -> tuple[Floats, Floats]:
    """Scores u_g of the restricted residuals: value + slope * b0."""
    free = np.arange(xx.shape[0]) != term
    xy = data.xy.sum(axis=0)
    base, slope = np.zeros(xx.shape[0]), np.zeros(xx.shape[0])
    slope[term] = 1.0
    if free.any():
        inner = xx[np.ix_(free, free)]
        base[free] = np.linalg.solve(inner, xy[free])
        slope[free] = -np.linalg.solve(inner, xx[free, term])
    return data.xy - data.xx @ base, -(data.xx @ slope)


def _inverted(parts: _Parts, alpha: float) -> tuple[float, float]:
    """The hypotheses on both sides of the estimate at which p comes down to alpha."""
    low = _end(parts, alpha, lambda k: parts.estimate - k * parts.se)
    high = _end(parts, alpha, lambda k: parts.estimate + k * parts.se)
    return low, high


def _end(parts: _Parts, alpha: float, place: Callable[[float], float]) -> float:
    """Walk outwards until the hypothesis is rejected, then halve the step."""
    inside = 0.0
    for outside in [*np.arange(0.25, 8.0, 0.25), *np.arange(8.0, WIDEST, 1.0)]:
        if parts.p(place(float(outside))) < alpha:
            return place(float(brentq(lambda k: parts.p(place(k)) - alpha, inside, float(outside), xtol=1e-6)))
        inside = float(outside)
    return float("nan")


def _all_signs(groups: int) -> Floats:
    """All patterns of signs, shape (2^G, G)."""
    patterns = np.arange(2**groups)[:, None] >> np.arange(groups)
    return np.asarray(1.0 - 2.0 * (patterns & 1), dtype=np.float64)


def _random(groups: int, draws: int, kind: Weights, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    if kind == "webb":
        return np.asarray(WEBB[rng.integers(0, 6, (draws, groups))], dtype=np.float64)
    bits = np.unpackbits(rng.integers(0, 256, (draws, -(-groups // 8)), dtype=np.uint8), axis=1, count=groups)
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)
