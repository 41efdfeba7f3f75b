"""Link several calibrations to the first at once (Haberman 2009), each with drift and errors like a single link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import FEWEST_ANCHORS, Anchors, locations
from tirek_engines.psychometrics.linking.drift import Drift, DriftRules, measure_drift
from tirek_engines.psychometrics.linking.linkerror import LinkError
from tirek_engines.psychometrics.linking.methods import Constants, Haberman, LinkOptions, haberman

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Joined:
    """One of several tests on the scale of the first; `anchors.base` holds the items' common parameters."""

    anchors: Anchors
    constants: Constants
    drift: Drift
    error: LinkError


def link_together(
    tests: Sequence[Items], options: LinkOptions, rules: DriftRules, *, at: Sequence[float], drop: Sequence[str] = ()
) -> list[Joined]:
    """Link all tests but the first.

    Parameters
    ----------
    tests : sequence of Items
        The first gives the scale.
    options : LinkOptions
        Only `slope` and the places for the distance of curves matter.
    rules : DriftRules
        When an anchor counts as drifting against the common parameters.
    at : sequence of float
        Mean of each test's persons on its own scale: where the linking error is given.
    drop : sequence of str
        Items that are not to link.
    """
    _refuse_dimensions(tests)
    fixed = options.slope == "fixed" or (options.slope == "auto" and all(bool(np.all(t.slopes == 1.0)) for t in tests))
    found = haberman(tests, fixed_slopes=fixed, drop=drop)
    moves = _jackknife(tests, found, fixed, drop)
    joined = []
    for t in range(1, len(tests)):
        anchors = _against_common(tests, t, found)
        constants = Constants(float(found.slopes[t]), float(found.intercepts[t]))
        drift = measure_drift(anchors, constants, options, rules)
        joined.append(Joined(anchors, constants, drift, _error(moves[:, t], at[t])))
    return joined


def _refuse_dimensions(tests: Sequence[Items]) -> None:
    if any(bool(t.dimensions.any()) for t in tests):
        raise Refusal(
            "Tests of several dimensions are not linked here: calibrate each by itself.", code="several_dimensions"
        )
    for number, test in enumerate(tests):
        others = {n for k, t in enumerate(tests) if k != number for n in t.names}
        shared = len(others.intersection(test.names))
        if shared < FEWEST_ANCHORS:
            raise Refusal(
                f"Test {number + 1} shares {shared} items with the others; at least {FEWEST_ANCHORS} are needed.",
                code="too_few_anchors",
                n=shared,
            )


def _against_common(tests: Sequence[Items], t: int, found: Haberman) -> Anchors:
    """The test's anchors against their common parameters: on the first test's scale, with the test's own steps between."""
    place = {name: j for j, name in enumerate(tests[t].names)}
    kept = [k for k, name in enumerate(found.names) if name in place]
    new = tests[t].take([place[found.names[k]] for k in kept])
    slopes = found.item_slopes[kept]
    steps = new.difficulties - locations(new)[:, None]
    where = found.item_locations[kept][:, None] + found.slopes[t] * np.nan_to_num(steps)
    there = np.arange(new.intercepts.shape[1])[None, :] < new.n_steps[:, None]
    pull = np.where(there, -slopes[:, None] * where, 0.0)
    cumulated = np.array([m in ("rasch", "2pl", "pcm", "gpcm") for m in new.models])[:, None]
    intercepts = np.where(there, np.where(cumulated, np.cumsum(pull, axis=1), pull), 0.0)
    base = replace(new, slopes=slopes, intercepts=intercepts)
    return Anchors(base, new, new.names, (), len(found.names), len(tests[t]))


def _jackknife(tests: Sequence[Items], found: Haberman, fixed: bool, drop: Sequence[str]) -> Floats:
    """Changes of slope and intercept when each anchor is left out, shape (anchors, tests, 2)."""
    moves = []
    for name in found.names:
        without = haberman(tests, fixed_slopes=fixed, drop=[*drop, name])
        moves.append(np.stack([without.slopes - found.slopes, without.intercepts - found.intercepts], axis=1))
    return np.stack(moves)


def _error(moves: Floats, at: float) -> LinkError:
    count = moves.shape[0]
    cov = (count - 1) / count * moves.T @ moves
    error = float(np.sqrt(max(cov[0, 0] * at**2 + 2.0 * at * cov[0, 1] + cov[1, 1], 0.0)))
    slope_se, intercept_se = float(np.sqrt(cov[0, 0])), float(np.sqrt(cov[1, 1]))
    return LinkError(error, "jackknife", slope_se, intercept_se, float(cov[0, 1]), error, float("nan"), at, count)
