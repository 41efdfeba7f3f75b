"""Does an item work differently for persons of equal ability in different groups? What the three methods share.

The methods: `difmh` (Mantel-Haenszel), `diflogistic` (logistic regression), `diflr` (likelihood ratio). In all of them an
effect above 0 means that the item is easier for the focal group than for others of the same ability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.data.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.data.prepared import ItemTable, item_table
from tirek_engines.psychometrics.kernels import packing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DELTA = 2.35
"""Points of the ETS delta scale to a logit: 4 / 1.7 (Holland & Thayer 1988)."""
MODERATE, LARGE = 1.0, 1.5
"""Deltas from which an item may be of class B and C (Zieky 1993; Zwick 2012, ETS RR-12-08)."""
LEVEL = 0.05
MAX_ROUNDS = 10
FEWEST_ANCHORS = 3
DENSE_CELLS = 4_000_000
SIZES = {"A": "negligible", "B": "moderate", "C": "large"}


@dataclass(frozen=True)
class DifTable:
    """Results of one focal group against one reference group (or against all others), arrays by item.

    Attributes
    ----------
    items : tuple of str
    focal, references : str, tuple of str
        The focal group, and for each item the group it is compared with.
    effect, se : ndarray of float64, shape (items,)
        Above 0: easier for the focal group. The unit depends on the method; NaN where it cannot be estimated.
    p : ndarray of float64, shape (items,)
        Of the test that there is no difference at all.
    classes : tuple of str
        A (negligible), B (moderate), C (large); empty where it cannot be estimated.
    x2, df : ndarray of float64, shape (items,)
        Test statistic and its degrees of freedom.
    more : dict of str to ndarray of float64
        What only this method gives.
    set_aside : ndarray of bool, shape (items,)
        Items that do not match persons (anchor the scale) for the others after purification.
    n_focal, n_reference : ndarray of int64, shape (items,)
        Persons who entered the comparison.
    rounds : int
        Rounds of purification; 1 without.
    problems : dict of str to str
        Why an item has no result.
    converged : bool
    n_lost : ndarray of int64, shape (items,), or empty
        Persons who answered the item but find nobody to be compared with (raw score methods).
    """

    items: tuple[str, ...]
    focal: str
    references: tuple[str, ...]
    effect: Floats
    se: Floats
    p: Floats
    classes: tuple[str, ...]
    x2: Floats
    df: Floats
    more: dict[str, Floats]
    set_aside: Bools
    n_focal: Ints
    n_reference: Ints
    rounds: int = 1
    problems: dict[str, str] = field(default_factory=dict)
    converged: bool = True
    n_lost: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def favoured(self, j: int) -> str:
        """The group that finds the item easier at the same ability; empty where the difference is negligible."""
        if self.classes[j] in ("", "A") or not np.isfinite(self.effect[j]):
            return ""
        return self.focal if self.effect[j] > 0 else self.references[j]

    def _crosses(self, j: int) -> bool:
        """Whether the curves differ although they do not on average (likelihood ratio only)."""
        area = self.more.get("unsigned_area")
        return area is not None and bool(self.p[j] < LEVEL and area[j] >= MODERATE / DELTA)

    def verdict(self, j: int) -> str:
        """One sentence on an item."""
        if not self.classes[j]:
            return self.problems.get(self.items[j], "cannot be compared")
        if self.classes[j] == "A":
            return (
                "small on average, but the curves differ: see unsigned_area"
                if self._crosses(j)
                else "negligible difference"
            )
        better = self.favoured(j)
        other = self.references[j] if better == self.focal else self.focal
        return (
            f"{SIZES[self.classes[j]]} difference: easier for {better} than for persons of {other} of the same ability"
        )


def ets_classes(delta: Floats, se: Floats, p: Floats) -> tuple[str, ...]:
    """ETS classes from differences on the delta scale (Zwick 2012, p. 3).

    A: p at least 0.05, or below 1 in size. C: 1.5 or more, and above 1 by a one-sided test at 0.05. B: the others.
    """
    size = np.abs(delta)
    with np.errstate(invalid="ignore", divide="ignore"):
        clear = (size - MODERATE) / se > norm.isf(LEVEL)
    found = []
    for d, q, beyond in zip(size.tolist(), p.tolist(), clear.tolist(), strict=True):
        if not np.isfinite(d) or not np.isfinite(q):
            found.append("")
        elif q >= LEVEL or d < MODERATE:
            found.append("A")
        else:
            found.append("C" if d >= LARGE and beyond else "B")
    return tuple(found)


@dataclass(frozen=True)
class Matched:
    """Persons of two groups with their answers as categories, ready to be matched by raw score.

    Attributes
    ----------
    codes : ndarray of uint8, shape (persons, items)
        Categories from 0; 255 where there is none.
    focal : ndarray of bool, shape (persons,)
    weights : ndarray of float64, shape (persons,)
        They sum to the effective number of persons, (sum w)^2 / sum w^2.
    booklet : ndarray of int64, shape (persons,)
        Number of the set of items answered.
    table : ItemTable
    """

    codes: NDArray[np.uint8]
    focal: Bools
    weights: Floats
    booklet: Ints
    table: ItemTable


def match_groups(answers: Answers, focal: int, reference: int) -> Matched:
    """Take the persons of two groups out of the answers.

    Raises
    ------
    Refusal
        ``one_group`` if a group has no person of positive weight.
    """
    assert answers.groups is not None
    given = answers.weights if answers.weights is not None else np.ones(answers.n_persons)
    answered = (answers.codes != NOT_ANSWERED).any(axis=1)
    chosen = np.isin(answers.groups, (focal, reference)) & (given > 0) & answered
    for group in (focal, reference):
        if not (answers.groups[chosen] == group).any():
            raise Refusal(
                f"Nobody of group {answers.group_names[group]} has an answer and a positive weight, so there is nothing "
                "to compare.",
                code="one_group",
            )
    table = item_table(Answers(np.ascontiguousarray(answers.codes[chosen]), answers.items))
    columns = np.ascontiguousarray(answers.codes[chosen])
    codes = np.empty((columns.shape[0], len(table.names)), np.uint8)
    for j, column in enumerate(table.columns.tolist()):
        codes[:, j] = table.recode[j][columns[:, column]]
    masks = packing.pack_masks(columns, table.columns, table.recode)
    booklet, _ = packing.number_rows(masks, np.zeros(columns.shape[0], np.int64))
    weights = given[chosen]
    return Matched(
        codes, answers.groups[chosen] == focal, weights * (weights.sum() / (weights**2).sum()), booklet, table
    )


@dataclass(frozen=True)
class Crossed:
    """Weighted counts of one item: strata by group (0 reference, 1 focal) by category.

    `booklet` and `score` tell what each stratum is; `persons` counts people (not weights) by group, `sizes` by stratum.
    """

    counts: Floats
    booklet: Ints
    score: Ints
    persons: Ints
    sizes: Ints


def cross(matched: Matched, item: int, anchors: Bools) -> Crossed:
    """Count the answers to an item by booklet and raw score on the anchors and the item itself."""
    codes = matched.codes
    there = codes[:, item] != NOT_ANSWERED
    used = anchors.copy()
    used[item] = True
    score = scores_on(codes, used)[there]
    x = codes[there, item].astype(np.int64)
    group = matched.focal[there].astype(np.int64)
    span, n_categories = int(score.max(initial=0)) + 1, int(matched.table.n_steps[item]) + 1
    stratum = matched.booklet[there] * span + score
    if (int(stratum.max(initial=0)) + 1) * 2 * n_categories <= DENSE_CELLS:
        known, place = np.arange(int(stratum.max(initial=0)) + 1), stratum
    else:
        known, place = np.unique(stratum, return_inverse=True)
    cell = (place.reshape(-1) * 2 + group) * n_categories + x
    shape = (known.shape[0], 2, n_categories)
    counts = np.bincount(cell, matched.weights[there], minlength=int(np.prod(shape))).reshape(shape)
    filled = counts.sum(axis=(1, 2)) > 0
    persons = np.bincount(group, minlength=2)
    sizes = np.bincount(place.reshape(-1), minlength=known.shape[0])[filled]
    return Crossed(counts[filled], (known // span)[filled], (known % span)[filled], persons, sizes)


def scores_on(codes: NDArray[np.uint8], used: Bools) -> Ints:
    """Raw score of every person on some of the items."""
    total = np.zeros(codes.shape[0], np.int64)
    for j in np.flatnonzero(used).tolist():
        total += np.where(codes[:, j] != NOT_ANSWERED, codes[:, j], 0)
    return total


def purified(
    n_items: int, compute: Callable[[Bools], tuple[DifTable, Bools]], *, purify: bool
) -> tuple[DifTable, Bools, int]:
    """Compute with all items as anchors; if asked, again without those that differ, until these stay the same.

    `compute` takes the anchors and returns the results with the items that differ. Rounds end after ten, or when fewer
    than three anchors would remain.
    """
    anchors = np.ones(n_items, dtype=bool)
    for rounds in range(1, MAX_ROUNDS + 1):
        found, differ = compute(anchors)
        if not purify or (~differ == anchors).all() or int((~differ).sum()) < FEWEST_ANCHORS:
            break
        if rounds < MAX_ROUNDS:
            anchors = ~differ
    return found, ~anchors, rounds
