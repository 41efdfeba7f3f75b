"""A weighted mean and its error: answers come school by school, and schools differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """``n`` answers; NaN where nothing can be said."""

    n: int
    mean: float
    plain: float
    error: float
    effective: float


def weighted_mean(
    values: Floats, weights: Floats, school: Ints, frame: Ints, *, classes: Ints | None = None, likeness: float = 0.0
) -> Estimate:
    """Mean of a group with the standard error of its sampling and of its schools.

    Parameters
    ----------
    values : ndarray of float, shape (answers,)
        NaN where the question was not answered.
    weights : ndarray of float, shape (answers,)
        Persons that each answer stands for.
    school : ndarray of int, shape (answers,)
        Place of each answer's school in `frame`.
    frame : ndarray of int, shape (schools,)
        Persons by the register.
    classes : ndarray of int, shape (schools,), optional
        How many classes were drawn in each school; 0 where persons were drawn or everybody was asked.
    likeness : float
        How much answers within a class resemble each other (intraclass correlation), 0 to 1.

    Returns
    -------
    Estimate
        ``plain`` is the mean without weights.

    Notes
    -----
    Every school of the group takes part, so the schools are no sample: the error is that of a stratified sample with the
    schools as strata and the finite population correction, sum over schools of W_h^2 (1 - n_h / N_h) s_h^2 / n_h (Cochran
    1977, eq. 5.12, with weights). A school with one answer lends its squared distance from the mean.

    Where classes were drawn, those who answer sit in few of them and resemble each other: the school's variance is multiplied
    by Kish's design effect 1 + (b - 1) rho, b answers a class (Kish 1965, Survey Sampling, eq. 5.4.1), and the effective number
    is less by as much.

    >>> x, one = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    >>> place, frame = np.zeros(4, dtype=np.int64), np.array([40])
    >>> round(weighted_mean(x, one, place, frame).error, 4)
    0.6124
    >>> round(weighted_mean(x, one, place, frame, classes=np.array([1]), likeness=0.1).error, 4)
    0.6982
    """
    known = ~np.isnan(values)
    x, w, s = values[known], weights[known], school[known]
    if x.size == 0:
        return Estimate(0, float("nan"), float("nan"), float("nan"), 0.0)
    total = float(w.sum())
    mean = float((w * x).sum()) / total
    variance = squares = 0.0
    for one in np.unique(s):
        rows = s == one
        n, persons = int(rows.sum()), max(int(frame[one]), int(rows.sum()))
        spread = float(x[rows].var(ddof=1)) if n > 1 else float((x[rows][0] - mean) ** 2)
        share = float(w[rows].sum()) / total
        design = _design_effect(n, int(classes[one]) if classes is not None else 0, likeness)
        variance += share**2 * (1 - n / persons) * spread / n * design
        squares += float((w[rows] ** 2).sum()) * design
    return Estimate(
        int(x.size), mean, float(x.mean()), float(np.sqrt(variance)), total * total / squares if squares else 0.0
    )


def _design_effect(n: int, classes: int, likeness: float) -> float:
    return 1 + max(n / classes - 1, 0.0) * likeness if classes > 0 else 1.0
