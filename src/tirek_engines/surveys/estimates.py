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


def weighted_mean(values: Floats, weights: Floats, school: Ints, frame: Ints) -> Estimate:
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

    Returns
    -------
    Estimate
        ``plain`` is the mean without weights.

    Notes
    -----
    Every school of the group takes part, so the schools are no sample: the error is that of a stratified sample with the
    schools as strata and the finite population correction, sum over schools of W_h^2 (1 - n_h / N_h) s_h^2 / n_h (Cochran
    1977, eq. 5.12, with weights). A school with one answer lends its squared distance from the mean.
    """
    known = ~np.isnan(values)
    x, w, s = values[known], weights[known], school[known]
    if x.size == 0:
        return Estimate(0, float("nan"), float("nan"), float("nan"), 0.0)
    total = float(w.sum())
    mean = float((w * x).sum()) / total
    variance = 0.0
    for one in np.unique(s):
        rows = s == one
        n, persons = int(rows.sum()), max(int(frame[one]), int(rows.sum()))
        spread = float(x[rows].var(ddof=1)) if n > 1 else float((x[rows][0] - mean) ** 2)
        share = float(w[rows].sum()) / total
        variance += share**2 * (1 - n / persons) * spread / n
    squares = float((w * w).sum())
    return Estimate(
        int(x.size), mean, float(x.mean()), float(np.sqrt(variance)), total * total / squares if squares else 0.0
    )
