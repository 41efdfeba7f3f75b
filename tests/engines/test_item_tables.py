"""Models by item and fixed items, as `tirek calibrate --items ITEMS.csv` takes them."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


@pytest.fixture
def answers(tmp_path):
    """Two groups of 300; six items of two categories, one of three."""
    rng = np.random.default_rng(3)
    group = np.repeat(["a", "b"], 300)
    theta = rng.standard_normal(600) + np.where(group == "b", 0.7, 0.0)
    b = np.linspace(-1.2, 1.2, 6)
    columns = {f"M{j}": (rng.random(600) < 1 / (1 + np.exp(-1.3 * (theta - b[j])))).astype(int) for j in range(6)}
    columns["P"] = (theta + rng.logistic(size=600) > 0).astype(int) + (theta + rng.logistic(size=600) > 1).astype(int)
    path = tmp_path / "answers.csv"
    pl.DataFrame({"group": group, **columns}).write_csv(path)
    return path


def table(tmp_path, text):
    path = tmp_path / "items.csv"
    path.write_text(text, encoding="utf-8")
    return path


def calibrate(answers, tmp_path, items, *more, model="2pl"):
    arguments = ["calibrate", answers, "--model", model, "--items", items, "--out", tmp_path / "out", *more]
    return CliRunner().invoke(main, [str(a) for a in arguments])


def rows(tmp_path, name):
    with (tmp_path / "out" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_item_takes_its_own_model(answers, tmp_path):
    items = table(tmp_path, "item,model\nM0,rasch\nM1,2pl\nM2,3pl\nM3,\nP,graded\n")
    result = calibrate(answers, tmp_path, items)
    assert result.exit_code == 0, result.output
    found = {r["item"]: r for r in rows(tmp_path, "items.csv")}
    assert [found[i]["model"] for i in ("M0", "M1", "M2", "M3", "P")] == ["rasch", "2pl", "3pl", "2pl", "graded"]
    assert (found["M0"]["a"], found["M0"]["se_a"]) == ("1.0", "")
    assert 0 < float(found["M2"]["c"]) < 0.5
    assert float(found["M2"]["se_c"]) > 0
    assert found["M1"]["c"] == "0.0"
    assert float(found["P"]["d1"]) > float(found["P"]["d2"])
    fit = json.loads((tmp_path / "out/fit.json").read_text())
    assert fit["log_posterior"] != fit["loglik"]
    assert len(fit["starts"]) == 3
    verified = CliRunner().invoke(main, ["verify", str(tmp_path / "out")])
    assert verified.exit_code == 0, verified.output


def test_fixed_items_keep_their_parameters_and_free_the_groups(answers, tmp_path):
    text = (
        "item,model,fixed,a,b,d1,d2\nM0,2pl,yes,1.3,-1.2,,\nM1,2pl,,,,,\nM2,2pl,,,,,\nM3,2pl,,,,,\nP,gpcm,yes,1,,0,-1\n"
    )
    result = calibrate(answers, tmp_path, table(tmp_path, text), "--group", "group")
    assert result.exit_code == 0, result.output
    found = {r["item"]: r for r in rows(tmp_path, "items.csv")}
    assert float(found["M0"]["a"]) == 1.3
    assert float(found["M0"]["b"]) == pytest.approx(-1.2, abs=1e-12)
    assert (found["M0"]["fixed"], found["M0"]["se_b"], found["M1"]["fixed"]) == ("yes", "", "")
    groups = rows(tmp_path, "groups.csv")
    assert all(float(g["se_mean"]) > 0 and float(g["se_variance"]) > 0 for g in groups)
    explained = CliRunner().invoke(main, ["explain", str(tmp_path / "out"), "M0"])
    assert "given as fixed" in explained.output


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("item,model\nM0,4pl\n", "model", "no such model"),
        ("item,model,fixed\nM0,2pl,maybe\n", "fixed", "neither yes nor no"),
        ("item,model,fixed,a\nM0,2pl,yes,1\n", "b", "needs b"),
        ("item,model,fixed,b\nM0,2pl,yes,1\n", "a", "needs a slope"),
        ("item,model,fixed,a,b\nM0,rasch,yes,2,0\n", "a", "slope is 1"),
        ("item,model,fixed,a,d1,d2\nP,graded,yes,1,0,1\n", "d1", "must fall"),
        ("item,model,fixed,a,b,c\nM0,3pl,yes,1,0,1.2\n", "c", "probability below 1"),
        ("item,model,fixed,a,d1\nM0,2pl,yes,one,0\n", "a", "no number"),
        ("item,fixed,a,b\nM0,yes,1,0\n", "model", "needs its model"),
        ("item,model,fixed,a,d1,values\nM0,2pl,yes,1,0,0|1|2\n", "values", "2 scores"),
    ],
)
def test_what_cannot_be_is_a_fault_with_its_place(answers, tmp_path, text, column, what):
    result = calibrate(answers, tmp_path, table(tmp_path, text))
    assert result.exit_code == 2, result.output
    fault = rows(tmp_path, "faults.csv")[0]
    assert (fault["row"], fault["column"]) == ("2", column)
    assert what in fault["what"]


def test_a_score_that_a_fixed_item_does_not_have_is_refused(answers, tmp_path):
    items = table(tmp_path, "item,model,fixed,a,b\nP,2pl,yes,1,0\nM0,2pl,,,\nM1,2pl,,,\n")
    result = calibrate(answers, tmp_path, items)
    assert result.exit_code == 2
    assert "has the score 2" in result.stderr


def test_the_guessing_prior_is_read_and_refused_when_it_is_none(answers, tmp_path):
    items = table(tmp_path, "item\nM0\nM1\nM2\n")
    assert calibrate(answers, tmp_path, items, "--guessing-prior", "-1,0", model="3pl").exit_code == 2
    assert calibrate(answers, tmp_path, items, "--guessing-prior", "x", model="3pl").exit_code == 2
    result = calibrate(answers, tmp_path, items, "--guessing-prior", "-1.1,0.3", "--starts", "1", model="3pl")
    assert result.exit_code == 0, result.output
    fit = json.loads((tmp_path / "out/fit.json").read_text())
    assert (fit["guessing_prior"], len(fit["starts"])) == ([-1.1, 0.3], 1)


@pytest.mark.parametrize("kind", ["louis", "sandwich", "crossprod"])
def test_other_errors_are_close_to_the_usual_ones(answers, tmp_path, kind):
    items = table(tmp_path, "item\nM0\nM1\nM2\nM3\nM4\nM5\n")
    assert calibrate(answers, tmp_path, items, "--se", kind).exit_code == 0
    others = [float(r["se_b"]) for r in rows(tmp_path, "items.csv")]
    assert calibrate(answers, tmp_path, items).exit_code == 0
    usual = [float(r["se_b"]) for r in rows(tmp_path, "items.csv")]
    np.testing.assert_allclose(others, usual, rtol=1e-5 if kind == "louis" else 0.25)
