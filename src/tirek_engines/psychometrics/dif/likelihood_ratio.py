"""Differential functioning by likelihood ratio: each item freed in turn from a model that is the same in all groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.calibration import calibrate, likelihood_of
from tirek_engines.psychometrics.data.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.dif.common import (
    DELTA,
    FEWEST_ANCHORS,
    LEVEL,
    MAX_ROUNDS,
    DifTable,
    ets_classes,
)
from tirek_engines.psychometrics.dif.effect import GroupCurve, Model, areas, curve_of, ease_of, error_of_effect
from tirek_engines.psychometrics.estimation.em import Optimum, maximise
from tirek_engines.psychometrics.estimation.information import observed_information
from tirek_engines.psychometrics.estimation.starts import items_of, starting_point
from tirek_engines.psychometrics.fit.itemfit import effective_share
from tirek_engines.psychometrics.fit.scorefit import holm
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.options import Options

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

MARK = "\x1f"
"""Between the name of an item and the group in which it has parameters of its own."""


@dataclass(frozen=True)
class LikelihoodRatio:
    """The table of results, and each item's curve in each group."""

    table: DifTable
    curves: tuple[GroupCurve, ...]


def likelihood_ratio(
    answers: Answers,
    focal: int,
    options: Options,
    *,
    models: Mapping[str, str] | None = None,
    purify: bool = False,
) -> LikelihoodRatio:
    """Compare two groups or more, item by item, by the likelihood of a common scale.

    The base model gives every item one curve and every group a mean and a variance of its own (the first group as in
    `calibrate`). Then the parameters of one item at a time are freed in all groups (mirt's ``scheme = "drop"``; Thissen,
    Steinberg & Wainer 1993). Each model starts from the estimates of the base.

    Parameters
    ----------
    answers : Answers
        With two groups or more; missing by design is allowed.
    focal : int
        Number of the focal group.
    options : Options
        Model and grid.
    models : mapping of str to str, optional
        Models of items that differ from `options.model`.
    purify : bool
        Items of class B or C whose p, adjusted by Holm's method, is below 0.05 get curves of their own in all models,
        until the list stays the same.

    Returns
    -------
    LikelihoodRatio
        `effect`: log odds of the item in the focal group minus those in the reference group at the focal group's mean
        ability (under Rasch the difference of the difficulties; with several steps their mean), against the group where
        it is largest if there are several; `se` by the observed information, that of the other items' parameters taken
        from the base model. `x2` = twice the gain in log-likelihood; with case weights divided by their design effect
        (Kish). Classes: as ETS, of 2.35 times the effect. `more`: delta = 2.35 effect; b_difference, difficulty in the
        reference group minus that in the focal group; signed_area and unsigned_area between the curves on the grid,
        focal minus reference, in logits for a full score of 1 (Raju 1988); score_difference, the mean difference in
        points for the focal group (Meade 2010, SIDS).

    Raises
    ------
    Refusal
        ``one_group`` if there are fewer than two groups.
    """
    if len(answers.group_names) < 2:
        raise Refusal("There is only one group, so there is nothing to compare.", code="one_group")
    unusable = _unusable(answers)
    search = _Search(answers, replace(options, se="none", persons=False), dict(models or {}))
    split: frozenset[str] = frozenset()
    for rounds in range(1, MAX_ROUNDS + 1):
        found = _one_round(search, split, focal, unusable)
        marked = _marked(found.table) if purify else split
        if marked == split or answers.n_items - len(marked) < FEWEST_ANCHORS:
            break
        if rounds < MAX_ROUNDS:
            split = marked
    aside = np.array([name in split for name in found.table.items])
    return replace(found, table=replace(found.table, set_aside=aside, rounds=rounds, problems=unusable))


def _marked(table: DifTable) -> frozenset[str]:
    levels = holm(table.p)
    return frozenset(
        name
        for name, size, level in zip(table.items, table.classes, levels.tolist(), strict=True)
        if size in ("B", "C") and level < LEVEL
    )


def _unusable(answers: Answers) -> dict[str, str]:
    """Items that cannot be compared, and why: two groups must have answered, all with the same scores."""
    assert answers.groups is not None
    seen = answers.weights > 0 if answers.weights is not None else np.ones(answers.n_persons, dtype=bool)
    reasons = {}
    for j, name in enumerate(answers.items):
        found = []
        for g in range(len(answers.group_names)):
            codes = answers.codes[seen & (answers.groups == g), j]
            values = np.unique(codes[codes != NOT_ANSWERED])
            if values.size:
                found.append(tuple(values.tolist()))
        if len(found) < 2:
            reasons[name] = "fewer than two groups answered it"
        elif len(set(found)) > 1 or len(found[0]) < 2:
            reasons[name] = "its scores are not the same in all groups, so no curve can be estimated in each"
    return reasons


class _Search:
    """Fits models with different items freed, each from the estimates of another; keeps those of one base."""

    def __init__(self, answers: Answers, options: Options, models: dict[str, str]) -> None:
        self.answers, self.options, self.models = answers, options, models
        self.base: Model | None = None

    def fit(self, split: frozenset[str], near: Model | None) -> Model:
        """The model in which these items are free in each group."""
        answers, models = _split(self.answers, split, self.models)
        if near is None:
            found = calibrate(answers, self.options, models=models)
            return Model(split, found.likelihood, self._maximise(found.likelihood, found.parameters))
        likelihood = likelihood_of(answers, self.options, models=models)
        return Model(split, likelihood, self._maximise(likelihood, _carried(likelihood, near)))

    def _maximise(self, likelihood: Likelihood, start: Parameters) -> Optimum:
        o = self.options
        return maximise(
            likelihood,
            start,
            tolerance=o.tolerance,
            gradient_tolerance=o.gradient_tolerance,
            max_iterations=o.max_iterations,
        )


def _split(answers: Answers, split: frozenset[str], models: dict[str, str]) -> tuple[Answers, dict[str, str]]:
    """Answers in which each of these items has a column for each group."""
    if not split:
        return answers, models
    assert answers.groups is not None
    columns, names, own = [], [], dict(models)
    for j, name in enumerate(answers.items):
        if name not in split:
            columns.append(answers.codes[:, j])
            names.append(name)
            continue
        for g, group in enumerate(answers.group_names):
            mine = np.where(answers.groups == g, answers.codes[:, j], NOT_ANSWERED).astype(np.uint8)
            if (mine == NOT_ANSWERED).all():
                continue
            columns.append(mine)
            names.append(f"{name}{MARK}{group}")
            if name in models:
                own[names[-1]] = models[name]
    codes = np.ascontiguousarray(np.column_stack(columns))
    return Answers(codes, tuple(names), answers.weights, answers.groups, answers.group_names), own


def _carried(likelihood: Likelihood, near: Model) -> Parameters:
    """Start of a model from the estimates of another that frees other items."""
    known = items_of(near.likelihood, near.parameters)
    place = {name: k for k, name in enumerate(known.names)}
    plain = {name.split(MARK)[0]: k for name, k in place.items()}
    names = likelihood.data.items.names
    rows = [place.get(name, plain.get(name.split(MARK)[0], -1)) for name in names]
    renamed = Items(
        names=names,
        models=tuple(known.models[k] for k in rows),
        slopes=known.slopes[rows],
        intercepts=known.intercepts[rows],
        guessing=known.guessing[rows],
        n_steps=known.n_steps[rows],
        values=tuple(known.values[k] for k in rows),
        dimensions=known.dimensions[rows],
    )
    start = starting_point(likelihood, renamed)
    return replace(start, means=near.parameters.means, sds=near.parameters.sds)


def _one_round(search: _Search, split: frozenset[str], focal: int, unusable: Mapping[str, str]) -> LikelihoodRatio:
    """Every item tested against the model in which the items of `split`, but not itself, are free."""
    base = search.base = search.fit(split, search.base)
    information = observed_information(base.likelihood, base.parameters)
    share = effective_share(base.likelihood.data.weights)
    present = {name.split(MARK)[0] for name in base.likelihood.data.items.names}
    rows: list[_Row] = []
    curves: list[GroupCurve] = []
    for name in search.answers.items:
        if name in unusable or name not in present:
            rows.append(_Row())
            continue
        other = search.fit(split ^ {name}, base)
        free, tied = (base, other) if name in split else (other, base)
        row, of_item = _row(name, free, tied, base, information, focal, share)
        rows.append(row)
        curves += of_item
    return LikelihoodRatio(_table(search.answers, rows, focal), tuple(curves))


@dataclass(frozen=True)
class _Row:
    """Results of one item; all NaN where it cannot be compared."""

    effect: float = np.nan
    se: float = np.nan
    x2: float = np.nan
    df: float = np.nan
    shift: float = np.nan
    signed: float = np.nan
    unsigned: float = np.nan
    points: float = np.nan
    reference: str = ""
    converged: bool = True


def _row(
    name: str, free: Model, tied: Model, base: Model, information: Floats, focal: int, share: float
) -> tuple[_Row, list[GroupCurve]]:
    items = items_of(free.likelihood, free.parameters)
    groups = free.likelihood.data.group_names
    place = {n.split(MARK)[1]: k for k, n in enumerate(items.names) if n.startswith(name + MARK)}
    curves = [curve_of(items, k, name, group) for group, k in place.items()]
    x2 = max(0.0, 2.0 * (free.best.evaluation.loglik - tied.best.evaluation.loglik)) * share
    df = float(_n_free(free) - _n_free(tied))
    converged = free.best.converged and tied.best.converged
    others = [g for g in place if g != groups[focal]]
    if groups[focal] not in place or not others:
        return _Row(x2=x2, df=df, reference="", converged=converged), curves
    b = {c.group: c.b for c in curves}
    place_of_mean = float(free.parameters.means[focal])
    ease = {group: ease_of(items, k, place_of_mean, free) for group, k in place.items()}
    reference = max(others, key=lambda g: abs(ease[g] - ease[groups[focal]]))
    pair = (place[groups[focal]], place[reference])
    effect = ease[groups[focal]] - ease[reference]
    se = error_of_effect(free, base, information, pair, place_of_mean) / np.sqrt(share)
    b = {c.group: c.b for c in curves}
    shift = b[reference] - b[groups[focal]]
    signed, unsigned, points = areas(items, pair, free, focal)
    return _Row(effect, se, x2, df, shift, signed, unsigned, points, reference, converged), curves


def _n_free(model: Model) -> int:
    return int(model.best.evaluation.gradient.shape[0])


def _table(answers: Answers, rows: list[_Row], focal: int) -> DifTable:
    def column(name: str) -> Floats:
        return np.array([getattr(row, name) for row in rows], dtype=np.float64)

    assert answers.groups is not None
    x2, df = column("x2"), column("df")
    p = np.asarray(chi2.sf(x2, df))
    weighed = answers.weights > 0 if answers.weights is not None else np.ones(answers.n_persons, dtype=bool)
    there = (answers.codes != NOT_ANSWERED) & weighed[:, None]
    of_focal = there[answers.groups == focal].sum(axis=0)
    return DifTable(
        items=answers.items,
        focal=answers.group_names[focal],
        references=tuple(row.reference for row in rows),
        effect=column("effect"),
        se=column("se"),
        p=p,
        classes=ets_classes(DELTA * column("effect"), DELTA * column("se"), p),
        x2=x2,
        df=df,
        more={
            "delta": DELTA * column("effect"),
            "b_difference": column("shift"),
            "signed_area": column("signed"),
            "unsigned_area": column("unsigned"),
            "score_difference": column("points"),
        },
        set_aside=np.zeros(len(rows), dtype=bool),
        n_focal=of_focal,
        n_reference=there.sum(axis=0) - of_focal,
        converged=all(row.converged for row in rows),
    )
