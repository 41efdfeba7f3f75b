"""Latent regression: ability is normal around a linear function of what else is known of a person.

theta_i ~ N(mean of the group + x_i'beta, variance of the group) (Mislevy 1984, Psychometrika 49, eq. 6; Adams, Wilson & Wu
1997, J. Educ. Behav. Stat. 22, eq. 6). There is no intercept: where all covariates are 0, group 0 has mean 0. A normal
prior with another mean for each person only adds x'beta / sd^2 to the factor of theta (`Prior.tilts`), so a person
still costs one pass of the kernel; the prior's own normaliser and moments on the grid make the gradient exact on every grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.kernels import regression as kernels
from tirek_engines.psychometrics.likelihood.covariates import (
    Covariates,
    Design,
    Scaled,
    scale_covariates,
    with_dummies,
)
from tirek_engines.psychometrics.likelihood.normals import log_prior, lowest_sd
from tirek_engines.psychometrics.likelihood.posteriors import Posterior, Prior
from tirek_engines.psychometrics.parallel import each_slice
from tirek_engines.psychometrics.parameters import Parameters, Shape

__all__ = ["Covariates", "Design", "LatentRegression", "Scaled", "moments_of_priors", "scale_covariates"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Moments:
    """The prior of every unit on the grid: its tilt, and log normaliser, mean and variance."""

    of: Parameters
    tilts: Floats
    norms: Floats
    means: Floats
    variances: Floats


TILT_STEP, MANY = 0.02, 4
"""Distance of points, times the largest standard deviation, from which the moments of priors are interpolated (to 1e-12 of the log
normaliser, a normal's being a parabola); used where units outnumber the points this many times."""


def moments_of_priors(
    tilts: Floats, groups: Ints, bases: Floats, theta: Floats, sds: Floats, threads: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Log normaliser, mean and variance of each unit's prior on the grid; many are interpolated."""
    step = TILT_STEP / float(sds.max())
    low = float(tilts.min())
    n_points = int(np.ceil((float(tilts.max()) - low) / step)) + 4
    if tilts.shape[0] < MANY * n_points * bases.shape[0]:
        return kernels.prior_moments(tilts, groups, bases, theta)
    points = np.tile(low + step * (np.arange(n_points) - 1.0), bases.shape[0])
    of_point = np.repeat(np.arange(bases.shape[0]), n_points)
    table = np.column_stack(kernels.prior_moments(points, of_point, bases, theta))
    firsts, found = np.arange(bases.shape[0]) * n_points, [np.empty(tilts.shape[0]) for _ in range(3)]

    def part(own: slice) -> None:
        kernels.interpolated_moments(tilts[own], groups[own], firsts, low, 1.0 / step, table, *(f[own] for f in found))

    each_slice(part, tilts.shape[0], threads)
    return found[0], found[1], found[2]


@dataclass(frozen=True)
class LatentRegression:
    """theta ~ N(mean_g + x'coefficients, sd_g^2), weights renormalised on the grid for every unit.

    Parameters
    ----------
    data, shape, theta
        As for `normals.GroupNormals`; a unit must be a person.
    design : Design
        Covariates of the units, of one scale.
    products : ndarray, shape (groups, 1 + covariates, 1 + covariates), optional
        Those of `Design.products` with the weights of the units, where they are known.
    """

    data: Prepared
    shape: Shape
    theta: Floats
    design: Design
    products: Floats | None = field(default=None, repr=False)
    _memory: list[_Moments] = field(default_factory=list, repr=False, compare=False)
    _sums: list[tuple[Posterior, _Moments, Floats]] = field(default_factory=list, repr=False, compare=False)

    @cached_property
    def unit_group(self) -> Ints:
        """Group of each unit."""
        return np.asarray(self.data.run_group[self.data.unit_run])

    @cached_property
    def _products(self) -> Floats:
        if self.products is not None:
            return self.products
        return self.design.products(self.unit_group, self.data.unit_weight, self.shape.n_groups)

    def on(self, theta: Floats) -> LatentRegression:
        """The same on other nodes."""
        return LatentRegression(self.data, self.shape, theta, self.design, self.products)

    def _moments(self, p: Parameters) -> _Moments:
        """Computed once a point: prior, gradient and M-step of a step ask for the same."""
        if self._memory:
            of = self._memory[0].of
            if of.means is p.means and of.sds is p.sds and of.coefficients is p.coefficients:
                return self._memory[0]
        self._memory.clear()
        tilts = self.design.line(p.coefficients)
        tilts *= (1.0 / p.sds**2)[self.unit_group]
        bases = log_prior(p.means, p.sds, self.theta)
        moments = moments_of_priors(tilts, self.unit_group, bases, self.theta, p.sds, self.design.threads)
        self._memory[:] = [_Moments(p, tilts, *moments)]
        return self._memory[0]

    def forget(self) -> None:
        """Let go what was kept of the last point, some 50 bytes a unit; it is computed again when it is asked for."""
        self._memory.clear()
        self._sums.clear()

    def lines(self, p: Parameters, units: slice = slice(None)) -> Floats:
        """Mean of the group + x'beta of each unit."""
        group = self.unit_group[units]
        return np.asarray(p.means[group] + self._moments(p).tilts[units] * (p.sds**2)[group])

    def prior(self, p: Parameters) -> Prior:
        """Each unit's own, by a tilt of its group's."""
        prior = self._moments(p)
        bases = log_prior(p.means, p.sds, self.theta)[self.data.run_group]
        return Prior(np.ascontiguousarray(bases), prior.tilts, prior.norms)

    def gradient(self, p: Parameters, posterior: Posterior) -> Floats:
        """By the free means, the free log standard deviations, then the coefficients."""
        sums, precisions = self._scores(p, posterior), 1.0 / p.sds**2
        by_mean, by_log_sd = sums[:, 0] * precisions, sums[:, 1] * precisions
        return np.concatenate(
            [by_mean[self.shape.free_means], by_log_sd[self.shape.free_sds], precisions @ sums[:, 2:]]
        )

    def _scores(self, p: Parameters, posterior: Posterior) -> Floats:
        """`Design.score_sums`, once for the gradient and the M-step."""
        moments = self._moments(p)
        if not self._sums or self._sums[0][0] is not posterior or self._sums[0][1] is not moments:
            after = posterior.unit_means, posterior.unit_variances
            of_units = (self.data.unit_weight, *after, moments.means, moments.variances, moments.tilts)
            found = self.design.score_sums(self.unit_group, of_units, p.means, p.sds**2)
            self._sums[:] = [(posterior, moments, found)]
        return self._sums[0][2]

    def maximise(self, p: Parameters, posterior: Posterior) -> Parameters:
        """The M-step: means and effects by generalised least squares, then the spread around the new line."""
        sums, precisions, free = self._scores(p, posterior), 1.0 / p.sds**2, self.shape.free_means
        information = with_dummies(self._products, free, precisions)
        right = np.concatenate([(sums[:, 0] * precisions)[free], precisions @ sums[:, 2:]])
        step = np.linalg.solve(information, right)
        means = p.means.copy()
        means[free] += step[: int(free.sum())]
        change = step[int(free.sum()) :]
        moved = np.column_stack([means - p.means, np.tile(change, (self.shape.n_groups, 1))])
        return replace(p, means=means, sds=self._new_sds(p, sums, moved), coefficients=p.coefficients + change)

    def _new_sds(self, p: Parameters, sums: Floats, moved: Floats) -> Floats:
        """`moved` (groups, 1 + covariates) says by how much a group's mean and the effects have changed."""
        total = self._products[:, 0, 0]
        squares = np.einsum("gc,gcd,gd->g", moved, self._products, moved)
        nearer = moved[:, 0] * sums[:, 0] + (moved[:, 1:] * sums[:, 2:]).sum(axis=1)
        variance = p.sds**2 + (sums[:, 1] + squares - 2.0 * nearer) / total
        least = np.maximum(0.25 * p.sds**2, lowest_sd(self.theta) ** 2)
        variance = np.clip(variance, least, np.maximum(4.0 * p.sds**2, least))
        return np.asarray(np.where(self.shape.free_sds, np.sqrt(variance), p.sds))

    def line_information(self, p: Parameters) -> Floats:
        """Information of the free means and the coefficients when ability is observed: variances of the prior on the grid."""
        amounts = self.data.unit_weight * self._moments(p).variances
        products = self.design.products(self.unit_group, amounts, self.shape.n_groups)
        return with_dummies(products, self.shape.free_means, 1.0 / p.sds**4)

    def node_scores(self, p: Parameters, units: slice) -> Floats:
        """Derivative of the log prior by the free parameters, shape (units, parameters, nodes)."""
        moments = self._moments(p)
        means, variances = moments.means[units], moments.variances[units]
        group, places, line = self.unit_group[units], self.shape.places, self.lines(p, units)
        precision = (1.0 / p.sds**2)[group][:, None]
        first = (self.theta - means[:, None]) * precision
        spread = (variances + (means - line) ** 2)[:, None]
        second = ((self.theta - line[:, None]) ** 2 - spread) * precision
        start = self.shape.n_item_parameters
        out = np.zeros((len(group), places.n - start, self.theta.size))
        for g in range(self.shape.n_groups):
            chosen = group == g
            if places.means[g] >= 0:
                out[chosen, places.means[g] - start] = first[chosen]
            if places.sds[g] >= 0:
                out[chosen, places.sds[g] - start] = second[chosen]
        out[:, places.coefficients - start] = self.design.block(units)[:, :, None] * first[:, None, :]
        return out
