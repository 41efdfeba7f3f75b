"""Change since an earlier cycle on the same scale: its means.csv against the present one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tirek.storage.tables import BadTable, Fault, read_table, safe
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek_engines.assessment.cells import Cell
    from tirek_engines.assessment.survey import Sample

TEXTS = ("group", "grouping", "statistic")
FIGURES = ("before", "after", "difference", "se", "linking_error", "df", "low", "high", "p")
NEEDED = ("group", "grouping", "mean", "se", "df")


def linking_error_of(given: str | float | None, n_values: int) -> tuple[float | None, list[str]]:
    """The linking error on the scale of the values: a number, or read from a folder of `tirek link`.

    Plausible values hold part of what few answers leave open, so the folder's `error_trend` goes with them; one score a
    person holds nothing of it, and the whole error goes with that.
    """
    if given is None:
        return None, []
    try:
        value = float(given)
    except ValueError:
        return _from_folder(Path(str(given)), n_values)
    if not (math.isfinite(value) and value >= 0):
        raise Refusal(f"--linking-error {given} must be a number of zero or more, or a folder.", code="bad_number")
    return value, []


def _from_folder(folder: Path, n_values: int) -> tuple[float, list[str]]:
    try:
        link = json.loads((folder / "link.json").read_text(encoding="utf-8"))
        scale = json.loads((folder / "scale.json").read_text(encoding="utf-8"))
        unit = float(scale["spread"]) / float(scale["unit"])
        kind = "error_trend" if n_values > 1 and link["error_trend"] is not None else "error_with_base"
        value = unit * float(link[kind])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal(
            f"--linking-error {folder} is neither a number nor a folder that tirek link wrote.", code="bad_number"
        ) from None
    return value, [f"Linking error {value:.4f}: {kind} of {folder.name}, in points of its scale."]


def trend_frame(
    sample: Sample, cells: list[Cell], means: pl.DataFrame, earlier: Path, linking: float | None
) -> tuple[pl.DataFrame, list[str]]:
    """One row a group and statistic that both cycles show; and what to tell."""
    before = _earlier(earlier)
    notes = []
    if linking is None:
        notes.append("No --linking-error is given: the trend's errors take the two scales for exactly one.")
    error = linking or 0.0
    rows = []
    for cell, row in zip(cells, means.iter_rows(named=True), strict=True):
        old = before.get((row["grouping"], row["group"]))
        if old is None or row["hidden"] or old.get("hidden"):
            continue
        linked = _linking(sample, cell, error)
        for name in sample.measures.names:
            rows += _line(row, old, name, linked[name])
    absent = [r["group"] for r in means.iter_rows(named=True) if (r["grouping"], r["group"]) not in before]
    if absent:
        notes.append(f"{len(absent)} groups are not in {earlier.name}: {', '.join(absent[:5])}.")
    schema = {**dict.fromkeys(TEXTS, pl.String), **dict.fromkeys(FIGURES, pl.Float64)}
    return pl.DataFrame(rows, schema=schema), notes


def _earlier(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    frame = read_table(path, text_columns=["group", "grouping", "hidden"])
    absent = [c for c in NEEDED if c not in frame.columns]
    if absent:
        what = "A means.csv that tirek means wrote has this column."
        raise BadTable([Fault(path.name, 1, c, c, what, "Name such a file with --compare.") for c in absent])
    return {(row["grouping"], row["group"]): row for row in frame.iter_rows(named=True)}


def _linking(sample: Sample, cell: Cell, error: float) -> dict[str, float]:
    """The linking error of each statistic: a shift moves means and percentiles by itself, shares by the density."""
    from tirek_engines.assessment.survey import moved_shares

    names = sample.measures.names
    shares = moved_shares(sample, cell.rows, error).tolist() if error else [0.0] * len(sample.measures.benchmarks)
    found = {name: 0.0 if name == "sd" else error for name in names}
    return found | dict(zip(names[len(names) - len(shares) :], shares, strict=True))


def _line(row: dict[str, Any], old: dict[str, Any], name: str, linking: float) -> list[dict[str, object]]:
    from scipy.special import stdtr, stdtrit

    from tirek_engines.assessment.survey import trend

    error = "se" if name == "mean" else f"se_{name}"
    if old.get(name) is None or old.get(error) is None or row[error] is None or math.isnan(row[error]):
        return []
    degrees = [max(float(r["df"] or 1.0), 1.0) for r in (old, row)]
    before, after = (float(old[name]), float(old[error]), degrees[0]), (row[name], row[error], degrees[1])
    difference, se, linked, freedom = trend(before, after, linking)
    half = float(stdtrit(freedom, 0.975)) * se if math.isfinite(freedom) else 1.959963984540054 * se
    return [
        {
            "group": safe(row["group"]),
            "grouping": row["grouping"],
            "statistic": name,
            "before": before[0],
            "after": after[0],
            "difference": difference,
            "se": se,
            "linking_error": linked,
            "df": freedom if math.isfinite(freedom) else None,
            "low": difference - half,
            "high": difference + half,
            "p": 2.0 * float(stdtr(min(freedom, 1e9), -abs(difference / se))) if se > 0 else None,
        }
    ]
