"""Who is compared with whom, chosen before anybody has seen outcomes; a reason for every school.

Alike exactly in what `cells` say (kind of settlement, language of instruction); nearest, by Mahalanobis distance, in the
results of earlier years and in further facts; not further than a caliper in the mean of the earlier results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.evaluation.matching import Balance, Matches, balance, match

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MATCHED, NOBODY_ALIKE, NOBODY_NEAR, UNKNOWN_TREATED = "matched", "nobody_alike", "nobody_near", "treated_unknown"
CHOSEN, NOT_NEAREST, TOO_FAR, NOT_LOOKED_FOR = "comparison", "not_nearest", "too_far", "not_looked_for"
UNKNOWN, ELSEWHERE = "unknown", "elsewhere"


@dataclass(frozen=True)
class Schools:
    """What is known of schools before the programme.

    Attributes
    ----------
    earlier : ndarray of float64, shape (schools, waves)
        Mean results, oldest wave first; NaN where there is none.
    facts : ndarray of float64, shape (schools, facts)
        Further facts by which distance is measured; finite.
    cells : ndarray of int64, shape (schools,)
        Schools of different cells are never compared.
    treated : ndarray of bool, shape (schools,)
    elsewhere : ndarray of bool, shape (schools,)
        Takes part in another programme, and is therefore no comparison.
    """

    earlier: Floats
    facts: Floats
    cells: Ints
    treated: Bools
    elsewhere: Bools


@dataclass(frozen=True)
class Comparison:
    """The choice.

    Attributes
    ----------
    reasons : tuple of str
        Of every school.
    numbers : tuple of dict
        What settled it: how many partners or how many served, nearest distance, difference of earlier means in
        hundredths of a standard deviation.
    pairs : ndarray of int64, shape (pairs, 2)
    distances : ndarray of float64, shape (pairs,)
    weights : ndarray of float64, shape (schools,)
    balance : tuple of Balance
        Of every earlier wave, then of every fact; before and after the choice. Empty without a pair.
    """

    reasons: tuple[str, ...]
    numbers: tuple[dict[str, float], ...]
    pairs: Ints
    distances: Floats
    weights: Floats
    balance: tuple[Balance, ...]


def choose_comparison(schools: Schools, *, ratio: int, caliper: float, fewest_waves: int) -> Comparison:
    """Choose up to `ratio` comparison schools for every treated one; each may serve several.

    Parameters
    ----------
    schools : Schools
        All schools of the territory, those that take part among them.
    ratio : int
        Comparison schools for a treated one, at most.
    caliper : float
        Largest difference in the mean of earlier results, in standard deviations within both sides.
    fewest_waves : int
        Earlier waves that must be there.
    """
    waves = schools.earlier.shape[1]
    if waves < fewest_waves:
        raise Refusal(
            f"There are results of {waves} earlier waves; comparison schools are chosen by {fewest_waves} at least.",
            code="few_earlier_waves", found=waves, wanted=fewest_waves,
        )  # fmt: skip
    known: Bools = np.asarray(np.isfinite(schools.earlier).all(axis=1))
    usable = known & (schools.treated | ~schools.elsewhere)
    rows = np.flatnonzero(usable)
    mean = schools.earlier[rows].mean(axis=1)
    values = np.column_stack([schools.earlier[rows], schools.facts[rows], mean])
    treated, cells = schools.treated[rows], schools.cells[rows]
    found = match(values, treated, cells, ratio=ratio, caliper=caliper, caliper_columns=[values.shape[1] - 1])
    spread = _spread(mean, treated)
    reasons, numbers = _unused(schools, known)
    _of_treated(reasons, numbers, rows, found, mean, treated, cells, spread)
    _of_others(reasons, numbers, rows, found, mean, treated, cells, spread, caliper)
    weights = np.zeros(schools.treated.size)
    weights[rows] = found.weights
    told = balance(values[:, :-1], treated, found.weights) if len(found.pairs) else []
    return Comparison(tuple(reasons), tuple(numbers), rows[found.pairs], found.distances, weights, tuple(told))


def _spread(mean: Floats, treated: Bools) -> float:
    """Standard deviation within both sides: what the caliper is measured in."""
    parts = [mean[treated], mean[~treated]]
    freedom = sum(max(part.size - 1, 0) for part in parts)
    squares = sum(float(((part - part.mean()) ** 2).sum()) for part in parts if part.size)
    return float(np.sqrt(squares / freedom)) if freedom and squares > 0 else 1.0


def _unused(schools: Schools, known: Bools) -> tuple[list[str], list[dict[str, float]]]:
    """Reasons of schools that cannot be compared at all; the others' are filled in later."""
    reasons = []
    for treated, elsewhere, is_known in zip(schools.treated, schools.elsewhere, known, strict=True):
        if treated:
            reasons.append("" if is_known else UNKNOWN_TREATED)
        else:
            reasons.append(ELSEWHERE if elsewhere else "" if is_known else UNKNOWN)
    return reasons, [{} for _reason in reasons]


def _of_treated(
    reasons: list[str], numbers: list[dict[str, float]], rows: Ints, found: Matches, mean: Floats, treated: Bools, cells: Ints,
    spread: float,
) -> None:  # fmt: skip
    for unit in np.flatnonzero(treated).tolist():
        own = found.pairs[:, 0] == unit
        others = np.flatnonzero(~treated & (cells == cells[unit]))
        place = int(rows[unit])
        if own.any():
            reasons[place] = MATCHED
            gap = abs(mean[found.pairs[own, 1]] - mean[unit]).max() / spread
            numbers[place] = {
                "partners": int(own.sum()), "nearest": round(float(found.distances[own].min()), 2),
                "gap": round(float(gap), 2),
            }  # fmt: skip
        elif others.size:
            reasons[place] = NOBODY_NEAR
            numbers[place] = {
                "gap": round(float(np.abs(mean[others] - mean[unit]).min() / spread), 2),
                "alike": int(others.size),
            }
        else:
            reasons[place] = NOBODY_ALIKE


def _of_others(
    reasons: list[str], numbers: list[dict[str, float]], rows: Ints, found: Matches, mean: Floats, treated: Bools, cells: Ints,
    spread: float, caliper: float,
) -> None:  # fmt: skip
    for unit in np.flatnonzero(~treated).tolist():
        own = found.pairs[:, 1] == unit
        alike = np.flatnonzero(treated & (cells == cells[unit]))
        place = int(rows[unit])
        if own.any():
            reasons[place] = CHOSEN
            numbers[place] = {
                "serves": int(own.sum()), "nearest": round(float(found.distances[own].min()), 2),
                "weight": round(float(found.weights[unit]), 4),
            }  # fmt: skip
        elif not alike.size:
            reasons[place] = NOT_LOOKED_FOR
        else:
            gap = float(np.abs(mean[alike] - mean[unit]).min() / spread)
            reasons[place] = NOT_NEAREST if gap <= caliper else TOO_FAR
            numbers[place] = {"gap": round(gap, 2)}


def weights_of_pairs(pairs: Sequence[tuple[int, int]], there: Bools) -> Floats:
    """Weights of schools when only some of the chosen are there still.

    A treated school counts once if it and a partner of it are there; its partners that are there share that weight.
    """
    partners: dict[int, list[int]] = {}
    for treated, other in pairs:
        if there[treated] and there[other]:
            partners.setdefault(int(treated), []).append(int(other))
    weights = np.zeros(there.size)
    for treated, others in partners.items():
        weights[treated] = 1.0
        weights[others] += 1.0 / len(others)
    return weights
