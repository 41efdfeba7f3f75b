"""Runs that were sealed before a rule existed are computed without it: an upgrade breaks nobody's verification."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tirek.assessment.decided import chosen
from tirek.assessment.decided.tests import quality, run_calibration
from tirek.decisions.rules import RuleSet, shipped_file

AMOUNT = quality.check_amount(9, 3).code
LATER = ("models_of_tests", "fewest_items", "open_sittings", "waiting_answers", "largest_other_booklets")


def rules_without(*names: str) -> RuleSet:
    text = shipped_file("assessment.calibration").read_text(encoding="utf-8")
    blocks = text.split("\n\n")
    kept = "\n\n".join(block for block in blocks if not block.lstrip().startswith(tuple(f"{n}:" for n in names)))
    return RuleSet("assessment.calibration", dt.date(2026, 11, 21), ("000000000",), (("calibration.yaml", kept),))


def inputs() -> dict:
    random = np.random.default_rng(5)
    ability = random.normal(size=(400, 1))
    codes = (random.random((400, 6)) < 1 / (1 + np.exp(np.linspace(-1, 1, 6) - ability))).astype(np.uint8)
    items = [f"I{j}" for j in range(6)]
    answers = pl.DataFrame({"subject": [f"S{i}" for i in range(400)]} | {n: codes[:, j] for j, n in enumerate(items)})
    return {"answers": answers, "items": pl.DataFrame({"item": items, "max_score": [1] * 6})}


@pytest.mark.parametrize("missing", [(), LATER])
def test_a_run_from_before_the_rule_is_computed_again(missing):
    rules = rules_without(*missing)
    assert rules.has("models_of_tests") == (not missing)
    assert chosen.model_of(rules, {"subject": "mathematics", "test": "M4"}) == "rasch"
    result = run_calibration(inputs(), {"org_lo": 1, "test": "M4", "subject": "mathematics"}, rules)
    assert result.summary["fit"]["n"] == 400
    assert [check["code"] for check in result.summary["checks"]].count(AMOUNT) == (0 if missing else 1)
