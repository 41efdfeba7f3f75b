"""Who completed a course: from the sealed minutes and scores alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.cpd.completion import COMPLETED, completion_reason, rules_of

NOTHING = dict.fromkeys(("attended", "held", "share", "wanted", "test", "test_wanted"))


def run_completion(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every participant, with the hours that count."""
    limits = rules_of(rules.values())
    held = int(inputs["sessions"]["minutes"].sum() or 0)
    outcomes = []
    for row in inputs["participants"].iter_rows(named=True):
        reason, numbers = completion_reason(
            attended=row["attended"], held=held, points=row["points"], highest=row["highest"] or 0,
            needs_test=bool(parameters["needs_test"]), rules=limits,
        )  # fmt: skip
        hours = int(parameters["hours"]) if reason == COMPLETED else 0
        outcomes.append({
            "subject_kind": "person", "subject": row["person"], "subject_id": row["participation"],
            "person_id": row["person_id"], "org_no": row["org_no"], "reason": reason, "numbers": NOTHING | numbers,
            "result": {"completed": reason == COMPLETED, "hours": hours},
        })  # fmt: skip
    completed = sum(row["reason"] == COMPLETED for row in outcomes)
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        summary={"completed": completed, "participants": len(outcomes), "minutes_held": held},
    )
