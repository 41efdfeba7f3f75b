"""The items that two calibrations have in common, and what a linear change of the scale does to parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.items import SCORE_FAMILY, Items

Floats = NDArray[np.float64]

FEWEST_ANCHORS = 3
"""With fewer common items no slope, no error and no drift can be told."""
COMFORTABLE_ANCHORS = 5
COMFORTABLE_SHARE = 0.2
"""Anchors should be a fifth of the test at least (Kolen and Brennan 2014, Test Equating, section 8.1.4)."""
TWINS: Mapping[str, str] = {
    "rasch": "rasch",
    "pcm": "rasch",
    "2pl": "2pl",
    "gpcm": "2pl",
    "3pl": "3pl",
    "graded": "graded",
}


@dataclass(frozen=True)
class Anchors:
    """Common items of a base and a new calibration, in the order of the base.

    Attributes
    ----------
    base, new : Items
        The same names in the same order.
    units : tuple of str
        What is left out together in the jackknife: the item's testlet, or its own name.
    apart : tuple of (str, str)
        Items of both that are no anchors, and why.
    n_base, n_new : int
        Items of the two tests.
    """

    base: Items
    new: Items
    units: tuple[str, ...]
    apart: tuple[tuple[str, str], ...]
    n_base: int
    n_new: int

    def __len__(self) -> int:
        return len(self.base)

    @property
    def fixed_slopes(self) -> bool:
        """Whether every slope is 1 on both sides, as under Rasch and PCM."""
        return bool(np.all(self.base.slopes == 1.0) and np.all(self.new.slopes == 1.0))

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> Anchors:
        """Some of the anchors."""
        chosen = [int(p) for p in places]
        units = tuple(self.units[p] for p in chosen)
        return replace(self, base=self.base.take(chosen), new=self.new.take(chosen), units=units)


def match_items(
    base: Items,
    new: Items,
    *,
    only: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    units: Mapping[str, str] | None = None,
) -> Anchors:
    """Find the common items by name.

    Parameters
    ----------
    base, new : Items
        Two calibrations of one dimension.
    only : sequence of str, optional
        Anchors to choose from; by default all items with the same name.
    drop : sequence of str
        Items that are not to link, though they have the same name.
    units : mapping of str to str, optional
        Testlet of an item.

    Raises
    ------
    Refusal
        ``unknown_item`` for names that are in neither test, ``too_few_anchors``, ``several_dimensions``.
    """
    if base.dimensions.any() or new.dimensions.any():
        raise Refusal(
            "Tests of several dimensions are not linked here: calibrate each by itself.", code="several_dimensions"
        )
    _refuse_unknown(base, new, [*(only or ()), *drop])
    place = {name: j for j, name in enumerate(new.names)}
    pairs, apart = [], []
    for i, name in enumerate(base.names):
        if name not in place or (only is not None and name not in only):
            continue
        reason = "dropped" if name in drop else _unlike(base, i, new, place[name])
        if reason:
            apart.append((name, reason))
        else:
            pairs.append((i, place[name]))
    if len(pairs) < FEWEST_ANCHORS:
        raise _too_few(len(pairs), apart)
    of = units or {}
    names = [base.names[i] for i, _ in pairs]
    return Anchors(
        base.take([i for i, _ in pairs]),
        new.take([j for _, j in pairs]),
        tuple(of.get(n, n) for n in names),
        tuple(apart),
        len(base),
        len(new),
    )


def _refuse_unknown(base: Items, new: Items, named: Sequence[str]) -> None:
    unknown = [n for n in named if n not in base.names and n not in new.names]
    if unknown:
        raise Refusal(
            f"Neither test has an item {', '.join(unknown[:5])}. Names must be written as in items.csv.",
            code="unknown_item",
            items=unknown,
        )


def _too_few(n: int, apart: Sequence[tuple[str, str]]) -> Refusal:
    why = f" Not counted are {len(apart)} more, the first of them, {apart[0][0]}: {apart[0][1]}." if apart else ""
    return Refusal(
        f"The two tests have {n} common items to link by; at least {FEWEST_ANCHORS} are needed, "
        f"{COMFORTABLE_ANCHORS} or more are advised. Items are matched by name.{why}",
        code="too_few_anchors",
        n=n,
    )


def _unlike(base: Items, i: int, new: Items, j: int) -> str:
    if TWINS[base.models[i]] != TWINS[new.models[j]]:
        return f"model {base.models[i]} against {new.models[j]}"
    if base.n_steps[i] != new.n_steps[j]:
        return f"{int(base.n_steps[i]) + 1} categories against {int(new.n_steps[j]) + 1}"
    if base.slopes[i] <= 0 or new.slopes[j] <= 0:
        return "slope not above zero"
    return ""


def transform(items: Items, slope: float, intercept: float) -> Items:
    """The same items on the scale slope * theta + intercept.

    a' = a/slope; d_k' = d_k - k a intercept/slope in the score family (so b' = slope b + intercept), d_k' = d_k - a
    intercept/slope for graded and 3PL items; guessing stays (Kolen and Brennan 2014, eq. 6.2-6.3).
    """
    steps = np.arange(1.0, items.intercepts.shape[1] + 1.0)[None, :]
    cumulated = np.array([m in SCORE_FAMILY for m in items.models])[:, None]
    pull = items.slopes[:, None] * intercept / slope * np.where(cumulated, steps, 1.0)
    there = np.arange(items.intercepts.shape[1])[None, :] < items.n_steps[:, None]
    return replace(
        items, slopes=items.slopes / slope, intercepts=np.where(there, items.intercepts - pull, items.intercepts)
    )


def locations(items: Items) -> Floats:
    """One difficulty an item: the mean of its steps, shape (items,); b of items.csv."""
    steps = items.difficulties
    there = np.isfinite(steps)
    return np.asarray(np.where(there, steps, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1))
