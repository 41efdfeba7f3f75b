"""Who is compared with whom, and how alike they were before: balance.csv and matches.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.commands.answers import Faults
from tirek.programmes.estimates import tables
from tirek.programmes.estimates.impact_panel import PanelTable
from tirek.storage.tables import safe
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.matching import Balance, Matches, balance, match

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Compared:
    """The panel that is analysed, what was matched, and how alike the sides are."""

    panel: PanelTable
    matches: Matches | None
    names: tuple[str, ...]
    balance: tuple[Balance, ...]
    before: PanelTable

    def balance_frame(self) -> pl.DataFrame:
        """balance.csv."""
        rows = zip(self.names, self.balance, strict=True)
        return pl.DataFrame(
            [
                {
                    "variable": name, "mean_treated": b.mean_treated, "mean_comparison": b.mean_after, "smd": b.smd_after,
                    "verdict": b.verdict, "mean_all_comparison": b.mean_before, "smd_before": b.smd_before,
                }
                for name, b in rows
            ],
            schema={
                "variable": pl.String, "mean_treated": pl.Float64, "mean_comparison": pl.Float64, "smd": pl.Float64,
                "verdict": pl.String, "mean_all_comparison": pl.Float64, "smd_before": pl.Float64,
            },
        )  # fmt: skip

    def matches_frame(self) -> pl.DataFrame:
        """matches.csv: every pair, nearest first; treated units without a partner have none."""
        assert self.matches is not None
        units = self.before.units
        rows = [
            {"unit": safe(units[a]), "comparison": safe(units[b]), "distance": float(d)}
            for (a, b), d in zip(self.matches.pairs.tolist(), self.matches.distances, strict=True)
        ]
        rows += [
            {"unit": safe(units[k]), "comparison": None, "distance": None} for k in self.matches.unmatched.tolist()
        ]
        return pl.DataFrame(rows, schema={"unit": pl.String, "comparison": pl.String, "distance": pl.Float64})


def compare(panel: PanelTable, options: Mapping[str, Any], notes: list[str]) -> Compared:
    """Choose comparison units if asked, and judge how alike both sides were before the first entry."""
    names, values, earlier = _facts(panel, bool(options["earlier"]))
    usable = np.isfinite(values).all(axis=1)
    if not usable.all():
        notes.append(f"{int((~usable).sum()):,} units lack a wave before the first entry and are left out.")
        panel, values = panel.keep(usable), values[usable]
    treated = panel.treated
    if treated.all() or not treated.any():
        return Compared(panel, None, (), (), panel)
    if not (panel.match or panel.exact or options["earlier"]):
        return Compared(panel, None, names, tuple(balance(values, treated, _mean_weights(panel))), panel)
    wanted = [k for k, name in enumerate(names) if name in panel.match or (k in earlier and options["earlier"])]
    found = match(
        values[:, wanted], treated, _cells(panel), ratio=options["ratio"],
        caliper=options["caliper"] if options["earlier"] else None,
        caliper_columns=[i for i, k in enumerate(wanted) if k in earlier],
    )  # fmt: skip
    if not len(found.pairs):
        raise Refusal(
            "No treated unit has a comparison unit near enough. Take a wider --caliper, fewer --exact columns, or more "
            "units.", code="no_matches",
        )  # fmt: skip
    if found.unmatched.size:
        told = ", ".join(panel.units[k] for k in found.unmatched[:10])
        notes.append(
            f"{found.unmatched.size:,} treated units have no comparison unit near enough and are left out: the effect "
            f"is that on the others ({told})."
        )
    said = balance(values, treated, found.weights)
    return Compared(panel.keep(found.weights > 0, found.weights), found, names, tuple(said), panel)


def _facts(panel: PanelTable, earlier_asked: bool) -> tuple[tuple[str, ...], Floats, list[int]]:
    """What is known of units before the first entry: results by wave, and the columns to match on and to adjust for."""
    means, _ = panel.cells(panel.outcome)
    entered = panel.entry[np.isfinite(panel.entry)]
    n_before = int((panel.times < entered.min()).sum()) if entered.size else 0
    names = [f"outcome at {panel.waves[k]}" for k in range(n_before)]
    columns = [means[:, k] for k in range(n_before)]
    faults = Faults("the table")
    for name in dict.fromkeys(panel.match):
        column = tables.number_column(panel.frame, name, faults)
        faults.raise_if_any()
        names.append(name)
        columns.append(_at_first(panel, column))
    for k, name in enumerate(panel.x_names):
        if name not in names:
            names.append(name)
            columns.append(_at_first(panel, panel.x[:, k]))
    if not earlier_asked:
        columns[:n_before] = [
            np.where(np.isnan(c), np.nanmean(c) if np.isfinite(c).any() else 0.0, c) for c in columns[:n_before]
        ]
    return tuple(names), np.column_stack(columns) if columns else np.zeros((len(panel.units), 0)), list(range(n_before))


def _mean_weights(panel: PanelTable) -> Floats:
    """Mean weight of each unit's rows: what the columns of --weight make of the comparison."""
    n = len(panel.units)
    return np.bincount(panel.unit, panel.weights, n) / np.bincount(panel.unit, minlength=n)


def _at_first(panel: PanelTable, values: Floats) -> Floats:
    """A column at the first wave at which each unit is seen."""
    means, _ = panel.cells(values)
    first = np.argmax(np.isfinite(means), axis=1)
    return np.asarray(means[np.arange(means.shape[0]), first])


def _cells(panel: PanelTable) -> Ints:
    """Units that may be compared: alike in every exact column (at their first row)."""
    if not panel.exact:
        return np.zeros(len(panel.units), np.int64)
    texts = panel.frame.select(pl.concat_str([pl.col(c).cast(pl.String) for c in panel.exact], separator="\x1f"))
    codes = np.unique(texts.to_series().to_numpy().astype(str), return_inverse=True)[1]
    found = np.zeros(len(panel.units), np.int64)
    found[panel.unit[::-1]] = codes[::-1]
    return found
