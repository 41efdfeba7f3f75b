"""The E-step over chunks of persons: what is the same for all chunks (`Plan`), and what each chunk gives (`Sums`).

A plan is made once for a point of the parameter space; chunks know nothing of each other, and their sums are added in the
order of the chunks. So the same code serves a matrix in memory, a file that is read chunk by chunk, and a cluster.
Only for score-family items (Rasch, 2PL, PCM, GPCM).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.kernels.points import place_points
from tirek_engines.psychometrics.kernels.tabulated import chunk_pass
from tirek_engines.psychometrics.parameters import none

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

STEP, SHORT = 0.045, 10.0
"""Distance of two points times the standard deviation of ability, where no more than `SHORT` points of the weighted score can be
reached. It grows with the root of the reach, as the posteriors become narrower. The cubic is then right to about 1e-10 of
the log-likelihood, as `tests/engines/test_tabulated.py` holds."""
WORTH = 3
"""A run is tabulated if it has this many times more persons than points."""


@dataclass(frozen=True)
class Chunk:
    """Persons sorted by run.

    Attributes
    ----------
    packed : ndarray of uint8, shape (persons, bytes)
    weights : ndarray of float64, shape (persons,)
    runs : ndarray of int64, shape (runs of the chunk,)
        Which runs, in the order of the rows.
    starts : ndarray of int64, shape (runs of the chunk + 1,)
    tilts : ndarray of float64, shape (persons,) or (0,)
    """

    packed: Bytes
    weights: Floats
    runs: Ints
    starts: Ints
    tilts: Floats = field(default_factory=none)


@dataclass(frozen=True)
class Sums:
    """What a chunk gives; see `_tabulated_kernels.chunk_pass`. `counts` belong to `runs`."""

    loglik: float
    runs: Ints
    counts: Floats
    histogram: Floats
    sums: Floats


@dataclass(frozen=True)
class Plan:
    """Everything that the E-step of a chunk reads besides the chunk.

    Attributes
    ----------
    table : ndarray, shape (bytes, 256)
        Partial scores.
    bases : ndarray, shape (runs, nodes)
        Log prior less the sum of log Z over the answered items.
    firsts : ndarray, shape (runs,)
        Each run's first point; -1 where it is not tabulated.
    origins : ndarray, shape (runs,)
        Score of the first point plus one step.
    per_step : float
        Points per unit of the score.
    tabulated : ndarray, shape (tabulated runs,)
    point_starts : ndarray, shape (tabulated runs + 1,)
    points, point_means, point_variances : ndarray, shape (points,)
    with_sums : bool
        Whether the sums by byte and value are wanted (free slopes).
    """

    table: Floats
    bases: Floats
    theta: Floats
    firsts: Ints
    origins: Floats
    per_step: float
    tabulated: Ints
    point_starts: Ints
    points: Floats
    point_means: Floats
    point_variances: Floats
    with_sums: bool

    def sums(self, chunk: Chunk, means: Floats, variances: Floats) -> Sums:
        """One chunk; `means` and `variances` are filled if they are not empty."""
        loglik, counts, histogram, sums = chunk_pass(
            chunk.packed,
            chunk.weights,
            chunk.tilts,
            chunk.runs,
            chunk.starts,
            self.table,
            self.bases,
            self.theta,
            self.firsts,
            self.origins,
            self.per_step,
            self.point_means,
            self.point_variances,
            self.with_sums,
            means,
            variances,
        )
        return Sums(loglik, chunk.runs, counts, histogram, sums)

    def total(self) -> Total:
        """Where to add the sums of the chunks."""
        n_bytes = self.table.shape[0] if self.with_sums else 0
        return Total(self, 0.0, np.zeros_like(self.bases), np.zeros_like(self.points), np.zeros((n_bytes, 256)))


@dataclass
class Total:
    """Sums of chunks, added in their order."""

    plan: Plan
    loglik: float
    run_counts: Floats
    histogram: Floats
    sums: Floats

    def add(self, part: Sums) -> None:
        """Add a chunk's sums."""
        self.loglik += part.loglik
        self.run_counts[part.runs] += part.counts
        self.histogram += part.histogram
        self.sums += part.sums

    @property
    def is_all(self) -> bool:
        """Whether every run is tabulated."""
        return bool(self.plan.tabulated.size == self.plan.firsts.size)

    def loglik_with(self, bases: Floats, theta: Floats) -> float:
        """The log-likelihood on other nodes, where every run is tabulated."""
        plan = self.plan
        return kernels.posterior_pass(plan.points, self.histogram, plan.point_starts, bases, theta)[0]

    def finish(self) -> tuple[float, Floats]:
        """Log-likelihood and expected persons at the nodes of each run, by one exact pass over the points."""
        plan = self.plan
        if not plan.tabulated.size:
            return self.loglik, self.run_counts
        loglik, counts, _, _ = kernels.posterior_pass(
            plan.points, self.histogram, plan.point_starts, plan.bases[plan.tabulated], plan.theta
        )
        self.run_counts[plan.tabulated] += counts
        return self.loglik + loglik, self.run_counts


def step_of(reach: tuple[Floats, Floats], sd: float) -> float:
    """Distance of two points, given how far the scores of each run reach and the spread of ability."""
    longest = float((reach[1] - reach[0]).max())
    return float(STEP / sd * np.sqrt(max(1.0, longest / SHORT)))


def make_plan(
    *,
    table: Floats,
    bases: Floats,
    theta: Floats,
    reach: tuple[Floats, Floats],
    sizes: Ints,
    step: float,
    with_sums: bool,
) -> Plan:
    """Place the points of all runs that are worth it, and ask the exact kernel there.

    `table`, `bases`, `theta` and `with_sums` are those of `Plan`; `reach` holds the lowest and the highest score that a
    person of each run can have, `sizes` the number of persons of each run (0 keeps it from being tabulated), `step` the
    distance of two points.
    """
    tabulated, starts, firsts, points = place_points(*reach, sizes, step, WORTH)
    _, _, means, variances = kernels.posterior_pass(
        points, np.zeros_like(points), starts, np.ascontiguousarray(bases[tabulated]), theta
    )
    return Plan(
        table, bases, theta, firsts, reach[0], 1.0 / step, tabulated, starts, points, means, variances, with_sums
    )
