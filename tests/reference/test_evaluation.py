"""Impact, value added and gaps against published results of other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tirek.site.cli import main

SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA, REFERENCE = SHARED / "data" / "impact", SHARED / "reference" / "impact"
pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not DATA.is_dir(), reason="not run: no reference data"),
]


def run(out: Path, *arguments: object) -> Path:
    result = CliRunner().invoke(main, [*map(str, arguments), "--out", str(out), "--quiet"])
    assert result.exit_code == 0, result.output
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_high_school_and_beyond_without_terms(tmp_path):
    """Raudenbush & Bryk (2002), table 4.2, and lme4."""
    out = run(tmp_path / "o", "value-added", DATA / "hsb_mathachieve.csv", "--outcome", "MathAch", "--school", "School")
    variance = {r["level"]: float(r["variance"]) for r in table(out / "variance.csv")}
    assert float(table(out / "fixed.csv")[0]["estimate"]) == pytest.approx(12.637, abs=5e-4)
    assert variance["school"] == pytest.approx(8.614, abs=5e-4)
    assert variance["residual"] == pytest.approx(39.148, abs=5e-4)
    assert json.loads((out / "fit.json").read_text())["deviance"] == pytest.approx(47116.79, abs=0.01)


@pytest.mark.parametrize(("adjusted", "name"), [([], "nocov"), (["--x", "lpop"], "lpop")])
def test_minimum_wages_and_employment(tmp_path, adjusted, name):
    """Callaway & Sant'Anna (2021): their data, every cell and summary of another program with analytic errors."""
    out = run(
        tmp_path / "o", "impact", DATA / "mpdta.csv", "--unit", "countyreal", "--treated", "treat", "--first-treated",
        "first.treat", "--wave", "year", "--outcome", "lemp", "--draws", 199, *adjusted,
    )  # fmt: skip
    reference = json.loads((REFERENCE / "mpdta_moderndid_analytic.json").read_text())
    cells = table(out / "groups.csv")
    assert len(cells) == len(reference[f"att_gt_dr_{name}"])
    for ours, theirs in zip(cells, reference[f"att_gt_dr_{name}"], strict=True):
        assert float(ours["estimate"]) == pytest.approx(theirs["att"], abs=1e-9)
        assert float(ours["se"]) == pytest.approx(theirs["se"], rel=1e-8)
    effects = {r["estimand"]: r for r in table(out / "effects.csv")}
    for what in ("simple", "dynamic", "group", "calendar"):
        theirs = reference[f"aggte_{what}_{name}"]
        assert float(effects[f"att_{what}"]["estimate"]) == pytest.approx(theirs["overall"], abs=1e-9)
        assert float(effects[f"att_{what}"]["se_cr1"]) == pytest.approx(theirs["se"], rel=1e-8)


def test_the_published_test_of_trends(tmp_path):
    out = run(
        tmp_path / "o", "impact", DATA / "mpdta.csv", "--unit", "countyreal", "--treated", "treat", "--first-treated",
        "first.treat", "--wave", "year", "--outcome", "lemp", "--draws", 199,
    )  # fmt: skip
    published = json.loads((REFERENCE / "mpdta_published.json").read_text())
    found = json.loads((out / "report.json").read_text())
    assert found["pretrend_p"] == pytest.approx(published["pretest_p_nocov"], abs=5e-6)


def test_credit_cards(tmp_path):
    """The threefold and pooled twofold of statsmodels 0.14, whose own tests hold them against Stata."""
    out = run(tmp_path / "o", "gap", DATA / "ccard.csv", "--outcome", "AVGEXP", "--group", "OWNRENT", "--x",
              "AGE,INCOME,INCOMESQ", "--draws", 49)  # fmt: skip
    parts = {r["part"]: float(r["estimate"]) for r in table(out / "gap.csv")}
    expected = {"endowments": 321.748245, "coefficients": 75.453710, "interaction": -238.451510, "gap": 158.750444,
                "unexplained": 27.940908, "explained": 130.809536}  # fmt: skip
    for name, value in expected.items():
        assert parts[name] == pytest.approx(value, abs=1e-5)
