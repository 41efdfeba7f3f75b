"""Several dimensions: what the table of items says of them, and the files that `tirek calibrate --dimension` writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults
from tirek.storage.tables import read_table, safe, write_csv
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.answers import AnswerTable
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics.dimensions.growth import DimensionMap, DimensionResult, Estimated

NAN = float("nan")


def read_dimensions(items: str | None, column: str) -> DimensionMap:
    """Dimension of each item; items that share parameters by `same_as` (an item) or `parameter` (any name)."""
    from tirek_engines.psychometrics.dimensions.growth import DimensionMap

    if items is None or Path(items).suffix.lower() not in (".csv", ".parquet"):
        raise Refusal(
            f"--dimension {column} is a column of a table of items: name the table with --items ITEMS.csv.",
            code="items_needed",
        )
    frame = read_table(Path(items), text_columns=["item", column, "same_as", "parameter"])
    faults = Faults(Path(items).name)
    for name in ("item", column):
        if name not in frame.columns:
            faults.add(1, name, name, "There is no such column.", f"The table has: {', '.join(frame.columns)}.")
    faults.raise_if_any()
    known = set(frame["item"].to_list())
    dimension: dict[str, str] = {}
    label: dict[str, str] = {}
    for row, record in enumerate(frame.iter_rows(named=True), start=2):
        if record[column] is None:
            faults.add(row, column, "", "The item has no dimension.", "Fill it in, or remove the row.")
            continue
        dimension[record["item"]] = record[column]
        other = record.get("same_as")
        if other is not None and other not in known:
            faults.add(row, "same_as", other, "The table has no such item.", "Correct the name.")
        label[record["item"]] = record.get("parameter") or other or record["item"]
    faults.raise_if_any()
    for name in label:
        label[name] = _end(name, label)
    return DimensionMap(dimension, label, tuple(dict.fromkeys(dimension.values())))


def _end(name: str, label: dict[str, str]) -> str:
    """The last of a chain of items, each the same as the next."""
    seen = {name}
    while label.get(label[name], label[name]) != label[name] and label[name] not in seen:
        seen.add(label[name])
        name = label[name]
    return label[name]


def write_dimensions(run: Run, table: AnswerTable, found: DimensionResult) -> dict[str, object]:
    """Write all tables and fit.json; returns what fit.json holds."""
    from tirek.assessment.commands.outputs import items_frame

    items = items_frame(found).with_columns(  # type: ignore[arg-type]
        pl.Series("dimension", [safe(d) for d in found.item_dimension]),
        pl.Series("parameter", [safe(p) for p in found.item_label]),
    )
    write_csv(run.folder / "items.csv", items)
    write_csv(run.folder / "groups.csv", groups_frame(found))
    dropped = found.prepared.items.dropped
    write_csv(
        run.folder / "dropped.csv",
        pl.DataFrame(
            {
                "item": [safe(d.item) for d in dropped],
                "reason": [d.reason for d in dropped],
                "n": [d.n for d in dropped],
            },
            schema={"item": pl.String, "reason": pl.String, "n": pl.Int64},
        ),
    )
    if found.options.persons:
        write_csv(run.folder / "persons.csv", persons_frame(table, found))
    fit = fit_summary(table, found)
    run.write_json("fit.json", fit)
    return fit


def groups_frame(found: DimensionResult) -> pl.DataFrame:
    """group, mean, variance, se_mean, se_variance, n, dimension, with, covariance, se_covariance, correlation,
    se_correlation: a row a dimension, then a row a pair."""
    n = found.prepared.n_calibrating
    rows = [
        ("all", m.value, v.value, m.se, v.se, n, name, None, NAN, NAN, NAN, NAN)
        for name, m, v in zip(found.names, found.means, found.variances, strict=True)
    ]
    for (one, other), c in found.covariances.items():
        r = found.correlations[one, other]
        rows.append(("all", NAN, NAN, NAN, NAN, n, one, other, c.value, c.se, r.value, r.se))
    names = ["group", "mean", "variance", "se_mean", "se_variance", "n", "dimension", "with"]
    names += ["covariance", "se_covariance", "correlation", "se_correlation"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col("with").cast(pl.String))


def persons_frame(table: AnswerTable, found: DimensionResult) -> pl.DataFrame:
    """id, then eap_d, eap_se_d, score_d, n_answered_d of each dimension, then eap_cov_de of each pair."""
    columns: dict[str, Any] = {"id": [safe(i) for i in table.ids]}
    n = len(found.names)
    for d in range(n):
        columns[f"eap_{d + 1}"] = found.eap[:, d]
        columns[f"eap_se_{d + 1}"] = np.sqrt(np.maximum(found.eap_covariance[:, d, d], 0.0))
        columns[f"score_{d + 1}"] = found.scores[:, d]
        columns[f"n_answered_{d + 1}"] = found.n_answered[:, d]
    for e in range(n):
        for d in range(e):
            columns[f"eap_cov_{d + 1}{e + 1}"] = found.eap_covariance[:, d, e]
    return pl.DataFrame(columns)


def fit_summary(table: AnswerTable, found: DimensionResult) -> dict[str, object]:
    """What fit.json holds."""
    best, options = found.optimum, found.options
    n_parameters = int(best.evaluation.gradient.shape[0])
    return {
        "model": options.model,
        "dimensions": list(found.names),
        "loglik": best.evaluation.loglik,
        "iterations": best.iterations,
        "converged": best.converged,
        "gradient": best.gradient,
        "step": best.step,
        "nodes": options.nodes,
        "range": options.half_range,
        "n": found.prepared.n_calibrating,
        "n_rows": table.answers.n_persons,
        "n_items": len(found.items),
        "n_parameters": n_parameters,
        "aic": 2.0 * n_parameters - 2.0 * best.evaluation.loglik,
        "reliability": dict(zip(found.names, found.reliability, strict=True)),
        "growth": [_growth(one, other, *found.growth[one, other]) for one, other in found.growth],
        "se": options.se,
        "notes": list(table.notes),
        "warnings": list(found.warnings),
    }


def _growth(one: str, other: str, mean: Estimated, spread: Estimated) -> dict[str, object]:
    return {
        "from": one,
        "to": other,
        "mean": mean.value,
        "se_mean": mean.se,
        "sd": spread.value,
        "se_sd": spread.se,
    }


def summary(found: DimensionResult, out: Path) -> str:
    """What a person reads at the end."""
    best = found.optimum
    state = "converged" if best.converged else "NOT CONVERGED"
    lines = [
        f"{found.prepared.n_calibrating:,} persons, {len(found.items)} items, model {found.options.model}, "
        f"{len(found.names)} dimensions: {state} after {best.iterations} iterations",
        f"log-likelihood {best.evaluation.loglik:.4f}",
    ]
    for name, m, v in zip(found.names, found.means, found.variances, strict=True):
        lines.append(f"dimension {name}: mean {_shown(m)}, variance {_shown(v)}")
    for (one, other), r in found.correlations.items():
        lines.append(f"{one} and {other}: correlation {_shown(r)}")
    for (one, other), (mean, spread) in found.growth.items():
        lines.append(f"growth from {one} to {other}: mean {_shown(mean)}, standard deviation {_shown(spread)}")
    return "\n".join([*lines, f"Results: {out}"])


def person_lines(table: AnswerTable, found: DimensionResult, row: int) -> list[str]:
    """How a person's estimates came about, for `tirek explain`."""
    lines = [f"Person {table.ids[row]} (row {row + 2} of the file):"]
    for d, name in enumerate(found.names):
        lines.append(
            f"  {name}: {found.n_answered[row, d]} calibrated items answered, raw score {found.scores[row, d]}; EAP "
            f"{found.eap[row, d]:.4f}, posterior standard deviation {np.sqrt(found.eap_covariance[row, d, d]):.4f}"
        )
    for (one, other), r in found.correlations.items():
        lines.append(f"  {one} and {other} inform each other: their correlation is {r.value:.4f}")
    codes = table.answers.codes[row]
    lines.append("  answers:")
    columns = found.prepared.items.columns.tolist()
    for item, dimension, column in zip(found.items, found.item_dimension, columns, strict=True):
        if codes[column] != 255:
            lines.append(f"    {item.item} ({dimension}): {codes[column]} (b {item.b:.3f})")
    return lines


def _shown(e: Estimated) -> str:
    return f"{e.value:.3f}" if e.se != e.se else f"{e.value:.3f} ({e.se:.3f})"
