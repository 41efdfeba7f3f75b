"""Results of groups from scores or plausible values, with the errors of sampling and of measurement.

For each plausible value the statistic is computed with the full weights; the mean over plausible values is the estimate.
Its variance is U + (1 + 1/m) B: U from replicate weights, B between plausible values (Rubin 1987, eq. 3.1.2-3.1.5;
Mislevy 1991, Psychometrika 56, 177-196; von Davier, Gonzalez and Mislevy 2009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from tirek_engines.assessment._survey_kernels import weighted_moments, weighted_percentiles
from tirek_engines.assessment.replication import Replication
from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SamplingFrom = Literal["first", "all"]

PERCENTILES: tuple[int, ...] = (10, 25, 50, 75, 90)
CHUNK_CELLS = 4_000_000


@dataclass(frozen=True)
class Measures:
    """Which statistics of a group are computed: mean, sd, percentiles, shares at or above benchmarks.

    Parameters
    ----------
    benchmarks : tuple of float
        On the scale of the values.
    percentiles : tuple of int
        From 1 to 99.
    """

    benchmarks: tuple[float, ...] = ()
    percentiles: tuple[int, ...] = PERCENTILES

    @property
    def names(self) -> tuple[str, ...]:
        """mean, sd, p10 … p90, above_400 …"""
        shares = (f"above_{b:g}" for b in self.benchmarks)
        return ("mean", "sd", *(f"p{p}" for p in self.percentiles), *shares)

    def of(self, values: Floats, weights: Floats) -> Floats:
        """All statistics under each row of weights, (rows, statistics); `values` are sorted."""
        weights = np.ascontiguousarray(weights)
        first = weighted_moments(values, weights, np.asarray(self.benchmarks, dtype=np.float64))
        cuts = percentiles(values, weights, np.asarray(self.percentiles, dtype=np.float64) / 100.0)
        return np.column_stack([first[:, :2], cuts, first[:, 2:]])


def percentiles(values: Floats, weights: Floats, shares: Floats) -> Floats:
    """Weighted percentiles of sorted values, (rows of weights, shares).

    Equal values are one value with their weights added. The i-th distinct value, of weight w_i, stands at
    (w_1 + … + w_{i-1} + w_i/2) / W of the distribution; between these places the percentile is interpolated linearly, and
    beyond the outermost it is the lowest or highest value (Hyndman and Fan 1996, definition 5, with weights). The scale of
    the weights does not matter.

    >>> percentiles(np.array([1.0, 2.0, 3.0, 4.0]), np.ones((1, 4)), np.array([0.5])).tolist()
    [[2.5]]
    """
    order = np.argsort(shares, kind="stable")
    found = weighted_percentiles(
        np.ascontiguousarray(values), np.ascontiguousarray(weights), np.ascontiguousarray(shares[order])
    )
    out = np.empty_like(found)
    out[:, order] = found
    return out


@dataclass(frozen=True)
class Combined:
    """Statistics with their errors, each array of shape (statistics,).

    Attributes
    ----------
    value, se, se_sampling, se_imputation : ndarray of float64
        se^2 = se_sampling^2 + se_imputation^2.
    freedom : ndarray of float64
        Degrees of freedom of the t distribution; see `combine`.
    """

    value: Floats
    se: Floats
    se_sampling: Floats
    se_imputation: Floats
    freedom: Floats

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper bound; NaN where there is no error."""
        half = stdtrit(np.maximum(self.freedom, 1e-9), 0.5 + level / 2.0) * self.se
        return self.value - half, self.value + half

    def p_value(self) -> Floats:
        """Two-sided, against zero."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(2.0 * stdtr(np.maximum(self.freedom, 1e-9), -np.abs(self.value / self.se)))


@dataclass(frozen=True)
class Summary:
    """One group.

    Attributes
    ----------
    n : int
        Persons with positive weight.
    weight : float
        Sum of their weights.
    estimates : ndarray of float64, shape (plausible values, statistics)
    replicated : ndarray of float64, shape (plausible values used for sampling, replicates, statistics)
    combined : Combined
    """

    n: int
    weight: float
    estimates: Floats
    replicated: Floats
    combined: Combined


@dataclass(frozen=True)
class Sample:
    """Persons with values and weights.

    Parameters
    ----------
    values : ndarray of float64, shape (plausible values, persons)
        One row for scores.
    weights : ndarray of float64, shape (persons,)
    replication : Replication
    measures : Measures
    sampling_from : {"first", "all"}
        Whether U is computed from the first plausible value (TIMSS and PIRLS up to 2011) or averaged over all.
    """

    values: Floats
    weights: Floats
    replication: Replication
    measures: Measures
    sampling_from: SamplingFrom = "all"

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != self.weights.shape[0]:
            raise BrokenContract("values", self.values.shape, f"(plausible values, {self.weights.shape[0]})")
        if not bool(np.isfinite(self.values).all()):
            raise BrokenContract("values", "a missing value", "numbers")
        if not bool(np.all(np.isfinite(self.weights) & (self.weights >= 0))):
            raise BrokenContract("weights", "a negative or missing weight", "zero or more")

    def summarise(self, rows: Ints) -> Summary:
        """All statistics of the persons in `rows`, with errors."""
        rows = rows[self.weights[rows] > 0]
        used = 1 if self.sampling_from == "first" else self.values.shape[0]
        estimates, replicated = [], []
        for number, values in enumerate(self.values[:, rows]):
            order = np.argsort(values, kind="stable")
            sorted_rows, sorted_values = rows[order], values[order]
            estimates.append(self.measures.of(sorted_values, self.weights[sorted_rows][None, :])[0])
            if number < used:
                replicated.append(self._replicates(sorted_values, sorted_rows))
        found, repeated = np.stack(estimates), np.stack(replicated)
        combined = combine(found, repeated, self.replication)
        return Summary(int(rows.size), float(self.weights[rows].sum()), found, repeated, combined)

    def difference(self, one: Summary, other: Summary) -> Combined:
        """`one` minus `other`; the replicates carry the covariance of groups that share schools."""
        return combine(one.estimates - other.estimates, one.replicated - other.replicated, self.replication)

    def _replicates(self, values: Floats, rows: Ints) -> Floats:
        step = max(1, CHUNK_CELLS // max(int(rows.size), 1))
        count = self.replication.n_replicates
        parts = [
            self.measures.of(values, self.replication.weights(slice(start, min(start + step, count)), rows))
            for start in range(0, count, step)
        ]
        return np.concatenate(parts)


def combine(estimates: Floats, replicated: Floats, replication: Replication) -> Combined:
    """Join sampling and imputation error.

    Parameters
    ----------
    estimates : ndarray of float64, shape (plausible values, statistics)
        Under the full weights.
    replicated : ndarray of float64, shape (values used, replicates, statistics)
        Of the first or of all plausible values.
    replication : Replication
        Its factors.

    Notes
    -----
    Degrees of freedom: 1/nu = f^2/(m-1) + (1-f)^2/d with f the share of the imputation variance (Johnson and Rust 1992,
    J. Educ. Stat. 17, 175-190); d counts the replicates under which the mean moves at all (less one under JK1), so a
    group that lies in few zones has few.
    """
    m = int(estimates.shape[0])
    value = estimates.mean(axis=0)
    moves = replicated - estimates[: replicated.shape[0], None, :]
    sampling = np.einsum("krs,r->ks", moves**2, replication.factors).mean(axis=0)
    between = estimates.var(axis=0, ddof=1) * (1.0 + 1.0 / m) if m > 1 else np.zeros_like(value)
    scale = max(float(np.abs(value[0])), 1.0) if np.isfinite(value[0]) else 1.0
    moving = int((np.abs(moves[:, :, 0]).max(axis=0) > 1e-12 * scale).sum())
    d = moving * replication.contrasts - replication.lost
    total = sampling + between
    if d < 1:
        total = np.full_like(total, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(total > 0, between / total, 0.0)
        inverse = (share**2 / (m - 1) if m > 1 else 0.0) + (1.0 - share) ** 2 / max(d, 1e-9)
        freedom = 1.0 / inverse
    return Combined(value, np.sqrt(total), np.sqrt(sampling), np.sqrt(between), np.asarray(freedom))


def effect_size(one: Summary, other: Summary) -> float:
    """Difference of two means in standard deviations: root of the mean of both variances (Cohen 1988, eq. 2.3.2)."""
    spread = float(np.sqrt(0.5 * (one.combined.value[1] ** 2 + other.combined.value[1] ** 2)))
    away = float(one.combined.value[0] - other.combined.value[0])
    return away / spread if spread > 0 else float("nan")


def moved_shares(sample: Sample, rows: Ints, shift: float) -> Floats:
    """How much each share at or above a benchmark changes with a shift of the scale, half of (+shift) - (-shift).

    This carries a linking error, given on the scale, over to shares. Shape (benchmarks,).
    """
    rows = rows[sample.weights[rows] > 0]
    w = sample.weights[rows]
    total = float(w.sum())
    out = []
    for benchmark in sample.measures.benchmarks:
        up, down = (((sample.values[:, rows] + s >= benchmark) @ w).mean() / total for s in (shift, -shift))
        out.append(0.5 * float(up - down))
    return np.array(out)


def trend(
    before: tuple[float, float, float], after: tuple[float, float, float], linking: float
) -> tuple[float, float, float, float]:
    """Change between two independent samples on one scale.

    Parameters
    ----------
    before, after : tuple of float
        Estimate, standard error and degrees of freedom of each.
    linking : float
        Standard error of the link between their scales, in the unit of the estimate.

    Returns
    -------
    tuple of float
        Difference, its error (linking error included: OECD 2014, PISA 2012 Technical Report, ch. 12), the linking error
        alone, degrees of freedom (Satterthwaite; the link counts as known).
    """
    variances = before[1] ** 2 + after[1] ** 2
    spread = before[1] ** 4 / max(before[2], 1e-9) + after[1] ** 4 / max(after[2], 1e-9)
    freedom = variances**2 / spread if spread > 0 else float("inf")
    return after[0] - before[0], float(np.sqrt(variances + linking**2)), linking, freedom


def names_of(measures: Measures, wanted: Sequence[str]) -> list[int]:
    """Places of some statistics."""
    return [measures.names.index(name) for name in wanted]
