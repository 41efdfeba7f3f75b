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
    from tirek.assessment.commands.outputs import dropped_frame, items_frame

    items = items_frame(found).with_columns(  # type: ignore[arg-type]
        pl.Series("dimension", [safe(d) for d in found.item_dimension]),
        pl.Series("parameter", [safe(p) for p in found.item_label]),
    )
    write_csv(run.folder / "items.csv", items.with_columns(_item_errors(found)))
    write_csv(run.folder / "groups.csv", groups_frame(found))
    write_csv(run.folder / "dropped.csv", dropped_frame(found))  # type: ignore[arg-type]
    if found.regression:
        write_csv(run.folder / "regression.csv", regression_frame(found))
    if found.options.persons:
        write_csv(run.folder / "persons.csv", persons_frame(table, found))
    fit = fit_summary(table, found)
    run.write_json("fit.json", fit)
    return fit


def _split(found: DimensionResult) -> tuple[Any, list[Any], Any] | None:
    """Errors by replication of items, groups, effects."""
    from tirek_engines.psychometrics.dimensions.replication import split_values

    return None if found.replicated is None else split_values(found, found.replicated.values)


def _item_errors(found: DimensionResult) -> list[pl.Series]:
    errors = _split(found)
    if errors is None:
        return []
    names = ["a", "b", "c", *(f"d{k + 1}" for k in range(errors[0].shape[1] - 3))]
    return [
        pl.Series(f"se_rep_{name}", [v or None for v in errors[0][:, k].tolist()], dtype=pl.Float64)
        for k, name in enumerate(names)
    ]


def groups_frame(found: DimensionResult) -> pl.DataFrame:
    """group, mean, variance, se_mean, se_variance, n, dimension, with, covariance, se_covariance, correlation,
    se_correlation: for each group a row a dimension, then a row a pair; with replicates se_rep_ of all."""
    rows, replicated = [], _split(found)
    d, k = len(found.names), len(found.covariances)
    for number, group in enumerate(found.groups):
        own = np.full(2 * d + 2 * k, NAN) if replicated is None else replicated[1][number]
        for place, (name, m, v) in enumerate(zip(found.names, group.means, group.variances, strict=True)):
            errors = (own[place], own[d + place], NAN, NAN)
            rows.append(
                (safe(group.name), m.value, v.value, m.se, v.se, group.n, safe(name), None, NAN, NAN, NAN, NAN, *errors)
            )
        for place, ((one, other), c) in enumerate(group.covariances.items()):
            r, pair = group.correlations[one, other], (safe(one), safe(other))
            errors = (NAN, NAN, own[2 * d + place], own[2 * d + k + place])
            rows.append((safe(group.name), NAN, NAN, NAN, NAN, group.n, *pair, c.value, c.se, r.value, r.se, *errors))
    names = ["group", "mean", "variance", "se_mean", "se_variance", "n", "dimension", "with"]
    names += ["covariance", "se_covariance", "correlation", "se_correlation"]
    names += [f"se_rep_{name}" for name in ("mean", "variance", "covariance", "correlation")]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.col("with").cast(pl.String))
    return frame if replicated is not None else frame.drop(pl.selectors.starts_with("se_rep_"))


def regression_frame(found: DimensionResult) -> pl.DataFrame:
    """covariate, beta, se, mean, sd, dimension; with replicates se_rep."""
    effects, replicated = found.regression, _split(found)
    columns: dict[str, Any] = {"covariate": [safe(e.covariate) for e in effects]}
    columns |= {name: [getattr(e, name) for e in effects] for name in ("beta", "se", "mean", "sd")}
    columns["dimension"] = [safe(e.dimension) for e in effects]
    if replicated is not None:
        columns["se_rep"] = replicated[2]
    return pl.DataFrame(columns)


def persons_frame(table: AnswerTable, found: DimensionResult) -> pl.DataFrame:
    """id, then eap_d, eap_se_d, score_d, n_answered_d, wle_d, wle_se_d of each dimension, then eap_cov_de of each pair."""
    columns: dict[str, Any] = {"id": [safe(i) for i in table.ids]}
    n, s = len(found.names), found.scores_
    for d in range(n):
        columns[f"eap_{d + 1}"] = s.eap[:, d]
        columns[f"eap_se_{d + 1}"] = np.sqrt(np.maximum(s.eap_covariance[:, d, d], 0.0))
        columns[f"score_{d + 1}"] = s.score[:, d]
        columns[f"n_answered_{d + 1}"] = s.n_answered[:, d]
        columns[f"wle_{d + 1}"] = s.wle[:, d]
        columns[f"wle_se_{d + 1}"] = s.wle_se[:, d]
    for e in range(n):
        for d in range(e):
            columns[f"eap_cov_{d + 1}{e + 1}"] = s.eap_covariance[:, d, e]
    return pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))


def fit_summary(table: AnswerTable, found: DimensionResult) -> dict[str, object]:
    """What fit.json holds."""
    from tirek_engines.psychometrics.calibration import n_effective

    best, options = found.optimum, found.options
    n_parameters = int(best.evaluation.gradient.shape[0])
    return {
        "model": options.model,
        "dimensions": list(found.names),
        "linked": list(found.linked),
        "loglik": best.evaluation.loglik,
        "log_posterior": best.evaluation.objective,
        "iterations": best.iterations,
        "converged": best.converged,
        "gradient": best.gradient,
        "step": best.step,
        "nodes": options.nodes,
        "range": options.half_range,
        "n": found.prepared.n_calibrating,
        "n_effective": n_effective(found.prepared.weights),
        "n_rows": table.answers.n_persons,
        "n_items": len(found.items),
        "n_dropped": len(found.dropped),
        "n_parameters": n_parameters,
        "aic": 2.0 * n_parameters - 2.0 * best.evaluation.loglik,
        "reliability": dict(zip(found.names, found.reliability, strict=True)),
        "growth": _growths(found),
        "se": options.se,
        **_regressed(table, found),
        **_replicates(found),
        "notes": list(table.notes),
        "warnings": list(found.warnings),
    }


def _regressed(table: AnswerTable, found: DimensionResult) -> dict[str, object]:
    if not found.regression:
        return {}
    return {
        "explained_variance": dict(zip(found.names, found.explained, strict=True)),
        "covariates": [c.recorded() for c in table.codings],
    }


def _replicates(found: DimensionResult) -> dict[str, object]:
    errors = found.replicated
    if errors is None:
        return {}
    return {
        "n_replicates": errors.n_replicates,
        "n_replicates_converged": errors.n_converged,
        "replicate_iterations": errors.most_iterations,
    }


def _growths(found: DimensionResult) -> list[dict[str, object]]:
    """Growth of each group between dimensions on one scale."""
    replicated, rows = _split(found), []
    first = 2 * len(found.names) + 2 * len(found.covariances)
    for number, group in enumerate(found.groups):
        for place, ((one, other), (mean, spread)) in enumerate(group.growth.items()):
            row: dict[str, object] = {"group": group.name, "from": one, "to": other}
            row |= {"mean": mean.value, "se_mean": mean.se, "sd": spread.value, "se_sd": spread.se}
            if replicated is not None:
                own = replicated[1][number][first + 2 * place :]
                row |= {"se_rep_mean": float(own[0]), "se_rep_sd": float(own[1])}
            rows.append(row)
    return rows


def summary(found: DimensionResult, out: Path) -> str:
    """What a person reads at the end."""
    from tirek_engines.psychometrics.dimensions.results import Estimated

    best = found.optimum
    state = "converged" if best.converged else "NOT CONVERGED"
    lines = [
        f"{found.prepared.n_calibrating:,} persons, {len(found.items)} items, model {found.options.model}, "
        f"{len(found.names)} dimensions: {state} after {best.iterations} iterations",
        f"log-likelihood {best.evaluation.loglik:.4f}",
    ]
    for group in found.groups:
        of = f"group {group.name}, " if len(found.groups) > 1 else ""
        for name, m, v in zip(found.names, group.means, group.variances, strict=True):
            lines.append(f"{of}dimension {name}: mean {_shown(m)}, variance {_shown(v)}")
        for (one, other), r in group.correlations.items():
            lines.append(f"{of}{one} and {other}: correlation {_shown(r)}")
        for (one, other), (mean, spread) in group.growth.items():
            lines.append(f"{of}growth from {one} to {other}: mean {_shown(mean)}, standard deviation {_shown(spread)}")
    lines += [f"covariate {e.covariate} on {e.dimension}: {_shown(Estimated(e.beta, e.se))}" for e in found.regression]
    return "\n".join([*lines, f"Results: {out}"])


def person_lines(table: AnswerTable, found: DimensionResult, row: int) -> list[str]:
    """How a person's estimates came about, for `tirek explain`."""
    lines = [f"Person {table.ids[row]} (row {row + 2} of the file):"]
    for d, name in enumerate(found.names):
        lines.append(
            f"  {name}: {found.scores_.n_answered[row, d]} calibrated items answered, raw score {found.scores_.score[row, d]}; EAP "
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
