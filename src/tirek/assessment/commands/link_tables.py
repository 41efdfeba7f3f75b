"""The tables that `tirek link` writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.storage.tables import BadTable, Fault, read_table, safe, shown

if TYPE_CHECKING:
    from tirek.assessment.commands.linked import Linked, LinkedTest

SCORES = re.compile(r"(eap|wle|map|theta|pv\d+)", re.IGNORECASE)
SCORE_ERRORS = re.compile(r"((eap|wle|map|theta)_se|se)", re.IGNORECASE)


def drift_frame(linked: Linked) -> pl.DataFrame:
    """One row a common item: difference, flag, and what they come from."""
    return pl.concat([_drift_of(t) for t in linked.tests])


def _drift_of(test: LinkedTest) -> pl.DataFrame:
    from tirek_engines.psychometrics.linking.anchors import locations, transform

    anchors, drift, c = test.anchors, test.drift, test.constants
    on_base = transform(anchors.new, c.slope, c.intercept)
    flags = ["drift" if f else None for f in drift.flagged.tolist()]
    used = (test.removed_in == 0).astype(np.int64)
    columns: dict[str, Any] = {
        "item": [safe(n) for n in anchors.base.names],
        "difference": drift.difference,
        "flag": flags,
        "used": used,
        "removed_in": test.removed_in,
        "se": drift.se,
        "z": drift.z,
        "robust_z": drift.robust_z,
        "size": list(drift.size),
        "log_slope": drift.log_slope,
        "rmsd": drift.rmsd,
        "area": drift.area,
        "b_base": locations(anchors.base),
        "b_linked": locations(on_base),
        "a_base": anchors.base.slopes,
        "a_linked": on_base.slopes,
        "unit": [safe(u) for u in anchors.units],
    }
    found = pl.DataFrame(columns, schema_overrides={"flag": pl.String})
    if anchors.apart:
        rest = {"item": [safe(n) for n, _ in anchors.apart], "flag": [reason for _, reason in anchors.apart]}
        apart = pl.DataFrame(rest).with_columns(pl.lit(0, pl.Int64).alias("used"))
        found = pl.concat([found, apart], how="diagonal")
    return found.with_columns(pl.lit(test.side.name).alias("test"))


def items_frame(linked: Linked) -> pl.DataFrame:
    """items.csv of every new calibration with its parameters on the base's scale."""
    return pl.concat([_items_of(t) for t in linked.tests], how="diagonal_relaxed")


def _items_of(test: LinkedTest) -> pl.DataFrame:
    from tirek_engines.psychometrics.linking.anchors import locations, transform

    slope = test.constants.slope
    on_base = transform(test.side.saved.items, slope, test.constants.intercept)
    steps = np.arange(on_base.intercepts.shape[1])[None, :] < on_base.n_steps[:, None]
    d = np.where(steps, on_base.intercepts, np.nan)
    changed = {"a": on_base.slopes, "b": locations(on_base)}
    changed |= {f"d{k + 1}": d[:, k] for k in range(d.shape[1])}
    out = test.side.table.with_columns(pl.Series(name, values) for name, values in changed.items())
    fixed = slope == 1.0 and bool(np.all(on_base.slopes == 1.0))
    errors = [
        (pl.col(name) / slope if name.endswith("_a") else pl.col(name) * slope).alias(name)
        for name in ("se_a", "se_b", "se_rep_a", "se_rep_b")
        if name in out.columns and out[name].dtype.is_numeric()
    ]
    if not fixed:  # the error of d' needs the covariance of a and d, which items.csv does not hold
        lost = [c for c in out.columns if re.fullmatch(r"se_(rep_)?d\d+", c)]
        errors += [pl.lit(None, pl.Float64).alias(c) for c in lost]
    return out.with_columns(errors).with_columns(pl.lit(test.side.name).alias("test"))


def groups_frame(linked: Linked) -> pl.DataFrame:
    """Means and variances of all groups on the base's scale, and in points."""
    rows = [_group_row(linked, linked.base.name, g, 1.0, 0.0, linked.base.error) for g in linked.base.saved.groups]
    for t in linked.tests:
        c = t.constants
        plain = t.error.method == "drift"
        for g in t.side.saved.groups:
            error = t.error.error if plain else t.error.of_mean(g.mean)
            error = float(np.hypot(error, linked.base.error))
            rows.append(_group_row(linked, t.side.name, g, c.slope, c.intercept, error))
    texts = {"test", "group"}
    schema = {k: pl.String if k in texts else pl.Int64 if k == "n" else pl.Float64 for k in rows[0]}
    return pl.DataFrame(rows, schema=schema)


def _group_row(
    linked: Linked, test: str, group: Any, slope: float, intercept: float, error: float
) -> dict[str, object]:
    mean, sampling = slope * group.mean + intercept, np.nan_to_num(slope * group.se_mean)
    whole = float(np.sqrt(sampling**2 + error**2))
    return {
        "test": safe(test),
        "group": safe(group.group),
        "n": group.n,
        "mean": mean,
        "variance": slope**2 * group.variance,
        "se_mean": whole,
        "se_variance": slope**2 * group.se_variance,
        "linking_error": error,
        "points_mean": linked.scale.points(mean),
        "points_sd": linked.scale.length(slope * float(np.sqrt(group.variance))),
        "points_se": linked.scale.length(whole),
        "points_linking_error": linked.scale.length(error),
    }


def persons_frame(linked: Linked, path: Path) -> pl.DataFrame:
    """Persons of the new calibration, scores and plausible values in points, errors likewise (the link as known)."""
    frame = read_table(path, text_columns=["id"])
    scores = [c for c in frame.columns if SCORES.fullmatch(c)]
    if not scores:
        what = "No column is named eap, wle, map, theta or pv1, pv2, …."
        raise BadTable([Fault(path.name, 1, "", shown(", ".join(frame.columns)), what, "Name persons.csv of a run.")])
    c = linked.tests[0].constants
    slope, intercept = linked.scale.length(c.slope), linked.scale.points(c.intercept)
    errors = [n for n in frame.columns if SCORE_ERRORS.fullmatch(n)]
    moved = [(pl.col(n).cast(pl.Float64) * slope + intercept).alias(n) for n in scores]
    return frame.with_columns(*moved, *((pl.col(n).cast(pl.Float64) * slope).alias(n) for n in errors))
