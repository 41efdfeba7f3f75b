"""Covariates of persons as the latent regression reads them: centred and scaled on the way, never copied.

A million persons with fifty covariates are 400 MB; a copy in the order of the units, another one centred, a third one scaled
would be a gigabyte.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.kernels import regression as kernels
from tirek_engines.psychometrics.parallel import each_slice

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
        if not all(each_slice(lambda own: bool(np.isfinite(self.values[own]).all()), len(self.values), 0)):
            raise BrokenContract("values", "a missing or infinite covariate", "finite numbers")


@dataclass(frozen=True)
class Design:
    """Covariates of the units: (values[rows] - shifts) / scales, made where they are needed.

    Attributes
    ----------
    values : ndarray of float64, shape (persons, covariates)
        As given.
    rows : ndarray of int64, shape (units,)
        Whose values each unit has.
    shifts, scales : ndarray of float64, shape (covariates,)
    threads : int
        0: one a processor. The sums do not depend on it.
    """

    values: Floats
    rows: Ints
    shifts: Floats
    scales: Floats
    threads: int = 0

    @classmethod
    def of(cls, values: Floats, data: Prepared, threads: int = 0) -> Design:
        """Values of all persons as they are; a unit must be a person."""
        if values.shape[0] != data.unit_of_person.shape[0]:
            raise BrokenContract("covariates", values.shape[0], f"{data.unit_of_person.shape[0]} persons")
        rows = np.empty_like(data.unit_of_person)
        rows[data.unit_of_person] = np.arange(rows.shape[0])
        n = values.shape[1]
        return cls(np.ascontiguousarray(values, dtype=np.float64), rows, np.zeros(n), np.ones(n), threads)

    @property
    def shape(self) -> tuple[int, int]:
        """Units, covariates."""
        return self.rows.shape[0], self.values.shape[1]

    def block(self, units: slice) -> Floats:
        """The covariates of some units, shape (units, covariates)."""
        return np.asarray((self.values[self.rows[units]] - self.shifts) / self.scales)

    def line(self, effects: Floats) -> Floats:
        """Sum of covariates times effects of every unit."""
        out = np.empty(self.rows.shape[0])
        raw = effects / self.scales
        each_slice(
            lambda own: kernels.lines(self.values, self.rows[own], self.shifts, raw, out[own]), out.size, self.threads
        )
        return out

    def score_sums(self, groups: Ints, of_units: tuple[Floats, ...], centres: Floats, squares: Floats) -> Floats:
        """The kernel of this name, shape (groups, 2 + covariates); `of_units` are its arguments from weights to tilts."""

        def part(own: slice) -> Floats:
            weights, means, variances, *before, tilts = (a[own] for a in of_units)
            unit = (
                self.values,
                self.rows[own],
                self.shifts,
                groups[own],
                weights,
                means,
                variances,
                before[0],
                before[1],
            )
            return kernels.score_sums(*unit, tilts, centres, squares)

        total = _sum(each_slice(part, self.rows.shape[0], self.threads))
        total[:, 2:] /= self.scales
        return total

    def products(self, groups: Ints, amounts: Floats, n_groups: int) -> Floats:
        """Sums of `amounts` times the products of two of (1, covariates), by group."""

        def part(own: slice) -> Floats:
            return kernels.products(self.values, self.rows[own], self.shifts, groups[own], amounts[own], n_groups)

        scales = np.concatenate([[1.0], self.scales])
        total = _sum(each_slice(part, self.rows.shape[0], self.threads))
        return np.asarray(total / (scales[:, None] * scales))

    def means(self, weights: Floats) -> Floats:
        """Weighted means of the values as they are given."""
        parts = each_slice(
            lambda own: kernels.column_sums(self.values, self.rows[own], weights[own]), self.rows.shape[0], self.threads
        )
        return np.asarray(_sum(parts) / weights.sum())


def _sum(parts: list[Floats]) -> Floats:
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


@dataclass(frozen=True)
class Scaled:
    """The covariates of the units, centred and scaled; their weighted means and standard deviations.

    `products` are those of `Design.products`, of the centred ones, with the units' weights.
    """

    names: tuple[str, ...]
    centred: Design
    means: Floats
    sds: Floats
    products: Floats = field(repr=False)

    @property
    def design(self) -> Design:
        """The covariates of the units divided by their standard deviations, not centred."""
        return replace(self.centred, shifts=np.zeros_like(self.means))


def scale_covariates(data: Prepared, covariates: Covariates, threads: int = 0) -> Scaled:
    """Centre the covariates and bring them to one scale; refuse what cannot be estimated."""
    raw = Design.of(covariates.values, data, threads)
    means = raw.means(data.unit_weight)
    away = replace(raw, shifts=means)
    products = away.products(data.run_group[data.unit_run], data.unit_weight, len(data.group_names))
    total = products.sum(axis=0)
    sds = np.sqrt(np.diag(total)[1:] / total[0, 0])
    for name, mean, sd in zip(covariates.names, means.tolist(), sds.tolist(), strict=True):
        if sd <= 1e-12 * max(1.0, abs(mean)):
            raise Refusal(
                f"The covariate {name} is the same for everybody who calibrates, so its effect cannot be told from the "
                "difficulty of the items. Leave it out.",
                code="constant_covariate",
                covariate=name,
            )
    scales = np.concatenate([[1.0], sds])
    products = products / (scales[:, None] * scales)
    _refuse_dependent(covariates.names, products)
    return Scaled(covariates.names, replace(away, scales=sds), means, sds, products)


def _refuse_dependent(names: tuple[str, ...], products: Floats) -> None:
    """Name the first covariate that groups and earlier covariates determine."""
    gram, first = with_dummies(products, np.ones(len(products), bool), np.ones(len(products))), len(products)
    gram = gram / products[:, 0, 0].sum()
    for k in range(first, gram.shape[0]):
        left = gram[k, k] - gram[k, :k] @ np.linalg.lstsq(gram[:k, :k], gram[:k, k], rcond=1e-12)[0]
        if left < DEPENDENT * gram[k, k]:
            raise Refusal(
                f"The covariate {names[k - first]} is determined by the covariates before it and the groups, so its "
                "effect cannot be estimated beside theirs. Leave it out.",
                code="dependent_covariate",
                covariate=names[k - first],
            )


def with_dummies(products: Floats, wanted: NDArray[np.bool_], precisions: Floats) -> Floats:
    """Products of the `wanted` groups' dummies and the covariates, those of each group times its precision."""
    chosen = np.flatnonzero(wanted)
    n = chosen.size
    out = np.zeros((n + products.shape[1] - 1,) * 2)
    out[n:, n:] = np.einsum("gcd,g->cd", products[:, 1:, 1:], precisions)
    for k, g in enumerate(chosen.tolist()):
        out[k, k] = products[g, 0, 0] * precisions[g]
        out[k, n:] = out[n:, k] = products[g, 0, 1:] * precisions[g]
    return out
