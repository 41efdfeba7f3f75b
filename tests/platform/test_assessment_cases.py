"""The cases that a layman can read, executed through the functions that the journal records."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tirek.access.scope import loading
from tirek.assessment.codes import NOT_PRESENTED, NOT_REACHED, OMITTED
from tirek.assessment.decided import tests as decided
from tirek.decisions.rules import rules_in_force

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "assessment"
CODES = {"o": OMITTED, "r": NOT_REACHED, "n": NOT_PRESENTED}
DAY, ORG = dt.date(2025, 10, 1), (0, 2_147_483_647)
CASES = [case for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
pytestmark = pytest.mark.django_db


def frames(case: dict) -> dict[str, pl.DataFrame]:
    answers, places = [], []
    for row in case["answers"]:
        codes = [CODES.get(score, score) for score in row["scores"]]
        answers += [codes] * row["pupils"]
        place = (row["school"], 1, row.get("district", "D"), row.get("settlement", "urban"), row.get("language", "kk"))
        places += [place] * row["pupils"]
    subjects = [f"{i:05}" for i in range(len(answers))]
    matrix = np.array(answers, dtype=np.uint8)
    return {
        "answers": pl.DataFrame({"subject": subjects} | {c: matrix[:, j] for j, c in enumerate(case["items"])}),
        "items": pl.DataFrame({"item": case["items"], "max_score": [1] * len(case["items"])}),
        "places": pl.DataFrame(places, schema=["school", "org_no", "district", "settlement", "language"], orient="row")
        .with_columns(pl.Series("subject", subjects)),
    }  # fmt: skip


def reasons(outcomes: pl.DataFrame, kind: str) -> dict[str, str]:
    rows = outcomes.filter(pl.col("subject_kind") == kind)
    return dict(rows.select("subject", "reason").iter_rows())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_case(case):
    with loading():
        rules = {n: rules_in_force(f"assessment.{n}", DAY, *ORG) for n in ("calibration", "publication", "scale")}
    inputs = frames(case)
    for name in ("calibration", "scale"):
        inputs[f"{name}_rules"] = rules[name].sealable() | {"on": DAY.isoformat()}
    found = decided.run_calibration(inputs, {"org_lo": 0, "test": "T"}, rules["calibration"])
    expect = dict(case["expect"])
    items = reasons(found.outcomes, "item")
    for item, reason in expect.pop("items", {}).items():
        assert items[item] == reason, item
    numbers = {row["subject"]: row["numbers"] for row in found.outcomes.iter_rows(named=True)}
    for item, n in expect.pop("answers", {}).items():
        assert numbers[item]["answers"] == n, item
    if test := expect.pop("test", None):
        assert reasons(found.outcomes, "test") == {"T": test}
    if not expect:
        return
    results = decided.run_results(inputs, {"org_lo": 0, "org_hi": ORG[1], "seed": 1}, rules["publication"])
    for kind, wanted in expect.items():
        groups = reasons(results.outcomes, kind)
        for group, reason in wanted.items():
            assert groups[group] == reason, f"{kind} {group}"
