"""persons_fit.csv: how well each person's answers hold together, for `tirek itemfit` and `tirek score`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tirek.storage.tables import safe

if TYPE_CHECKING:
    from tirek.assessment.commands.score_table import ToScore
    from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters

NO_PROOF = (
    "Agreement and unlikely patterns are no proof of copying or of carelessness: they say where to look. Persons taught "
    "alike err alike, and among many persons some patterns are unlikely by chance."
)


def person_frame(found: ToScore, likelihood: Likelihood, p: Parameters) -> pl.DataFrame:
    """persons_fit.csv."""
    from tirek_engines.psychometrics.fit.personfit import person_fit

    fit = person_fit(likelihood, p)
    columns = {
        name: getattr(fit, name)
        for name in ("theta", "lz", "lz_star", "p", "infit", "outfit", "guttman", "guttman_share", "n_answered")
    }
    flag = pl.Series(["unlikely" if f else None for f in fit.flag.tolist()], dtype=pl.String)
    frame = pl.DataFrame({"id": [safe(i) for i in found.table.ids], **columns, "flag": flag})
    return frame.with_columns(pl.selectors.float().fill_nan(None))
