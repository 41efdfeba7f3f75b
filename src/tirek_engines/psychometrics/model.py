"""Parameters of the score-kernel family, and one evaluation of its marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics import _kernels as kernels
from tirek_engines.psychometrics.prepared import Prepared, item_moments_of, score_table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """Equally spaced quadrature nodes from -half_range to +half_range (logits)."""

    n_nodes: int = 41
    half_range: float = 6.0

    @property
    def theta(self) -> Floats:
        """The nodes, shape (n_nodes,)."""
        return np.linspace(-self.half_range, self.half_range, self.n_nodes)


@dataclass(frozen=True)
class Parameters:
    """A point of the parameter space: P(x_j = k | theta) ~ exp(a_j k theta + d_jk), theta ~ N(mean_g, sd_g^2)."""

    slopes: Floats
    intercepts: Floats
    means: Floats
    sds: Floats


@dataclass(frozen=True)
class Shape:
    """Which parameters are free, and their order in a vector.

    Items first (slope if free, then intercepts), then each group's mean and log standard deviation.
    Group 0 has mean 0; its standard deviation is free only when all slopes are fixed at 1.
    """

    n_steps: NDArray[np.int64]
    max_steps: int
    n_groups: int
    free_slopes: bool

    @property
    def step_mask(self) -> Bools:
        """True where an item has that step, shape (items, steps)."""
        return np.arange(self.max_steps) < self.n_steps[:, None]

    @property
    def free_means(self) -> Bools:
        """Groups whose mean is estimated."""
        return np.arange(self.n_groups) > 0

    @property
    def free_sds(self) -> Bools:
        """Groups whose standard deviation is estimated."""
        free = np.ones(self.n_groups, dtype=bool)
        free[0] = not self.free_slopes
        return free

    def flatten(self, p: Parameters) -> Floats:
        """The free parameters as one vector."""
        slopes = p.slopes if self.free_slopes else p.slopes[:0]
        means, log_sds = p.means[self.free_means], np.log(p.sds[self.free_sds])
        return np.concatenate([slopes, p.intercepts[self.step_mask], means, log_sds])

    def restore(self, vector: Floats, like: Parameters) -> Parameters:
        """The reverse of `flatten`; what is not free is taken from `like`."""
        n_slopes = len(self.n_steps) if self.free_slopes else 0
        n_steps = int(self.n_steps.sum())
        n_means = int(self.free_means.sum())
        slopes, steps, means, log_sds = np.split(vector, np.cumsum([n_slopes, n_steps, n_means]))
        intercepts, new_means, new_sds = like.intercepts.copy(), like.means.copy(), like.sds.copy()
        intercepts[self.step_mask] = steps
        new_means[self.free_means] = means
        new_sds[self.free_sds] = np.exp(np.clip(log_sds, -8.0, 4.0))
        return Parameters(slopes if n_slopes else like.slopes, intercepts, new_means, new_sds)


@dataclass(frozen=True)
class Evaluation:
    """The marginal log-likelihood at one point, its gradient, and what the M-step and the scores need."""

    loglik: float
    gradient: Floats
    run_counts: Floats
    item_counts: Floats
    moments: Floats
    unit_means: Floats
    unit_variances: Floats


def log_prior(means: Floats, sds: Floats, theta: Floats) -> Floats:
    """Log normal weights on the grid, renormalised to sum to one in each group: (groups, nodes)."""
    density = -0.5 * ((theta[None, :] - means[:, None]) / sds[:, None]) ** 2
    top = density.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(density - top).sum(axis=1, keepdims=True)) + top
    return np.asarray(density - normaliser)


@dataclass(frozen=True)
class Likelihood:
    """The marginal likelihood of the prepared answers on a grid, as a function of the parameters."""

    data: Prepared
    shape: Shape
    grid: Grid

    def scores(self, p: Parameters) -> Floats:
        """The weighted score sum_j a_j x_j of every unit."""
        if self.data.unit_scores is not None:
            return self.data.unit_scores
        assert self.data.packed is not None
        return kernels.table_sums(self.data.packed, score_table(self.data.layout, p.slopes))

    def bases(self, p: Parameters) -> Floats:
        """log prior - sum of log Z over the answered items, for every run and node."""
        theta = self.grid.theta
        log_z = kernels.log_normalisers(p.slopes, p.intercepts, self.data.items.n_steps, theta)
        prior = log_prior(p.means, p.sds, theta)[self.data.run_group]
        return np.ascontiguousarray(prior - kernels.design_sums(self.data.run_masks, log_z))

    def evaluate(self, p: Parameters) -> Evaluation:
        """One pass over the units: log-likelihood, gradient (Fisher's identity), expected counts."""
        data, theta = self.data, self.grid.theta
        loglik, run_counts, means, variances = kernels.posterior_pass(
            self.scores(p), data.unit_weight, data.run_starts, self.bases(p), theta
        )
        loglik += float((data.step_counts * p.intercepts)[self.shape.step_mask].sum())
        item_counts = kernels.item_sums(data.run_masks, run_counts, len(data.items.names))
        moments = np.zeros(len(data.items.names))
        if self.shape.free_slopes:
            assert data.packed is not None
            sums = kernels.byte_sums(data.packed, data.unit_weight * means)
            moments = item_moments_of(data.layout, len(moments), sums)
        result = Evaluation(loglik, np.zeros(0), run_counts, item_counts, moments, means, variances)
        return replace(result, gradient=self._gradient(p, result))

    def group_counts(self, run_counts: Floats) -> Floats:
        """Expected number of persons of each group at each node, (groups, nodes)."""
        counts = np.zeros((self.shape.n_groups, run_counts.shape[1]))
        np.add.at(counts, self.data.run_group, run_counts)
        return counts

    def _gradient(self, p: Parameters, e: Evaluation) -> Floats:
        theta = self.grid.theta
        by_slope, by_step = kernels.item_gradient(
            p.slopes,
            p.intercepts,
            self.data.items.n_steps,
            theta,
            e.item_counts,
            self.data.step_counts,
            e.moments,
        )
        counts = self.group_counts(e.run_counts)
        prior = np.exp(log_prior(p.means, p.sds, theta))
        excess = counts - counts.sum(axis=1, keepdims=True) * prior
        first, second = excess @ theta, excess @ theta**2
        by_mean = first / p.sds**2
        by_log_sd = (second - 2.0 * p.means * first) / p.sds**2
        parts = [
            by_slope if self.shape.free_slopes else by_slope[:0],
            by_step[self.shape.step_mask],
            by_mean[self.shape.free_means],
            by_log_sd[self.shape.free_sds],
        ]
        return np.concatenate(parts)

    def maximise(self, p: Parameters, e: Evaluation) -> Parameters:
        """The M-step: Newton for all items, exact moment matching of each group's prior on the grid."""
        theta = self.grid.theta
        slopes, intercepts = kernels.maximise_items(
            p.slopes,
            p.intercepts,
            self.data.items.n_steps,
            theta,
            e.item_counts,
            self.data.step_counts,
            e.moments,
            self.shape.free_slopes,
            8,
        )
        counts = self.group_counts(e.run_counts)
        means, sds = p.means.copy(), p.sds.copy()
        for g in range(self.shape.n_groups):
            free = bool(self.shape.free_means[g]), bool(self.shape.free_sds[g])
            means[g], sds[g] = match_prior(counts[g], theta, means[g], sds[g], *free)
        return Parameters(slopes, intercepts, means, sds)


def lowest_sd(theta: Floats) -> float:
    """Half the distance of two nodes."""
    return 0.5 * float(theta[1] - theta[0])


def match_prior(
    counts: Floats, theta: Floats, mean: float, sd: float, free_mean: bool, free_sd: bool
) -> tuple[float, float]:
    """The renormalised normal prior that maximises sum_q counts_q log prior_q.

    On a wide grid this is the mean and standard deviation of the counts; on a narrow one Newton in the natural
    parameters mean/sd^2 and -1/(2 sd^2) finds the exact maximum of this concave function. The standard deviation stays
    above `lowest_sd`, below which the grid could not tell it from zero.
    """
    total = float(counts.sum())
    if total <= 0 or not (free_mean or free_sd):
        return mean, sd
    sharpest = -0.5 / lowest_sd(theta) ** 2
    sd = max(sd, lowest_sd(theta))
    target = np.array([counts @ theta, counts @ theta**2]) / total
    natural = np.array([mean / sd**2, -0.5 / sd**2])
    free = np.array([free_mean, free_sd])
    features = np.stack([theta, theta**2])
    for _ in range(50):
        weights = np.exp(natural @ features - (natural @ features).max())
        weights /= weights.sum()
        expected = features @ weights
        covariance = (features * weights) @ features.T - np.outer(expected, expected)
        change = np.zeros(2)
        change[free] = np.linalg.solve(covariance[np.ix_(free, free)], (target - expected)[free])
        damp = 1.0
        while natural[1] + damp * change[1] > -1e-4:
            damp *= 0.5
        natural = natural + damp * change
        if natural[1] < sharpest:
            natural = np.array([natural[0] * sharpest / natural[1], sharpest])
            free[1] = False
            if not free[0]:
                break
        if float(np.abs(change).max()) < 1e-12:
            break
    variance = -0.5 / natural[1]
    return float(natural[0] * variance), float(np.sqrt(variance))
