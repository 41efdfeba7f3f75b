"""The cases of links and of standards that a layman can read, through the functions that the journal records."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tirek.access.scope import loading
from tirek.assessment.decided import linking, standards
from tirek.assessment.refusals import NotGoodEnough
from tirek.decisions.rules import RuleSet, rules_in_force

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "assessment"
DAY, ORG = dt.date(2025, 10, 1), (0, 2_147_483_647)
SE = 0.03
pytestmark = pytest.mark.django_db


def cases(name: str) -> list[dict]:
    return [c for path in sorted((FOLDER / name).glob("*.yaml")) for c in yaml.safe_load(path.read_text("utf-8"))]


def rules_of(name: str, **changed: float) -> RuleSet:
    with loading():
        found = rules_in_force(f"assessment.{name}", DAY, *ORG)
    text = dict(found.files)
    for (file, body), (short, value) in ((pair, change) for pair in found.files for change in changed.items()):
        head, sep, rest = body.partition(f"\n{short}:")
        text[file] = head + sep + rest.replace("value: 0.10", f"value: {value}", 1)
    return RuleSet(found.name, found.on, found.territory, tuple(text.items()))


def side(names: list[str], difficulties: np.ndarray) -> dict[str, pl.DataFrame]:
    n = len(names)
    items = pl.DataFrame({
        "item": names, "model": ["rasch"] * n, "slope": [1.0] * n, "slope_se": [float("nan")] * n,
        "difficulty": difficulties, "difficulty_se": [SE] * n, "guessing": [0.0] * n,
    })  # fmt: skip
    steps = pl.DataFrame({"item": names, "step": [1] * n, "value": [1] * n, "intercept": -difficulties, "se": [SE] * n})
    return {"items": items, "steps": steps}


@pytest.mark.parametrize("case", cases("link"), ids=lambda case: case["case"])
def test_link(case):
    names, moved = list(case["anchors"]), np.array(list(case["anchors"].values()))
    before = np.linspace(-1.5, 1.5, len(names))
    base, new = side([*names, "E1"], np.append(before, 0.3)), side([*names, "X1"], np.append(before + moved, -0.2))
    inputs = {f"base_{k}": v for k, v in base.items()} | {f"new_{k}": v for k, v in new.items()}
    inputs["pairs"] = pl.DataFrame({"base": names, "new": names})
    parameters = {"test": "T", "org_lo": 0, "removed": case.get("removed", {}), "mean": 0.0, "shortest": len(names) + 1}
    changed = {"largest_error": case["largest_error"]} if "largest_error" in case else {}
    found = linking.run_link(inputs, parameters, rules_of("link", **changed))
    reasons = {(row["subject_kind"], row["subject"]): row["reason"] for row in found.outcomes.iter_rows(named=True)}
    expect = case["expect"]
    assert reasons["test", "T"] == expect["test"], found.summary["checks"]
    for item, reason in expect.get("anchors", {}).items():
        assert reasons["anchor", item] == reason, item
    if "intercept" in expect:
        assert found.summary["intercept"] == pytest.approx(expect["intercept"], abs=0.011)


def ratings(rounds: list[dict]) -> pl.DataFrame:
    rows = [
        (f"P{person}", number, cut, "", float(page))
        for number, row in enumerate(rounds, start=1)
        for cut, name in enumerate(("low", "high"), start=1)
        for person, page in enumerate(row[name], start=1)
    ]
    return pl.DataFrame(rows, schema=["panellist", "round", "cut", "item", "value"], orient="row")


@pytest.mark.parametrize("case", [c for c in cases("standards") if "rounds" in c], ids=lambda case: case["case"])
def test_standards(case, monkeypatch):
    monkeypatch.setattr(standards, "_share_outcomes", lambda *_given: iter(()))
    difficulties = np.arange(-2.25, 2.5, 0.5)
    scale = pl.DataFrame({
        "item": [f"M{j:02}" for j in range(1, 11)], "model": ["rasch"] * 10, "slope": [1.0] * 10, "guessing": [0.0] * 10,
        "steps": [[float(b)] for b in difficulties],
    })  # fmt: skip
    parameters = {"test": "T", "org_lo": 0, "method": "bookmark", "cuts": 2, "response_probability": 2 / 3}
    inputs, expect = {"scale": scale, "ratings": ratings(case["rounds"])}, case["expect"]
    if "refused" in expect:
        with pytest.raises(NotGoodEnough) as refused:
            standards.run_standards(inputs, parameters, rules_of("standards"))
        assert refused.value.code == expect["refused"]
        return
    found = standards.run_standards(inputs, parameters, rules_of("standards"))
    rows = found.outcomes.sort("subject").to_dicts()
    assert [int(row["subject"]) for row in rows] == expect["cuts"]
    for row, (low, high) in zip(rows, expect["between"], strict=True):
        assert low < row["numbers"]["cut"] < high


@pytest.mark.parametrize("case", [c for c in cases("standards") if "carried" in c], ids=lambda case: case["case"])
def test_carried_standards(case):
    given, expect = case["carried"], case["expect"]
    cuts = pl.DataFrame([{"cut": k, "logits": c, "error": e} for k, (c, e) in enumerate(given["cuts"], start=1)])
    link = {name: given[name] for name in ("slope", "intercept", "error")} | {
        "slope_se": None, "intercept_se": None, "covariance": None, "error_method": "spread", "n_anchors": 10,
        "scale": {"centre": 500.0, "spread": 100.0, "origin": 0.0, "unit": 1.0},
    }  # fmt: skip
    found = standards.carried_cuts(cuts, link)
    assert found["logits"].to_list() == pytest.approx(expect["cuts_at"], abs=1e-3)
    assert found["error"][0] == pytest.approx(expect["error"], abs=1e-3)
