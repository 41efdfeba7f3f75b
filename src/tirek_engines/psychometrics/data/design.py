"""Is the model of the test determined by the answers? Models by item, groups linked through common items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.data.prepared import ItemTable, Prepared
from tirek_engines.psychometrics.parameters import Shape

SEVERAL_STEPS = {"rasch": "pcm", "2pl": "gpcm", "3pl": "gpcm"}
FEWEST_PERSONS_A_GROUP = 5
"""On average over the groups; each is to have a mean and a variance of its own."""
ONE_STEP = {"pcm": "rasch", "gpcm": "2pl", "graded": "2pl"}


def item_models(items: ItemTable, requested: Mapping[str, str]) -> tuple[str, ...]:
    """The model of each item: what was asked for, in the form that fits its number of categories."""
    found = []
    for name, steps in zip(items.names, items.n_steps.tolist(), strict=True):
        change = SEVERAL_STEPS if steps > 1 else ONE_STEP
        found.append(change.get(requested[name], requested[name]))
    return tuple(found)


def check_design(data: Prepared, shape: Shape) -> None:
    """Refuse what the answers cannot determine: tiny or empty groups, groups that no common item links to the scale."""
    n_groups = len(data.group_names)
    if n_groups > 1 and data.n_calibrating < FEWEST_PERSONS_A_GROUP * n_groups:
        raise Refusal(
            f"There are {n_groups} groups for {data.n_calibrating} persons with answers, too few for a mean and a variance of "
            "each. Take a column with fewer groups (an id is none), or calibrate without groups.",
            code="tiny_groups",
        )
    weight = np.bincount(data.run_group[data.unit_run], data.unit_weight, minlength=len(data.group_names))
    for name, total in zip(data.group_names, weight.tolist(), strict=True):
        if total <= 0:
            raise Refusal(
                f"Group {name} has nobody with an answer, so its mean and variance cannot be estimated. "
                "Leave it out or calibrate without groups.",
                code="empty_group",
                group=name,
            )
    linked = _linked_groups(data, shape)
    for name, is_linked in zip(data.group_names, linked.tolist(), strict=True):
        if not is_linked:
            raise Refusal(
                f"Group {name} has no item in common with the rest, directly or through other groups, so nothing links "
                "its mean to theirs. Add common items or fixed anchors, or calibrate it by itself.",
                code="unlinked_group",
                group=name,
            )


def _linked_groups(data: Prepared, shape: Shape) -> NDArray[np.bool_]:
    """Groups connected with the origin (group 0, or the fixed items) through items they share."""
    presented = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : shape.n_items].astype(bool)
    seen = np.zeros((shape.n_groups, shape.n_items), dtype=bool)
    np.logical_or.at(seen, data.run_group, presented)
    anchored = bool(shape.fixed.any())
    groups, items = np.zeros(shape.n_groups, dtype=bool), shape.fixed.copy()
    groups[0] = not anchored
    while True:
        more = items | seen[groups].any(axis=0)
        reached = groups | seen[:, more].any(axis=1)
        if bool((reached == groups).all()) and bool((more == items).all()):
            return groups
        groups, items = reached, more
