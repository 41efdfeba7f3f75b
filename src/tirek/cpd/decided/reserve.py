"""Who is admitted to the leaders' reserve: from the sealed marks alone. No commissioner's name is among the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.access.scope import loading
from tirek.cpd.models import Candidate, CandidateState, Mark
from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.cpd.reserve import Entrant, admit, stage_rules

CANDIDATES = {
    "candidate": pl.String, "person_id": pl.Int64, "org_no": pl.Int64, "years": pl.Int64, "lacks": pl.String,
}  # fmt: skip
MARKS = {"candidate": pl.String, "stage": pl.String, "points": pl.Int64}
NUMBERS = ("points", "rank", "places", "last_points", "apart", "mark", "wanted", "marks", "marks_wanted")
TAKE_PART = (CandidateState.APPLIED, CandidateState.NOT_ELIGIBLE)


def fresh_inputs(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Candidates of a competition and their marks as they are now."""
    with loading():
        found = Candidate.objects.filter(competition__code=parameters["competition"], state__in=TAKE_PART)
        rows = [
            (code, person_id, org_no, years, lacks[0]["code"] if lacks else "")
            for code, person_id, org_no, years, lacks in found.order_by("code").values_list(
                "code", "person_id", "org_no", "years", "lacks"
            )
        ]
        marks = sorted(
            Mark.objects.filter(candidate__in=found.values("pk")).values_list("candidate__code", "stage", "points")
        )
    return {
        "candidates": pl.DataFrame(rows, schema=CANDIDATES, orient="row"),
        "marks": pl.DataFrame(marks, schema=MARKS, orient="row"),
    }


def run_reserve(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every candidate: in or out, the rank, and the numbers that settled it."""
    marks: dict[str, dict[str, list[int]]] = {}
    for code, stage, points in inputs["marks"].iter_rows():
        marks.setdefault(code, {}).setdefault(stage, []).append(points)
    rows = {row["candidate"]: row for row in inputs["candidates"].iter_rows(named=True)}
    placed = admit(
        [Entrant(code, row["years"], marks.get(code, {}), row["lacks"]) for code, row in rows.items()],
        stage_rules(rules.values(), parameters["stages"]),
        places=int(parameters["places"]), fewest_marks=int(rules.value("fewest_marks")),
    )  # fmt: skip
    outcomes = [
        {
            "subject_kind": "candidate", "subject": place.code, "person_id": rows[place.code]["person_id"],
            "org_no": rows[place.code]["org_no"], "reason": place.reason,
            "numbers": dict.fromkeys(NUMBERS) | dict(place.numbers),
            "result": {"admitted": place.is_in, "rank": place.rank},
        }
        for place in placed
    ]  # fmt: skip
    summary = {
        "admitted": sum(place.is_in for place in placed),
        "candidates": len(placed),
        "places": parameters["places"],
    }
    return Result(outcomes=pl.DataFrame(outcomes, infer_schema_length=None), summary=summary)
