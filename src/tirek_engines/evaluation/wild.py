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
        Interval of the hypotheses not rejected; NaN where it has no end within reach.
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
    parts = _Parts.of(data, term, signs)
    if parts.se <= 1e-12 * max(1.0, abs(parts.estimate)):
        return WildResult(float("nan"), float("nan"), parts.estimate, parts.estimate, signs.shape[0], enumerated, kind)
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
    def of(data: ClusterSums, term: int, signs: Floats) -> _Parts:
        fitted = least_squares(data)
        xx = data.xx.sum(axis=0)
        inverse = np.linalg.inv(xx)
        c = inverse[term]
        values, slopes = _scores_under(data, xx, term)
        groups = data.n_clusters
        factor = groups / (groups - 1.0) * (data.n - 1.0) / (data.n - data.n_terms - data.absorbed)
        spread = np.einsum("j,gjk,kl->gl", c, data.xx, inverse)
        s = (values @ c, slopes @ c)
        z = (signs @ values, signs @ slopes)
        numerator = (z[0] @ c, z[1] @ c)
        cross = spread.T @ spread
        squares = signs * signs
        variance = tuple(
            factor * part
            for part in (
                _quadratic(signs, squares, s[0], s[0], z[0], z[0], spread, cross),
                _quadratic(signs, squares, s[0], s[1], z[0], z[1], spread, cross)
                + _quadratic(signs, squares, s[1], s[0], z[1], z[0], spread, cross),
                _quadratic(signs, squares, s[1], s[1], z[1], z[1], spread, cross),
            )
        )
        return _Parts(float(fitted.beta[term]), float(np.sqrt(fitted.cr1[term, term])), numerator, variance)  # type: ignore[arg-type]

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


def _quadratic(
    signs: Floats, squares: Floats, s_left: Floats, s_right: Floats, z_left: Floats, z_right: Floats,
    spread: Floats, cross: Floats,
) -> Floats:  # fmt: skip
    """sum_g (v_g s_g - d_g z)(v_g s'_g - d_g z') for every draw."""
    mixed = np.einsum("bk,bk->b", signs @ (s_left[:, None] * spread), z_right)
    other = np.einsum("bk,bk->b", signs @ (s_right[:, None] * spread), z_left)
    own = squares @ (s_left * s_right)
    return np.asarray(own - mixed - other + np.einsum("bk,kl,bl->b", z_left, cross, z_right), dtype=np.float64)


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
