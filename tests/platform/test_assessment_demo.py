"""The demonstration's monitoring: the estimated gap between town and village is held against the one that is there."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tirek.access.scope import loading
from tirek.assessment import models
from tirek.assessment.decided import linking
from tirek.assessment.decided import tests as decided
from tirek.decisions.rules import rules_in_force
from tirek.site.demo import monitoring, truth
from tirek.site.demo.load import load
from tirek.site.demo.plan import make_plan

YEAR = 2025
ORG = (0, 2_147_483_647)


@pytest.mark.django_db
@pytest.mark.parametrize("grade", truth.GRADES_TESTED)
def test_the_estimated_gap_holds_the_true_one(grade):
    """At Mangystau's full size, through the very functions that the platform records and publishes."""
    plan = make_plan("mangystau", 1, YEAR)
    schools, school = truth.schools_of(plan), truth.pupils_of(plan, grade)
    made, true = truth.entrance_monitoring(seed=plan.seed, grade=grade, schools=schools, school=school)
    subjects = [f"{i:06}" for i in range(len(school))]
    answers = made.answers.copy()
    for booklet in range(len(truth.BOOKLETS)):
        outside = ~np.isin(made.blocks, truth.BOOKLETS[booklet])
        answers[np.ix_(made.booklet == booklet, outside)] = 255
    with loading():
        sets = {
            n: rules_in_force(f"assessment.{n}", dt.date(2025, 10, 1), *ORG)
            for n in ("calibration", "publication", "scale")
        }
    inputs = {
        "answers": pl.DataFrame({"subject": subjects} | {c: answers[:, j] for j, c in enumerate(made.items)}),
        "items": pl.DataFrame({"item": list(made.items), "max_score": [1] * len(made.items)}),
        "places": pl.DataFrame({
            "subject": subjects,
            "school": [f"{n:09}" for n in schools.org_no[school]],
            "org_no": schools.org_no[school],
            "district": [str(d) for d in schools.district[school]],
            "settlement": np.where(schools.is_rural[school], "rural", "urban"),
            "language": ["kk"] * len(school),
        }),
        "calibration_rules": {k: str(v) if k == "on" else v for k, v in sets["calibration"].sealable().items()},
        "scale_rules": {k: str(v) if k == "on" else v for k, v in sets["scale"].sealable().items()},
    }  # fmt: skip
    calibration = decided.run_calibration(inputs, {"org_lo": 0, "test": "T"}, sets["calibration"])
    assert calibration.outcomes.filter(pl.col("subject_kind") == "test")["reason"].item() == "good"
    result = decided.run_results(inputs, {"org_lo": 0, "org_hi": ORG[1], "seed": 1}, sets["publication"])
    gap = result.outcomes.filter((pl.col("subject_kind") == "gap") & (pl.col("subject") == "settlement"))[
        "numbers"
    ].item()
    per_logit = 100 / result.summary["scale"]["unit"]
    assert gap["low"] < true.realised_gap_logits * per_logit < gap["high"]
    assert gap["low"] < true.urban_rural_gap_logits * per_logit < gap["high"]
    assert gap["low"] > 0, "so large a region tells the gap from chance"
    items = calibration.outcomes.filter(pl.col("subject_kind") == "item")
    found = {row["subject"]: row["numbers"]["difficulty"] for row in items.iter_rows(named=True)}
    difference = np.array([found[name] for name in made.items]) - made.difficulties
    assert np.std(difference) < 0.1, "difficulties come back but for the origin"


def test_the_tiny_demonstration_is_loaded_once(committed_db, tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    plan = load(scale="tiny", seed=1, year=YEAR).plan
    first = monitoring.load_monitoring(plan)
    assert (len(first["tests"]), first["earlier"]) == (3, 2)
    again = monitoring.load_monitoring(plan)
    assert (again["sheets"], again["earlier"]) == (0, 0)
    with loading():
        assert models.AnswerSheet.objects.count() == first["sheets"]
        assert monitoring.is_loaded(plan)
        assert models.Release.objects.count() == 2, "a hundred pupils are too few to calibrate"
        years = models.GroupResult.objects.filter(dimension="all", release__test__grade=4).order_by(
            "release__test__code"
        )
        assert [round(row.mean) for row in years] == [500] * 2, "each year is on its own scale"
        assert not models.GroupResult.objects.exclude(suppressed="").filter(mean__isnull=False).exists()


@pytest.mark.django_db
def test_the_estimated_growth_holds_the_true_one_and_the_drifting_anchor_is_found():
    """Two years of the demonstration at full size through the functions that the platform records."""
    plan = make_plan("mangystau", 1, YEAR)
    schools, school = truth.schools_of(plan), truth.pupils_of(plan, 4)
    now, _true = truth.entrance_monitoring(seed=plan.seed, grade=4, schools=schools, school=school)
    before = truth.last_year(seed=plan.seed, this_year=now, schools=schools, school=truth.pupils_of(plan, 5))
    found = {name: _calibrated(made) for name, made in (("base", before), ("new", now))}
    inputs = {f"{side}_{name}": found[side].tables[sealed] for side in found
              for name, sealed in (("items", "parameters"), ("steps", "steps"))}  # fmt: skip
    anchors = truth.anchors_of(now)
    assert len(set(anchors)) == truth.ANCHORS
    inputs["pairs"] = pl.DataFrame({"base": anchors, "new": anchors})
    with loading():
        rules = rules_in_force("assessment.link", dt.date(2025, 10, 1), *ORG)
    parameters = {"test": "T", "org_lo": 0, "removed": {}, "mean": 0.0, "shortest": 42}
    first = linking.run_link(inputs, parameters, rules)
    flagged = first.tables["drift"].filter(pl.col("flagged"))["item"].to_list()
    assert flagged == [truth.drifting_anchor(now)]
    second = linking.run_link(inputs, parameters | {"removed": {flagged[0]: "drifted"}}, rules)
    assert second.summary["error"] < first.summary["error"]
    growth = now.abilities.mean() - before.abilities.mean()
    assert abs(second.summary["intercept"] - growth) < 3 * second.summary["error"] + 0.02
    assert abs(first.summary["intercept"] - growth) > abs(second.summary["intercept"] - growth)


def _calibrated(made: truth.Monitoring):
    answers = made.answers.copy()
    for booklet in range(len(truth.BOOKLETS)):
        answers[np.ix_(made.booklet == booklet, ~np.isin(made.blocks, truth.BOOKLETS[booklet]))] = 255
    frame = pl.DataFrame({"subject": [f"{i:06}" for i in range(len(answers))]}
                         | {c: answers[:, j] for j, c in enumerate(made.items)})  # fmt: skip
    items = pl.DataFrame({"item": list(made.items), "max_score": [1] * len(made.items)})
    with loading():
        rules = rules_in_force("assessment.calibration", dt.date(2025, 10, 1), *ORG)
    return decided.run_calibration({"answers": frame, "items": items}, {"org_lo": 0, "test": "T"}, rules)
