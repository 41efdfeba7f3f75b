"""Tests of several correlated dimensions, each item measuring one: entrance and exit, or reading and mathematics.

theta_i ~ N_D(mean, covariance); P as in the score family (Adams, Wilson & Wang 1997, Appl. Psychol. Meas. 21, eq. 8-12). A
person's answers enter only through one weighted score a dimension, so on a product grid the E-step is a few products of
matrices. Items may share their parameters: the same task at entrance and at exit then puts both occasions on one scale,
and the second dimension's mean is the growth (Andersen 1985, Psychometrika 50; Embretson 1991, Psychometrika 56).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared, score_table
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.likelihood.model import Evaluation, Grid, Parameters, Shape
from tirek_engines.psychometrics.likelihood.posteriors import Counts, Posterior
from tirek_engines.psychometrics.likelihood.response import GuessingPrior, item_gradient, maximise_items

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CELLS = 4_000_000
"""Numbers held at once."""
NO_PRIOR = GuessingPrior()


@dataclass(frozen=True)
class DimensionShape(Shape):
    """Which parameters are free: items as in `Shape`; means and standard deviations stand for dimensions, the
    coefficients for correlations (Fisher's z of partial correlations, so that every vector is a covariance).

    Parameters
    ----------
    loose_means, loose_sds : tuple of bool
        Dimensions whose mean and standard deviation are estimated.
    """

    loose_means: tuple[bool, ...] = ()
    loose_sds: tuple[bool, ...] = ()

    @cached_property
    def free_means(self) -> Bools:
        """Dimensions whose mean is estimated."""
        return np.array(self.loose_means)

    @cached_property
    def free_sds(self) -> Bools:
        """Dimensions whose standard deviation is estimated."""
        return np.array(self.loose_sds)


def correlations(z: Floats, n: int) -> Floats:
    """Correlation matrix of partial correlations tanh(z), in the order 12, 13, 23 (Joe 2006, J. Multivar. Anal. 97)."""
    factor = np.eye(n)
    for i in range(1, n):
        left = 1.0
        for j in range(i):
            partial = np.tanh(z[_pair(j, i)])
            factor[i, j] = partial * np.sqrt(left)
            left -= factor[i, j] ** 2
        factor[i, i] = np.sqrt(max(left, 1e-12))
    return np.asarray(factor @ factor.T)


def _pair(j: int, i: int) -> int:
    """Place of the pair j < i: 01, 02, 12."""
    return i * (i - 1) // 2 + j


def covariance_matrix(p: Parameters) -> Floats:
    """Covariance of the dimensions."""
    return np.asarray(np.outer(p.sds, p.sds) * correlations(p.coefficients, p.sds.shape[0]))


@dataclass(frozen=True)
class Layout:
    """Which dimension each prepared item measures, and the class of items that it shares its parameters with."""

    dimension: Ints
    of_class: Ints
    n_dimensions: int


@dataclass(frozen=True)
class Units:
    """Persons who share one posterior: of one run and, where all slopes are 1, of equal scores in every dimension."""

    run: Ints
    scores: Floats
    weight: Floats
    of_person: Ints


@dataclass(frozen=True)
class Moments:
    """Posterior means (units, D) and second moments (units, D, D)."""

    means: Floats
    seconds: Floats


@dataclass(frozen=True)
class DimensionLikelihood:
    """The marginal likelihood on a product grid; parameters of items are those of their classes."""

    data: Prepared
    shape: DimensionShape
    grid: Grid
    layout: Layout
    _held: list[Units] = field(default_factory=list, repr=False, compare=False)

    @property
    def theta(self) -> Floats:
        """The nodes of every dimension."""
        return self.grid.theta

    def _slopes(self, p: Parameters) -> Floats:
        """Slope of each item, shape (dimensions, items); 0 where the item is of another dimension."""
        of_item = p.slopes[self.layout.of_class]
        own = self.layout.dimension[None, :] == np.arange(self.layout.n_dimensions)[:, None]
        return np.asarray(np.where(own, of_item, 0.0))

    def units(self, p: Parameters) -> Units:
        """Sufficient units; fixed once and for all where slopes are fixed."""
        if self._held:
            return self._held[0]
        data = self.data
        assert data.packed is not None
        slopes = self._slopes(p)
        scores = np.column_stack([kernels.table_sums(data.packed, score_table(data.layout, s)) for s in slopes])
        run, weight, of_person = data.unit_run, data.unit_weight, data.unit_of_person
        if self.shape.free_slopes.any():
            return Units(run, scores, weight, of_person)
        key = np.ascontiguousarray(scores.astype(np.uint16)).view(np.uint8).reshape(len(run), -1)
        number, first = kernels.number_rows(key, run)
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

    def _prior(self, p: Parameters) -> tuple[Floats, Floats, Floats]:
        """Normalised weights on the product grid, and their mean and second moments."""
        n, theta = self.layout.n_dimensions, self.theta
        points = np.stack([g.ravel() for g in np.meshgrid(*[theta] * n, indexing="ij")], axis=1)
        away = points - p.means
        log_w = -0.5 * np.einsum("qd,de,qe->q", away, np.linalg.inv(covariance_matrix(p)), away)
        weights = np.exp(log_w - log_w.max())
        weights /= weights.sum()
        seconds = (points * weights[:, None]).T @ points
        return weights.reshape([theta.shape[0]] * n), weights @ points, seconds

    def evaluate(self, p: Parameters) -> Evaluation:
        """One pass: log-likelihood, exact gradient, expected counts; means of the units, (units, dimensions)."""
        units, layout, n_nodes = self.units(p), self.layout, self.theta.shape[0]
        prior, mean, second = self._prior(p)
        bases = self._bases(p)
        counts = np.zeros((layout.n_dimensions, self.data.run_masks.shape[0], n_nodes))
        moments = Moments(np.empty_like(units.scores), np.empty((*units.scores.shape, layout.n_dimensions)))
        loglik = 0.0
        chunk = max(1, CELLS // n_nodes ** max(layout.n_dimensions - 1, 1))
        for start in range(0, units.run.shape[0], chunk):
            part = slice(start, start + chunk)
            loglik += self._part(units, part, bases, prior, counts, moments)
        loglik += float((self.step_counts_of_classes * p.intercepts)[self.shape.step_mask].sum())
        item_counts = self._item_counts(counts, moments.means, units)
        total = float(units.weight.sum())
        mean_after = units.weight @ moments.means / total
        second_after = np.einsum("u,ude->de", units.weight, moments.seconds) / total
        by_item = item_gradient(self.shape, p, item_counts, self.theta, NO_PRIOR)
        by_population = total * self._population_gradient(p, mean_after - mean, second_after - second)
        gradient = np.concatenate([by_item, by_population])
        variances = moments.seconds - moments.means[:, :, None] * moments.means[:, None, :]
        return Evaluation(loglik, 0.0, gradient, Posterior(loglik, counts, item_counts, moments.means, variances))

    def _part(self, units: Units, part: slice, bases: Floats, prior: Floats, counts: Floats, moments: Moments) -> float:
        """The units of one chunk; adds to `counts`, fills `moments`, returns their log-likelihood."""
        theta, n = self.theta, self.layout.n_dimensions
        run, weight = units.run[part], units.weight[part]
        logs = [units.scores[part, d, None] * theta + bases[d][run] for d in range(n)]
        tops = [log.max(axis=1, keepdims=True) for log in logs]
        f = [np.exp(log - top) for log, top in zip(logs, tops, strict=True)]
        total, marginals, crosses = (_two if n == 2 else _many)(f, prior, theta)
        for d in range(n):
            post = marginals[d] / total[:, None]
            np.add.at(counts[d], run, weight[:, None] * post)
            moments.means[part, d] = post @ theta
            moments.seconds[part, d, d] = post @ theta**2
        for (d, e), cross in crosses.items():
            moments.seconds[part, d, e] = moments.seconds[part, e, d] = cross / total
        return float(weight @ (np.log(total) + sum(top[:, 0] for top in tops)))

    @cached_property
    def step_counts_of_classes(self) -> Floats:
        """Weighted number of answers of each class in each category from 1 up."""
        found = np.zeros((self.shape.n_items, self.shape.max_steps))
        np.add.at(found, self.layout.of_class, self.data.step_counts)
        return found

    def _item_counts(self, counts: Floats, means: Floats, units: Units) -> Counts:
        """Expected answers of each class of items."""
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

    def _changes(self, p: Parameters) -> Floats:
        """Derivative of the covariance by the free log standard deviations and the z, (parameters, D, D)."""

        def by_sd(k: int) -> Callable[[float], Parameters]:
            return lambda h: replace(p, sds=p.sds * np.exp(h * (np.arange(p.sds.size) == k)))

        def by_z(k: int) -> Callable[[float], Parameters]:
            places = np.arange(p.coefficients.size)
            return lambda h: replace(p, coefficients=p.coefficients + h * (places == k))

        moves = [by_sd(int(k)) for k in np.flatnonzero(self.shape.free_sds)]
        moves += [by_z(k) for k in range(p.coefficients.size)]
        return np.array([_difference(move) for move in moves]).reshape(-1, p.sds.size, p.sds.size)

    def _population_gradient(self, p: Parameters, first: Floats, second: Floats) -> Floats:
        """Of one person; `first` and `second` are posterior less prior moments."""
        inverse = np.linalg.inv(covariance_matrix(p))
        about = second - np.outer(first, p.means) - np.outer(p.means, first)
        by_covariance = 0.5 * inverse @ about @ inverse
        by_mean = inverse @ first
        return np.concatenate([by_mean[self.shape.free_means], np.einsum("kde,de->k", self._changes(p), by_covariance)])

    def maximise(self, p: Parameters, e: Evaluation) -> Parameters:
        """The M-step: items by Newton, the population by one step of Fisher scoring."""
        moved = maximise_items(self.shape, p, e.posterior.counts, self.theta, NO_PRIOR)
        tail = e.gradient[self.shape.n_item_parameters :] / float(self.data.unit_weight.sum())
        inverse, changes, free = np.linalg.inv(covariance_matrix(p)), self._changes(p), self.shape.free_means
        n_means = int(free.sum())
        means, sds = p.means.copy(), p.sds.copy()
        if n_means:
            means[free] += np.linalg.solve(inverse[np.ix_(free, free)], tail[:n_means])
        information = 0.5 * np.einsum("kab,bc,lcd,da->kl", changes, inverse, changes, inverse)
        step = np.linalg.solve(information, tail[n_means:])
        step *= min(1.0, 0.5 / max(float(np.abs(step).max()), 1e-300))
        n_sds = int(self.shape.free_sds.sum())
        sds[self.shape.free_sds] *= np.exp(step[:n_sds])
        return replace(moved, means=means, sds=sds, coefficients=p.coefficients + step[n_sds:])


def _difference(move: Callable[[float], Parameters]) -> Floats:
    """Derivative of the covariance along `move`, by central differences of a smooth closed form."""
    width = 1e-5
    return np.asarray((covariance_matrix(move(width)) - covariance_matrix(move(-width))) / (2.0 * width))


Contracted = tuple[Floats, list[Floats], dict[tuple[int, int], Floats]]


def _two(f: list[Floats], prior: Floats, theta: Floats) -> Contracted:
    """Totals, unnormalised marginals and cross moments of two dimensions."""
    over_second, over_first = f[1] @ prior.T, f[0] @ prior
    marginals = [f[0] * over_second, f[1] * over_first]
    cross = ((f[0] * theta) * ((f[1] * theta) @ prior.T)).sum(axis=1)
    return marginals[0].sum(axis=1), marginals, {(0, 1): cross}


def _many(f: list[Floats], prior: Floats, theta: Floats) -> Contracted:
    """The same for three dimensions: the third is summed out of pairs."""
    pairs = np.einsum("ur,pqr->upq", f[2], prior)
    joint = f[0][:, :, None] * f[1][:, None, :] * pairs
    tilted = f[0][:, :, None] * f[1][:, None, :] * np.einsum("ur,pqr->upq", f[2] * theta, prior)
    third = f[2] * np.einsum("up,uq,pqr->ur", f[0], f[1], prior, optimize=True)
    marginals = [joint.sum(axis=2), joint.sum(axis=1), third]
    crosses = {
        (0, 1): np.einsum("upq,p,q->u", joint, theta, theta, optimize=True),
        (0, 2): np.einsum("upq,p->u", tilted, theta),
        (1, 2): np.einsum("upq,q->u", tilted, theta),
    }
    return joint.sum(axis=(1, 2)), marginals, crosses
