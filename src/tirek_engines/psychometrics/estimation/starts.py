"""Where the iterations begin: from the frequencies of the answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.parameters import KIND_3PL, KIND_GRADED

Floats = NDArray[np.float64]

STRETCH = 1.15
"""Logits of marginal frequencies are too close to zero by about this factor, for the spread of ability."""
STARTING_GUESSES = (None, -3.0, -0.7)
"""logit c of each start under 3PL (None: the prior's mean); 0.05 and 0.33."""
STARTING_SLOPES = (1.0, 1.6, 0.7)


def category_weights(data: Prepared) -> Floats:
    """Weighted number of answers in each category, shape (items, max_steps + 1)."""
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    run_weight = np.add.reduceat(data.unit_weight, data.run_starts[:-1])
    answered = masks.T.astype(np.float64) @ run_weight
    return np.column_stack([answered - data.step_counts.sum(axis=1), data.step_counts])


def starting_point(likelihood: Likelihood, known: Items | None = None, *, number: int = 0) -> Parameters:
    """Start `number`: logits of the marginal frequencies; the parameters of `known` items where there are any.

    The first start has slopes of 1 and guessing at its prior's mean. Further ones differ in slopes and guessing.
    """
    data, shape = likelihood.data, likelihood.shape
    counts = category_weights(data) + 0.5
    slopes = np.where(shape.free_slopes, STARTING_SLOPES[number % len(STARTING_SLOPES)], 1.0)
    guess = STARTING_GUESSES[number % len(STARTING_GUESSES)]
    logit_c = likelihood.guessing_prior.mean if guess is None else guess
    adjacent = np.cumsum(np.log(counts[:, 1:] / counts[:, :-1]), axis=1)
    above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    cumulative = np.log(above[:, 1:] / (above[:, :1] - above[:, 1:]))
    intercepts = np.where((shape.kinds == KIND_GRADED)[:, None], cumulative, adjacent)
    chance = 1.0 / (1.0 + np.exp(-logit_c))
    solved = np.clip((above[:, 1] / above[:, 0] - chance) / (1.0 - chance), 0.02, 0.98)
    guesses = shape.kinds == KIND_3PL
    intercepts[guesses, 0] = np.log(solved / (1.0 - solved))[guesses]
    ones = np.ones(shape.n_groups)
    start = Parameters(
        slopes=slopes,
        intercepts=np.where(shape.step_mask, intercepts * STRETCH, 0.0),
        means=0.0 * ones,
        sds=ones,
        guessing=np.full(shape.n_items, logit_c) if guesses.any() else np.zeros(0),
        coefficients=np.zeros(shape.n_coefficients),
    )
    return start if known is None else with_known(likelihood, start, known)


def with_known(likelihood: Likelihood, p: Parameters, known: Items) -> Parameters:
    """`p` with the parameters of known items put in."""
    slopes, intercepts, guessing = p.slopes.copy(), p.intercepts.copy(), p.guessing.copy()
    place = {name: k for k, name in enumerate(known.names)}
    for j, name in enumerate(likelihood.data.items.names):
        if name in place:
            k, steps = place[name], int(likelihood.shape.n_steps[j])
            slopes[j] = known.slopes[k]
            intercepts[j, :steps] = known.intercepts[k, :steps]
            if guessing.size:
                c = np.clip(known.guessing[k], 1e-300, 1.0 - 1e-12)
                guessing[j] = np.log(c / (1.0 - c))
    return replace(p, slopes=slopes, intercepts=intercepts, guessing=guessing)


def items_of(likelihood: Likelihood, p: Parameters) -> Items:
    """The items at a point of the parameter space, in the record that other commands read."""
    shape, table = likelihood.shape, likelihood.data.items
    guessing = np.zeros(shape.n_items)
    guesses = shape.kinds == KIND_3PL
    if guesses.any():
        guessing[guesses] = 1.0 / (1.0 + np.exp(-p.guessing[guesses]))
    return Items(
        names=table.names,
        models=shape.models,
        slopes=p.slopes,
        intercepts=p.intercepts,
        guessing=guessing,
        n_steps=shape.n_steps,
        values=table.values,
        dimensions=np.zeros(shape.n_items, np.int64),
    )
