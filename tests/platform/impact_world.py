"""Sealed inputs of comparison and impact with a known truth: no database."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tirek.programmes.decided import comparison, impact
from tirek.programmes.decided import impact_sealed as sealed

VALUES = {
    "ratio": 4, "caliper": 20, "earlier_waves": 3, "draws": 999, "seed": 1, "comparable": 25, "pretrend": 10,
    "fewest_treated": 6, "attrition": 5, "at_top": 10,
}  # fmt: skip
DAYS = ("2022-09-01", "2023-09-01", "2024-09-18", "2025-09-18", "2026-05-15")
ENTRY = 5


class Rules:
    """Rule values as a run sees them."""

    def __init__(self, **changes: int) -> None:
        self.found = VALUES | changes

    def values(self) -> dict[str, int]:
        return self.found


@dataclass
class World:
    """Frames as they are sealed; change them before a run."""

    schools: pl.DataFrame
    waves: pl.DataFrame
    results: pl.DataFrame
    effect: float

    def chosen(self, **rules: int):
        early = self.waves.filter(pl.col("wave") < ENTRY)
        inputs = {
            "schools": self.schools, "waves": early.select(list(comparison.WAVES)),
            "earlier": self.results.filter(pl.col("wave") < ENTRY).select(list(comparison.EARLIER)),
        }  # fmt: skip
        return comparison.run_comparison(inputs, {}, Rules(**rules))

    def estimated(self, pairs: pl.DataFrame | None = None, **rules: int):
        if pairs is None:
            pairs = self.chosen(**rules).tables["pairs"]
        return impact.run_impact(self.inputs(pairs), {"chosen_before": 30}, Rules(**rules))

    def inputs(self, pairs: pl.DataFrame) -> dict[str, pl.DataFrame]:
        schools = self.schools.with_columns(
            entry=pl.when("treated").then(ENTRY).otherwise(0).cast(pl.Int64), left=pl.lit(False), merged=pl.lit(False)
        )
        for name in ("entry", "left", "merged"):
            if name in self.schools.columns:
                schools = schools.with_columns(self.schools[name])
        return {
            "panel": self.results.select(list(sealed.PANEL)), "waves": self.waves.select(list(sealed.WAVES)),
            "schools": schools.select(list(sealed.SCHOOLS)), "pairs": pairs.select(list(sealed.PAIRS)),
        }  # fmt: skip


def make_world(
    *, seed: int = 1, n: int = 240, treated: int = 40, effect: float = 15.0, growth: float = 8.0, noise: float = 6.0,
    need: float = 10.0,
) -> World:  # fmt: skip
    """Schools keep their level; those that take part were chosen among the weaker; the last wave lies after entry."""
    rng = np.random.default_rng(seed)
    settlement, language = rng.integers(0, 2, n), rng.integers(0, 3, n)
    level = rng.normal(500, 30, n) - 20 * settlement
    ranks = np.argsort(level + rng.normal(0, 3 * need, n))
    takes = np.zeros(n, dtype=bool)
    takes[ranks[: n // 2][rng.permutation(n // 2)[:treated]]] = True
    schools = pl.DataFrame({
        "code": [f"S{k:03}" for k in range(n)], "org_no": np.arange(n) * 10 + 1000, "treated": takes,
        "elsewhere": np.zeros(n, dtype=bool), "settlement": np.where(settlement, "rural", "urban"),
        "language": np.array(["kk", "ru", "kk+ru"])[language], "pupils": rng.integers(80, 1200, n),
    })  # fmt: skip
    rows = []
    for wave in range(1, 6):
        means = level + growth * (wave - 3) + rng.normal(0, noise, n) + (effect * takes if wave == ENTRY else 0.0)
        rows += [(1000 + 10 * k, wave, round(float(means[k]), 1), 95.0, 60) for k in range(n)]
    waves = pl.DataFrame(
        [(k + 1, f"T{k + 1}", f"Test {k + 1}", day, f"D-{k + 1}", 500.0, 100.0, k in (3, 4), 2.0, 0.02, 0.01)
         for k, day in enumerate(DAYS)],
        schema=sealed.WAVES, orient="row",
    )  # fmt: skip
    return World(schools, waves, pl.DataFrame(rows, schema=sealed.PANEL, orient="row"), effect)
