"""Does each item behave as its model says? Infit and outfit from residuals; S-X2 is in `scorefit`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.data.answers import NOT_ANSWERED
from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.fit.dependence import Dependence, dependence_of
from tirek_engines.psychometrics.fit.scorefit import ScoreFit, fit_by_score, probabilities_of
from tirek_engines.psychometrics.kernels import fit as kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.scoring import score_units

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Ability = Literal["posterior", "eap", "wle"]

ABILITIES: tuple[str, ...] = ("posterior", "eap", "wle")


@dataclass(frozen=True)
class Residuals:
    """Mean squares of residuals, one value an item; expected 1 if the model holds and `ability` is ``posterior``.

    Attributes
    ----------
    infit, outfit : ndarray of float64, shape (items,)
        Mean of r^2 weighted by V, and mean of r^2 / V (Wright & Masters 1982, eq. 5.3.6 and 5.3.4).
    infit_t, outfit_t : ndarray of float64, shape (items,)
        About standard normal under the model: the cube root of Wilson & Hilferty (Wright & Masters 1982, p. 101).
    n : ndarray of int64, shape (items,)
        Persons of positive weight who answered.
    """

    infit: Floats
    outfit: Floats
    infit_t: Floats
    outfit_t: Floats
    n: NDArray[np.int64]


@dataclass(frozen=True)
class ItemFit:
    """How well the items fit; arrays are in the order of `items`.

    Attributes
    ----------
    items : tuple of str
    residuals : Residuals
    by_score : ScoreFit
        S-X2.
    dependence : Dependence
        Q3 of all pairs.
    point_biserial : ndarray of float64, shape (items,)
        Correlation of the answer with the mean share of points on the other items that the person answered.
    ability : str
        Which place of a person the residuals were taken at.
    """

    items: tuple[str, ...]
    residuals: Residuals
    by_score: ScoreFit
    dependence: Dependence
    point_biserial: Floats
    ability: str


def item_fit(likelihood: Likelihood, p: Parameters, ability: Ability = "posterior") -> ItemFit:
    """Check every item of a finished calibration against the answers.

    Parameters
    ----------
    likelihood, p : Likelihood, Parameters
        Answers and the calibration, as `scoring.known_likelihood` gives them: a unit is a person.
    ability : {"posterior", "eap", "wle"}
        Where residuals are taken. ``posterior``: averaged over each person's posterior, as TAM's ``msq.itemfit`` does
        exactly and ``tam.fit`` by random draws (Adams & Wu 2007, in Multivariate and Mixture Distribution Rasch
        Models, ch. 4); both mean squares then are 1 on average if the model holds. ``eap``: at the posterior means, as
        mirt does; too small on short tests. ``wle``: at Warm's estimates.

    Returns
    -------
    ItemFit
        Q3 is taken at the posterior means (``posterior``, ``eap``) or at Warm's estimates (``wle``).

    Raises
    ------
    BrokenContract
        If persons were collapsed by raw score.

    Examples
    --------
    >>> import numpy as np
    >>> from tirek_engines.psychometrics import Answers, Groups, Options, calibrate
    >>> from tirek_engines.psychometrics.likelihood.model import Grid
    >>> from tirek_engines.psychometrics.scoring import known_likelihood
    >>> rng = np.random.default_rng(1)
    >>> theta = rng.standard_normal((500, 1))
    >>> x = Answers.from_matrix(1.0 * (rng.random((500, 6)) < 1 / (1 + np.exp(-theta))))
    >>> found = calibrate(x, Options(model="rasch"))
    >>> groups = Groups(("all",), np.array([0.0]), np.array([found.groups[0].variance]))
    >>> fit = item_fit(*known_likelihood(found.as_items(), groups, x, Grid()))
    >>> bool(abs(fit.residuals.infit.mean() - 1) < 0.05)
    True
    """
    if ability not in ABILITIES:
        raise BrokenContract("ability", ability, " | ".join(ABILITIES))
    data = likelihood.data
    codes = codes_of(data)
    place = score_units(likelihood, p, "wle" if ability == "wle" else "eap").theta
    sums, together = residual_sums(likelihood, p, codes, place, pairs=True)
    if ability == "posterior":
        sums = _posterior_sums(likelihood, p)
    counted = (codes[data.weights > 0] != NOT_ANSWERED).sum(axis=0)
    return ItemFit(
        items=data.items.names,
        residuals=_mean_squares(sums, counted, effective_share(data.weights)),
        by_score=fit_by_score(likelihood, p, codes),
        dependence=dependence_of(data.items.names, together),
        point_biserial=point_biserials(codes, data.items.n_steps, data.weights),
        ability=ability,
    )


def codes_of(data: Prepared) -> Bytes:
    """Category of every answer of every person, 255 where there is none; shape (persons, items)."""
    if data.packed is None:
        raise BrokenContract("likelihood", "persons collapsed by raw score", "one unit a person (known_likelihood)")
    layout, n_items = data.layout, len(data.items.names)
    digits = layout.digit_table.astype(np.uint8)
    presented = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, :n_items] == 1
    found = np.empty((data.packed.shape[0], n_items), np.uint8)
    for j in range(n_items):
        found[:, j] = digits[j][data.packed[:, layout.byte_of[j]]]
        found[~presented[data.unit_run, j], j] = NOT_ANSWERED
    return np.ascontiguousarray(found[data.unit_of_person])


def residual_sums(
    likelihood: Likelihood, p: Parameters, codes: Bytes, theta: Floats, *, pairs: bool
) -> tuple[Floats, Floats]:
    """Sums by item, and by pair of items, of residuals at one place a person (see `_fit_kernels.residual_sums`)."""
    return kernels.residual_sums(
        codes,
        theta,
        likelihood.data.weights,
        likelihood.shape.kinds,
        p.slopes,
        p.intercepts,
        p.guessing,
        likelihood.data.items.n_steps,
        pairs,
    )


def effective_share(weights: Floats) -> float:
    """(sum w)^2 / sum w^2 over the number of persons with weight: 1 without weights (Kish 1965)."""
    used = weights[weights > 0]
    return float(used.sum() ** 2 / (used**2).sum() / used.size)


def _posterior_sums(likelihood: Likelihood, p: Parameters) -> Floats:
    """The sums by item that `residual_sums` makes, averaged over posteriors: expected counts hold all of them."""
    tables = replace(likelihood, force_tables=True)
    counts = tables.evaluate(p).posterior.counts
    probabilities = probabilities_of(likelihood, p)
    numbers = np.arange(probabilities.shape[1], dtype=np.float64)
    mean = np.einsum("jkq,k->jq", probabilities, numbers)
    squares = (numbers[None, :, None] - mean[:, None, :]) ** 2
    variance = np.maximum((probabilities * squares).sum(axis=1), kernels.SMALLEST_VARIANCE)
    fourth = (probabilities * squares**2).sum(axis=1)
    observed = (counts.categories * squares).sum(axis=1)
    n = counts.answered
    parts = (n, observed / variance, observed, n * variance, n * fourth / variance**2, n * (fourth - variance**2))
    return np.column_stack([part.sum(axis=1) for part in parts])


def _mean_squares(sums: Floats, counted: NDArray[np.int64], share: float) -> Residuals:
    """Mean squares and their cube-root normal deviates; weighted persons count as `share` of a person."""
    n, standardised, squares, variance, kurtosis, spread = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        outfit, infit = standardised / n, squares / variance
        outfit_sd = np.sqrt(np.maximum(kurtosis / n**2 - 1.0 / n, 0.0) / share)
        infit_sd = np.sqrt(np.maximum(spread, 0.0) / variance**2 / share)
        return Residuals(infit, outfit, _normal(infit, infit_sd), _normal(outfit, outfit_sd), counted)


def _normal(mean_square: Floats, sd: Floats) -> Floats:
    return np.asarray((np.cbrt(mean_square) - 1.0) * 3.0 / sd + sd / 3.0)


def point_biserials(codes: Bytes, n_steps: NDArray[np.int64], weights: Floats) -> Floats:
    """Correlation of each answer with the share of points on the person's other items (NaN where there is none)."""
    points, most = np.zeros(codes.shape[0]), np.zeros(codes.shape[0])
    for j, steps in enumerate(n_steps.tolist()):
        there = codes[:, j] != NOT_ANSWERED
        points += np.where(there, codes[:, j], 0)
        most += np.where(there, steps, 0)
    return np.array([_corrected(codes[:, j], steps, points, most, weights) for j, steps in enumerate(n_steps.tolist())])


def _corrected(column: Bytes, steps: int, points: Floats, most: Floats, weights: Floats) -> float:
    there = (column != NOT_ANSWERED) & (most > steps) & (weights > 0)
    x = column[there].astype(np.float64)
    return correlation(x, (points[there] - x) / (most[there] - steps), weights[there])


def correlation(x: Floats, y: Floats, weights: Floats) -> float:
    """Weighted correlation; NaN where one of the two does not vary."""
    if x.size < 3:
        return float("nan")
    total = weights.sum()
    x, y = x - weights @ x / total, y - weights @ y / total
    spread = (weights @ (x * x)) * (weights @ (y * y))
    return float(weights @ (x * y) / np.sqrt(spread)) if spread > 0 else float("nan")
