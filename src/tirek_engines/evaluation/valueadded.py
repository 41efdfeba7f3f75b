"""Value added: what a school adds to what its pupils' earlier results and circumstances let us expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.evaluation._kernels import group_sums
from tirek_engines.evaluation.mixed import Point, SchoolSums
from tirek_engines.evaluation.search import HIGHEST, lowest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERLAP = 1.39
"""Factor of the standard error at which intervals of two schools overlap when they do not differ at 5 %
(Goldstein & Healy 1995, J. R. Stat. Soc. A 158, p. 175)."""

NOTHING_LEFT = 1e-10
"""Share of the outcome's variance below which what is left is rounding."""


@dataclass(frozen=True)
class Effects:
    """Predicted effects of schools or districts.

    Attributes
    ----------
    n : ndarray of int64
        Pupils.
    effect : ndarray of float64
        Best linear unbiased prediction, in units of the outcome.
    se : ndarray of float64
        Comparative standard error: root of the variance of effect - prediction given the variances and fixed effects.
    """

    n: Ints
    effect: Floats
    se: Floats


@dataclass(frozen=True)
class ValueAdded:
    """A fitted value-added model.

    Attributes
    ----------
    beta, covariance : ndarray of float64, shapes (terms,) and (terms, terms)
        Fixed effects in the order intercept, columns of x.
    variances : dict of str to float
        By level: ``school``, ``district`` (when there is one), ``residual``.
    deviance : float
        -2 log-likelihood: restricted, unless fitted by maximum likelihood.
    schools, districts : Effects
        The second is None without districts.
    converged : bool
        Whether the search ended at a point without slope.
    """

    beta: Floats
    covariance: Floats
    variances: dict[str, float]
    deviance: float
    restricted: bool
    n: int
    schools: Effects
    districts: Effects | None
    converged: bool

    @property
    def se(self) -> Floats:
        """Standard errors of the fixed effects."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def intraclass(self) -> float:
        """Share of the variance, fixed effects taken out, that lies between schools (districts included)."""
        total = sum(self.variances.values())
        return 1.0 - self.variances["residual"] / total


def value_added(
    outcome: Floats,
    x: Floats,
    school: Ints,
    district_of_school: Ints | None = None,
    *,
    names: Sequence[str] = (),
    restricted: bool = True,
) -> ValueAdded:
    """Fit y = b0 + x b + u_school (+ w_district) + e by restricted or full maximum likelihood.

    Parameters
    ----------
    outcome : ndarray of float64, shape (pupils,)
        Results; finite.
    x : ndarray of float64, shape (pupils, columns)
        What is known of the pupils before; no column of ones.
    school : ndarray of int64, shape (pupils,)
        School of each pupil, 0 … schools - 1, each school with a pupil.
    district_of_school : ndarray of int64, shape (schools,), optional
        District of each school, 0 … districts - 1.
    names : sequence of str
        Names of the columns of x, for messages.
    restricted : bool
        False for full maximum likelihood.

    Returns
    -------
    ValueAdded

    Raises
    ------
    Refusal
        ``one_school``, ``schools_of_one``, ``no_spread``, ``collinear``, ``one_district``, ``districts_of_one``,
        ``no_residual``.
    """
    data, centres = collapse(outcome, x, school, district_of_school)
    _check(data, centres, names or [f"column {k + 1}" for k in range(x.shape[1])])
    point, settled = lowest(data, restricted=restricted)
    if point.ratios.max() > 0.99 * np.exp(HIGHEST):
        _refuse_certainty()
    beta, covariance = _uncentred(point, centres)
    return ValueAdded(
        beta=beta,
        covariance=covariance,
        variances=_variances(point, data),
        deviance=point.deviance,
        restricted=restricted,
        n=int(data.n_pupils),
        schools=_effects(point, data.n, 0),
        districts=_effects(point, np.bincount(data.district, data.n).astype(np.float64), 1)
        if data.n_districts
        else None,
        converged=settled,
    )


def collapse(
    outcome: Floats, x: Floats, school: Ints, district_of_school: Ints | None = None
) -> tuple[SchoolSums, Floats]:
    """One row of sums a school, of columns with their means taken out; and these means (of x, then of the outcome)."""
    if x.ndim != 2 or x.shape[0] != outcome.shape[0] or school.shape != outcome.shape:
        raise BrokenContract("x", x.shape, f"({outcome.shape[0]}, columns)")
    n_schools = int(school.max()) + 1
    table = np.column_stack([np.ones(outcome.shape[0]), x, outcome])
    centres = table[:, 1:].mean(axis=0)
    table[:, 1:] -= centres
    counts, sums = group_sums(table, school, n_schools)
    district = np.zeros(n_schools, np.int64) if district_of_school is None else district_of_school
    n_districts = 0 if district_of_school is None else int(district_of_school.max()) + 1
    return SchoolSums(counts.astype(np.float64), sums, table.T @ table, district, n_districts), centres


def _refuse_certainty() -> None:
    raise Refusal("Nothing is left to chance: the columns tell every result without fail, or all pupils of a school have "
                  "one result. Give results of pupils, and leave out columns that were made from them.",
                  code="no_residual")  # fmt: skip


def _check(data: SchoolSums, centres: Floats, names: Sequence[str]) -> None:
    if data.n.size < 2:
        raise Refusal("All pupils are of one school, so schools cannot be compared. Give pupils of several schools.",
                      code="one_school")  # fmt: skip
    if data.n.max() < 2:
        raise Refusal("No school has two pupils, so schools and pupils cannot be told apart. Give all pupils of the "
                      "schools.", code="schools_of_one")  # fmt: skip
    if data.n_districts == 1:
        raise Refusal("All schools are in one district. Leave the district out.", code="one_district")
    if data.n_districts == data.n.size:
        raise Refusal("No district has two schools, so districts and schools cannot be told apart. Leave the district "
                      "out.", code="districts_of_one")  # fmt: skip
    spread = np.diag(data.products)[1:]
    for name, value, centre in zip([*names, "The outcome"], spread, centres, strict=True):
        if value <= 1e-24 * data.n_pupils * centre**2:
            raise Refusal(f"{name} has the same value for all pupils. Leave it out.", code="no_spread", column=name)
    scale = np.sqrt(spread[:-1])
    relations = data.products[1:-1, 1:-1] / np.outer(scale, scale)
    values, vectors = np.linalg.eigh(relations)
    if values.size and values[0] < 1e-10:
        guilty = [name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 0.1]
        raise Refusal(f"Columns follow from each other: {', '.join(guilty)}. Leave one of them out.", code="collinear",
                      columns=guilty)  # fmt: skip
    own, cross = data.products[1:-1, 1:-1], data.products[1:-1, -1]
    told = float((cross / scale) @ np.linalg.solve(own / np.outer(scale, scale), cross / scale)) if names else 0.0
    if data.products[-1, -1] - told <= NOTHING_LEFT * data.products[-1, -1] or data.n_pupils <= data.n_terms:
        _refuse_certainty()


def _uncentred(point: Point, centres: Floats) -> tuple[Floats, Floats]:
    """Fixed effects of the columns as they came: only the intercept differs."""
    turn = np.eye(point.beta.size)
    turn[0, 1:] = -centres[:-1]
    beta = turn @ point.beta
    beta[0] += centres[-1]
    return beta, turn @ point.covariance @ turn.T


def _variances(point: Point, data: SchoolSums) -> dict[str, float]:
    found = {"school": float(point.ratios[0]) * point.residual}
    if data.n_districts:
        found["district"] = float(point.ratios[1]) * point.residual
    return found | {"residual": point.residual}


def _effects(point: Point, n: Floats, level: int) -> Effects:
    """u = lam 1'V^-1 (y - Xb); variance of u given y: residual variance x (lam - lam^2 1'V^-1 1)."""
    lam = float(point.ratios[level])
    pull, weight = ((point.school_pull, point.school_weight), (point.district_pull, point.district_weight))[level]
    variance = point.residual * np.maximum(lam - lam**2 * weight, 0.0)
    return Effects(np.rint(n).astype(np.int64), lam * pull, np.sqrt(variance))
