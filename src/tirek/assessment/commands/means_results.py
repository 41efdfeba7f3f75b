"""Results of groups: from the table of persons to the tables that `tirek means` writes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tirek.assessment.commands.persons import PersonTable, listed
from tirek.storage.tables import safe, write_csv
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    import numpy as np

    from tirek.storage.runs import Run
    from tirek_engines.assessment.cells import Cell
    from tirek_engines.assessment.survey import Combined, Sample, Summary

MOST_GROUPS = 30
"""Groups of one kind up to which all their differences are listed."""


@dataclass(frozen=True)
class Results:
    """Everything that is written, and the notes that go with it."""

    sample: Sample
    cells: list[Cell]
    hidden: np.ndarray[Any, np.dtype[np.uint8]]
    summaries: list[Summary]
    means: pl.DataFrame
    differences: pl.DataFrame
    trend: pl.DataFrame | None
    report: dict[str, object]
    notes: tuple[str, ...]


def compute_results(table: PersonTable, options: Mapping[str, Any]) -> Results:
    """Summarise every group, and compare groups and cycles."""
    from tirek_engines.assessment.cells import hide_small, nested_cells, separate_cells
    from tirek_engines.assessment.survey import Sample

    notes = list(table.notes)
    values = rescaled(table.values, options["scale"])
    how = options["sampling_pv"] or ("first" if table.replication.scheme == "jk2" else "all")
    sample = Sample(values, table.weights, table.replication, measures(options), how)
    divide = separate_cells if options["separately"] else nested_cells
    cells = divide(table.columns, len(table.weights))
    audited = options.get("all_sums_together", False)
    hidden = hide_small(cells, table.weights > 0, minimum=options["min_group"], all_sums_together=audited)
    summaries = [sample.summarise(cell.rows) for cell in cells]
    notes += cell_notes(table, cells, hidden, summaries, options)
    names = [c.name for c in table.columns]
    means = means_frame(sample, names, cells, hidden, summaries)
    differences, said = differences_frame(sample, cells, hidden, summaries)
    notes += said
    trend = None
    if options["compare"]:
        from tirek.assessment.commands.trends import linking_error_of, trend_frame

        linking, said = linking_error_of(options["linking_error"], len(table.names))
        notes += said
        trend, said = trend_frame(sample, cells, means, Path(options["compare"]), linking)
        notes += said
        options = {**options, "linking_error": linking}
    report = report_of(table, sample, options, cells, hidden, notes)
    return Results(sample, cells, hidden, summaries, means, differences, trend, report, tuple(notes))


def measures(options: Mapping[str, Any]) -> Any:
    """Which statistics the options ask for."""
    from tirek_engines.assessment.survey import Measures

    return Measures(
        tuple(_numbers("--benchmarks", options["benchmarks"])),
        tuple(int(p) for p in _numbers("--percentiles", options["percentiles"], whole=(1, 99))),
    )


def _numbers(option: str, text: str | None, whole: tuple[int, int] | None = None) -> list[float]:
    found: list[float] = []
    for part in listed(text):
        try:
            value = float(part)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or (whole and not (value.is_integer() and whole[0] <= value <= whole[1])):
            wanted = f"whole numbers from {whole[0]} to {whole[1]}" if whole else "numbers"
            raise Refusal(f"{option} {part} is not understood: write {wanted}, separated by commas.", code="bad_number")
        if value not in found:
            found.append(value)
    return found


def rescaled(values: np.ndarray[Any, Any], scale: str | None) -> np.ndarray[Any, Any]:
    """Values on the scale whose constants `tirek link` published."""
    if not scale:
        return values
    try:
        constants = json.loads(Path(scale).read_text(encoding="utf-8"))
        points = float(constants["slope_points"]), float(constants["intercept_points"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal(
            f"{scale} does not hold slope_points and intercept_points. Name a scale.json that tirek link wrote.",
            code="bad_scale",
        ) from None
    return points[0] * values + points[1]


def cell_notes(
    table: PersonTable, cells: list[Cell], hidden: Any, summaries: list[Summary], options: Mapping[str, Any]
) -> list[str]:
    """Persons without a group, hidden groups, groups without an error."""
    notes = []
    for column in table.columns:
        unknown = int((column.codes < 0).sum())
        if unknown:
            notes.append(f"{unknown:,} persons have no {column.name}: they count in the total only.")
    n_hidden = int((hidden > 0).sum())
    if n_hidden:
        notes.append(
            f"{n_hidden} of {len(cells)} groups are hidden: fewer than {options['min_group']} persons, or needed "
            "to protect such a group."
        )
    bare = [c.name for c, s in zip(cells, summaries, strict=True) if math.isnan(float(s.combined.se[0]))]
    if bare:
        shown = ", ".join(bare[:5]) + (" …" if len(bare) > 5 else "")
        notes.append(f"{len(bare)} groups have no error, because they lie in a single zone or cluster: {shown}.")
    return notes


def means_frame(
    sample: Sample, by: list[str], cells: list[Cell], hidden: Any, summaries: list[Summary]
) -> pl.DataFrame:
    """group, n, mean, se, sd, se_sd, p10 …, above_400, se_above_400 …, then what led there."""
    rows = []
    for cell, state, found in zip(cells, hidden.tolist(), summaries, strict=True):
        row: dict[str, object] = {"group": safe(cell.name), "n": None if state else found.n}
        row |= _statistics(sample, found.combined, bool(state))
        low, high = found.combined.interval()
        last = {
            "low": low[0],
            "high": high[0],
            "df": found.combined.freedom[0],
            "se_sampling": found.combined.se_sampling[0],
            "se_imputation": found.combined.se_imputation[0],
            "weight": found.weight,
        }
        row |= {k: None if state else float(v) for k, v in last.items()}
        row |= {"hidden": ("", "small", "protects")[state] or None, "grouping": cell.grouping}
        own = dict(zip(cell.grouping.split(","), cell.labels, strict=False)) if cell.labels else {}
        row |= {f"by_{name}": safe(own[name]) if name in own else None for name in by}
        rows.append(row)
    texts = {"group", "hidden", "grouping", *(f"by_{n}" for n in by)}
    schema = {k: pl.String if k in texts else pl.Int64 if k == "n" else pl.Float64 for k in rows[0]}
    return pl.DataFrame(rows, schema=schema)


def _statistics(sample: Sample, found: Combined, hide: bool) -> dict[str, object]:
    out: dict[str, object] = {}
    for place, name in enumerate(sample.measures.names):
        out[name] = None if hide else float(found.value[place])
        out["se" if name == "mean" else f"se_{name}"] = None if hide else float(found.se[place])
    return out


def differences_frame(
    sample: Sample, cells: list[Cell], hidden: Any, summaries: list[Summary]
) -> tuple[pl.DataFrame, list[str]]:
    """One row a pair of groups and statistic: group minus the other."""
    from tirek_engines.assessment.cells import pairs
    from tirek_engines.assessment.survey import effect_size

    wanted, left_out = pairs(cells, most_groups=MOST_GROUPS)
    rows: list[dict[str, object]] = []
    for one, other in wanted:
        if hidden[one] or hidden[other]:
            continue
        found = sample.difference(summaries[one], summaries[other])
        effect = effect_size(summaries[one], summaries[other])
        names = {"group": safe(cells[one].name), "minus": safe(cells[other].name), "grouping": cells[one].grouping}
        rows += [names | line for line in difference_lines(sample.measures.names, found, effect)]
    notes = [f"Differences of {g} are not listed: more than {MOST_GROUPS} groups." for g in left_out]
    texts = ("group", "minus", "grouping", "statistic")
    figures = ("difference", "se", "df", "low", "high", "p", "effect")
    return pl.DataFrame(rows, schema={**dict.fromkeys(texts, pl.String), **dict.fromkeys(figures, pl.Float64)}), notes


def difference_lines(names: tuple[str, ...], found: Combined, effect: float) -> list[dict[str, object]]:
    """One line a statistic."""
    low, high = found.interval()
    p = found.p_value()
    return [
        {
            "statistic": name,
            "difference": float(found.value[i]),
            "se": float(found.se[i]),
            "df": float(found.freedom[i]),
            "low": float(low[i]),
            "high": float(high[i]),
            "p": float(p[i]),
            "effect": effect if name == "mean" else None,
        }
        for i, name in enumerate(names)
    ]


def report_of(
    table: PersonTable, sample: Sample, options: Mapping[str, Any], cells: list[Cell], hidden: Any, notes: list[str]
) -> dict[str, object]:
    """What means.json holds."""
    return {
        "values": list(table.names),
        "n_values": len(table.names),
        "n_rows": table.n_rows,
        "n": int((table.weights > 0).sum()),
        "weight": float(table.weights.sum()),
        "scheme": table.replication.scheme,
        "n_replicates": table.replication.n_replicates,
        "sampling_pv": sample.sampling_from,
        "statistics": list(sample.measures.names),
        "min_group": options["min_group"],
        "n_groups": len(cells),
        "n_hidden": int((hidden > 0).sum()),
        "linking_error": options["linking_error"],
        "notes": notes,
    }


def write_results(run: Run, results: Results) -> dict[str, object]:
    """Write all tables and means.json; returns what means.json holds."""
    write_csv(run.folder / "means.csv", results.means)
    write_csv(run.folder / "differences.csv", results.differences)
    if results.trend is not None:
        write_csv(run.folder / "trend.csv", results.trend)
    run.write_json("means.json", results.report)
    return results.report


def summary(results: Results, out: Path) -> str:
    """What a person reads at the end."""
    lines = []
    for row in results.means.head(20).iter_rows(named=True):
        if row["hidden"]:
            lines.append(f"  {row['group']}: hidden")
        else:
            error = "no error" if row["se"] is None or math.isnan(row["se"]) else f"{row['se']:.3f}"
            lines.append(f"  {row['group']}: mean {row['mean']:.3f} ({error}), sd {row['sd']:.3f}, n {row['n']:,}")
    if results.means.height > 20:
        lines.append(f"  … and {results.means.height - 20} more in means.csv")
    return "\n".join([*lines, f"Results: {out}"])
