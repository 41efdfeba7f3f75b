"""Does a person's pattern of answers hold together? Flags for a closer look; never a proof of anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tirek_engines.psychometrics.data.answers import NOT_ANSWERED
from tirek_engines.psychometrics.estimation.starts import items_of
from tirek_engines.psychometrics.fit.itemfit import codes_of
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.kernels import agreement as agreement_kernels
from tirek_engines.psychometrics.kernels import fit as kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.scoring import score_units

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

UNLIKELY = 0.01
"""One-sided level below which a pattern is flagged."""
FEWEST_ANSWERS = 5
"""Answers below which a pattern says nothing."""
AGREEMENT_LEVEL = 0.001
"""Level, shared by all pairs of a class, at which agreement of wrong answers is flagged."""


@dataclass(frozen=True)
class PersonFit:
    """How well each person's answers fit; NaN where there is no place or nothing varies.

    Attributes
    ----------
    theta : ndarray of float64, shape (persons,)
        Warm's estimate, at which the rest is taken.
    lz, lz_star : ndarray of float64, shape (persons,)
        Standardised log-likelihood, with the place taken for the true one, and corrected for its having been estimated
        (Snijders 2001); well below 0: right and wrong answers are where they were not to be expected.
    p : ndarray of float64, shape (persons,)
        P(lz* or less) under the model (standard normal).
    infit, outfit : ndarray of float64, shape (persons,)
        Mean squares of the person's residuals.
    guttman : ndarray of int64, shape (persons,)
        Pairs of steps of which the easier was failed and the harder passed, easiness by the answers of all.
    guttman_share : ndarray of float64, shape (persons,)
        Over the product of steps passed and failed; 0.5 is what chance alone would give.
    n_answered : ndarray of int64, shape (persons,)
    flag : ndarray of bool, shape (persons,)
        p below 0.01, five answers or more, and not all of them right or all wrong.
    """

    theta: Floats
    lz: Floats
    lz_star: Floats
    p: Floats
    infit: Floats
    outfit: Floats
    guttman: Ints
    guttman_share: Floats
    n_answered: Ints
    flag: NDArray[np.bool_]


def person_fit(likelihood: Likelihood, p: Parameters) -> PersonFit:
    """Check every person's pattern of answers against a finished calibration.

    Parameters
    ----------
    likelihood, p : Likelihood, Parameters
        Answers and the calibration, as `scoring.known_likelihood` gives them.

    Returns
    -------
    PersonFit
        One value a person, in the order of the answers.
    """
    codes = codes_of(likelihood.data)
    theta = score_units(likelihood, p, "wle").theta
    shape = likelihood.shape
    found = kernels.person_sums(
        codes, theta, shape.kinds, p.slopes, p.intercepts, p.guessing, likelihood.data.items.n_steps, True
    )
    lz, lz_star, infit, outfit, n = found.T
    tail = np.asarray(norm.cdf(lz_star))
    errors, share = kernels.misplaced(codes, *steps_by_ease(codes, likelihood.data.items.n_steps))
    with np.errstate(invalid="ignore"):
        flag = (tail < UNLIKELY) & (n >= FEWEST_ANSWERS) & np.isfinite(share)
    return PersonFit(theta, lz, lz_star, tail, infit, outfit, errors, share, n.astype(np.int64), flag)


def steps_by_ease(codes: Bytes, n_steps: Ints) -> tuple[Ints, Ints]:
    """All steps of all items from the one that most persons pass to the one that fewest do: item and category."""
    items, steps, ease = [], [], []
    for j, last in enumerate(n_steps.tolist()):
        counts = np.bincount(codes[:, j], minlength=NOT_ANSWERED + 1)[:NOT_ANSWERED]
        for k in range(1, last + 1):
            items.append(j)
            steps.append(k)
            ease.append(counts[k:].sum() / max(1, int(counts.sum())))
    order = np.argsort(-np.array(ease), kind="stable")
    return np.array(items, dtype=np.int64)[order], np.array(steps, dtype=np.int64)[order]


Matching = Literal["wrong options", "wrong answers"]


@dataclass(frozen=True)
class Agreement:
    """Pairs of persons of one class who agree in more wrong answers than chance would explain.

    Attributes
    ----------
    first, second : ndarray of int64, shape (pairs,)
        Places of the two persons.
    agreeing : ndarray of int64, shape (pairs,)
        Items that both have wrong in the same way.
    expected, sd : ndarray of float64, shape (pairs,)
        Of that number, if they answered independently, each by the own ability.
    z, p : ndarray of float64, shape (pairs,)
        (agreeing - expected - 1/2) / sd, and the normal tail beyond.
    n_compared : int
        Pairs looked at; a pair is listed if p is below 0.001 over the number of pairs in its class.
    """

    first: Ints
    second: Ints
    agreeing: Ints
    expected: Floats
    sd: Floats
    z: Floats
    p: Floats
    n_compared: int


def agreement(
    likelihood: Likelihood, p: Parameters, classes: Ints, options: NDArray[np.uint8] | None = None
) -> Agreement:
    """Compare all pairs of persons within classes.

    Parameters
    ----------
    likelihood, p : Likelihood, Parameters
        As for `person_fit`.
    classes : ndarray of int64, shape (persons,)
        Number of each person's class; pairs of different classes are not compared.
    options : ndarray of uint8, shape (persons, items), optional
        Which option each person chose, 255 for none: wrong answers then agree only if the option is the same, and the
        chance of that is the share of each option among all wrong answers to the item. Without: any two answers below
        full score agree if they have the same score, which shows much less.

    Returns
    -------
    Agreement
        Two persons may agree because they were taught alike. The list says where to look, and no more.
    """
    codes = codes_of(likelihood.data)
    theta = score_units(likelihood, p, "wle").theta
    steps = likelihood.data.items.n_steps
    shown = codes if options is None else options
    wrong = (codes != NOT_ANSWERED) & (codes < steps[None, :]) & (shown != NOT_ANSWERED)
    marks = np.where(wrong, shown, NOT_ANSWERED).astype(np.uint8)
    present = (codes != NOT_ANSWERED) & (shown != NOT_ANSWERED)
    order = np.argsort(classes, kind="stable").astype(np.int64)
    _, starts = np.unique(classes[order], return_index=True)
    bounds = np.append(starts, order.size).astype(np.int64)
    critical = critical_values(np.diff(bounds))
    found, n_compared = agreement_kernels.agreeing_pairs(
        marks[order],
        present[order],
        wrong_chances(items_of(likelihood, p), theta)[order],
        same_option(marks),
        bounds,
        critical,
    )
    first, second = order[found[:, 0].astype(np.int64)], order[found[:, 1].astype(np.int64)]
    z = found[:, 5]
    ranked = np.argsort(-z, kind="stable")
    return Agreement(
        first=first[ranked],
        second=second[ranked],
        agreeing=found[ranked, 2].astype(np.int64),
        expected=found[ranked, 3],
        sd=found[ranked, 4],
        z=z[ranked],
        p=np.asarray(norm.sf(z[ranked])),
        n_compared=int(n_compared),
    )


def critical_values(sizes: Ints) -> Floats:
    """The z above which a pair is listed, for classes of these sizes."""
    pairs = np.maximum(sizes * (sizes - 1) / 2.0, 1.0)
    return np.asarray(norm.isf(AGREEMENT_LEVEL / pairs))


def wrong_chances(items: Items, theta: Floats) -> Floats:
    """P(less than full score) of every person on every item, shape (persons, items); 0 where there is no place.

    Read from a table of 481 places, 0.05 logits apart on +-12.
    """
    places = np.linspace(-12.0, 12.0, 481)
    curves = items.probabilities(places)
    known = np.clip(np.nan_to_num(theta), -12.0, 12.0)
    found = np.empty((theta.shape[0], len(items)))
    for j, last in enumerate(items.n_steps.tolist()):
        found[:, j] = np.interp(known, places, 1.0 - curves[j, last])
    found[np.isnan(theta)] = 0.0
    return found


def same_option(marks: Bytes) -> Floats:
    """Chance that two wrong answers to an item are the same, shape (items,): sum of squared shares of the options."""
    found = np.ones(marks.shape[1])
    for j in range(marks.shape[1]):
        counts = np.bincount(marks[:, j], minlength=NOT_ANSWERED + 1)[:NOT_ANSWERED]
        if counts.sum() > 0:
            found[j] = float(((counts / counts.sum()) ** 2).sum())
    return found
