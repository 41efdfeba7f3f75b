"""S-X2: do persons with the same raw score answer an item as often as the model says?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tirek_engines.psychometrics.data.prepared import Prepared
from tirek_engines.psychometrics.estimation.starts import items_of
from tirek_engines.psychometrics.kernels import fit as kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.parameters import KIND_3PL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LEAST_EXPECTED = 1.0
"""Cells that expect fewer persons are put together with their neighbours."""
SMALLEST_BOOKLET = 50
"""Persons who must have answered the same items for their raw scores to be compared."""
MOSTLY_COMPLETE = 0.5
"""If this share of persons answered all items, only they are used."""
CELLS = 2_000_000
"""Persons whose prior is averaged at once, times nodes."""


@dataclass(frozen=True)
class ScoreFit:
    """S-X2 of each item (Orlando & Thissen 2000, Appl. Psychol. Meas. 24, eq. 4; Kang & Chen 2008 for several categories).

    Attributes
    ----------
    sx2, df, p, rmsea : ndarray of float64, shape (items,)
        NaN where too few persons, or no degrees of freedom, are left. rmsea = sqrt(max(sx2/df - 1, 0) / (n - 1)).
    p_adjusted : ndarray of float64, shape (items,)
        By Holm's method over all items.
    n : ndarray of int64, shape (items,)
        Persons compared.
    n_booklets : int
        Sets of items within which raw scores were compared.
    n_persons : int
        Persons in these booklets; the others answered sets of items that too few share.
    """

    sx2: Floats
    df: Floats
    p: Floats
    rmsea: Floats
    p_adjusted: Floats
    n: Ints
    n_booklets: int
    n_persons: int


@dataclass(frozen=True)
class Booklet:
    """Persons who answered the same items: their places in the data and the items' places."""

    persons: Ints
    items: Ints


def fit_by_score(likelihood: Likelihood, p: Parameters, codes: Bytes) -> ScoreFit:
    """S-X2 of every item.

    Raw scores are comparable only between persons who answered the same items. If at least half of the persons answered
    all items, S-X2 is taken over them, as mirt does. Otherwise it is summed over the booklets that at least 50 persons
    answered, with the item's parameters subtracted from the degrees of freedom once. Case weights are not used: given
    the raw score, whom the sample holds more of does not matter. Groups share a table; what is expected is summed over
    them, each with its own distribution of ability.
    """
    data = likelihood.data
    n_items = len(data.items.names)
    statistic, cells, rows, n = np.zeros(n_items), np.zeros(n_items), np.zeros(n_items), np.zeros(n_items, np.int64)
    booklets = booklets_of(data)
    probabilities = probabilities_of(likelihood, p)
    for booklet in booklets:
        observed, expected = tables_of(likelihood, p, codes, booklet, probabilities)
        for place, j in enumerate(booklet.items.tolist()):
            o, e = collapse(observed[place], expected[place])
            there = e > 0
            statistic[j] += ((o[there] - e[there]) ** 2 / e[there]).sum()
            cells[j] += int(there.sum())
            rows[j] += e.shape[0]
            n[j] += booklet.persons.size
    df = cells - rows - n_item_parameters(likelihood)
    return _score_fit(statistic, df, n, booklets)


def _score_fit(statistic: Floats, df: Floats, n: Ints, booklets: list[Booklet]) -> ScoreFit:
    usable = (df > 0) & (n > 1)
    sx2, df = np.where(usable, statistic, np.nan), np.where(n > 0, np.maximum(df, 0.0), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(usable, chi2.sf(sx2, df), np.nan)
        rmsea = np.sqrt(np.maximum(sx2 / df - 1.0, 0.0) / (n - 1.0))
    persons = sum(b.persons.size for b in booklets)
    return ScoreFit(sx2, df, p, np.where(usable, rmsea, np.nan), holm(p), n, len(booklets), persons)


def holm(p: Floats) -> Floats:
    """p-values adjusted for their number (Holm 1979); NaN stays NaN and does not count."""
    found = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = order.size - np.arange(order.size)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return found


def n_item_parameters(likelihood: Likelihood) -> Ints:
    """Parameters that the calibration estimated for each item: slope (not Rasch, PCM), steps, guessing (3PL)."""
    shape = likelihood.shape
    slope = np.array([model not in ("rasch", "pcm") for model in shape.models])
    return np.asarray(shape.n_steps + slope + (shape.kinds == KIND_3PL), dtype=np.int64)


def booklets_of(data: Prepared) -> list[Booklet]:
    """The sets of items within which raw scores are compared."""
    person_run = data.unit_run[data.unit_of_person]
    presented = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    masks, number = np.unique(presented, axis=0, return_inverse=True)
    of_person = number.reshape(-1)[person_run]
    counts = np.bincount(of_person[data.weights > 0], minlength=masks.shape[0])
    lengths = masks.sum(axis=1)
    complete = np.flatnonzero(lengths == masks.shape[1])
    answered = int(counts[lengths > 0].sum())
    if complete.size and counts[complete[0]] >= max(2, MOSTLY_COMPLETE * answered):
        chosen = complete
    else:
        chosen = np.flatnonzero((counts >= SMALLEST_BOOKLET) & (lengths >= 3))
    return [
        Booklet(np.flatnonzero((of_person == m) & (data.weights > 0)), np.flatnonzero(masks[m]))
        for m in chosen.tolist()
    ]


def probabilities_of(likelihood: Likelihood, p: Parameters) -> Floats:
    """P(x_j = k | theta_q), shape (items, categories, nodes); 0 beyond an item's last category."""
    return items_of(likelihood, p).probabilities(likelihood.theta)


def tables_of(
    likelihood: Likelihood, p: Parameters, codes: Bytes, booklet: Booklet, probabilities: Floats
) -> tuple[Floats, Floats]:
    """Observed and expected persons by raw score and category, without the lowest and the highest score.

    Returns two arrays of shape (items, scores, categories), summed over groups.
    """
    steps = likelihood.data.items.n_steps[booklet.items]
    run = likelihood.data.unit_run[likelihood.data.unit_of_person[booklet.persons]]
    runs, group = np.unique(run, return_inverse=True)
    n_scores = int(steps.sum()) + 1
    counted = kernels.score_tables(
        np.ascontiguousarray(codes[booklet.persons]),
        group.reshape(-1).astype(np.int64),
        booklet.items,
        runs.size,
        n_scores,
        probabilities.shape[1] - 1,
    )
    expected = np.zeros((booklet.items.size, n_scores, probabilities.shape[1]))
    curves = np.ascontiguousarray(probabilities[booklet.items])
    for g, number in enumerate(runs.tolist()):
        joint = kernels.joint_scores(curves, steps, prior_of_run(likelihood, p, int(number)))
        total = joint.sum(axis=2, keepdims=True)
        share = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)
        expected += share * counted[:, g].sum(axis=2, keepdims=True)
    return counted.sum(axis=1)[:, 1:-1].astype(np.float64), expected[:, 1:-1]


def prior_of_run(likelihood: Likelihood, p: Parameters, run: int) -> Floats:
    """How ability is spread among the persons of a run before their answers, shape (nodes,), summing to 1."""
    prior, data = likelihood.population.prior(p), likelihood.data
    if not prior.tilts.size:
        weights = np.exp(prior.bases[run] - prior.bases[run].max())
        return np.asarray(weights / weights.sum())
    first, last = int(data.run_starts[run]), int(data.run_starts[run + 1])
    found, step = np.zeros(likelihood.theta.shape[0]), max(1, CELLS // likelihood.theta.shape[0])
    for start in range(first, last, step):
        tilts = prior.tilts[start : min(start + step, last), None]
        logs = prior.bases[run] + tilts * likelihood.theta
        powers = np.exp(logs - logs.max(axis=1, keepdims=True))
        found += (powers / powers.sum(axis=1, keepdims=True)).sum(axis=0)
    return np.asarray(found / found.sum())


def collapse(observed: Floats, expected: Floats, least: float = LEAST_EXPECTED) -> tuple[Floats, Floats]:
    """Put cells together until each expects `least` persons; cells given up hold 0 in both tables.

    In the order of mirt's itemfit: scores that nobody has go; a score of one person joins the next; with three or more
    categories cells are joined within a score, the smallest with its smaller neighbour; columns that stay nearly empty
    join the column before; last, whole scores join the smaller of their neighbours.
    """
    there = observed.sum(axis=1) > 0
    o, e = _lone_scores(observed[there].copy(), expected[there].copy())
    if o.shape[0] == 0:
        return o, e
    if o.shape[1] > 2:
        for row in range(o.shape[0]):
            if (e[row] < least).any():
                o[row], e[row] = _within(o[row], e[row], least)
        o, e = _rare_columns(o, e, least)
    return _between(o, e, least)


def _lone_scores(o: Floats, e: Floats) -> tuple[Floats, Floats]:
    kept = np.ones(o.shape[0], dtype=bool)
    for row in range(o.shape[0] - 1):
        if o[row].sum() == 1:
            o[row + 1] += o[row]
            e[row + 1] += e[row]
            kept[row] = False
    o, e = o[kept], e[kept]
    if o.shape[0] > 1 and o[-1].sum() == 1:
        o[-2] += o[-1]
        e[-2] += e[-1]
        o, e = o[:-1], e[:-1]
    return o, e


def _within(o: Floats, e: Floats, least: float) -> tuple[Floats, Floats]:
    """Join the cells of one score, at most down to two; the freed places at the end hold 0."""
    left_o, left_e = o.tolist(), e.tolist()
    while len(left_e) > 2 and min(left_e) < least:
        place = len(left_e) - 1 - int(np.argmin(left_e[::-1]))
        if place == 0:
            into = 1
        elif place == len(left_e) - 1 or left_e[place - 1] <= left_e[place + 1]:
            into = place - 1
        else:
            into = place + 1
        left_o[into] += left_o[place]
        left_e[into] += left_e[place]
        del left_o[place], left_e[place]
    missing = o.shape[0] - len(left_e)
    return np.array(left_o + [0.0] * missing), np.array(left_e + [0.0] * missing)


def _rare_columns(o: Floats, e: Floats, least: float) -> tuple[Floats, Floats]:
    enough = least * np.ceil(e.shape[0] * 0.1)
    while e.shape[1] > 2 and e[:, -1].sum() < enough:
        o[:, -2] += o[:, -1]
        e[:, -2] += e[:, -1]
        o, e = o[:, :-1], e[:, :-1]
    kept = np.ones(e.shape[1], dtype=bool)
    for column in range(e.shape[1] - 1, 0, -1):
        if (e[:, column] > 0).mean() < 0.05:
            e[:, column - 1] += e[:, column]
            o[:, column - 1] += o[:, column]
            kept[column] = False
    return o[:, kept], e[:, kept]


def _between(o: Floats, e: Floats, least: float) -> tuple[Floats, Floats]:
    """Join whole scores until every cell in use expects enough."""
    while o.shape[0] > 1:
        small = np.flatnonzero(((e < least) & (e > 0)).any(axis=1))
        if not small.size:
            break
        row, last = int(small[0]), o.shape[0] - 1
        if row == 0:
            into = 1
        elif row == last or o[row - 1].sum() <= o[row + 1].sum():
            into = row - 1
        else:
            into = row + 1
        o[into] += o[row]
        e[into] += e[row]
        o, e = np.delete(o, row, axis=0), np.delete(e, row, axis=0)
    return o, e
