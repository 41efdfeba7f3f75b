"""Replicate weights of a calibration: the options of `tirek calibrate`, and the columns of errors that come of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults, _weights
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.answers import AnswerTable
    from tirek_engines.assessment.replication import Replication
    from tirek_engines.psychometrics import Calibration
    from tirek_engines.psychometrics.dimensions.results import DimensionResult
    from tirek_engines.psychometrics.replicates import ReplicateErrors


def is_asked(options: dict[str, Any]) -> bool:
    """Whether errors by replication are wanted."""
    return any(options.get(k) for k in ("replicates", "scheme", "jk_zone", "jk_rep"))


def expanded(answers: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The options with the columns that a glob in --replicates names."""
    from tirek.assessment.commands.persons import matching
    from tirek.storage.tables import read_table

    if not options.get("replicates"):
        return options
    names = matching(answers, read_table(answers), options["replicates"], "--replicates")
    return {**options, "replicates": ",".join(names)}


def columns_needed(options: dict[str, Any]) -> tuple[str, ...]:
    """Columns that replication reads, beside the weight."""
    listed = [c.strip() for c in (options.get("replicates") or "").split(",") if c.strip()]
    return (*listed, *(options[k] for k in ("jk_zone", "jk_rep") if options.get(k)))


def with_replication(
    answers: Path, table: AnswerTable, calibration: Calibration, options: dict[str, Any]
) -> tuple[AnswerTable, Calibration]:
    """The calibration with errors by replication, and the table with what is to be told."""
    from tirek_engines.psychometrics.replicates import replicate_errors

    if not is_asked(options):
        return table, calibration
    replication, notes = _replication(answers, table, options)
    everybody = np.arange(table.answers.n_persons)
    errors = replicate_errors(
        calibration,
        table.answers,
        lambda r: replication.weights(slice(r, r + 1), everybody)[0],
        replication.factors,
    )
    if errors.n_converged < errors.n_replicates:
        notes.append(
            f"{errors.n_replicates - errors.n_converged} of {errors.n_replicates} recalibrations did not converge: the "
            "errors by replication are not final."
        )
    return replace(table, notes=(*table.notes, *notes)), replace(calibration, replicated=errors)


def with_dimension_replication(
    answers: Path, table: AnswerTable, found: DimensionResult, options: dict[str, Any]
) -> tuple[AnswerTable, DimensionResult]:
    """The same for several dimensions."""
    from tirek_engines.psychometrics.dimensions.replication import dimension_errors

    if not is_asked(options):
        return table, found
    replication, notes = _replication(answers, table, options)
    everybody = np.arange(table.answers.n_persons)
    errors = dimension_errors(
        found, table.answers, lambda r: replication.weights(slice(r, r + 1), everybody)[0], replication.factors
    )
    if errors.n_converged < errors.n_replicates:
        notes.append(
            f"{errors.n_replicates - errors.n_converged} of {errors.n_replicates} recalibrations did not converge: the "
            "errors by replication are not final."
        )
    return replace(table, notes=(*table.notes, *notes)), replace(found, replicated=errors)


def _replication(answers: Path, table: AnswerTable, options: dict[str, Any]) -> tuple[Replication, list[str]]:
    from tirek.assessment.commands.persons import replication_of

    faults, frame = Faults(answers.name), table.others
    listed = [c.strip() for c in (options.get("replicates") or "").split(",") if c.strip()]
    columns = [_weights(frame, name, faults) for name in listed]
    zones = {k: _whole(frame, options[k], faults) for k in ("jk_zone", "jk_rep") if options.get(k)}
    faults.raise_if_any()
    weights = table.answers.weights if table.answers.weights is not None else np.ones(table.answers.n_persons)
    if not columns and not zones:
        raise Refusal(f"--scheme {options['scheme']} needs --replicates, or --jk-zone and --jk-rep.", code="scheme")
    stacked = np.stack([c for c in columns if c is not None]) if columns else None
    found, notes = replication_of({**options, "cluster": None}, weights, stacked, zones, None)
    return found, list(notes)


def _whole(frame: pl.DataFrame, name: str, faults: Faults) -> np.ndarray[Any, np.dtype[np.int64]]:
    numbers = frame[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    bad = ~np.isfinite(numbers) | (numbers != np.floor(numbers))
    for row in np.flatnonzero(bad).tolist():
        faults.add(row + 2, name, frame[name][row], "This is no whole number.", "Correct it.")
    return np.where(bad, 0.0, numbers).astype(np.int64)


def item_columns(errors: ReplicateErrors, n_steps: list[int]) -> dict[str, list[float | None]]:
    """se_rep_a, se_rep_b, se_rep_c, se_rep_d1…: empty where a parameter is fixed."""
    columns = {f"se_rep_{k}": _or_none(v.tolist()) for k, v in (("a", errors.a), ("b", errors.b), ("c", errors.c))}
    for k in range(errors.d.shape[1]):
        values = [v if k < steps else None for v, steps in zip(errors.d[:, k].tolist(), n_steps, strict=True)]
        columns[f"se_rep_d{k + 1}"] = _or_none(values)
    return columns


def _or_none(values: list[float | None]) -> list[float | None]:
    return [v or None for v in values]


def group_columns(errors: ReplicateErrors) -> dict[str, list[float | None]]:
    """se_rep_mean, se_rep_variance."""
    return {"se_rep_mean": _or_none(errors.mean.tolist()), "se_rep_variance": _or_none(errors.variance.tolist())}


def with_columns(frame: pl.DataFrame, columns: dict[str, list[float | None]]) -> pl.DataFrame:
    """The frame with further columns of numbers."""
    return frame.with_columns(pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items())
