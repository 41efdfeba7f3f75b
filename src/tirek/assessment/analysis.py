"""How the items of a calibration behave: parameters, fit, dependence, observed shares. Pure: a calibration in, tables out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.fairness import differences, worst
from tirek.decisions.rules import RuleSet
from tirek_engines.psychometrics import Answers, Calibration, Groups, Items
from tirek_engines.psychometrics.fit.itemfit import ItemFit, item_fit
from tirek_engines.psychometrics.likelihood.model import Grid, Likelihood, Parameters
from tirek_engines.psychometrics.scoring import known_likelihood

Floats = NDArray[np.float64]
ABILITY_GROUPS = 10


@dataclass(frozen=True)
class Bounds:
    """From where on the dated rules call an item misfitting, or two items dependent."""

    lowest_infit: float
    highest_infit: float
    lowest_discrimination: float
    highest_dependence: float

    @classmethod
    def of(cls, rules: RuleSet) -> Bounds:
        names = ("lowest_infit", "highest_infit", "lowest_discrimination", "highest_dependence")
        return cls(**{name: float(rules.value(name)) for name in names})


@dataclass(frozen=True)
class Analysis:
    """Tables as they are sealed with a calibration; `misfits` and `dependent` are item codes and pairs of them."""

    items: pl.DataFrame
    steps: pl.DataFrame
    curves: pl.DataFrame
    pairs: pl.DataFrame
    differences: pl.DataFrame
    misfits: frozenset[str]

    @property
    def unfair(self) -> list[str]:
        """Items with a large difference between groups (class C)."""
        return sorted(item for item, size in worst(self.differences).items() if size == "C")

    def tables(self) -> dict[str, pl.DataFrame]:
        return {
            "parameters": self.items,
            "steps": self.steps,
            "curves": self.curves,
            "dependence": self.pairs,
            "dif": self.differences,
        }


def analyse(calibration: Calibration, answers: Answers, bounds: Bounds, groups: pl.DataFrame | None = None) -> Analysis:
    """Everything that the pages of a test's items show; ``groups`` tells each person's language, sex and settlement."""
    likelihood, at = persons_likelihood(calibration, answers)
    fit = item_fit(likelihood, at)
    misfits = frozenset(name for name, bad in zip(fit.items, _misfits(fit, bounds), strict=True) if bad)
    return Analysis(
        items=_items(calibration, fit, misfits),
        steps=_steps(calibration),
        curves=_curves(likelihood, at),
        pairs=_pairs(fit, bounds.highest_dependence),
        differences=differences(answers, groups),
        misfits=misfits,
    )


def persons_likelihood(calibration: Calibration, answers: Answers) -> tuple[Likelihood, Parameters]:
    """The answers under the finished calibration, a unit a person (a Rasch calibration joins persons of one score)."""
    found = calibration.groups
    groups = Groups(
        tuple(g.group for g in found), np.array([g.mean for g in found]), np.array([g.variance for g in found])
    )
    grid = Grid(calibration.options.nodes, calibration.options.half_range)
    return known_likelihood(calibration.as_items(), groups, answers, grid)


def _misfits(fit: ItemFit, bounds: Bounds) -> NDArray[np.bool_]:
    infit, outfit = fit.residuals.infit, fit.residuals.outfit
    wide = (infit < bounds.lowest_infit) | (infit > bounds.highest_infit) | (outfit > bounds.highest_infit + 0.2)
    with np.errstate(invalid="ignore"):
        return np.asarray(wide | (fit.point_biserial < bounds.lowest_discrimination))


def _items(calibration: Calibration, fit: ItemFit, misfits: frozenset[str]) -> pl.DataFrame:
    place = {name: j for j, name in enumerate(fit.items)}
    order = [place[item.item] for item in calibration.items]
    partners, largest = fit.dependence.partners, fit.dependence.largest(adjusted=True)
    r = fit.residuals
    return pl.DataFrame({
        "item": [i.item for i in calibration.items],
        "model": [i.model for i in calibration.items],
        "slope": [i.a for i in calibration.items],
        "slope_se": [i.se_a for i in calibration.items],
        "difficulty": [i.b for i in calibration.items],
        "difficulty_se": [i.se_b for i in calibration.items],
        "guessing": [i.c for i in calibration.items],
        "guessing_se": [i.se_c for i in calibration.items],
        "answers": [i.n for i in calibration.items],
        "infit": r.infit[order], "infit_t": r.infit_t[order], "outfit": r.outfit[order], "outfit_t": r.outfit_t[order],
        "point_biserial": fit.point_biserial[order],
        "partner": [fit.items[partners[j]] if partners[j] >= 0 else "" for j in order],
        "q3": largest[order],
        "misfit": [i.item in misfits for i in calibration.items],
    })  # fmt: skip


def _steps(calibration: Calibration) -> pl.DataFrame:
    rows = [
        (item.item, step, item.values[step], d, se)
        for item in calibration.items
        for step, (d, se) in enumerate(zip(item.d, item.se_d, strict=True), start=1)
    ]
    schema = {"item": pl.String, "step": pl.Int64, "value": pl.Int64, "intercept": pl.Float64, "se": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _curves(likelihood: Likelihood, at: Parameters) -> pl.DataFrame:
    """Observed share of each category in ten groups of ability, from the persons' posteriors (pseudo-counts).

    Grouping persons by single estimates would bend the observed curve; expected counts by node do not.
    """
    counts = replace(likelihood, force_tables=True).evaluate(at).posterior.counts
    rows = []
    for j, name in enumerate(likelihood.data.items.names):
        n, cells = counts.answered[j], counts.categories[j]
        group = np.minimum((np.cumsum(n) - n / 2) / n.sum() * ABILITY_GROUPS, ABILITY_GROUPS - 1).astype(np.int64)
        for g in np.unique(group):
            nodes = group == g
            mass = float(n[nodes].sum())
            theta = float(likelihood.theta[nodes] @ n[nodes] / mass)
            for k in range(int(likelihood.data.items.n_steps[j]) + 1):
                rows.append((name, int(g), theta, mass, k, float(cells[k, nodes].sum() / mass)))
    schema = {"item": pl.String, "group": pl.Int64, "theta": pl.Float64, "n": pl.Float64, "category": pl.Int64,
              "share": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _pairs(fit: ItemFit, bound: float) -> pl.DataFrame:
    found, adjusted = fit.dependence.pairs(bound), fit.dependence.adjusted
    rows = [(fit.items[i], fit.items[j], float(adjusted[i, j]), float(fit.dependence.n[i, j])) for i, j in found]
    schema = {"item": pl.String, "other": pl.String, "q3": pl.Float64, "n": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def items_from(items: pl.DataFrame, steps: pl.DataFrame) -> Items:
    """The engine's items back from the two sealed tables."""
    by_item = {name: part.sort("step") for (name,), part in steps.group_by("item")}
    names = items["item"].to_list()
    widest = max((part.height for part in by_item.values()), default=1)
    intercepts = np.zeros((len(names), widest))
    for j, name in enumerate(names):
        found = by_item[name]["intercept"].to_numpy()
        intercepts[j, : found.size] = found
    n_steps = np.array([by_item[name].height for name in names], dtype=np.int64)
    return Items(
        names=tuple(names),
        models=tuple(items["model"].to_list()),
        slopes=items["slope"].to_numpy().astype(np.float64),
        intercepts=intercepts,
        guessing=items["guessing"].to_numpy().astype(np.float64),
        n_steps=n_steps,
        values=tuple((0, *by_item[name]["value"].to_list()) for name in names),
        dimensions=np.zeros(len(names), dtype=np.int64),
    )
