"""Tests of several correlated dimensions, each item measuring one: entrance and exit, or reading and mathematics.

theta_i ~ N_D(mean of the group + B'x_i, covariance of the group) (Adams, Wilson & Wang 1997, Appl. Psychol. Meas. 21, eq. 8-12).
In the score family a person's answers enter only through one weighted score a dimension, so on a product grid the E-step is a few
products of matrices; other items are looked up in tables of their curves. Items may share their parameters: the same task at
entrance and at exit then puts both occasions on one scale, and the second dimension's mean is the growth (Andersen 1985,
Psychometrika 50; Embretson 1991, Psychometrika 56). A prior mean that differs from person to person only adds Sigma^-1 mu_i to
the factors of theta, dimension by dimension.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared, score_table
from tirek_engines.psychometrics.dimensions.grid import Together, join, normal_weights
from tirek_engines.psychometrics.dimensions.shape import (
    DimensionShape,
    Layout,
    correlations,
    covariance_matrix,
    effects_of,
    means_of,
)
from tirek_engines.psychometrics.kernels import items as item_kernels
from tirek_engines.psychometrics.kernels import packing
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.likelihood.model import Evaluation, Grid, Parameters
from tirek_engines.psychometrics.likelihood.posteriors import Counts, Posterior
from tirek_engines.psychometrics.likelihood.response import GuessingPrior, item_gradient, maximise_items

__all__ = ["DimensionLikelihood", "DimensionShape", "Layout", "correlations", "covariance_matrix"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELLS = 4_000_000
"""Numbers held at once."""
USUAL_PRIOR = GuessingPrior()


@dataclass(frozen=True)
class Units:
    """Persons who share one posterior: of one run and, where all slopes are 1, of equal scores in every dimension."""

    run: Ints
    scores: Floats
    weight: Floats
    of_person: Ints


@dataclass
class _Sums:
    """What one pass adds up: counts, moments of units, and the population's part by group."""

    counts: Floats
    categories: Floats
    means: Floats
    variances: Floats
    pulls: Floats
    line: Floats
    spreads: Floats
    loglik: float = 0.0


@dataclass(frozen=True)
class DimensionLikelihood:
    """The marginal likelihood on a product grid; parameters of items are those of their classes.

    Attributes
    ----------
    design : ndarray of float64, shape (units, covariates)
        Covariates of the units, of one scale; without columns where there are none.
    """

    data: Prepared
    shape: DimensionShape
    grid: Grid
    layout: Layout
    design: Floats
    guessing_prior: GuessingPrior = USUAL_PRIOR
    _held: list[Units] = field(default_factory=list, repr=False, compare=False)

    @property
    def theta(self) -> Floats:
        """The nodes of every dimension."""
        return self.grid.theta

    @property
    def n_groups(self) -> int:
        """Groups of persons."""
        return len(self.data.group_names)

    def _slopes(self, p: Parameters) -> Floats:
        """Slope of each item, shape (dimensions, items); 0 where the item is of another dimension."""
        of_item = p.slopes[self.layout.of_class]
        own = self.layout.dimension[None, :] == np.arange(self.layout.n_dimensions)[:, None]
        return np.asarray(np.where(own, of_item, 0.0))

    def units(self, p: Parameters) -> Units:
        """Sufficient units; fixed once and for all where slopes are."""
        if self._held:
            return self._held[0]
        data = self.data
        assert data.packed is not None
        run, weight, of_person = data.unit_run, data.unit_weight, data.unit_of_person
        if not self.shape.in_score_family:
            return Units(run, np.zeros((run.shape[0], 0)), weight, of_person)
        slopes = self._slopes(p)
        scores = np.column_stack([kernels.table_sums(data.packed, score_table(data.layout, s)) for s in slopes])
        if not bool(np.all(p.slopes == 1.0)) or self.shape.free_slopes.any() or self.design.shape[1]:
            return Units(run, scores, weight, of_person)
        key = np.ascontiguousarray(scores.astype(np.uint16)).view(np.uint8).reshape(len(run), -1)
        number, first = packing.number_rows(key, run)
        found = Units(
            run[first],
            scores[first],
            np.bincount(number, weight).astype(np.float64),
            number[of_person].astype(np.int64),
        )
        self._held.append(found)
        return found

    def _bases(self, p: Parameters) -> Floats:
        """Minus the sum of log Z over the answered items of each dimension, shape (dimensions, runs, nodes)."""
        of_class, steps = self.layout.of_class, self.data.items.n_steps
        log_z = kernels.log_normalisers(p.slopes[of_class], p.intercepts[of_class], steps, self.theta)
        own = self.layout.dimension[None, :] == np.arange(self.layout.n_dimensions)[:, None]
        return np.stack([-kernels.design_sums(self.data.run_masks, log_z * o[:, None]) for o in own])

    def _curves(self, p: Parameters) -> Floats:
        """log P of every class, category and node."""
        shape = self.shape
        return item_kernels.log_curves(shape.kinds, p.slopes, p.intercepts, p.guessing, shape.n_steps, self.theta)

    @cached_property
    def _presented(self) -> NDArray[np.bool_]:
        found = np.unpackbits(self.data.run_masks, axis=1, bitorder="little")[:, : len(self.layout.dimension)]
        return found.astype(bool)

    def codes(self, part: Ints, item: int) -> tuple[Ints, Ints]:
        """Places within `part` of the units that answered the item, and their categories."""
        assert self.data.packed is not None
        there = np.flatnonzero(self._presented[self.data.unit_run[part], item])
        byte = self.data.packed[part[there], self.data.layout.byte_of[item]]
        return there, self.data.layout.digits(item)[byte]

    def log_likelihoods(self, p: Parameters, units: Units) -> Callable[[Ints], list[Floats]]:
        """For some units: log-likelihood of the answers of each dimension at every node, up to a constant a unit."""
        n, theta = self.layout.n_dimensions, self.theta
        if self.shape.in_score_family:
            bases = self._bases(p)
            return lambda part: [units.scores[part, d, None] * theta + bases[d][units.run[part]] for d in range(n)]
        curves = self._curves(p)

        def looked_up(part: Ints) -> list[Floats]:
            logs = [np.zeros((part.size, theta.size)) for _ in range(n)]
            for j, (d, k) in enumerate(zip(self.layout.dimension, self.layout.of_class, strict=True)):
                there, category = self.codes(part, j)
                logs[d][there] += curves[k][category]
            return logs

        return looked_up

    def lines(self, p: Parameters, units: Units) -> Floats:
        """Mean of each unit before its answers, shape (units, dimensions)."""
        group = self.data.run_group[units.run]
        means = means_of(p, self.n_groups)[group]
        return np.asarray(means + self.design @ effects_of(p, self.n_groups)) if self.design.shape[1] else means

    def parts(self, units: Units) -> Iterator[tuple[int, Ints]]:
        """Groups and places of their units, as many at once as fit."""
        chunk = max(1, CELLS // self.theta.shape[0] ** max(self.layout.n_dimensions - 1, 1))
        group = self.data.run_group[units.run]
        for g in range(self.n_groups):
            own = np.flatnonzero(group == g)
            for start in range(0, own.shape[0], chunk):
                yield g, own[start : start + chunk]

    def evaluate(self, p: Parameters) -> Evaluation:
        """One pass: log-likelihood, exact gradient, expected counts; means of the units, (units, dimensions)."""
        units = self.units(p)
        sums = self._empty(units)
        logs_of, lines = self.log_likelihoods(p, units), self.lines(p, units)
        posteriors = self.posteriors(p, units, logs_of, lines)
        for g, part, post, before in posteriors:
            self._add(sums, units, g, part, post, before, lines[part])
        if self.shape.in_score_family:
            sums.loglik += float((self.step_counts_of_classes * p.intercepts)[self.shape.step_mask].sum())
            counts = self._item_counts(sums.counts, sums.means, units)
        else:
            counts = self._category_counts(sums.categories)
        by_item = item_gradient(self.shape, p, counts, self.theta, self.guessing_prior)
        gradient = np.concatenate([by_item, self._population_gradient(p, sums)])
        log_prior = self.guessing_prior.log_density(self.shape, p)
        posterior = Posterior(sums.loglik, sums.counts, counts, sums.means, sums.variances)
        return Evaluation(sums.loglik, log_prior, gradient, posterior)

    def posteriors(
        self, p: Parameters, units: Units, logs_of: Callable[[Ints], list[Floats]], lines: Floats
    ) -> Iterator[tuple[int, Ints, Together, Together]]:
        """Group, places, posterior and prior of the units, part by part; `log_total` is net of the prior's own."""
        theta, one = self.theta, np.zeros((1, self.theta.shape[0]))
        n, regressed = self.layout.n_dimensions, bool(self.design.shape[1])
        prior: tuple[int, Floats, Together] | None = None
        for g, part in self.parts(units):
            covariance = covariance_matrix(p, g, self.n_groups)
            if prior is None or prior[0] != g:
                mean = None if regressed else means_of(p, self.n_groups)[g]
                weights = normal_weights(covariance, theta, mean)
                prior = g, weights, join([one] * n, weights, theta)
            _, weights, before = prior
            logs = logs_of(part)
            if regressed:
                tilts = lines[part] @ np.linalg.inv(covariance)
                own = [tilts[:, d, None] * theta for d in range(n)]
                before = join(own, weights, theta)
                logs = [log + tilt for log, tilt in zip(logs, own, strict=True)]
            post = join(logs, weights, theta)
            yield g, part, replace(post, log_total=post.log_total - before.log_total), before

    def _empty(self, units: Units) -> _Sums:
        n, size, shape = self.layout.n_dimensions, units.run.shape[0], self.shape
        general = 0 if shape.in_score_family else shape.n_items
        return _Sums(
            counts=np.zeros((n, self.data.run_masks.shape[0], self.theta.size)),
            categories=np.zeros((general, shape.max_steps + 1, self.theta.size)),
            means=np.empty((size, n)),
            variances=np.empty((size, n, n)),
            pulls=np.zeros((self.n_groups, n)),
            line=np.zeros((self.n_groups, self.design.shape[1], n)),
            spreads=np.zeros((self.n_groups, n, n)),
        )

    def _add(
        self, sums: _Sums, units: Units, g: int, part: Ints, post: Together, before: Together, line: Floats
    ) -> None:
        weight = units.weight[part]
        sums.loglik += float(weight @ post.log_total)
        sums.means[part] = post.means
        sums.variances[part] = post.seconds - post.means[:, :, None] * post.means[:, None, :]
        for d, marginal in enumerate(post.marginals):
            weighted = weight[:, None] * marginal
            np.add.at(sums.counts[d], units.run[part], weighted)
            if sums.categories.shape[0]:
                self._count(sums.categories, d, part, weighted)
        away = weight[:, None] * (post.means - before.means)
        sums.pulls[g] += away.sum(axis=0)
        sums.line[g] += self.design[part].T @ away
        second = np.einsum("u,ude->de", weight, post.seconds - before.seconds)
        cross = away.T @ line
        sums.spreads[g] += second - cross - cross.T

    def _count(self, categories: Floats, d: int, part: Ints, weighted: Floats) -> None:
        """Expected answers of dimension d in each category at each node."""
        for j in np.flatnonzero(self.layout.dimension == d).tolist():
            there, category = self.codes(part, j)
            one_hot = category[None, :] == np.arange(categories.shape[1])[:, None]
            categories[self.layout.of_class[j]] += one_hot.astype(np.float64) @ weighted[there]

    @cached_property
    def step_counts_of_classes(self) -> Floats:
        """Weighted number of answers of each class in each category from 1 up."""
        found = np.zeros((self.shape.n_items, self.shape.max_steps))
        np.add.at(found, self.layout.of_class, self.data.step_counts)
        return found

    def _item_counts(self, counts: Floats, means: Floats, units: Units) -> Counts:
        """Expected answers of each class of items, from counts of runs."""
        layout, data, n_items = self.layout, self.data, len(self.layout.dimension)
        answered = np.zeros((self.shape.n_items, self.theta.shape[0]))
        moments = np.zeros(self.shape.n_items)
        for d in range(layout.n_dimensions):
            own = np.flatnonzero(layout.dimension == d)
            found = kernels.item_sums(data.run_masks, np.ascontiguousarray(counts[d]), n_items)
            np.add.at(answered, layout.of_class[own], found[own])
            if self.shape.free_slopes.any():
                assert data.packed is not None
                sums = kernels.byte_sums(data.packed, units.weight * means[:, d])
                by_item = [float(sums[data.layout.byte_of[j]] @ data.layout.digits(int(j))) for j in own]
                np.add.at(moments, layout.of_class[own], by_item)
        return Counts(answered, self.step_counts_of_classes, moments)

    def _category_counts(self, categories: Floats) -> Counts:
        numbers = np.arange(categories.shape[1], dtype=np.float64)
        moments = np.einsum("jkq,k,q->j", categories, numbers, self.theta)
        return Counts(categories.sum(axis=1), categories[:, 1:].sum(axis=2), moments, categories)

    def _changes(self, p: Parameters, g: int) -> Floats:
        """Derivative of the group's covariance by its log standard deviations and its z, (parameters, D, D)."""
        n, pairs = self.layout.n_dimensions, self.shape.n_pairs
        found = []
        for k in range(n + pairs):
            ends = []
            for h in (1e-5, -1e-5):
                sds, z = p.sds.copy(), p.coefficients.copy()
                if k < n:
                    sds[g * n + k] *= np.exp(h)
                else:
                    z[g * pairs + k - n] += h
                ends.append(covariance_matrix(replace(p, sds=sds, coefficients=z), g, self.n_groups))
            found.append((ends[0] - ends[1]) / 2e-5)
        return np.array(found)

    def _population_gradient(self, p: Parameters, sums: _Sums) -> Floats:
        n, shape = self.layout.n_dimensions, self.shape
        by_mean, by_sd, by_z = (np.zeros((self.n_groups, k)) for k in (n, n, shape.n_pairs))
        by_effect = np.zeros(sums.line.shape[1:])
        for g in range(self.n_groups):
            inverse = np.linalg.inv(covariance_matrix(p, g, self.n_groups))
            by_mean[g] = inverse @ sums.pulls[g]
            by_covariance = 0.5 * inverse @ sums.spreads[g] @ inverse
            both = np.einsum("kde,de->k", self._changes(p, g), by_covariance)
            by_sd[g], by_z[g] = both[:n], both[n:]
            by_effect += sums.line[g] @ inverse
        free = by_mean.ravel()[shape.free_means], by_sd.ravel()[shape.free_sds]
        return np.concatenate([*free, by_z.ravel(), by_effect.ravel()])

    @cached_property
    def grams(self) -> Floats:
        """Weighted products of 1 and the covariates in each group, shape (groups, 1 + covariates, 1 + covariates)."""
        full = np.column_stack([np.ones(self.data.unit_run.shape[0]), self.design]) if self.design.shape[1] else None
        group = self.data.run_group[self.data.unit_run]
        found = []
        for g in range(self.n_groups):
            weight = np.where(group == g, self.data.unit_weight, 0.0)
            found.append(np.array([[weight.sum()]]) if full is None else (full * weight[:, None]).T @ full)
        return np.array(found)

    def maximise(self, p: Parameters, e: Evaluation) -> Parameters:
        """The M-step: items by Newton; means and effects, then the covariances, by one step of Fisher scoring."""
        moved = maximise_items(self.shape, p, e.posterior.counts, self.theta, self.guessing_prior)
        shape, n = self.shape, self.layout.n_dimensions
        tail = e.gradient[shape.n_item_parameters :]
        n_means, n_sds = int(shape.free_means.sum()), int(shape.free_sds.sum())
        n_z = self.n_groups * shape.n_pairs
        by_mean, by_sd, by_z, by_effect = np.split(tail, np.cumsum([n_means, n_sds, n_z]))
        means, coefficients, sds = p.means.copy(), p.coefficients.copy(), p.sds.copy()
        line = self._line_step(p, by_mean, by_effect)
        means[shape.free_means] += line[:n_means]
        coefficients[n_z:] += line[n_means:]
        sd_gradient = np.zeros(shape.n_groups)
        sd_gradient[shape.free_sds] = by_sd
        for g in range(self.n_groups):
            own = slice(g * n, (g + 1) * n)
            of_z = slice(g * shape.n_pairs, (g + 1) * shape.n_pairs)
            step = self._spread_step(p, g, np.concatenate([sd_gradient[own], by_z[of_z]]))
            sds[own] *= np.exp(step[:n])
            coefficients[of_z] += step[n:]
        return replace(moved, means=means, sds=sds, coefficients=coefficients)

    def _line_step(self, p: Parameters, by_mean: Floats, by_effect: Floats) -> Floats:
        """Newton step of the free means and all effects: information is the sum of grams times precisions."""
        n, n_groups, n_covariates = self.layout.n_dimensions, self.n_groups, self.design.shape[1]
        information = np.zeros((n * (n_groups + n_covariates),) * 2)
        for g in range(n_groups):
            block = np.kron(self.grams[g], np.linalg.inv(covariance_matrix(p, g, n_groups)))
            places = np.concatenate([g * n + np.arange(n), n * n_groups + np.arange(n * n_covariates)])
            information[np.ix_(places, places)] += block
        free = np.concatenate([np.flatnonzero(self.shape.free_means), n * n_groups + np.arange(n * n_covariates)])
        if not free.size:
            return np.zeros(0)
        return np.asarray(np.linalg.solve(information[np.ix_(free, free)], np.concatenate([by_mean, by_effect])))

    def _spread_step(self, p: Parameters, g: int, gradient: Floats) -> Floats:
        """Fisher scoring step of a group's log standard deviations and z, at most a half."""
        n = self.layout.n_dimensions
        inverse, changes = np.linalg.inv(covariance_matrix(p, g, self.n_groups)), self._changes(p, g)
        total = float(self.grams[g][0, 0])
        information = 0.5 * total * np.einsum("kab,bc,lcd,da->kl", changes, inverse, changes, inverse)
        free = np.concatenate([self.shape.free_sds[g * n : (g + 1) * n], np.ones(self.shape.n_pairs, dtype=bool)])
        step = np.zeros(free.size)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], gradient[free])
        return np.asarray(step * min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300)))
