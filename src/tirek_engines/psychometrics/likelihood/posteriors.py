"""The E-step: from a prior on the grid to posteriors and expected counts, by one of two kernels.

The *score kernel* serves Rasch, 2PL, PCM and GPCM, where answers enter only through a weighted score; the *table kernel*
serves any mixture of models. Both take the same prior and give the same `Posterior`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared, item_moments_of, score_table
from tirek_engines.psychometrics.kernels import items as item_kernels
from tirek_engines.psychometrics.kernels import points
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.kernels import table as table_kernels
from tirek_engines.psychometrics.likelihood.tabulated import Chunk, Plan, Sums, Total, make_plan, step_of
from tirek_engines.psychometrics.parallel import in_order, slices
from tirek_engines.psychometrics.parameters import Parameters, Shape, none

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Prior:
    """What is believed of each unit's ability before its answers.

    Log weight of node q for unit u of run r: bases[r, q] + tilts[u] * theta_q - log_norms[u].

    Attributes
    ----------
    bases : ndarray, shape (runs, nodes)
    tilts, log_norms : ndarray, shape (units,) or (0,)
        A latent regression enters here: a normal prior whose mean differs from person to person only adds
        mean / sd^2 to the factor of theta. Empty: zero.
    """

    bases: Floats
    tilts: Floats = field(default_factory=none)
    log_norms: Floats = field(default_factory=none)


@dataclass(frozen=True)
class Counts:
    """Expected answers, all that the M-step of the items reads.

    Attributes
    ----------
    answered : ndarray, shape (items, nodes)
        Persons who answered the item, at each node.
    steps : ndarray, shape (items, steps)
        Answers in each category from 1 up.
    moments : ndarray, shape (items,)
        Sum over persons of category times expected theta.
    categories : ndarray, shape (items, max_steps + 1, nodes), or empty
        Answers in each category at each node; the table kernel only.
    """

    answered: Floats
    steps: Floats
    moments: Floats
    categories: Floats = field(default_factory=lambda: np.zeros((0, 0, 0)))


@dataclass(frozen=True)
class Posterior:
    """Log-likelihood, expected persons at each node of each run, expected answers, moments of each unit.

    `spread` is there where all runs are tabulated: the persons spread over the points.
    """

    loglik: float
    run_counts: Floats
    counts: Counts
    unit_means: Floats
    unit_variances: Floats
    spread: Total | None = None


class Kernel(Protocol):
    """What computes posteriors."""

    def posterior(self, p: Parameters, prior: Prior) -> Posterior:
        """One pass over all units."""

    def log_joint(self, p: Parameters, prior: Prior, units: slice) -> Floats:
        """Log of prior times likelihood for some units, shape (units, nodes)."""


def run_bases(n_steps: Ints, masks: Bytes, p: Parameters, prior: Floats, theta: Floats) -> Floats:
    """Log prior (runs, nodes) less the sum of log Z over the items of each run."""
    log_z = kernels.log_normalisers(p.slopes, p.intercepts, n_steps, theta)
    return np.ascontiguousarray(prior - kernels.design_sums(masks, log_z))


def reach_of(n_steps: Ints, masks: Bytes, slopes: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest score that a person of each run can have."""
    return points.run_reach(masks, slopes * n_steps)


def _norms(data: Prepared, prior: Prior) -> float:
    return float(data.unit_weight @ prior.log_norms) if prior.log_norms.size else 0.0


@dataclass(frozen=True)
class ScoreKernel:
    """Posteriors from weighted scores, sum_j a_j x_j; with `tilts` or free slopes a unit must be a person.

    Attributes
    ----------
    quick : bool
        Tabulate runs of many persons (see `tabulated`): right to 1e-10 of the log-likelihood, several times faster.
    moments : bool
        Whether the moments of units are wanted; without them they are empty.
    threads : int
        0: one a processor. The result is the same.
    fineness : int
        Points in the place of one; the error of the log-likelihood falls with its fourth power.
    """

    data: Prepared
    shape: Shape
    theta: Floats
    quick: bool = False
    moments: bool = True
    threads: int = 0
    fineness: int = 1

    def scores(self, p: Parameters) -> Floats:
        """The weighted score sum_j a_j x_j of every unit."""
        data = self.data
        if data.unit_scores is not None:
            return data.unit_scores
        assert data.packed is not None
        return kernels.table_sums(data.packed, score_table(data.layout, p.slopes))

    def bases(self, p: Parameters, prior: Prior) -> Floats:
        """Log prior less the sum of log Z over the answered items, for every run and node."""
        return run_bases(self.data.items.n_steps, self.data.run_masks, p, prior.bases, self.theta)

    def posterior(self, p: Parameters, prior: Prior) -> Posterior:
        """One pass over all units."""
        data = self.data
        n_items = len(data.items.names)
        if data.unit_scores is not None:
            scores = data.unit_scores + prior.tilts if prior.tilts.size else data.unit_scores
            loglik, run_counts, means, variances = kernels.posterior_pass(
                scores, data.unit_weight, data.run_starts, self.bases(p, prior), self.theta
            )
            moments, spread = np.zeros(n_items), None
        else:
            total, means, variances = self._passed(p, prior)
            loglik, run_counts = total.finish()
            spread = total if total.is_all else None
            moments = item_moments_of(data.layout, n_items, total.sums) if total.sums.size else np.zeros(n_items)
        loglik += self._constant(p, prior)
        answered = kernels.item_sums(data.run_masks, run_counts, n_items)
        return Posterior(loglik, run_counts, Counts(answered, data.step_counts, moments), means, variances, spread)

    def _constant(self, p: Parameters, prior: Prior) -> float:
        """What the score does not hold: the intercepts, less the priors' normalisers."""
        return float((self.data.step_counts * p.intercepts)[self.shape.step_mask].sum()) - _norms(self.data, prior)

    def loglik_of(self, spread: Total, p: Parameters, prior: Prior) -> float:
        """The log-likelihood at `p` of persons that another kernel spread over the points of `p`, without asking them again."""
        return spread.loglik_with(self.bases(p, prior), self.theta) + self._constant(p, prior)

    @cached_property
    def sizes(self) -> Ints:
        """Persons of each run."""
        return np.diff(self.data.run_starts)

    def plan(self, p: Parameters, prior: Prior) -> Plan:
        """What the pass over the units reads."""
        data = self.data
        sizes = self.sizes
        reach = reach_of(data.items.n_steps, data.run_masks, p.slopes)
        step = step_of(reach, float(p.sds.max())) / self.fineness
        if not prior.tilts.size and bool(np.all(p.slopes == 1.0)):
            step = 1.0  # raw scores stand on the points themselves: nothing is interpolated
        if prior.tilts.size:
            reach = reach[0] + prior.tilts.min(), reach[1] + prior.tilts.max()
        return make_plan(
            table=score_table(data.layout, p.slopes),
            bases=self.bases(p, prior),
            theta=self.theta,
            reach=reach,
            sizes=sizes if self.quick else np.zeros_like(sizes),
            step=step,
            with_sums=bool(self.shape.free_slopes.any()),
        )

    def _passed(self, p: Parameters, prior: Prior) -> tuple[Total, Floats, Floats]:
        plan, n = self.plan(p, prior), self.data.unit_run.shape[0]
        means, variances = (np.empty(n if self.moments else 0) for _ in range(2))
        places = slices(n)

        def part(k: int) -> Sums:
            chunk = self._chunk(places[k], prior)
            return plan.sums(chunk, means[places[k]], variances[places[k]])

        total = plan.total()
        for found in in_order(part, len(places), self.threads):
            total.add(found)
        return total, means, variances

    def _chunk(self, place: slice, prior: Prior) -> Chunk:
        data = self.data
        assert data.packed is not None
        first, last = int(data.unit_run[place.start]), int(data.unit_run[place.stop - 1])
        starts = np.clip(data.run_starts[first : last + 2], place.start, place.stop) - place.start
        tilts = prior.tilts[place] if prior.tilts.size else prior.tilts
        return Chunk(data.packed[place], data.unit_weight[place], np.arange(first, last + 1), starts, tilts)

    def log_joint(self, p: Parameters, prior: Prior, units: slice) -> Floats:
        """Log of prior times likelihood for some units, up to the unit's own sum of d: shape (units, nodes)."""
        scores = self.scores(p)[units]
        if prior.tilts.size:
            scores = scores + prior.tilts[units]
        joint = self.bases(p, prior)[self.data.unit_run[units]] + scores[:, None] * self.theta
        return joint - prior.log_norms[units, None] if prior.log_norms.size else joint


T = TypeVar("T")


class Source(Protocol):
    """Persons that are elsewhere than in memory: in a file, on a cluster."""

    @property
    def sizes(self) -> Ints:
        """Persons of each run."""

    @property
    def positives(self) -> Ints:
        """Persons of positive weight of each run."""

    def reduce(self, job: Callable[[Chunk], T], add: Callable[[T], None], threads: int) -> None:
        """Do the job on every chunk, and add what comes of it in one fixed order."""


@dataclass(frozen=True)
class StreamedKernel(ScoreKernel):
    """Posteriors of persons that a source hands out chunk by chunk; only sums come back, no moments of units."""

    source: Source | None = None

    @cached_property
    def sizes(self) -> Ints:
        """Persons of each run."""
        assert self.source is not None
        return self.source.sizes

    def _passed(self, p: Parameters, prior: Prior) -> tuple[Total, Floats, Floats]:
        assert self.source is not None
        plan, nothing = self.plan(p, prior), np.zeros(0)
        total = plan.total()
        self.source.reduce(partial(_sums_of, plan), total.add, self.threads)
        return total, nothing, nothing


def _sums_of(plan: Plan, chunk: Chunk) -> Sums:
    """Not a closure, so that a cluster can be sent it."""
    return plan.sums(chunk, np.zeros(0), np.zeros(0))


@dataclass(frozen=True)
class TableKernel:
    """Posteriors as products of rows of likelihood tables, one row a packed byte; a unit is a person."""

    data: Prepared
    shape: Shape
    theta: Floats

    @cached_property
    def _active(self) -> NDArray[np.uint8]:
        """1 where a run answered any item of a byte, shape (runs, bytes)."""
        found = np.zeros((self.data.run_masks.shape[0], self.data.layout.n_bytes), np.uint8)
        for j, byte in enumerate(self.data.layout.byte_of.tolist()):
            found[:, byte] |= self._presented[:, j]
        return found

    @cached_property
    def _presented(self) -> NDArray[np.uint8]:
        return np.unpackbits(self.data.run_masks, axis=1, bitorder="little")[:, : self.shape.n_items]

    @cached_property
    def _absent(self) -> NDArray[np.uint8]:
        """Items missing in active bytes, as bits like `run_masks`."""
        gaps = self._active[:, self.data.layout.byte_of] & (1 - self._presented)
        return np.packbits(gaps, axis=1, bitorder="little")

    @cached_property
    def _n_values(self) -> NDArray[np.int64]:
        values = np.ones(self.data.layout.n_bytes, np.int64)
        np.multiply.at(values, self.data.layout.byte_of, self.data.layout.states)
        return values

    def log_p(self, p: Parameters) -> Floats:
        """log P(x_j = k | theta_q), shape (items, categories, nodes)."""
        return item_kernels.log_curves(
            self.shape.kinds, p.slopes, p.intercepts, p.guessing, self.data.items.n_steps, self.theta
        )

    def _bases(self, log_p: Floats, prior: Prior) -> Floats:
        lowest = np.ascontiguousarray(log_p[:, 0, :])
        return np.ascontiguousarray(prior.bases - kernels.design_sums(self._absent, lowest))

    def _logs(self, log_p: Floats) -> tuple[Floats, Floats, Floats]:
        layout = self.data.layout
        return table_kernels.log_rows(
            log_p, layout.byte_of, layout.step_of, layout.states, layout.n_bytes, self._n_values
        )

    def posterior(self, p: Parameters, prior: Prior) -> Posterior:
        """One pass over all units."""
        data, layout = self.data, self.data.layout
        assert data.packed is not None
        log_p = self.log_p(p)
        logs, scales, rows = self._logs(log_p)
        loglik, run_counts, byte_counts, means, variances = table_kernels.table_pass(
            data.packed,
            data.unit_weight,
            data.run_starts,
            self._active,
            self._bases(log_p, prior),
            prior.tilts,
            logs,
            scales,
            rows,
            self.theta,
        )
        answered = kernels.item_sums(data.run_masks, run_counts, self.shape.n_items)
        categories = table_kernels.category_counts(
            byte_counts, answered, layout.byte_of, layout.step_of, layout.states, self._n_values, log_p.shape[1]
        )
        numbers = np.arange(log_p.shape[1], dtype=np.float64)
        moments = np.einsum("jkq,k,q->j", categories, numbers, self.theta)
        counts = Counts(answered, categories[:, 1:].sum(axis=2), moments, categories)
        return Posterior(loglik - _norms(data, prior), run_counts, counts, means, variances)

    def log_joint(self, p: Parameters, prior: Prior, units: slice) -> Floats:
        """Log of prior times likelihood for some units, shape (units, nodes)."""
        assert self.data.packed is not None
        log_p = self.log_p(p)
        joint = table_kernels.joint_rows(
            self.data.packed[units],
            self.data.unit_run[units],
            self._active,
            self._bases(log_p, prior),
            prior.tilts[units] if prior.tilts.size else prior.tilts,
            self._logs(log_p)[0],
            self.theta,
        )
        return joint - prior.log_norms[units, None] if prior.log_norms.size else joint
