"""The Gibbs sampler behind plausible values: abilities, factor effects, school effects, variances, in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BURN_IN = 40
BETWEEN = 5


class Rows(Protocol):
    """The answers of some persons."""

    @property
    def n(self) -> int:
        """Number of persons."""

    def draw(self, means: Floats, sd: float, uniforms: Floats) -> Floats:
        """One draw a person from likelihood times N(means, sd^2)."""


@dataclass(frozen=True)
class Sampler:
    """What stays the same between turns.

    Attributes
    ----------
    cell : ndarray of int64, shape (persons,)
        Number of the school effect.
    design : ndarray of float64, shape (persons, columns)
        Dummies of the factors.
    weights : ndarray of float64, shape (persons,)
        Case weights of mean 1.
    random : bool
        School effects random (with an intercept) or fixed (with none).
    """

    rows: Rows
    cell: Ints
    design: Floats
    weights: Floats
    random: bool


def run(sampler: Sampler, m: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """`m` draws of all abilities, and the residual standard deviation at each."""
    n = sampler.rows.n
    turn_effects = _random_effects(sampler) if sampler.random else _fixed_effects(sampler)
    rows = sampler.rows
    mean, sd = np.zeros(n), 1.0
    draws, sds = np.empty((m, n)), np.empty(m)
    for turn in range(BURN_IN + (m - 1) * BETWEEN + 1):
        theta = rows.draw(mean, sd, rng.random((n,)))
        mean, sd = turn_effects(theta, sd, rng)
        since = turn - BURN_IN
        if since >= 0 and since % BETWEEN == 0:
            draws[since // BETWEEN], sds[since // BETWEEN] = theta, sd
    return draws, sds


class _fixed_effects:
    """Flat priors on all effects: factors within schools by least squares, then each school's mean."""

    def __init__(self, s: Sampler) -> None:
        self.cell, self.weights = s.cell, s.weights
        self.mass = np.bincount(s.cell, s.weights)
        within, keep = independent_columns(s.design, s.cell, s.weights)
        self.design = s.design[:, keep]
        self.freedom = max(s.cell.shape[0] - self.mass.size - keep.size, 1)
        inverse = np.linalg.inv(within.T @ (within * s.weights[:, None]))
        self.solve = inverse @ (within * s.weights[:, None]).T
        self.factor = np.linalg.cholesky(inverse)

    def __call__(self, theta: Floats, sd: float, rng: np.random.Generator) -> tuple[Floats, float]:
        estimate = self.solve @ theta
        left = theta - self.design @ estimate
        best = np.bincount(self.cell, self.weights * left) / self.mass
        squares = float(self.weights @ (left - best[self.cell]) ** 2)
        sd = float(np.sqrt(squares / rng.chisquare(self.freedom)))
        effects = estimate + sd * (self.factor @ rng.standard_normal(estimate.size))
        left = theta - self.design @ effects
        school = np.bincount(self.cell, self.weights * left) / self.mass
        school = school + sd * rng.standard_normal(school.size) / np.sqrt(self.mass)
        return school[self.cell] + self.design @ effects, sd


class _random_effects:
    """Normal school effects: factors by generalised least squares with the schools integrated out, then the schools."""

    def __init__(self, s: Sampler) -> None:
        self.cell, self.weights = s.cell, s.weights
        n = s.cell.shape[0]
        self.mass = np.bincount(s.cell, s.weights)
        _, keep = independent_columns(s.design, np.zeros(n, np.int64), s.weights)
        self.design = np.column_stack([np.ones(n), s.design[:, keep]])
        self.weighted = self.design * s.weights[:, None]
        self.gram = self.design.T @ self.weighted
        self.sums = np.stack([np.bincount(s.cell, column) for column in self.weighted.T], axis=1)
        self.between = 0.3

    def __call__(self, theta: Floats, sd: float, rng: np.random.Generator) -> tuple[Floats, float]:
        pull = self.between**2 / (sd**2 + self.mass * self.between**2)
        totals = np.bincount(self.cell, self.weights * theta)
        precision = (self.gram - (self.sums * pull[:, None]).T @ self.sums) / sd**2
        right = (self.weighted.T @ theta - self.sums.T @ (pull * totals)) / sd**2
        factor = np.linalg.cholesky(np.linalg.inv(precision))
        effects = np.linalg.solve(precision, right) + factor @ rng.standard_normal(right.size)
        left = totals - self.sums @ effects
        spread = np.sqrt(pull) * sd
        school = pull * left + spread * rng.standard_normal(left.size)
        mean = self.design @ effects + school[self.cell]
        self.between = float(np.sqrt((school @ school + 1e-4) / rng.chisquare(school.size)))
        squares = float(self.weights @ (theta - mean) ** 2)
        return mean, float(np.sqrt(squares / rng.chisquare(theta.size)))


def independent_columns(design: Floats, cell: Ints, weights: Floats) -> tuple[Floats, Ints]:
    """The part of each column that varies within cells, and which columns others do not already span."""
    mass = np.bincount(cell, weights)
    keep: list[int] = []
    kept: list[Floats] = []
    basis: list[Floats] = []
    for k in range(design.shape[1]):
        centred = design[:, k] - (np.bincount(cell, weights * design[:, k]) / mass)[cell]
        rest = centred.copy()
        for b in basis:
            rest -= float(b @ rest) * b
        size = float(np.linalg.norm(rest))
        if size > 1e-6 * np.sqrt(cell.shape[0]):
            keep.append(k)
            kept.append(centred)
            basis.append(rest / size)
    stacked = np.column_stack(kept) if kept else np.zeros((cell.shape[0], 0))
    return stacked, np.array(keep, dtype=np.int64)
