"""Put two separate calibrations on one scale: theta_base = slope * theta_new + intercept.

Methods: mean-mean (Loyd and Hoover 1980), mean-sigma (Marco 1977), mean-geometric (Mislevy and Bock 1990), Haebara (1980),
Stocking and Lord (1983), Haberman (2009). Kolen and Brennan (2014, Test Equating, Scaling, and Linking, ch. 6) is the
common account; equations are cited from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import Anchors, locations, transform

Floats = NDArray[np.float64]
Method = Literal["mean-mean", "mean-sigma", "mean-geometric", "haebara", "stocking-lord", "haberman"]

METHODS: tuple[str, ...] = ("haebara", "stocking-lord", "mean-sigma", "mean-mean", "mean-geometric", "haberman")


@dataclass(frozen=True)
class LinkOptions:
    """How to link.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    slope : {"auto", "fixed", "free"}
        ``auto`` keeps the slope at 1 where all slopes of both calibrations are 1 (Rasch, PCM).
    direction : {"one", "symmetric"}
        Of Haebara's and Stocking and Lord's criterion: on the base scale only (as most programs), or the mean of the
        criteria on both scales.
    nodes, half_range : int, float
        Equally spaced places of comparison on +-half_range logits.
    node_weights : {"normal", "uniform"}
        Standard normal (renormalised) or equal weights of the places.
    """

    method: Method = "haebara"
    slope: Literal["auto", "fixed", "free"] = "auto"
    direction: Literal["one", "symmetric"] = "one"
    nodes: int = 61
    half_range: float = 6.0
    node_weights: Literal["normal", "uniform"] = "normal"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BrokenContract("method", self.method, " | ".join(METHODS))
        if self.nodes < 3 or not self.half_range > 0:
            raise BrokenContract(
                "nodes, half_range", (self.nodes, self.half_range), "3 nodes or more on a range above 0"
            )

    @property
    def theta(self) -> Floats:
        """Places of comparison."""
        return np.linspace(-self.half_range, self.half_range, self.nodes)

    @property
    def weights(self) -> Floats:
        """Their weights, which sum to 1."""
        raw = np.exp(-0.5 * self.theta**2) if self.node_weights == "normal" else np.ones(self.nodes)
        return np.asarray(raw / raw.sum())


@dataclass(frozen=True)
class Constants:
    """theta_base = slope * theta_new + intercept; `converged` is False where a search did not end."""

    slope: float
    intercept: float
    converged: bool = True


def constants(anchors: Anchors, options: LinkOptions) -> Constants:
    """Slope and intercept by the chosen method.

    Raises
    ------
    BrokenContract
        If there is no anchor.
    """
    if len(anchors) == 0:
        raise BrokenContract("anchors", "none", "one or more")
    fixed = options.slope == "fixed" or (options.slope == "auto" and anchors.fixed_slopes)
    if options.method in ("haebara", "stocking-lord"):
        return _by_curves(anchors, options, fixed)
    slope = 1.0 if fixed else _MOMENT_SLOPES[options.method](anchors.base, anchors.new)
    weights = _step_weights(anchors.base)
    difference = _steps(anchors.base) - slope * _steps(anchors.new)
    return Constants(slope, float(weights @ difference / weights.sum()))


def _steps(items: Items) -> Floats:
    """All step difficulties, item by item."""
    found = items.difficulties
    return np.asarray(found[np.isfinite(found)])


def _step_weights(items: Items) -> Floats:
    """Each item counts once in a mean, however many steps it has."""
    return np.repeat(1.0 / items.n_steps, items.n_steps)


def _sigma(items: Items) -> float:
    weights, steps = _step_weights(items), _steps(items)
    mean = float(weights @ steps / weights.sum())
    return float(np.sqrt(weights @ (steps - mean) ** 2 / weights.sum()))


_MOMENT_SLOPES: dict[str, Callable[[Items, Items], float]] = {
    # eq. 6.8a, 6.4a, and the mean of the logarithms; with two tests Haberman's slope is that of mean-geometric
    "mean-mean": lambda base, new: float(new.slopes.mean() / base.slopes.mean()),
    "mean-sigma": lambda base, new: _sigma(base) / _sigma(new),
    "mean-geometric": lambda base, new: float(np.exp(np.mean(np.log(new.slopes) - np.log(base.slopes)))),
    "haberman": lambda base, new: float(np.exp(np.mean(np.log(new.slopes) - np.log(base.slopes)))),
}


def _by_curves(anchors: Anchors, options: LinkOptions, fixed: bool) -> Constants:
    """Least squares between response curves, from the start that mean-geometric gives (eq. 6.10-6.14)."""
    start = _MOMENT_SLOPES["mean-geometric"](anchors.base, anchors.new) if not fixed else 1.0
    shift = float(np.mean(locations(anchors.base) - start * locations(anchors.new)))
    residuals = _residuals(anchors, options)

    def away(x: Floats) -> Floats:
        return residuals(1.0 if fixed else float(np.exp(x[1])), float(x[0]))

    found = least_squares(
        away, np.array([shift] if fixed else [shift, np.log(start)]), method="lm", xtol=1e-12, ftol=1e-14, gtol=1e-12
    )
    return Constants(1.0 if fixed else float(np.exp(found.x[1])), float(found.x[0]), bool(found.success))


def _residuals(anchors: Anchors, options: LinkOptions) -> Callable[[float, float], Floats]:
    theta, root = options.theta, np.sqrt(options.weights)
    curves = _category_curves if options.method == "haebara" else _test_curve
    on_base, on_new = curves(anchors.base, theta), curves(anchors.new, theta)

    def away(slope: float, intercept: float) -> Floats:
        parts = [(on_base - curves(transform(anchors.new, slope, intercept), theta)) * root]
        if options.direction == "symmetric":
            back = transform(anchors.base, 1.0 / slope, -intercept / slope)
            parts.append((on_new - curves(back, theta)) * root)
        return np.concatenate([part.ravel() for part in parts])

    return away


def _category_curves(items: Items, theta: Floats) -> Floats:
    """P(x_j = k | theta) of all categories, as Haebara's criterion compares them."""
    return items.probabilities(theta)


def _test_curve(items: Items, theta: Floats) -> Floats:
    """Expected score on all anchors together, as Stocking and Lord's criterion compares it."""
    return np.asarray(items.expected(theta).sum(axis=0))


@dataclass(frozen=True)
class Haberman:
    """Several calibrations on the scale of the first.

    Attributes
    ----------
    slopes, intercepts : ndarray of float64, shape (tests,)
        theta_common = slope * theta_test + intercept; 1 and 0 for the first.
    names : tuple of str
        Items of at least two tests.
    item_slopes, item_locations : ndarray of float64, shape (items,)
        Their common parameters.
    slope_residuals, location_residuals : ndarray of float64, shape (tests, items)
        log a_jt - log slope_t - log a_j, and slope_t b_jt + intercept_t - b_j; NaN where a test lacks the item.
    """

    slopes: Floats
    intercepts: Floats
    names: tuple[str, ...]
    item_slopes: Floats
    item_locations: Floats
    slope_residuals: Floats
    location_residuals: Floats


def haberman(tests: Sequence[Items], *, fixed_slopes: bool = False, drop: Sequence[str] = ()) -> Haberman:
    """Link two or more calibrations at once by two regressions (Haberman 2009, ETS RR-09-40, section 2).

    log a_jt = log a_j + log A_t, then A_t b_jt = b_j - B_t, each by least squares over all items that at least two tests
    share, with A = 1 and B = 0 for the first test. An item has one location, the mean of its steps.

    Parameters
    ----------
    tests : sequence of Items
        The first gives the scale.
    fixed_slopes : bool
        Keep all A at 1 (Rasch, PCM).
    drop : sequence of str
        Items that are not to link.
    """
    names = _shared(tests, drop)
    there = np.array([[name in set(t.names) for name in names] for t in tests])
    place = [
        [t.names.index(n) if h else 0 for n, h in zip(names, here, strict=True)]
        for t, here in zip(tests, there, strict=True)
    ]
    slopes = np.stack([t.slopes[p] for t, p in zip(tests, place, strict=True)])
    where = np.stack([locations(t)[p] for t, p in zip(tests, place, strict=True)])
    if fixed_slopes:
        common, log_a = np.zeros(len(names)), np.zeros(len(tests))
    else:
        common, log_a = _two_way(np.log(slopes), there)
    factors = np.exp(log_a)
    common_b, minus_b = _two_way(where * factors[:, None], there)
    slope_rest = np.where(there, np.log(slopes) - log_a[:, None] - common[None, :], np.nan)
    rest = np.where(there, where * factors[:, None] - minus_b[:, None] - common_b[None, :], np.nan)
    return Haberman(factors, -minus_b, names, np.exp(common), common_b, slope_rest, rest)


def _shared(tests: Sequence[Items], drop: Sequence[str]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for test in tests:
        for name in test.names:
            counts[name] = counts.get(name, 0) + 1
    return tuple(name for name, n in counts.items() if n >= 2 and name not in drop)


def _two_way(table: Floats, there: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Least squares of table[t, j] = item_j + test_t over the cells that are there; the first test has effect 0."""
    tests, items = np.nonzero(there)
    design = np.zeros((tests.size, table.shape[1] + table.shape[0] - 1))
    design[np.arange(tests.size), items] = 1.0
    later = tests > 0
    design[np.flatnonzero(later), table.shape[1] + tests[later] - 1] = 1.0
    found, _, rank, _ = np.linalg.lstsq(design, table[there], rcond=None)
    if rank < design.shape[1]:
        raise BrokenContract("tests", "a test without a chain of common items to the first", "linked tests")
    return np.asarray(found[: table.shape[1]]), np.concatenate([[0.0], found[table.shape[1] :]])
