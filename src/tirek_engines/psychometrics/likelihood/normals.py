"""The population's part of the likelihood: a normal distribution of ability in each group.

A population that is something else (a latent regression) offers the same four functions; see `Population`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.likelihood.posteriors import Posterior, Prior
from tirek_engines.psychometrics.parameters import Parameters, Shape, none

Floats = NDArray[np.float64]


class Population(Protocol):
    """How ability is distributed. Everything is a function of the parameters and of one pass's posterior."""

    def on(self, theta: Floats) -> Population:
        """The same on other nodes."""

    def prior(self, p: Parameters) -> Prior:
        """Log weights of the nodes."""

    def gradient(self, p: Parameters, posterior: Posterior) -> Floats:
        """Derivative of the log-likelihood by the free parameters of the population, in the order of `Shape`."""

    def maximise(self, p: Parameters, posterior: Posterior) -> Parameters:
        """The M-step of the population."""

    def node_scores(self, p: Parameters, units: slice) -> Floats:
        """Derivative of the log prior by the free parameters, shape (units, parameters, nodes)."""


def log_prior(means: Floats, sds: Floats, theta: Floats) -> Floats:
    """Log normal weights on the grid, renormalised to sum to one in each group: (groups, nodes)."""
    density = -0.5 * ((theta[None, :] - means[:, None]) / sds[:, None]) ** 2
    top = density.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(density - top).sum(axis=1, keepdims=True)) + top
    return np.asarray(density - normaliser)


@dataclass(frozen=True)
class GroupNormals:
    """theta ~ N(mean_g, sd_g^2), weights renormalised on the grid."""

    data: Prepared
    shape: Shape
    theta: Floats

    @cached_property
    def _is_free(self) -> bool:
        return bool(self.shape.free_means.any() or self.shape.free_sds.any())

    def on(self, theta: Floats) -> GroupNormals:
        """The same on other nodes."""
        return GroupNormals(self.data, self.shape, theta)

    def prior(self, p: Parameters) -> Prior:
        """The same for all units of a run."""
        return Prior(np.ascontiguousarray(log_prior(p.means, p.sds, self.theta)[self.data.run_group]))

    def counts(self, run_counts: Floats) -> Floats:
        """Expected number of persons of each group at each node, (groups, nodes)."""
        counts = np.zeros((self.shape.n_groups, run_counts.shape[1]))
        np.add.at(counts, self.data.run_group, run_counts)
        return counts

    def gradient(self, p: Parameters, posterior: Posterior) -> Floats:
        """By the free means, then by the free log standard deviations."""
        if not self._is_free:
            return none()
        counts = self.counts(posterior.run_counts)
        weights = np.exp(log_prior(p.means, p.sds, self.theta))
        excess = counts - counts.sum(axis=1, keepdims=True) * weights
        first, second = excess @ self.theta, excess @ self.theta**2
        by_mean = first / p.sds**2
        by_log_sd = (second - 2.0 * p.means * first) / p.sds**2
        return np.concatenate([by_mean[self.shape.free_means], by_log_sd[self.shape.free_sds]])

    def maximise(self, p: Parameters, posterior: Posterior) -> Parameters:
        """Exact moment matching of each group's prior on the grid."""
        if not self._is_free:
            return p
        counts = self.counts(posterior.run_counts)
        means, sds = p.means.copy(), p.sds.copy()
        for g in range(self.shape.n_groups):
            free = bool(self.shape.free_means[g]), bool(self.shape.free_sds[g])
            means[g], sds[g] = match_prior(counts[g], self.theta, means[g], sds[g], *free)
        return replace(p, means=means, sds=sds)

    def node_scores(self, p: Parameters, units: slice) -> Floats:
        """The same for all units of a group."""
        weights = np.exp(log_prior(p.means, p.sds, self.theta))
        first, second = self.theta - (weights @ self.theta)[:, None], self.theta**2 - (weights @ self.theta**2)[:, None]
        by_mean = first / p.sds[:, None] ** 2
        by_log_sd = (second - 2.0 * p.means[:, None] * first) / p.sds[:, None] ** 2
        group = self.data.run_group[self.data.unit_run[units]]
        places = np.concatenate([self.shape.places.means, self.shape.places.sds]) - self.shape.n_item_parameters
        tables = np.zeros((self.shape.n_groups, self.shape.places.n - self.shape.n_item_parameters, self.theta.size))
        for g in range(self.shape.n_groups):
            if places[g] >= 0:
                tables[g, places[g]] = by_mean[g]
            if places[self.shape.n_groups + g] >= 0:
                tables[g, places[self.shape.n_groups + g]] = by_log_sd[g]
        return np.asarray(tables[group])


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
