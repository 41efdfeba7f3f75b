"""The cases that a layman can read, executed through the functions that the journal records."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
import yaml

from tirek.access.scope import loading
from tirek.decisions.rules import rules_in_force
from tirek.surveys.decided.results import closed, run_results
from tirek.surveys.decided.sampling import run_sample
from tirek.surveys.services.results import ITEMS

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "surveys"
DAY, ORG = dt.date(2026, 1, 1), (0, 2_147_483_647)
pytestmark = pytest.mark.django_db


def cases(name: str):
    found = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["case"]) for case in found]


def rules(name: str):
    with loading():
        return rules_in_force(f"surveys.{name}", DAY, *ORG)


@pytest.mark.parametrize("case", cases("results"))
def test_results(case):
    schools = case["schools"]
    frame = pl.DataFrame(
        [(n, s["code"], s["district"], s["register"], s["register"]) for n, s in enumerate(schools)],
        schema={"org_no": pl.Int64, "school": pl.String, "district": pl.String, "frame": pl.Int64, "invited": pl.Int64},
        orient="row",
    )
    rows = [(n, 1, str(value)) for n, s in enumerate(schools) for value in s["answers"]]
    answers = pl.DataFrame(rows, schema={"org_no": pl.Int64, "version": pl.Int64, "q": pl.String}, orient="row")
    items = pl.DataFrame([("q", "integer", "[]", "[1]", "s", False, 1.0, 5.0)], schema=ITEMS, orient="row")
    found = run_results({"frame": frame, "items": items, "responses": closed(answers)}, {"org_lo": 0}, rules("results"))
    by_school = found.outcomes.filter(pl.col("subject_kind") == "school")
    assert dict(by_school.select("subject", "reason").iter_rows()) == case["expect"]["reasons"]
    means = dict(found.tables["scales"].select("group", "mean").iter_rows())
    for group, mean in case["expect"]["scales"].items():
        assert means[group] == pytest.approx(mean, abs=1e-4)
    hidden = {school for school, reason in case["expect"]["reasons"].items() if reason != "published"}
    assert not hidden & set(means)


@pytest.mark.parametrize("case", cases("sample"))
def test_sample(case):
    codes = list(case["units"])
    units = [(n, unit, size) for n, code in enumerate(codes) for unit, size in case["units"][code].items()]
    inputs = {
        "frame": pl.DataFrame(units, schema={"org_no": pl.Int64, "unit": pl.String, "size": pl.Int64}, orient="row"),
        "schools": pl.DataFrame(list(enumerate(codes)), schema={"org_no": pl.Int64, "school": pl.String}, orient="row"),
    }
    found = run_sample(inputs, case["parameters"], rules("sample"))
    rows = {row["subject"]: row for row in found.outcomes.iter_rows(named=True)}
    assert {code: rows[code]["reason"] for code in codes} == case["expect"]["reasons"]
    assert {code: rows[code]["numbers"]["invited"] for code in codes} == case["expect"]["invited"]
