"""The decision that makes wordings of items known, as a pure function of what was sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.assessment.release import RELEASED, release_reason

NOTHING = dict.fromkeys(("tests", "days", "wanted", "secure"))


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
        reason, numbers = release_reason(
            is_released=row["is_released"],
            running_tests=row["running_tests"],
            last_published=dt.date.fromisoformat(row["last_published"]) if row["last_published"] else None,
            secret_left=[secure[test] for test in tests],
            day=day,
            days=days,
            fewest=fewest,
        )
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
