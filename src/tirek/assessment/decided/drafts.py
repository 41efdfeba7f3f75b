"""What the journal holds of a test that pages show: the draft of its figures, the answers without names."""

from __future__ import annotations

import json

import polars as pl

from tirek.access.scope import current_scope
from tirek.assessment.decided import sealing
from tirek.decisions import queries as decisions


def preview(calibration) -> dict | None:
    """Mean, gap and numbers of groups that publishing would show."""
    if calibration is None or not calibration.results_number:
        return None
    decision = decisions.decision(calibration.results_number)
    outcomes = decisions.table(decision, "outcomes").filter(pl.col("subject_kind") != "person")
    rows = {
        (kind, subject): json.loads(numbers)
        for kind, subject, numbers in outcomes.select("subject_kind", "subject", "numbers").iter_rows()
    }
    hidden = outcomes.filter(pl.col("reason").is_in(["too_few", "protects_another"])).height
    return {
        "whole": rows.get(("all", "all")),
        "gap": rows.get(("gap", "settlement")),
        "n_groups": len(rows),
        "n_hidden": hidden,
    }


def pseudonymous_answers(test) -> tuple[list[tuple[str, str]], list[tuple]]:
    """The sealed answers with places, of the asker's territory only."""
    inputs = sealing.inputs_of(test)
    if inputs["answers"].is_empty():
        return [(name, name) for name in ("subject", *inputs["items"]["item"].to_list())], []
    frame = inputs["places"].join(inputs["answers"], on="subject")
    scope = current_scope()
    if not scope.is_country:
        frame = frame.filter(pl.col("org_no").is_between(scope.lo or 0, scope.hi or -1))
    frame = frame.drop("org_no")
    return [(name, name) for name in frame.columns], frame.rows()
