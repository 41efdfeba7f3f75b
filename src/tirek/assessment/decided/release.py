"""The decision that makes wordings of items known, as a pure function of what was sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet

NOTHING = dict.fromkeys(("tests", "days", "wanted", "secure"))
RELEASED = "released"


def run_release(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every item asked for, in the order of codes: each that is released leaves its tests fewer secret ones."""
    days, fewest = int(rules.value("days_after_publication")), int(rules.value("fewest_secure"))
    day = dt.date.fromisoformat(parameters["day"])
    secure = dict(inputs["tests"].select("test", "secure").iter_rows())
    held: dict[str, list[str]] = {}
    for item, test in inputs["uses"].select("item", "test").iter_rows():
        held.setdefault(item, []).append(test)
    outcomes = []
    for row in inputs["items"].sort("item").iter_rows(named=True):
        tests = held.get(row["item"], [])
        reason, numbers = _reason(row, [secure[test] for test in tests], day, days, fewest)
        if reason == RELEASED:
            secure |= {test: secure[test] - 1 for test in tests}
        outcomes.append({
            "subject_kind": "item", "subject": row["item"], "org_no": int(parameters["org_lo"]), "reason": reason,
            "numbers": NOTHING | numbers, "result": {"state": RELEASED if reason == RELEASED else "secure"},
        })  # fmt: skip
    n = sum(row["reason"] == RELEASED for row in outcomes)
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None), summary={"released": n, "asked": len(outcomes)}
    )


def _reason(row: Mapping[str, Any], left: list[int], day: dt.date, days: int, fewest: int) -> tuple[str, dict]:
    if row["is_released"]:
        return "already_released", {}
    if row["running_tests"]:
        return "test_running", {"tests": row["running_tests"]}
    if row["last_published"]:
        since = (day - dt.date.fromisoformat(row["last_published"])).days
        if since < days:
            return "too_early", {"days": since, "wanted": days}
    if left and min(left) <= fewest:
        return "needed_as_anchor", {"secure": min(left), "wanted": fewest}
    return RELEASED, {"tests": len(left)}
