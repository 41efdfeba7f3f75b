"""How far apart the curves of an item in two groups are, with the error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.estimation.em import Optimum
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.parameters import KIND_GRADED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WIDTH = 5e-4


@dataclass(frozen=True)
class GroupCurve:
    """An item in one group, when its parameters are free there: slope, difficulty (mean of the steps), steps, guessing."""

    item: str
    group: str
    a: float
    b: float
    d: tuple[float, ...]
    c: float


@dataclass(frozen=True)
class Model:
    """A fitted model: which items have curves of their own in each group, and where it ended."""

    split: frozenset[str]
    likelihood: Likelihood
    best: Optimum

    @property
    def parameters(self) -> Parameters:
        """The estimates."""
        return self.best.parameters


def curve_of(items: Items, k: int, name: str, group: str) -> GroupCurve:
    steps = int(items.n_steps[k])
    b = float(np.nanmean(items.difficulties[k, :steps]))
    d = tuple(items.intercepts[k, :steps].tolist())
    return GroupCurve(name, group, float(items.slopes[k]), b, d, float(items.guessing[k]))


def areas(items: Items, pair: tuple[int, int], free: Model, focal: int) -> tuple[float, float, float]:
    """Signed and unsigned area between the curves, and the mean difference in points for the focal group."""
    theta = free.likelihood.theta
    expected = items.take(pair).expected(theta)
    difference = expected[0] - expected[1]
    steps, width = float(items.n_steps[pair[0]]), float(theta[1] - theta[0])
    p = free.parameters
    density = np.exp(-0.5 * ((theta - p.means[focal]) / p.sds[focal]) ** 2)
    points = float(density @ difference / density.sum())
    return float(difference.sum() * width / steps), float(np.abs(difference).sum() * width / steps), points


def _shares(model: Model, k: int) -> Floats:
    """How the steps of an item make its mean log odds: the last intercept over their number, graded: their mean."""
    steps = int(model.likelihood.shape.n_steps[k])
    if model.likelihood.shape.kinds[k] == KIND_GRADED:
        return np.full(steps, 1.0 / steps)
    return np.append(np.zeros(steps - 1), 1.0 / steps)


def ease_of(items: Items, k: int, theta: float, model: Model) -> float:
    """Mean log odds of the steps of an item at a place: a theta + d for two categories (3PL: of knowing it)."""
    share = _shares(model, k)
    return float(items.slopes[k] * theta + share @ items.intercepts[k, : share.shape[0]])


def error_of_effect(free: Model, base: Model, information: Floats, pair: tuple[int, int], theta: float) -> float:
    """Standard error of the difference of the two curves' log odds at a place.

    Of the information matrix of the freer model the rows of the two curves are computed; the rest is that of the base.
    """
    shape = free.likelihood.shape
    own = np.concatenate([_places_of(free, k) for k in pair])
    matrix = _borrowed(free, base, information)
    x = shape.flatten(free.parameters)
    for place in own.tolist():
        gradients = []
        for sign in (1.0, -1.0):
            moved = x.copy()
            moved[place] += sign * WIDTH
            gradients.append(free.likelihood.evaluate(shape.restore(moved, free.parameters)).gradient)
        matrix[place] = matrix[:, place] = (gradients[1] - gradients[0]) / (2.0 * WIDTH)
    try:
        covariance = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return float("nan")
    slopes = np.zeros(x.shape[0])
    for k, sign in zip(pair, (1.0, -1.0), strict=True):
        share = _shares(free, k)
        by_place = [(int(shape.places.slopes[k]), theta)]
        by_place += zip(shape.places.intercepts[k, : share.shape[0]].tolist(), share.tolist(), strict=True)
        for place, slope in by_place:
            if place >= 0:
                slopes[place] += sign * slope
    variance = float(slopes @ covariance @ slopes)
    return float(np.sqrt(variance)) if variance > 0 else float("nan")


def _places_of(model: Model, k: int) -> Ints:
    places = model.likelihood.shape.places
    found = np.concatenate([[places.slopes[k]], places.intercepts[k], [places.guessing[k]]])
    return np.asarray(found[found >= 0], dtype=np.int64)


def _borrowed(free: Model, base: Model, information: Floats) -> Floats:
    """The base's information in the order of the freer model; the unit matrix for parameters that the base lacks."""
    to = _order(free)
    known = _order(base)
    shared = [(place, known[key]) for key, place in to.items() if key in known]
    matrix = np.eye(len(to))
    new, old = np.array([s[0] for s in shared]), np.array([s[1] for s in shared])
    matrix[np.ix_(new, new)] = information[np.ix_(old, old)]
    return matrix


def _order(model: Model) -> dict[tuple[str, str, int], int]:
    """Where each free parameter stands, by name."""
    places, names = model.likelihood.shape.places, model.likelihood.data.items.names
    found: dict[tuple[str, str, int], int] = {}
    for k, name in enumerate(names):
        found[name, "a", 0] = int(places.slopes[k])
        found[name, "c", 0] = int(places.guessing[k])
        for m, place in enumerate(places.intercepts[k].tolist()):
            found[name, "d", m] = place
    for g in range(places.means.shape[0]):
        found["", "mean", g] = int(places.means[g])
        found["", "sd", g] = int(places.sds[g])
    return {key: place for key, place in found.items() if place >= 0}
