"""Gap: from the table of pupils to the files that `tirek gap` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults
from tirek.programmes.estimates import tables
from tirek.storage.tables import write_csv
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.gaps import PARTS, Gap, decompose

if TYPE_CHECKING:
    from tirek.storage.runs import Run

FEW_CLUSTERS = 20


@dataclass(frozen=True)
class Results:
    """The decomposed gap, with the names of groups and columns."""

    gap: Gap
    first: str
    second: str
    names: tuple[str, ...]
    notes: tuple[str, ...]
    decided: bool = True

    def frame(self) -> pl.DataFrame:
        """gap.csv."""
        gap = self.gap
        return pl.DataFrame(
            [
                {"part": part, "estimate": gap.estimates[part], "se": gap.se[part], "low": gap.low[part],
                 "high": gap.high[part], "share": gap.estimates[part] / gap.estimates["gap"] if gap.estimates["gap"] else None}
                for part in PARTS
            ]
        )  # fmt: skip

    def columns(self) -> pl.DataFrame:
        """columns.csv: what is explained, and the threefold, by column of x; the intercept's difference is the last row."""
        told = zip(self.names, self.gap.by_column.tolist(), self.gap.explained_by.tolist(), strict=True)
        rows = [
            {"column": name, "endowments": e, "coefficients": c, "interaction": i, "explained": value, "explained_se": se,
             "explained_low": low, "explained_high": high}
            for name, (e, c, i), (value, se, low, high) in told
        ]  # fmt: skip
        rest = self.gap.estimates["coefficients"] - float(self.gap.by_column[:, 1].sum())
        return pl.DataFrame(
            [
                *rows,
                {
                    "column": "(Intercept)",
                    "endowments": 0.0,
                    "coefficients": rest,
                    "interaction": 0.0,
                    "explained": 0.0,
                    "explained_se": None,
                    "explained_low": None,
                    "explained_high": None,
                },
            ]
        )

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        write_csv(run.folder / "gap.csv", self.frame())
        write_csv(run.folder / "columns.csv", self.columns())
        report = {
            "first": self.first, "second": self.second, "mean_first": self.gap.means[0], "mean_second": self.gap.means[1],
            "n_first": self.gap.n[0], "n_second": self.gap.n[1], "clusters": self.gap.n_clusters, "draws": self.gap.draws,
            **{part: self.gap.estimates[part] for part in PARTS}, "notes": list(self.notes),
        }  # fmt: skip
        run.write_json("gap.json", report)
        return report

    def summary(self) -> str:
        """A few lines for the terminal."""
        g = self.gap
        return "\n".join(
            [
                f"{self.first} {g.means[0]:.4g}, {self.second} {g.means[1]:.4g}: gap {g.estimates['gap']:.4g} "
                + (
                    f"({g.low['gap']:.4g} to {g.high['gap']:.4g})."
                    if g.low["gap"] == g.low["gap"]
                    else "(no interval)."
                ),
                f"Of this {g.estimates['explained']:.4g} goes with what differs in {', '.join(self.names)}; "
                f"{g.estimates['unexplained']:.4g} does not.",
            ]
        )


def compute(path: Path, options: Mapping[str, Any]) -> Results:
    """Read the pupils and decompose: what the command writes and `verify` computes again."""
    notes: list[str] = []
    x_columns = tables.covariate_columns(options["x"])
    if not x_columns:
        raise Refusal("--x names no column, so there is nothing that the gap could go with.", code="no_columns")
    texts = [options["group"], options["cluster"]]
    used = [options["outcome"], options["weight"], *x_columns]
    frame = tables.read(path, texts, used)
    frame = tables.complete(frame, [c for c in (*texts, *used) if c], notes)
    if frame.height == 0:
        raise Refusal("No row is complete, so there is nothing to compare.", code="nobody")
    faults = Faults(path.name)
    weights = tables.number_column(frame, options["weight"], faults) if options["weight"] else np.ones(frame.height)
    for row in np.flatnonzero(weights < 0).tolist():
        faults.add(
            int(frame["__row"][row]) + 2,
            options["weight"],
            float(weights[row]),
            "A weight is zero or more.",
            "Correct it.",
        )
    faults.raise_if_any()
    frame, weights = tables.with_weight(frame, weights, notes)
    outcome = tables.number_column(frame, options["outcome"], faults)
    group = tables.labels(frame, options["group"])
    if len(group.names) != 2:
        faults.add(None, options["group"], ", ".join(group.names[:5]), f"This column has {len(group.names)} groups.",
                   "A gap is between two: keep the rows of two groups, or make two of them.")  # fmt: skip
    faults.raise_if_any()
    names, x = tables.covariates(frame, options["x"], faults)
    first = _first(group, outcome, weights, options["first"])
    cluster = tables.labels(frame, options["cluster"]).codes if options["cluster"] else np.arange(frame.height)
    gap = decompose(
        outcome, x, group.codes == first, cluster, weights, draws=options["draws"], seed=options["seed"],
        level=options["level"], names=names, groups=(group.names[first], group.names[1 - first]),
    )  # fmt: skip
    notes += _notes(gap, options)
    return Results(gap, group.names[first], group.names[1 - first], names, tuple(notes))


def _first(group: tables.Labels, outcome: Any, weights: Any, wanted: str | None) -> int:
    if wanted is not None:
        if wanted not in group.names:
            raise Refusal(f"--first {wanted} is none of the groups: {', '.join(group.names)}.", code="no_such_group")
        return group.names.index(wanted)
    means = [float(np.average(outcome[group.codes == k], weights=weights[group.codes == k])) for k in (0, 1)]
    return 0 if means[0] >= means[1] else 1


def _notes(gap: Gap, options: Mapping[str, Any]) -> list[str]:
    notes = []
    if not options["cluster"]:
        notes.append(
            "No --cluster is named: pupils are taken for a simple random sample, and where schools were drawn the errors are too small."
        )
    elif min(gap.clusters_in_group) < 2:
        notes.append("A group has a single cluster: no error can be told, so errors and intervals are empty.")
    elif gap.n_clusters < FEW_CLUSTERS:
        notes.append(f"Only {gap.n_clusters} clusters: the bootstrap's errors are rough.")
    if gap.draws < options["draws"]:
        notes.append(f"{options['draws'] - gap.draws:,} draws held too little of a group or a column and are left out.")
    return notes
