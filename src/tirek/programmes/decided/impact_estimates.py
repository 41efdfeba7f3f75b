"""The estimates of a programme's impact from the sealed panel: the very functions behind `tirek impact`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tirek.programmes.estimates.impact_results import EVENTS as ALL_EVENTS
from tirek.programmes.estimates.impact_results import Results, compute
from tirek_engines.errors import Refusal

COMMAND = {
    "unit": "school", "treated": "treated", "wave": "wave", "outcome": "result", "first_treated": "entry",
    "weight": "weight", "from_wave": None, "cluster": None, "x": None, "match": None, "exact": None, "earlier": False,
    "ratio": 4, "caliper": 0.2, "control": "never", "level": 0.95,
}  # fmt: skip
"""Options of `tirek impact` that the platform uses; draws and seed come from the rules."""
ESTIMATORS = {
    "design": pl.String, "estimand": pl.String, "estimate": pl.Float64, "se_cr1": pl.Float64, "se_cr3": pl.Float64,
    "p": pl.Float64, "low": pl.Float64, "high": pl.Float64, "schools": pl.Int64, "draws": pl.Int64,
}  # fmt: skip
EVENTS = {name: kind for name, kind in ALL_EVENTS.items() if not name.startswith("band")}
"""What a run seals of the event study."""
MAIN, BY_PUPILS, UNMATCHED, ALONE = "main", "by_pupils", "unmatched", "alone"


@dataclass(frozen=True)
class Estimates:
    """Everything that was estimated."""

    main: Results
    estimators: pl.DataFrame
    events: pl.DataFrame
    groups: pl.DataFrame
    pretrend_p: float | None


def panel_of(rows: pl.DataFrame, weight: str) -> pl.DataFrame:
    """The columns that `tirek impact` reads; rows without weight are not in the comparison."""
    chosen = rows.filter(pl.col(weight) > 0)
    return chosen.select(
        school=pl.col("code"), wave=pl.col("wave"), treated=pl.col("treated").cast(pl.Int64), entry=pl.col("entry"),
        result=pl.col("value"), weight=pl.col(weight),
    )  # fmt: skip


def estimate(rows: pl.DataFrame, everywhere: pl.DataFrame, values: Mapping[str, Any]) -> Estimates:
    """All estimates.

    `rows` are schools and waves on the scale of the comparison, with ``weight`` (by schools), ``by_pupils``, ``unmatched``
    (1 for every school seen) and ``alone`` (1 for those that took part); `everywhere` the same with the earlier waves.
    """
    options = COMMAND | {"draws": int(values["draws"]), "seed": int(values["seed"])}
    has_others = bool((rows["weight"] > 0).any()) and not bool(rows.filter(pl.col("weight") > 0)["treated"].all())
    main = compute(panel_of(rows, "weight" if has_others else "alone"), options)
    found = [_row(MAIN, main, row) for row in main.effects.iter_rows(named=True)]
    for design, weight in ((BY_PUPILS, "by_pupils"), (UNMATCHED, "unmatched"), (ALONE, "alone")) if has_others else ():
        found += _further(design, rows, weight, options)
    events, groups, p = (
        _events(everywhere, options) if has_others else (pl.DataFrame(schema=EVENTS), pl.DataFrame(), None)
    )
    return Estimates(main, pl.DataFrame(found, schema=ESTIMATORS), events, groups, p)


def _further(design: str, rows: pl.DataFrame, weight: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first estimand of another design; nothing where the panel does not allow it."""
    try:
        other = compute(panel_of(rows, weight), options)
    except Refusal:
        return []
    return [_row(design, other, next(other.effects.iter_rows(named=True)))]


def _row(design: str, results: Results, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "design": design, "estimand": row["estimand"], "estimate": row["estimate"], "se_cr1": row["se_cr1"],
        "se_cr3": row["se_cr3"], "p": row["p_wild"], "low": row["low"], "high": row["high"],
        "schools": results.facts["units"], "draws": row["draws"],
    }  # fmt: skip


def _events(everywhere: pl.DataFrame, options: Mapping[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame, float | None]:
    try:
        found = compute(panel_of(everywhere, "weight"), options)
    except Refusal:  # an earlier wave that nobody who is counted has sat
        return pl.DataFrame(schema=EVENTS), pl.DataFrame(), None
    return found.events.select(list(EVENTS)), found.cells, found.facts["pretrend_p"]
