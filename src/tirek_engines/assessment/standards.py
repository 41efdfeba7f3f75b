"""Standard setting: where on the scale a level begins, from the judgements of a panel.

Bookmark (Lewis, Mitzel and Green 1996; Mitzel, Lewis, Patz and Green 2001; Cizek and Bunch 2007, ch. 10) and the modified
Angoff method (Angoff 1971; Cizek and Bunch 2007, ch. 6), over several rounds. A panel recommends; the cut scores that a
region adopts are rules with a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.items import Items

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Middle = Literal["median", "mean"]

MEDIAN_TO_MEAN = 1.2533
"""Standard error of the median of a normal sample over that of its mean, sqrt(pi/2)."""
WIDEST = 20.0
"""Locations and cut scores are looked for within +-WIDEST logits."""


@dataclass(frozen=True)
class Page:
    """One page of the ordered item booklet: to reach `step` points or more on `item` with the response probability."""

    item: str
    step: int
    location: float


def ordered_booklet(items: Items, *, response_probability: float = 2 / 3, guessing: bool = False) -> tuple[Page, ...]:
    """The pages from the easiest to the hardest: one for each item, and for each step of an item with several.

    Parameters
    ----------
    items : Items
        Calibrated items of one dimension.
    response_probability : float
        RP: 2/3 (RP67) asks whether a pupil who just reaches the level has the step right two times out of three; 1/2 is
        RP50.
    guessing : bool
        Whether guessing of 3PL items counts; usually it does not (Mitzel et al. 2001), which is c = 0 here.

    Returns
    -------
    tuple of Page
        By location (logits); P(score >= step | location) = RP. Equal locations stand in the order of names and steps.
    """
    if not 0.0 < response_probability < 1.0:
        raise Refusal("The response probability is between 0 and 1, usually 2/3.", code="bad_probability")
    pages = []
    for j, name in enumerate(items.names):
        one = items.take([j])
        if not guessing:
            one = _without_guessing(one)
        for step in range(1, int(items.n_steps[j]) + 1):
            pages.append(Page(name, step, _location(one, step, response_probability)))
    return tuple(sorted(pages, key=lambda page: (page.location, page.item, page.step)))


def _without_guessing(item: Items) -> Items:
    if item.models[0] != "3pl":
        return item
    return Items(
        item.names,
        ("2pl",),
        item.slopes,
        item.intercepts,
        np.zeros(1),
        item.n_steps,
        item.values,
        item.dimensions,
    )


def _location(item: Items, step: int, probability: float) -> float:
    def above(theta: float) -> float:
        return float(item.probabilities(np.array([theta]))[0, step:, 0].sum()) - probability

    if above(-WIDEST) >= 0.0 or above(WIDEST) <= 0.0:
        raise Refusal(
            f"Item {item.names[0]} does not reach probability {probability:.2f} at {step} points between -{WIDEST:g} and "
            f"{WIDEST:g} logits. Leave it out of the booklet.",
            code="no_location",
            item=item.names[0],
        )
    return float(brentq(above, -WIDEST, WIDEST, xtol=1e-12))


@dataclass(frozen=True)
class CutScores:
    """Cut scores by round and level, and how far the panel agrees.

    Attributes
    ----------
    cuts : ndarray of float64, shape (rounds, levels)
        Logits; the last round's are the recommendation.
    se : ndarray of float64, shape (rounds, levels)
        Between panellists, or between tables where these are given: another panel might have said otherwise.
    spread : ndarray of float64, shape (rounds, levels)
        Standard deviation between panellists.
    lowest, highest : ndarray of float64, shape (rounds, levels)
        Outermost panellists.
    changed : ndarray of float64, shape (rounds, levels)
        Share of panellists who changed their mind since the round before; NaN in the first.
    convergence : ndarray of float64, shape (levels,)
        Spread of the last round over that of the first; below 1, the rounds brought the panel together.
    panellists : ndarray of float64, shape (rounds, panellists, levels)
        Each panellist's own cut.
    """

    cuts: Floats
    se: Floats
    spread: Floats
    lowest: Floats
    highest: Floats
    changed: Floats
    convergence: Floats
    panellists: Floats

    @property
    def recommended(self) -> Floats:
        """Cut scores of the last round."""
        return np.asarray(self.cuts[-1])

    @property
    def recommended_se(self) -> Floats:
        """Their errors."""
        return np.asarray(self.se[-1])


def summarise_panel(own: Floats, *, middle: Middle, tables: Ints | None = None) -> CutScores:
    """Cut scores of a panel from those of its members.

    Parameters
    ----------
    own : ndarray of float64, shape (rounds, panellists, levels)
        Each panellist's cut.
    middle : {"median", "mean"}
        What the panel's cut is; the median is usual for bookmarks, the mean for Angoff.
    tables : ndarray of int64, shape (panellists,), optional
        Number of each panellist's table. Tables talk among themselves, so the error is taken between tables.
    """
    if own.ndim != 3 or own.shape[1] < 2:
        raise Refusal("A panel has two members at least; five or more are advised.", code="too_few_panellists")
    take = np.median if middle == "median" else np.mean
    factor = MEDIAN_TO_MEAN if middle == "median" else 1.0
    cuts = take(own, axis=1)
    spread = own.std(axis=1, ddof=1)
    units = own if tables is None else _of_tables(own, tables, middle)
    se = factor * units.std(axis=1, ddof=1) / np.sqrt(units.shape[1])
    changed = np.full(cuts.shape, np.nan)
    changed[1:] = (np.diff(own, axis=0) != 0.0).mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        convergence = spread[-1] / spread[0]
    return CutScores(cuts, se, spread, own.min(axis=1), own.max(axis=1), changed, convergence, own)


def _of_tables(own: Floats, tables: Ints, middle: Middle) -> Floats:
    names = np.unique(tables)
    if tables.shape != (own.shape[1],):
        raise BrokenContract("tables", tables.shape, f"({own.shape[1]},)")
    if names.size < 2:
        raise Refusal("All panellists sit at one table: leave the tables out.", code="one_table")
    take = np.median if middle == "median" else np.mean
    return np.stack([take(own[:, tables == t], axis=1) for t in names], axis=1)


def bookmark(
    booklet: tuple[Page, ...],
    placements: Ints,
    *,
    at: Literal["last", "between"] = "last",
    middle: Middle = "median",
    tables: Ints | None = None,
) -> CutScores:
    """Cut scores from bookmarks.

    Parameters
    ----------
    booklet : tuple of Page
        Of `ordered_booklet`.
    placements : ndarray of int64, shape (rounds, panellists, levels)
        How many pages a pupil who just reaches the level masters: the bookmark lies behind that page, 1 to the number of
        pages. Later levels lie behind earlier ones.
    at : {"last", "between"}
        The cut is the location of the last page mastered, or halfway to the next.
    middle : {"median", "mean"}
        What the panel's cut is.
    tables : ndarray of int64, shape (panellists,), optional
        Tables of the panel.

    Raises
    ------
    Refusal
        ``bad_bookmark`` for a page that does not exist, ``levels_cross`` where a higher level needs fewer pages.
    """
    if placements.ndim != 3:
        raise BrokenContract("placements", placements.shape, "(rounds, panellists, levels)")
    if placements.min() < 1 or placements.max() > len(booklet):
        raise Refusal(f"A bookmark lies behind page 1 to {len(booklet)}.", code="bad_bookmark", pages=len(booklet))
    _refuse_crossing(placements.astype(np.float64))
    where = np.array([page.location for page in booklet])
    own = where[placements - 1]
    if at == "between":
        own = 0.5 * (own + where[np.minimum(placements, len(booklet) - 1)])
    return summarise_panel(own, middle=middle, tables=tables)


def _refuse_crossing(judged: Floats) -> None:
    crossing = np.argwhere(np.diff(judged, axis=2) < 0.0)
    if crossing.size:
        number, panellist, level = (int(v) for v in crossing[0])
        raise Refusal(
            f"Panellist {panellist + 1} asks less of level {level + 2} than of level {level + 1} in round {number + 1}. "
            "A higher level asks at least as much: have the judgement corrected.",
            code="levels_cross",
            panellist=panellist,
            level=level,
        )


@dataclass(frozen=True)
class Angoff:
    """Cut scores of an Angoff panel.

    Attributes
    ----------
    raw : CutScores
        On the raw score of all items (points): sums of each panellist's ratings.
    scale : CutScores
        The same on the scale (logits).
    misfit : ndarray of float64, shape (rounds, panellists, levels)
        Mean distance of a panellist's ratings from what the model expects at the panellist's own cut, in shares of the
        full score (van der Linden 1982, J. Educ. Meas. 19, 295-308): 0 is a judge who knows the items as data do.
    """

    raw: CutScores
    scale: CutScores
    misfit: Floats


def angoff(items: Items, ratings: Floats, *, middle: Middle = "mean", tables: Ints | None = None) -> Angoff:
    """Cut scores by the modified Angoff method.

    Parameters
    ----------
    items : Items
        Calibrated items of one dimension, those that were rated, in their order.
    ratings : ndarray of float64, shape (rounds, panellists, items, levels)
        Expected score on the item of a pupil who just reaches the level: 0 to 1, or to the item's full score.
    middle : {"median", "mean"}
        What the panel's cut is.
    tables : ndarray of int64, shape (panellists,), optional
        Tables of the panel.

    Notes
    -----
    Each panellist's raw cut is the sum of the ratings; its place on the scale is where the test characteristic curve
    (sum of expected scores) takes that value. Cuts at the very ends of the curve have no place and are refused.
    """
    if ratings.ndim != 4 or ratings.shape[2] != len(items):
        raise BrokenContract("ratings", ratings.shape, f"(rounds, panellists, {len(items)}, levels)")
    full = items.n_steps.astype(np.float64)
    if not bool(np.isfinite(ratings).all()):
        raise Refusal("A rating is missing. Every panellist rates every item for every level.", code="missing_rating")
    if bool(((ratings < 0.0) | (ratings > full[None, None, :, None])).any()):
        raise Refusal("A rating lies outside 0 to the full score of its item.", code="bad_rating")
    raw = ratings.sum(axis=2)
    _refuse_crossing(raw)
    own = np.empty_like(raw)
    misfit = np.empty_like(raw)
    for place in np.ndindex(*raw.shape):
        number, panellist, level = place
        own[place] = theta_of_raw(items, float(raw[place]))
        expected = items.expected(np.array([own[place]]))[:, 0]
        misfit[place] = float(np.mean(np.abs(ratings[number, panellist, :, level] - expected) / full))
    return Angoff(
        summarise_panel(raw, middle=middle, tables=tables), summarise_panel(own, middle=middle, tables=tables), misfit
    )


def theta_of_raw(items: Items, raw: float) -> float:
    """Where the test characteristic curve has the value `raw` (points)."""

    def away(theta: float) -> float:
        return float(items.expected(np.array([theta])).sum()) - raw

    if away(-WIDEST) >= 0.0 or away(WIDEST) <= 0.0:
        raise Refusal(
            f"A raw score of {raw:g} lies at the end of the test's curve and has no place on the scale.",
            code="no_place",
            raw=raw,
        )
    return float(brentq(away, -WIDEST, WIDEST, xtol=1e-12))


def error_at(items: Items, cuts: Floats) -> Floats:
    """Error of measurement of a pupil's score at each cut, 1/sqrt(test information) (logits)."""
    return np.asarray(1.0 / np.sqrt(items.information(np.asarray(cuts, dtype=np.float64)).sum(axis=0)))
