"""Link several calibrations to the first at once, each with drift and errors like a single link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import FEWEST_ANCHORS, TWINS, Anchors, locations, transform
from tirek_engines.psychometrics.linking.curves import Together, haebara_together, stocking_lord_together
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
    tests: Sequence[Items],
    options: LinkOptions,
    rules: DriftRules,
    *,
    at: Sequence[float],
    drop: Sequence[str] = (),
    only: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> list[Joined]:
    """Link all tests but the first, by the method of Haberman, Haebara, or Stocking and Lord.

    Parameters
    ----------
    tests : sequence of Items
        The first gives the scale.
    options : LinkOptions
        Method, `slope`, and the places for the distance of curves.
    rules : DriftRules
        When an anchor counts as drifting against the common parameters.
    at : sequence of float
        Mean of each test's persons on its own scale: where the linking error is given.
    drop : sequence of str
        Items that are not to link.
    only : sequence of str, optional
        Items that may link; by default all that two tests share.
    units : mapping of str to str, optional
        Testlet of an item: what the jackknife leaves out together.
    """
    named = {name for test in tests for name in test.names}
    unknown = [n for n in [*(only or ()), *drop] if n not in named]
    if unknown:
        raise Refusal(
            f"No test has an item {', '.join(unknown[:5])}. Names must be written as in items.csv.",
            code="unknown_item",
            items=unknown,
        )
    apart = [*drop, *(n for n in named if only is not None and n not in only), *unlike_anywhere(tests)]
    _refuse_dimensions(tests, apart)
    fixed = options.slope == "fixed" or (options.slope == "auto" and all(bool(np.all(t.slopes == 1.0)) for t in tests))
    found = _found(tests, options, fixed, apart, units or {})
    joined = []
    for t in range(1, len(tests)):
        anchors = _against_common(tests, t, found.found, units or {})
        constants = Constants(float(found.found.slopes[t]), float(found.found.intercepts[t]), found.converged)
        drift = measure_drift(anchors, constants, options, rules)
        joined.append(Joined(anchors, constants, drift, _error(found.moves[:, t], at[t])))
    return joined


def unlike_anywhere(tests: Sequence[Items]) -> list[str]:
    """Items whose model, number of categories or direction is not the same in all tests that have them."""
    first: dict[str, tuple[str, int]] = {}
    unlike: dict[str, None] = {}
    for test in tests:
        for name, model, steps, slope in zip(test.names, test.models, test.n_steps, test.slopes, strict=True):
            kind = TWINS[model], int(steps)
            if first.setdefault(name, kind) != kind or slope <= 0:
                unlike[name] = None
    return list(unlike)


def _found(
    tests: Sequence[Items], options: LinkOptions, fixed: bool, apart: Sequence[str], units: Mapping[str, str]
) -> Together:
    start = haberman(tests, fixed_slopes=fixed, drop=apart)
    of = [units.get(name, name) for name in start.names]
    if options.method == "haebara":
        return haebara_together(tests, start, _common(tests, start), options, of, fixed=fixed)
    if options.method == "stocking-lord":
        return stocking_lord_together(tests, start, options, of, fixed=fixed)
    return Together(start, _jackknife(tests, start, fixed, apart, of), True)


def _common(tests: Sequence[Items], found: Haberman) -> Items:
    """The common items on the first test's scale, with the steps of the first test that has them."""
    where = {name: (t, j) for t in reversed(range(len(tests))) for j, name in enumerate(tests[t].names)}
    width = max(t.intercepts.shape[1] for t in tests)
    parts = []
    for name in found.names:
        t, j = where[name]
        item = transform(tests[t].take([j]), float(found.slopes[t]), float(found.intercepts[t]))
        pad = width - item.intercepts.shape[1]
        parts.append(replace(item, intercepts=np.pad(item.intercepts, ((0, 0), (0, pad)))))
    return Items(
        names=tuple(found.names),
        models=tuple(p.models[0] for p in parts),
        slopes=np.concatenate([p.slopes for p in parts]),
        intercepts=np.concatenate([p.intercepts for p in parts]),
        guessing=np.concatenate([p.guessing for p in parts]),
        n_steps=np.concatenate([p.n_steps for p in parts]),
        values=tuple(p.values[0] for p in parts),
        dimensions=np.zeros(len(parts), np.int64),
    )


def _refuse_dimensions(tests: Sequence[Items], apart: Sequence[str]) -> None:
    if any(bool(t.dimensions.any()) for t in tests):
        raise Refusal(
            "Tests of several dimensions are not linked here: calibrate each by itself.", code="several_dimensions"
        )
    for number, test in enumerate(tests):
        others = {n for k, t in enumerate(tests) if k != number for n in t.names}
        shared = len(others.intersection(test.names).difference(apart))
        if shared < FEWEST_ANCHORS:
            raise Refusal(
                f"Test {number + 1} shares {shared} items with the others; at least {FEWEST_ANCHORS} are needed.",
                code="too_few_anchors",
                n=shared,
            )


def _against_common(tests: Sequence[Items], t: int, found: Haberman, units: Mapping[str, str]) -> Anchors:
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
    of = tuple(units.get(name, name) for name in new.names)
    return Anchors(base, new, of, (), len(found.names), len(tests[t]))


def _jackknife(
    tests: Sequence[Items], found: Haberman, fixed: bool, drop: Sequence[str], units: Sequence[str]
) -> Floats:
    """Changes of slope and intercept when each unit is left out, shape (units, tests, 2)."""
    moves = []
    for unit in dict.fromkeys(units):
        names = [n for n, u in zip(found.names, units, strict=True) if u == unit]
        without = haberman(tests, fixed_slopes=fixed, drop=[*drop, *names])
        moves.append(np.stack([without.slopes - found.slopes, without.intercepts - found.intercepts], axis=1))
    return np.stack(moves)


def _error(moves: Floats, at: float) -> LinkError:
    count = moves.shape[0]
    cov = (count - 1) / count * moves.T @ moves
    error = float(np.sqrt(max(cov[0, 0] * at**2 + 2.0 * at * cov[0, 1] + cov[1, 1], 0.0)))
    slope_se, intercept_se = float(np.sqrt(cov[0, 0])), float(np.sqrt(cov[1, 1]))
    return LinkError(error, "jackknife", slope_se, intercept_se, float(cov[0, 1]), error, float("nan"), at, count)
