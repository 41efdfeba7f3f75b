"""Latent regression: ability is normal around a linear function of what else is known of a person.

theta_i ~ N(mean of the group + x_i'beta, variance of the group) (Mislevy 1984, Psychometrika 49, eq. 6; Adams, Wilson & Wu
1997, J. Educ. Behav. Stat. 22, eq. 6). There is no intercept: where all covariates are 0, group 0 has mean 0. A normal
prior with another mean for each person only adds x'beta / sd^2 to the factor of theta (`Prior.tilts`), so a person
still costs one pass of the kernel; the prior's own normaliser and moments on the grid make the gradient exact on every grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.kernels import regression as kernels
from tirek_engines.psychometrics.likelihood.normals import log_prior, lowest_sd
from tirek_engines.psychometrics.likelihood.posteriors import Posterior, Prior
from tirek_engines.psychometrics.parameters import Parameters, Shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEPENDENT = 1e-9
"""A covariate of which the others leave less than this share of the variance is called dependent on them."""


@dataclass(frozen=True)
class Covariates:
    """What is known of every person besides the answers.

    Parameters
    ----------
    names : tuple of str
        All different.
    values : ndarray of float64, shape (persons, covariates)
        Finite; any scale (they are scaled for the computation, and the results scaled back).
    """

    names: tuple[str, ...]
    values: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise BrokenContract("values", self.values.shape, f"(persons, {len(self.names)})")
        if len(set(self.names)) != len(self.names):
            raise BrokenContract("names", "a name twice", "different names")
        if not bool(np.all(np.isfinite(self.values))):
            raise BrokenContract("values", "a missing or infinite covariate", "finite numbers")


@dataclass(frozen=True)
class Scaled:
    """The covariates of the units, centred and scaled; their weighted means and standard deviations."""

    names: tuple[str, ...]
    centred: Floats
    means: Floats
    sds: Floats

    @property
    def design(self) -> Floats:
        """The covariates of the units divided by their standard deviations, not centred."""
        return np.asarray(self.centred + self.means / self.sds)


@dataclass(frozen=True)
class _Moments:
    """The prior of every unit on the grid, and its line x'beta + mean of the group."""

    of: Parameters
    line: Floats
    tilts: Floats
    norms: Floats
    means: Floats
    variances: Floats


TILT_STEP, MANY = 0.02, 4
"""Distance of points, times the largest standard deviation, from which the moments of priors are interpolated (to 1e-12 of the log
normaliser, a normal's being a parabola); used where units outnumber the points this many times."""


def moments_of_priors(
    tilts: Floats, groups: Ints, bases: Floats, theta: Floats, sds: Floats
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
    firsts = np.arange(bases.shape[0]) * n_points
    return kernels.interpolated_moments(tilts, groups, firsts, low, 1.0 / step, table)


@dataclass(frozen=True)
class LatentRegression:
    """theta ~ N(mean_g + x'coefficients, sd_g^2), weights renormalised on the grid for every unit.

    Parameters
    ----------
    data, shape, theta
        As for `normals.GroupNormals`; a unit must be a person.
    design : ndarray of float64, shape (units, covariates)
        Covariates in the order of the units, of one scale.
    """

    data: Prepared
    shape: Shape
    theta: Floats
    design: Floats
    _memory: list[_Moments] = field(default_factory=list, repr=False, compare=False)
    _grams: list[Floats] = field(default_factory=list, repr=False, compare=False)

    @property
    def unit_group(self) -> Ints:
        """Group of each unit."""
        return np.asarray(self.data.run_group[self.data.unit_run])

    def on(self, theta: Floats) -> LatentRegression:
        """The same on other nodes."""
        return LatentRegression(self.data, self.shape, theta, self.design, [], self._grams)

    def _moments(self, p: Parameters) -> _Moments:
        """Computed once a point: prior, gradient and M-step of a step ask for the same."""
        if self._memory:
            of = self._memory[0].of
            if of.means is p.means and of.sds is p.sds and of.coefficients is p.coefficients:
                return self._memory[0]
        group = self.unit_group
        shift = kernels.line(self.design, p.coefficients)
        tilts = shift * (1.0 / p.sds**2)[group]
        bases = log_prior(p.means, p.sds, self.theta)
        found = _Moments(p, p.means[group] + shift, tilts, *moments_of_priors(tilts, group, bases, self.theta, p.sds))
        self._memory[:] = [found]
        return found

    def lines(self, p: Parameters) -> Floats:
        """Mean of the group + x'beta of each unit."""
        return np.asarray(p.means[self.unit_group] + kernels.line(self.design, p.coefficients))

    def prior(self, p: Parameters) -> Prior:
        """Each unit's own, by a tilt of its group's."""
        prior = self._moments(p)
        bases = log_prior(p.means, p.sds, self.theta)[self.data.run_group]
        return Prior(np.ascontiguousarray(bases), prior.tilts, prior.norms)

    def gradient(self, p: Parameters, posterior: Posterior) -> Floats:
        """By the free means, the free log standard deviations, then the coefficients."""
        by_mean, by_log_sd, by_effect = self._scores(p, posterior)
        return np.concatenate([by_mean[self.shape.free_means], by_log_sd[self.shape.free_sds], by_effect])

    def _scores(self, p: Parameters, posterior: Posterior) -> tuple[Floats, Floats, Floats]:
        prior, weight, group, n = self._moments(p), self.data.unit_weight, self.unit_group, self.shape.n_groups
        pull = weight * (posterior.unit_means - prior.means) * (1.0 / p.sds**2)[group]
        after = posterior.unit_variances + (posterior.unit_means - prior.line) ** 2
        before = prior.variances + (prior.means - prior.line) ** 2
        by_mean = np.bincount(group, pull, minlength=n).astype(np.float64)
        by_log_sd = np.bincount(group, weight * (after - before), minlength=n) / p.sds**2
        return by_mean, by_log_sd, kernels.pulls(self.design, pull)

    def maximise(self, p: Parameters, posterior: Posterior) -> Parameters:
        """The M-step: means and effects by generalised least squares, then the spread around the new line."""
        by_mean, by_log_sd, by_effect = self._scores(p, posterior)
        free = self.shape.free_means
        information = np.einsum("gcd,g->cd", self._cross_products(), 1.0 / p.sds**2)
        step = np.linalg.solve(information, np.concatenate([by_mean[free], by_effect]))
        means = p.means.copy()
        means[free] += step[: int(free.sum())]
        change = step[int(free.sum()) :]
        moved = (means - p.means)[self.unit_group] + kernels.line(self.design, change)
        sds = self._new_sds(p, by_log_sd, moved, posterior.unit_means)
        return replace(p, means=means, sds=sds, coefficients=p.coefficients + change)

    def _cross_products(self) -> Floats:
        if not self._grams:
            self._grams.append(self._products(self.data.unit_weight))
        return self._grams[0]

    def _products(self, amounts: Floats) -> Floats:
        """Sums of `amounts` times the products of two of the free means' dummies and covariates, by group."""
        group, full = self.unit_group, self.design
        if self.shape.free_means.any():
            dummies = (group[:, None] == np.flatnonzero(self.shape.free_means)[None, :]).astype(np.float64)
            full = np.column_stack([dummies, self.design])
        return kernels.grams(full, amounts, group, self.shape.n_groups)

    def line_information(self, p: Parameters) -> Floats:
        """Information of the free means and the coefficients when ability is observed: variances of the prior on the grid."""
        amounts = self.data.unit_weight * self._moments(p).variances
        return np.asarray(np.einsum("gcd,g->cd", self._products(amounts), 1.0 / p.sds**4))

    def _new_sds(self, p: Parameters, by_log_sd: Floats, moved: Floats, unit_means: Floats) -> Floats:
        prior, weight, group, n = self._moments(p), self.data.unit_weight, self.unit_group, self.shape.n_groups
        total = np.bincount(group, weight, minlength=n)
        change = np.bincount(group, weight * (moved**2 - 2.0 * (unit_means - prior.line) * moved), minlength=n)
        variance = p.sds**2 * (1.0 + by_log_sd / total) + change / total
        least = np.maximum(0.25 * p.sds**2, lowest_sd(self.theta) ** 2)
        variance = np.clip(variance, least, np.maximum(4.0 * p.sds**2, least))
        return np.asarray(np.where(self.shape.free_sds, np.sqrt(variance), p.sds))

    def node_scores(self, p: Parameters, units: slice) -> Floats:
        """Derivative of the log prior by the free parameters, shape (units, parameters, nodes)."""
        prior, group, places = self._moments(p), self.unit_group[units], self.shape.places
        precision = (1.0 / p.sds**2)[group][:, None]
        middle = prior.line[units][:, None]
        first = (self.theta - prior.means[units][:, None]) * precision
        spread = (prior.variances[units] + (prior.means[units] - prior.line[units]) ** 2)[:, None]
        second = ((self.theta - middle) ** 2 - spread) * precision
        start = self.shape.n_item_parameters
        out = np.zeros((len(group), places.n - start, self.theta.size))
        for g in range(self.shape.n_groups):
            chosen = group == g
            if places.means[g] >= 0:
                out[chosen, places.means[g] - start] = first[chosen]
            if places.sds[g] >= 0:
                out[chosen, places.sds[g] - start] = second[chosen]
        out[:, places.coefficients - start] = self.design[units][:, :, None] * first[:, None, :]
        return out


def scale_covariates(data: Prepared, covariates: Covariates) -> Scaled:
    """Bring the covariates into the order of the units and to one scale; refuse what cannot be estimated."""
    if covariates.values.shape[0] != data.unit_of_person.shape[0]:
        raise BrokenContract("covariates", covariates.values.shape[0], f"{data.unit_of_person.shape[0]} persons")
    design = np.empty(covariates.values.shape)
    design[data.unit_of_person] = covariates.values
    weight = data.unit_weight / data.unit_weight.sum()
    means = kernels.pulls(design, weight)
    sds = np.sqrt(kernels.spreads(design, weight, means))
    for name, mean, sd in zip(covariates.names, means.tolist(), sds.tolist(), strict=True):
        if sd <= 1e-12 * max(1.0, abs(mean)):
            raise Refusal(
                f"The covariate {name} is the same for everybody who calibrates, so its effect cannot be told from the "
                "difficulty of the items. Leave it out.",
                code="constant_covariate",
                covariate=name,
            )
    design -= means
    design /= sds
    _refuse_dependent(data, covariates.names, design)
    return Scaled(covariates.names, design, means, sds)


def _refuse_dependent(data: Prepared, names: tuple[str, ...], standard: Floats) -> None:
    """Name the first covariate that groups and earlier covariates determine."""
    group = data.run_group[data.unit_run]
    dummies = (group[:, None] == np.arange(1, len(data.group_names))[None, :]).astype(np.float64)
    full = np.column_stack([np.ones(len(group)), dummies, standard])
    gram = kernels.grams(full, data.unit_weight / data.unit_weight.sum(), np.zeros_like(group), 1)[0]
    first = 1 + dummies.shape[1]
    for k in range(first, gram.shape[0]):
        left = gram[k, k] - gram[k, :k] @ np.linalg.lstsq(gram[:k, :k], gram[:k, k], rcond=1e-12)[0]
        if left < DEPENDENT * gram[k, k]:
            raise Refusal(
                f"The covariate {names[k - first]} is determined by the covariates before it and the groups, so its "
                "effect cannot be estimated beside theirs. Leave it out.",
                code="dependent_covariate",
                covariate=names[k - first],
            )
