"""The covariance of all estimates as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.storage.tables import safe
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek_engines.psychometrics import Calibration

NAME = "covariance.csv"


def covariance_frame(calibration: Calibration) -> pl.DataFrame:
    """of, parameter, then a column for each row in the same order: a, d1…, logit_c of items; mean, log_sd of groups; beta."""
    if calibration.covariance is None:
        raise Refusal("--covariance needs standard errors: leave --se none out.", code="no_errors")
    places, labels, units = calibration.shape.places, {}, np.ones(calibration.covariance.shape[0])
    for j, item in enumerate(calibration.items):
        labels[int(places.slopes[j])] = (item.item, "a")
        labels[int(places.guessing[j])] = (item.item, "logit_c")
        labels |= {int(q): (item.item, f"d{k + 1}") for k, q in enumerate(places.intercepts[j])}
    for g, group in enumerate(calibration.groups):
        labels[int(places.means[g])] = (group.group, "mean")
        labels[int(places.sds[g])] = (group.group, "log_sd")
    for r, place in zip(calibration.regression, places.coefficients.tolist(), strict=True):
        labels[place], units[place] = (r.covariate, "beta"), 1.0 / r.sd
    rows = [labels[k] for k in range(units.size)]
    columns: dict[str, Any] = {"of": [safe(of) for of, _ in rows], "parameter": [kind for _, kind in rows]}
    scaled = calibration.covariance * np.outer(units, units)
    columns |= {f"v{k + 1}": scaled[:, k] for k in range(units.size)}
    return pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None))
