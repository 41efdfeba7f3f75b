"""Score persons on a calibration of several dimensions: what its folder holds, and the columns that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.calibrations import plain
from tirek.storage.tables import read_table
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.calibrations import SavedCalibration
    from tirek.assessment.commands.score_table import ToScore
    from tirek_engines.psychometrics.dimensions.scoring import KnownDimensions
    from tirek_engines.psychometrics.dimensions.scoring import ToScore as Ready


def dimensions_of(saved: SavedCalibration) -> list[str]:
    """Names of the dimensions; empty where there is one."""
    return list(saved.fit.get("dimensions") or ())


def known_of(saved: SavedCalibration) -> KnownDimensions:
    """Items and distributions, from items.csv, groups.csv and regression.csv."""
    from dataclasses import replace

    from tirek_engines.psychometrics.dimensions.scoring import KnownDimensions

    names = dimensions_of(saved)
    place = {name: d for d, name in enumerate(names)}
    table = read_table(saved.folder / "items.csv", text_columns=["item", "dimension", "parameter", "model", "values"])
    of_item = np.array([place[plain(v)] for v in table["dimension"].to_list()], dtype=np.int64)
    groups = list(dict.fromkeys(g.group for g in saved.groups))
    frame = read_table(saved.folder / "groups.csv", text_columns=["group", "dimension", "with"])
    means, covariances = np.zeros((len(groups), len(names))), np.zeros((len(groups), len(names), len(names)))
    for row in frame.iter_rows(named=True):
        g, d = groups.index(plain(row["group"])), place[plain(row["dimension"])]
        if row["with"] is None:
            means[g, d], covariances[g, d, d] = row["mean"], row["variance"]
        else:
            e = place[plain(row["with"])]
            covariances[g, d, e] = covariances[g, e, d] = row["covariance"]
    effects, centres = _effects(saved, place)
    return KnownDimensions(
        replace(saved.items, dimensions=of_item), tuple(groups), means, covariances, effects, centres
    )


def _effects(saved: SavedCalibration, place: dict[str, int]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    path = saved.folder / "regression.csv"
    if not path.is_file():
        return np.zeros((0, len(place))), np.zeros(0)
    frame = read_table(path, text_columns=["covariate", "dimension"])
    names = list(dict.fromkeys(frame["covariate"].to_list()))
    effects, centres = np.zeros((len(names), len(place))), np.zeros(len(names))
    for row in frame.iter_rows(named=True):
        c = names.index(row["covariate"])
        effects[c, place[plain(row["dimension"])]] = row["beta"]
        centres[c] = row["mean"]
    return effects, centres


def ready_of(found: ToScore) -> Ready:
    """The likelihood of the answers under the calibration."""
    from tirek_engines.psychometrics.dimensions.scoring import known_dimensions
    from tirek_engines.psychometrics.likelihood.model import Grid

    fit = found.saved.fit
    grid = Grid(int(fit["nodes"]), float(fit["range"]))
    covariates = None if found.covariates is None else found.covariates.values
    return known_dimensions(known_of(found.saved), found.answers, grid, fit["linked"], covariates)


def score_columns(found: ToScore, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, object]]:
    """theta_d and se_d, or pv1_d … pvm_d, then score_d and n_answered_d of each dimension; and what score.json says."""
    from tirek_engines.psychometrics.dimensions.scoring import draw_dimensions, raw_scores, score_dimensions

    if options["school"]:
        raise Refusal(
            "--school does not go with several dimensions. Calibrate with --regress (or --group) on what tells schools "
            "apart, and the plausible values hold it.",
            code="not_built",
        )
    names, ready = dimensions_of(found.saved), ready_of(found)
    columns: dict[str, Any] = {}
    if options["method"] == "pv":
        draws = draw_dimensions(ready, m=options["m"], seed=options["seed"])
        for d in range(len(names)):
            columns |= {f"pv{k + 1}_{d + 1}": draws[k, :, d] for k in range(options["m"])}
        mean, sd = draws.mean(axis=(0, 1)), draws.std(axis=1).mean(axis=0)
    else:
        theta, se = score_dimensions(ready, options["method"])
        for d in range(len(names)):
            columns |= {f"theta_{d + 1}": theta[:, d], f"se_{d + 1}": se[:, d]}
        mean, sd = np.nanmean(theta, axis=0), np.nanstd(theta, axis=0)
    score, answered = raw_scores(ready.likelihood)
    for d in range(len(names)):
        columns |= {f"score_{d + 1}": score[:, d], f"n_answered_{d + 1}": answered[:, d]}
    report: dict[str, object] = {
        "dimensions": names,
        "n_items": len(ready.likelihood.data.items.names),
        "n_without_answers": int((answered.sum(axis=1) == 0).sum()),
        "mean": dict(zip(names, map(float, mean), strict=True)),
        "sd": dict(zip(names, map(float, sd), strict=True)),
    }
    return {
        k: pl.Series(v).fill_nan(None) if np.asarray(v).dtype.kind == "f" else v for k, v in columns.items()
    }, report


def explain_lines(found: ToScore, options: dict[str, Any], row: int) -> list[str]:
    """What was believed of a person before the answers, the answers, the estimates."""
    names, ready = dimensions_of(found.saved), ready_of(found)
    likelihood, p = ready.likelihood, ready.parameters
    line = likelihood.lines(p, likelihood.units(p))[likelihood.units(p).of_person[row]] + ready.shift
    columns, _ = score_columns(found, options)
    lines = []
    for d, name in enumerate(names):
        own = {k: columns[k][row] for k in columns if k.endswith(f"_{d + 1}")}
        told = ", ".join(
            f"{k} {v}" if isinstance(v, int) else f"{k} {float(v):.4f}" for k, v in own.items() if v is not None
        )
        lines.append(f"  {name}: mean before the answers {line[d]:.4f}; {told}")
    items = known_of(found.saved).items
    for name, code in zip(found.answers.items, found.answers.codes[row].tolist(), strict=True):
        if code != 255:
            lines.append(f"    {name} ({names[int(items.dimensions[items.names.index(name)])]}): {code}")
    return lines
