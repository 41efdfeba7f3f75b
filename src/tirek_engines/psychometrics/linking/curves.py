"""Several calibrations at once by their curves: Haebara's criterion with common items, Stocking and Lord's over all pairs.

With two tests the criteria of `methods` are used. With more, each item has one common curve that is estimated together with
the constants (as in R's sirt, `linking.haebara`), so that no test but the first, which gives the scale, is special.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import locations, transform
from tirek_engines.psychometrics.linking.methods import Haberman, LinkOptions

Floats = NDArray[np.float64]

ROUNDS = 200
WIDTH = 1e-6
ENOUGH = 1e-10


@dataclass(frozen=True)
class Together:
    """Constants of all tests, common items, and the changes of (slope, intercept) when a unit is left out.

    Attributes
    ----------
    found : Haberman
        Slopes, intercepts, common parameters; its residuals are not used.
    moves : ndarray of float64, shape (units, tests, 2)
    converged : bool
    """

    found: Haberman
    moves: Floats
    converged: bool


def _shared(tests: Sequence[Items], names: Sequence[str]) -> tuple[list[NDArray[np.int64]], list[Items]]:
    """For each test: which of the names it has, and these items."""
    places: list[NDArray[np.int64]] = []
    items: list[Items] = []
    for test in tests:
        own = {name: j for j, name in enumerate(test.names)}
        kept = [k for k, name in enumerate(names) if name in own]
        places.append(np.array(kept, dtype=np.int64))
        items.append(test.take([own[names[k]] for k in kept]))
    return places, items


class _Haebara:
    """Residuals and derivatives: parameters are log slope and intercepts of every common item, then log A and B."""

    def __init__(self, tests: Sequence[Items], start: Haberman, common: Items, options: LinkOptions, fixed: bool):
        self.places, self.items = _shared(tests, start.names)
        self.common, self.theta, self.root = common, options.theta, np.sqrt(options.weights)
        self.fixed, self.n_tests, self.width = fixed, len(tests), common.intercepts.shape[1]
        self.there = np.arange(self.width)[None, :] < common.n_steps[:, None]
        self.targets = [items.probabilities(self.theta) for items in self.items]

    def away(self, t: int, of_items: Floats, log_slope: float, intercept: float) -> Floats:
        """Curves of a test less the common ones brought to its scale, shape (items, categories, nodes)."""
        kept = self.places[t]
        common = self.common.take(kept)
        moved = replace(common, slopes=np.exp(of_items[kept, 0]), intercepts=of_items[kept, 1:])
        slope = float(np.exp(log_slope))
        here = transform(moved, 1.0 / slope, -intercept / slope).probabilities(self.theta)
        target = self.targets[t]
        wide = np.zeros((target.shape[0], max(target.shape[1], here.shape[1]), target.shape[2]))
        wide[:, : target.shape[1]] += target
        wide[:, : here.shape[1]] -= here
        return wide * self.root

    def normal(self, of_items: Floats, log_slopes: Floats, intercepts: Floats) -> tuple[float, Floats, Floats]:
        """Sum of squares; by item: gradient, Hessian (Gauss-Newton) of its parameters and the constants together."""
        n, k, c = of_items.shape[0], of_items.shape[1], 2 * self.n_tests
        value, gradient, hessian = 0.0, np.zeros((n, k + c)), np.zeros((n, k + c, k + c))
        for t in range(self.n_tests):
            kept = self.places[t]
            at = of_items, float(log_slopes[t]), float(intercepts[t])
            middle = self.away(t, *at)
            slopes = np.zeros((k + c, *middle.shape))
            for j in range(k):
                moved = of_items.copy()
                moved[:, j] += WIDTH
                slopes[j] = (self.away(t, moved, *at[1:]) - middle) / WIDTH
            if t and not self.fixed:
                slopes[k + 2 * t] = (self.away(t, of_items, at[1] + WIDTH, at[2]) - middle) / WIDTH
            if t:
                slopes[k + 2 * t + 1] = (self.away(t, of_items, at[1], at[2] + WIDTH) - middle) / WIDTH
            value += float((middle**2).sum())
            gradient[kept] += np.einsum("pikq,ikq->ip", slopes, middle)
            hessian[kept] += np.einsum("pikq,rikq->ipr", slopes, slopes, optimize=True)
        return value, gradient, hessian

    def reduced(self, gradient: Floats, hessian: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Each item's part of the equations for the constants, its own parameters taken out; what gives these back."""
        k = 1 + self.width
        own, across = hessian[:, :k, :k] + np.eye(k) * 1e-10, hessian[:, :k, k:]
        back = np.linalg.solve(own, np.concatenate([across, gradient[:, :k, None]], axis=2))
        to_constants = np.einsum("ikc,ikd->icd", across, back)
        left = hessian[:, k:, k:] - to_constants[:, :, :-1]
        return left, gradient[:, k:] - to_constants[:, :, -1], back[:, :, :-1], back[:, :, -1]

    def free(self) -> NDArray[np.int64]:
        """Places of the constants that are estimated."""
        kinds = (1,) if self.fixed else (0, 1)
        return np.array([2 * t + kind for t in range(1, self.n_tests) for kind in kinds], dtype=np.int64)


def haebara_together(
    tests: Sequence[Items], start: Haberman, common: Items, options: LinkOptions, units: Sequence[str], *, fixed: bool
) -> Together:
    """Minimise the squared distances of all curves from common ones, each compared on the test's own scale.

    Gauss-Newton from the constants of Haberman; the jackknife takes one step from the solution for each unit left out.

    Parameters
    ----------
    tests : sequence of Items
        The first gives the scale.
    start : Haberman
        Where to begin.
    common : Items
        The common items on the first test's scale, in the order of ``start.names``.
    options : LinkOptions
        Places and weights of comparison.
    units : sequence of str
        Testlet of each common item.
    fixed : bool
        Keep slopes at 1.
    """
    h = _Haebara(tests, start, common, options, fixed)
    of_items = np.column_stack([np.log(common.slopes), common.intercepts])
    if fixed:
        of_items[:, 0] = 0.0
    logs, shifts = np.log(start.slopes), start.intercepts.copy()
    free, converged = h.free(), False
    value, gradient, hessian = h.normal(of_items, logs, shifts)
    for _ in range(ROUNDS):
        left, right, across, own = h.reduced(gradient, hessian)
        step = np.zeros(right.shape[1])
        step[free] = -np.linalg.solve(left.sum(axis=0)[np.ix_(free, free)], right.sum(axis=0)[free])
        of_step = -(own + across @ step)
        if fixed:
            of_step[:, 0] = 0.0
        factor = 1.0
        while True:
            moved = of_items + factor * of_step, logs + factor * step[::2], shifts + factor * step[1::2]
            new = h.normal(*moved)
            if new[0] <= value * (1.0 + 1e-12) or factor < 1e-4:
                break
            factor *= 0.5
        (of_items, logs, shifts), (value, gradient, hessian) = moved, new
        if max(float(np.abs(step).max()), float(np.abs(of_step).max())) < 1e3 * ENOUGH:
            converged = True
            break
    left, right, _, _ = h.reduced(gradient, hessian)
    moves = _left_out(left, right, free, units, np.exp(logs))
    items = replace(common, slopes=np.exp(of_items[:, 0]), intercepts=np.where(h.there, of_items[:, 1:], 0.0))
    nothing = np.zeros((0, 0))
    found = Haberman(np.exp(logs), shifts, start.names, items.slopes, locations(items), nothing, nothing)
    return Together(found, moves, converged)


def _left_out(left: Floats, right: Floats, free: NDArray[np.int64], units: Sequence[str], slopes: Floats) -> Floats:
    """Change of every constant when a unit is left out: one step of Gauss and Newton without it."""
    number = {unit: k for k, unit in enumerate(dict.fromkeys(units))}
    of_unit = np.array([number[u] for u in units])
    total, total_right = left.sum(axis=0), right.sum(axis=0)
    moves = np.zeros((len(number), slopes.shape[0], 2))
    for k in range(len(number)):
        own = of_unit == k
        rest = (total - left[own].sum(axis=0))[np.ix_(free, free)]
        step = np.zeros(total.shape[0])
        step[free] = -np.linalg.solve(rest, (total_right - right[own].sum(axis=0))[free])
        moves[k, :, 0], moves[k, :, 1] = slopes * step[::2], step[1::2]
    return moves


def stocking_lord_together(
    tests: Sequence[Items], start: Haberman, options: LinkOptions, units: Sequence[str], *, fixed: bool
) -> Together:
    """Minimise the squared distances of the expected scores on the common items of every pair of tests.

    All are compared on the scale of the first. The jackknife leaves out each unit and searches again.
    """
    slopes, shifts, converged = _by_pairs(tests, start, start.names, options, fixed)
    moves = []
    for unit in dict.fromkeys(units):
        names = [n for n, u in zip(start.names, units, strict=True) if u != unit]
        other = _by_pairs(tests, start, names, options, fixed)
        moves.append(np.stack([other[0] - slopes, other[1] - shifts], axis=1))
    places, items = _shared(tests, start.names)
    n = np.zeros(len(start.names))
    logs, where = np.zeros_like(n), np.zeros_like(n)
    for t, (kept, own) in enumerate(zip(places, items, strict=True)):
        n[kept] += 1.0
        logs[kept] += np.log(own.slopes / slopes[t])
        where[kept] += slopes[t] * locations(own) + shifts[t]
    nothing = np.zeros((0, 0))
    found = Haberman(slopes, shifts, start.names, np.exp(logs / n), where / n, nothing, nothing)
    return Together(found, np.stack(moves), converged)


def _by_pairs(
    tests: Sequence[Items], start: Haberman, names: Sequence[str], options: LinkOptions, fixed: bool
) -> tuple[Floats, Floats, bool]:
    count, root = len(tests), np.sqrt(options.weights)
    pairs: list[tuple[int, int, Items, Items]] = []
    for s in range(count):
        for t in range(s + 1, count):
            both = [n for n in names if n in tests[s].names and n in tests[t].names]
            if both:
                one, other = (tests[k].take([tests[k].names.index(n) for n in both]) for k in (s, t))
                pairs.append((s, t, one, other))

    def unpacked(x: Floats) -> tuple[Floats, Floats]:
        own = np.zeros(count - 1) if fixed else x[count - 1 :]
        return np.exp(np.concatenate([[0.0], own])), np.concatenate([[0.0], x[: count - 1]])

    def away(x: Floats) -> Floats:
        slopes, shifts = unpacked(x)
        rows = []
        for s, t, one, other in pairs:
            first = transform(one, slopes[s], shifts[s]).expected(options.theta).sum(axis=0)
            rows.append((first - transform(other, slopes[t], shifts[t]).expected(options.theta).sum(axis=0)) * root)
        return np.concatenate(rows)

    at = start.intercepts[1:] if fixed else np.concatenate([start.intercepts[1:], np.log(start.slopes[1:])])
    found = least_squares(away, at, method="lm", xtol=1e-12, ftol=1e-14, gtol=1e-12)
    return *unpacked(found.x), bool(found.success)
