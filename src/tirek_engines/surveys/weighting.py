"""Weights that let those who answered stand for those who were not asked or kept silent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

OWN, WITH_NEIGHBOURS, WITH_ALL, NOBODY = 0, 1, 2, 3


@dataclass(frozen=True)
class Weights:
    """Weights by school.

    Attributes
    ----------
    weight : ndarray of float64, shape (schools,)
        Weight of every answer of the school; NaN where nobody answered.
    how : ndarray of uint8, shape (schools,)
        0 the school is a class of its own, 1 it goes with others of its district, 2 with all others, 3 nobody answered there
        and others stand for it.
    """

    weight: Floats
    how: NDArray[np.uint8]


def response_weights(frame: Ints, finished: Ints, district: Ints, *, minimum: int) -> Weights:
    """Weighting-class adjustment: answers of a class weigh as many persons as the register has there.

    Parameters
    ----------
    frame : ndarray of int, shape (schools,)
        Persons of the audience by the register.
    finished : ndarray of int, shape (schools,)
        Persons who answered.
    district : ndarray of int, shape (schools,)
        Number of each school's district.
    minimum : int
        Fewest answers with which a school is a class of its own.

    Returns
    -------
    Weights

    Notes
    -----
    Within a class every person has the same chance of being asked and is taken to have the same chance of answering, so the
    weight is frame / finished: the product of the design weight frame / invited and of the adjustment for non-response
    invited / finished (Kalton and Flores-Cervantes 2003, J. Official Statistics 19, 81-97, weighting class method).

    A school with `minimum` answers or more is a class of its own. The others of a district that have answers are one class
    together; where even they have fewer than `minimum`, their answers get the mean weight of the district's other schools.
    Then the weights of each district are multiplied so that they sum to its frame: schools without an answer are
    represented by their district. A district all of whose answers are fewer than `minimum` gets the mean weight of all, and
    at the end all weights are multiplied so that they sum to the whole frame.

    >>> found = response_weights(np.array([20, 30, 4]), np.array([10, 10, 1]), np.array([1, 1, 1]), minimum=5)
    >>> found.weight.round(4).tolist(), found.how.tolist()
    ([2.0571, 3.0857, 2.5714], [0, 0, 1])
    """
    n, m = np.asarray(frame, np.int64), np.asarray(finished, np.int64)
    place = np.asarray(district, np.int64)
    if n.shape != m.shape or n.shape != place.shape:
        raise BrokenContract("finished", m.shape, n.shape)
    if (n < 0).any() or (m < 0).any():
        raise BrokenContract("frame", "a negative number", "0, 1, 2, …")
    weight = np.full(n.size, np.nan)
    how = np.where(m == 0, NOBODY, OWN).astype(np.uint8)
    for one in np.unique(place):
        _weigh_district(weight, how, n, m, place == one, minimum)
    _weigh_rest(weight, how, n, m)
    total = float(np.nansum(weight * m))
    if total > 0:
        weight *= n.sum() / total
    return Weights(weight, how)


def _weigh_district(weight: Floats, how: Codes, n: Ints, m: Ints, inside: NDArray[np.bool_], minimum: int) -> None:
    rich, poor = inside & (m >= max(minimum, 1)), inside & (m > 0) & (m < minimum)
    weight[rich] = n[rich] / m[rich]
    if m[poor].sum() >= minimum:
        weight[poor] = n[poor].sum() / m[poor].sum()
        how[poor] = WITH_NEIGHBOURS
    elif rich.any():
        weight[poor] = n[rich].sum() / m[rich].sum()
        how[poor] = WITH_NEIGHBOURS
    have = float(np.nansum((weight * m)[inside]))
    if have > 0:
        weight[inside] *= n[inside].sum() / have


def _weigh_rest(weight: Floats, how: Codes, n: Ints, m: Ints) -> None:
    """Answers of districts that have too few get the mean weight of all others, or of all if there are none."""
    rest = (m > 0) & np.isnan(weight)
    known = (m > 0) & ~rest
    if rest.any():
        weight[rest] = (weight * m)[known].sum() / m[known].sum() if known.any() else n.sum() / m.sum()
        how[rest] = WITH_ALL


def effective_number(weights: Floats) -> float:
    """Kish's effective number of answers: (sum w)^2 / sum w^2."""
    w = np.asarray(weights, np.float64)
    total = float((w * w).sum())
    return float(w.sum()) ** 2 / total if total else 0.0
