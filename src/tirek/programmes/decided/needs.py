"""Which findings are proposed as needs, as a pure function of what was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.programmes.needs import (
    PROPOSED,
    ResultRule,
    RoomRule,
    ScaleRule,
    result_reason,
    room_reason,
    scale_reason,
)

ROOMS = {
    "room_id": pl.Int64, "org_no": pl.Int64, "number": pl.String, "purpose": pl.String, "index_points": pl.Int64,
    "missing_kinds": pl.Int64, "missing_items": pl.Int64, "decision": pl.String,
}  # fmt: skip
SCALES = {
    "org_no": pl.Int64, "audience": pl.String, "form": pl.String, "version": pl.String, "scale": pl.String,
    "low_permille": pl.Int64, "answers": pl.Int64, "invited": pl.Int64, "decision": pl.String,
}  # fmt: skip
RESULTS = {
    "org_no": pl.Int64, "test": pl.String, "subject": pl.String, "grade": pl.Int64, "mean": pl.Int64, "se": pl.Int64,
    "region_mean": pl.Int64, "region_se": pl.Int64, "decision": pl.String,
}  # fmt: skip
STANDING = {"org_no": pl.Int64, "subject": pl.String, "need": pl.Int64, "state": pl.String, "days": pl.Int64}
PROFESSIONAL, EDUCATIONAL = "professional", "educational"


def run_needs(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every finding: proposed, near, or nothing to ask for."""
    values = rules.values()
    standing = {(row["org_no"], row["subject"]): row for row in inputs["standing"].iter_rows(named=True)}
    outcomes = []
    for finding in (
        *_rooms(inputs["rooms"], values),
        *_scales(inputs["scales"], values),
        *_results(inputs["results"], values),
    ):
        if finding["reason"] in PROPOSED:
            finding = _unless_known(finding, standing, int(values["rejected_rest_days"]))
        outcomes.append(finding)
    names = sorted({name for row in outcomes for name in row["numbers"]})
    for row in outcomes:
        row["numbers"] = dict.fromkeys(names) | row["numbers"]
    proposed = sum(row["result"]["proposed"] for row in outcomes)
    frame = pl.DataFrame(outcomes, infer_schema_length=None) if outcomes else _nothing()
    return Result(outcomes=frame, summary={"findings": len(outcomes), "proposed": proposed})


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"subject_kind": pl.String, "subject": pl.String, "org_no": pl.Int64, "reason": pl.String}
    )


def _rooms(frame: pl.DataFrame, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    rule = RoomRule(int(values["room_index_below"]), int(values["room_index_near"]), int(values["room_missing_kinds"]))
    for row in frame.iter_rows(named=True):
        reason, numbers = room_reason(
            index_points=row["index_points"], missing_kinds=row["missing_kinds"], missing_items=row["missing_items"],
            rule=rule,
        )  # fmt: skip
        yield _finding("room", str(row["room_id"]), row, reason, numbers, EDUCATIONAL, "", row["room_id"])


def _scales(frame: pl.DataFrame, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    rule = ScaleRule(
        int(values["scale_low_above"]), int(values["scale_low_near"]), int(values["scale_fewest_answers"]),
        int(values["scale_least_response"]),
    )  # fmt: skip
    topics = topics_of(str(values["topics"]))
    for row in frame.iter_rows(named=True):
        reason, numbers = scale_reason(
            low_permille=row["low_permille"], n=row["answers"], invited=row["invited"], rule=rule
        )
        subject = f"{row['org_no']}:{row['audience']}:{row['scale']}"
        yield _finding(
            "scale", subject, row, reason, numbers, PROFESSIONAL, topics.get(row["scale"], row["scale"]), None
        )


def _results(frame: pl.DataFrame, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    rule = ResultRule(int(values["result_errors_below"]), int(values["result_errors_near"]))
    topics = topics_of(str(values["topics"]))
    for row in frame.iter_rows(named=True):
        tenths = {name: row[name] for name in ("mean", "se", "region_mean", "region_se")}
        reason, numbers = result_reason(**tenths, rule=rule)
        subject = f"{row['org_no']}:{row['subject']}:{row['grade']}"
        yield _finding(
            "result", subject, row, reason, numbers, PROFESSIONAL, topics.get(row["subject"], row["subject"]), None
        )


def _finding(kind, subject, row, reason, numbers, need_kind, topic, room_id) -> dict[str, Any]:
    result = {
        "proposed": reason in PROPOSED, "need_kind": need_kind, "topic": topic, "room_id": room_id,
        "about": f"{kind}:{subject}", "source": row["decision"],
    }  # fmt: skip
    return {
        "subject_kind": kind, "subject": subject, "org_no": row["org_no"], "reason": reason, "numbers": numbers,
        "result": result,
    }  # fmt: skip


def _unless_known(finding: dict[str, Any], standing: Mapping, rest: int) -> dict[str, Any]:
    """What waits as a need already, or was rejected a short time ago, is not proposed again."""
    known = standing.get((finding["org_no"], finding["result"]["about"]))
    if known is None:
        return finding
    numbers, result = finding["numbers"] | {"need": known["need"]}, finding["result"] | {"proposed": False}
    if known["state"] != "rejected":
        return finding | {"reason": "waits_already", "numbers": numbers, "result": result}
    if known["days"] < rest:
        more = {"days": known["days"], "rest": rest}
        return finding | {"reason": "rejected_before", "numbers": numbers | more, "result": result}
    return finding


def topics_of(text: str) -> dict[str, str]:
    """``"feedback=formative_assessment; mathematics=mathematics_teaching"`` as a mapping; ``"-"`` is empty."""
    pairs = (part.partition("=") for part in text.replace("\n", ";").split(";") if "=" in part)
    return {scale.strip(): topic.strip() for scale, _sign, topic in pairs}
