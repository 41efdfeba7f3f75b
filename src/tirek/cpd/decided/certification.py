"""Who is given a category: from the sealed points of the experts alone. No expert's name is among the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.cpd.judgement import certification_reason

NOTHING = dict.fromkeys(("points", "wanted", "apart", "experts"))
AWARDED = "awarded"
OF_APPEAL = {"awarded": "appeal_awarded", "points_few": "appeal_refused"}


def run_certification(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every application; of an appeal, in the words of an appeal."""
    points: dict[str, list[int]] = {}
    for code, total in inputs["judgements"].select("application", "points").iter_rows():
        points.setdefault(code, []).append(total)
    outcomes = []
    for row in inputs["applications"].iter_rows(named=True):
        reason, numbers = certification_reason(
            judgements=sorted(points.get(row["application"], [])), lacks=row["lacks"],
            most_apart=int(rules.value("most_apart")), wanted=int(rules.value(f"points_{row['wanted']}")),
        )  # fmt: skip
        is_awarded = reason == AWARDED
        if parameters["stage"] == "appeal":
            reason = OF_APPEAL.get(reason, reason)
        outcomes.append({
            "subject_kind": "application", "subject": row["application"], "person_id": row["person_id"],
            "org_no": row["org_no"], "reason": reason, "numbers": NOTHING | numbers,
            "result": {"category": row["wanted"] if is_awarded else "", "awarded": is_awarded},
        })  # fmt: skip
    awarded = sum(row["result"]["awarded"] for row in outcomes)
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        summary={"awarded": awarded, "applications": len(outcomes)},
    )
