"""What the lot has drawn, from the sealed decision."""

from __future__ import annotations

import polars as pl

from tirek.access.scope import loading
from tirek.decisions import queries as decisions
from tirek.surveys.models import Round, Sampling


def drawn_units(found: Round, org_no: int) -> list[str] | None:
    """Persons or classes of a school that were drawn; None where all are asked."""
    if found.sampling == Sampling.ALL or not found.sample_number:
        return None
    with loading():
        decision = decisions.decision(found.sample_number)
        table = decisions.table(decision, "drawn")
    return table.filter(pl.col("org_no") == org_no)["unit"].to_list()
