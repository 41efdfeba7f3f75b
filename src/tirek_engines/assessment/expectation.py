"""What a group's ability lets us expect of it, task by task: is there something on which it falls short of itself?

Pupils are compared with pupils of the same total on the same tasks, never with an average: P(score on a part | total)
follows from the calibrated items by the recursion of Lord and Wingersky (1984, Appl. Psychol. Meas. 8, 453-461), as in
S-X2 (Orlando and Thissen 2000, Appl. Psychol. Meas. 24, 50-64). Under Rasch and PCM the ability drops out and the result is
exact; under other models a normal distribution of abilities weighs the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics import NOT_ANSWERED
from tirek_engines.psychometrics.items import Items

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NODES = 41
RANGE = 6.0


@dataclass(frozen=True)
class AgainstExpectation:
    """A group's answers against what its members' totals let us expect, each array of shape (parts,).

    Attributes
    ----------
    answers : ndarray of int64
        Members who met any item of the part.
    highest : ndarray of float64
        The most points they could have reached on it.
    observed, expected : ndarray of float64
        Points reached, and points expected.
    variance : ndarray of float64
        Of observed minus expected: chance in the answers, and the errors of the difficulties.
    """

    answers: Ints
    highest: Floats
    observed: Floats
    expected: Floats
    variance: Floats

    @property
    def share(self) -> Floats:
        """Points reached as a share of the highest; NaN where nobody met the part."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.observed / self.highest)

    @property
    def expected_share(self) -> Floats:
        """Points expected as a share of the highest."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.expected / self.highest)

    def band(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Where the share would lie by chance alone, were the group as its totals say."""
        half = float(norm.ppf(0.5 + level / 2.0)) * np.sqrt(self.variance)
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = (self.expected - half) / self.highest, (self.expected + half) / self.highest
        return np.asarray(np.clip(low, 0.0, 1.0)), np.asarray(np.clip(high, 0.0, 1.0))

    def p_values(self) -> Floats:
        """Two-sided, normal, with half a point for the steps of a count; 1 where nothing can vary."""
        away = np.maximum(np.abs(self.observed - self.expected) - 0.5, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            p = 2.0 * norm.sf(away / np.sqrt(self.variance))
        return np.where(self.variance > 0.0, p, 1.0)


def against_expectation(
    items: Items,
    scores: NDArray[np.uint8],
    parts: Sequence[Ints],
    *,
    errors: Floats | None = None,
    mean: float = 0.0,
    sd: float = 1.0,
) -> AgainstExpectation:
    """Observed and expected points of a group on each part of a test.

    Parameters
    ----------
    items : Items
        Calibrated items of one dimension.
    scores : ndarray of uint8, shape (persons, items)
        Categories 0, 1, …; 255 where there is no answer.
    parts : sequence of ndarray of int64
        Items of each part: one item, or those of a content area.
    errors : ndarray of float64, shape (items,), optional
        Standard errors of the difficulties (logits).
    mean, sd : float
        Of the abilities; matter only outside the Rasch family.

    Notes
    -----
    dE(x_j | total)/db_j = -Var(x_j | total) under Rasch, so an error of a difficulty adds (sum of variances)^2 se^2.
    """
    if scores.ndim != 2 or scores.shape[1] != len(items):
        raise BrokenContract("scores", scores.shape, f"(persons, {len(items)})")
    nodes = np.linspace(mean - RANGE * sd, mean + RANGE * sd, NODES)
    weights = norm.pdf(nodes, mean, sd)
    curves = items.probabilities(nodes)
    found = np.zeros((5, len(parts)))
    masks, which = np.unique(scores != NOT_ANSWERED, axis=0, return_inverse=True)
    for number, mask in enumerate(masks):
        rows = scores[which.reshape(-1) == number]
        found += _of_mask(curves, items.n_steps, np.flatnonzero(mask), rows, parts, weights)
    if errors is not None:
        found[4] += _of_errors(items, scores, parts, errors, found[4])
    return AgainstExpectation(found[0].astype(np.int64), found[1], found[2], found[3], found[4])


def _of_mask(
    curves: Floats, steps: Ints, shown: Ints, rows: NDArray[np.uint8], parts: Sequence[Ints], weights: Floats
) -> Floats:
    """Sums over persons who met the same items: answers, highest, observed, expected, variance of each part."""
    out = np.zeros((5, len(parts)))
    totals, counts = np.unique(rows[:, shown].sum(axis=1, dtype=np.int64), return_counts=True)
    before, after = _sides(curves, steps, shown)
    for k, part in enumerate(parts):
        inside = np.intersect1d(part, shown)
        if inside.size == 0:
            continue
        if inside.size == 1:
            place = int(np.searchsorted(shown, inside[0]))
            own = curves[inside[0], : steps[inside[0]] + 1]
            rest = _joined(before[place], after[place + 1])
        else:
            own = _sum_of(curves, steps, inside)
            rest = _sum_of(curves, steps, np.setdiff1d(shown, inside))
        moments = np.array([_given_total(own, rest, int(t), weights) for t in totals])
        observed = rows[:, inside].sum(dtype=np.int64)
        highest = rows.shape[0] * steps[inside].sum()
        out[:, k] = rows.shape[0], highest, observed, counts @ moments[:, 0], counts @ moments[:, 1]
    return out


def _sides(curves: Floats, steps: Ints, shown: Ints) -> tuple[list[Floats], list[Floats]]:
    """Distributions of the sum of the first k items, and of the items from k on."""
    one = np.ones((1, curves.shape[2]))
    before, after = [one], [one]
    for j in shown:
        before.append(_joined(before[-1], curves[j, : steps[j] + 1]))
    for j in shown[::-1]:
        after.append(_joined(after[-1], curves[j, : steps[j] + 1]))
    return before, after[::-1]


def _sum_of(curves: Floats, steps: Ints, chosen: Ints) -> Floats:
    total = np.ones((1, curves.shape[2]))
    for j in chosen:
        total = _joined(total, curves[j, : steps[j] + 1])
    return total


def _joined(one: Floats, other: Floats) -> Floats:
    """Distribution of a sum, node by node: (a + b - 1, nodes)."""
    if one.shape[0] < other.shape[0]:
        one, other = other, one
    out = np.zeros((one.shape[0] + other.shape[0] - 1, one.shape[1]))
    for k in range(other.shape[0]):
        out[k : k + one.shape[0]] += other[k] * one
    return out


def _given_total(own: Floats, rest: Floats, total: int, weights: Floats) -> tuple[float, float]:
    """Mean and variance of the part's points among those with this total."""
    points = np.arange(max(0, total - rest.shape[0] + 1), min(own.shape[0] - 1, total) + 1)
    chance = (own[points] * rest[total - points]) @ weights
    chance = chance / chance.sum()
    mean = float(chance @ points)
    return mean, float(chance @ (points - mean) ** 2)


def _of_errors(
    items: Items, scores: NDArray[np.uint8], parts: Sequence[Ints], errors: Floats, variance: Floats
) -> Floats:
    """What the errors of the difficulties add; of parts with several items the members are taken as equally hard."""
    out = np.zeros(len(parts))
    for k, part in enumerate(parts):
        met = (scores[:, part] != NOT_ANSWERED).sum(axis=0)
        shares = met / max(int(met.sum()), 1)
        out[k] = float(((variance[k] * shares) ** 2 * errors[part] ** 2).sum())
    return out


def named(found: AgainstExpectation, *, rate: float, smallest: float, minimum: int) -> NDArray[np.int8]:
    """Parts that stand out: -1 clearly below what is expected, 1 clearly above, 0 not to be told from chance.

    Parameters
    ----------
    found : AgainstExpectation
        Of one group.
    rate : float
        Expected share of false names among the named (Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57, 289-300).
    smallest : float
        A distance in shares below which nothing is named, however sure.
    minimum : int
        Parts with fewer answers are left aside.
    """
    asked = np.flatnonzero(found.answers >= minimum)
    out = np.zeros(found.answers.shape[0], dtype=np.int8)
    if asked.size == 0:
        return out
    p = found.p_values()[asked]
    order = np.argsort(p, kind="stable")
    passed = np.flatnonzero(p[order] <= rate * np.arange(1, asked.size + 1) / asked.size)
    sure = asked[order[: passed[-1] + 1]] if passed.size else asked[:0]
    away = found.share - found.expected_share
    for part in sure:
        if abs(away[part]) >= smallest:
            out[part] = 1 if away[part] > 0 else -1
    return out
