"""Parameters redrawn from the covariance that `tirek calibrate --covariance` wrote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.calibrations import plain
from tirek.assessment.commands.covariance import NAME
from tirek.storage.tables import read_table
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.score_table import ToScore
    from tirek_engines.psychometrics.likelihood.model import Parameters


def redrawn(
    found: ToScore, items: tuple[str, ...], p: Parameters, m: int, rng: np.random.Generator
) -> Iterator[Parameters]:
    """`m` points from the normal distribution around the estimates; what is fixed stays. `items`: in the order of `p`."""
    path = found.saved.folder / NAME
    if not path.is_file():
        raise Refusal(
            f"{found.saved.folder} holds no {NAME}, which --item-uncertainty draws from. Calibrate with --covariance.",
            code="no_covariance",
        )
    table = read_table(path, text_columns=["of", "parameter"])
    cov = np.nan_to_num(table.select(pl.exclude("of", "parameter")).cast(pl.Float64).to_numpy())
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    labels = [(plain(of), kind) for of, kind in table.select("of", "parameter").iter_rows()]
    places = _places(found, items)
    for _ in range(m):
        yield _moved(p, labels, root @ rng.standard_normal(values.size), places)


def _places(found: ToScore, items: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """Where each item, group and covariate stands in the point that is scored with."""
    effects = () if found.covariates is None else found.covariates.names
    return {
        "item": {name: j for j, name in enumerate(items)},
        "group": {name: g for g, name in enumerate(found.answers.group_names)},
        "covariate": {name: c for c, name in enumerate(effects)},
    }


def _moved(
    p: Parameters, labels: list[tuple[str, str]], change: np.ndarray[Any, Any], places: dict[str, dict[str, int]]
) -> Parameters:
    slopes, intercepts, guessing = p.slopes.copy(), p.intercepts.copy(), p.guessing.copy()
    means, sds, coefficients = p.means.copy(), p.sds.copy(), p.coefficients.copy()
    for (of, kind), by in zip(labels, change.tolist(), strict=True):
        if kind in ("mean", "log_sd"):
            g = places["group"].get(of)
            if g is not None and kind == "mean":
                means[g] += by
            elif g is not None:
                sds[g] *= np.exp(by)
        elif kind == "beta":
            coefficients[places["covariate"][of]] += by
        elif (j := places["item"].get(of)) is not None:
            if kind == "a":
                slopes[j] += by
            elif kind == "logit_c":
                guessing[j] += by
            else:
                intercepts[j, int(kind[1:]) - 1] += by
    return replace(
        p, slopes=slopes, intercepts=intercepts, guessing=guessing, means=means, sds=sds, coefficients=coefficients
    )
