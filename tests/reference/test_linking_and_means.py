"""Published results from data nobody here wrote: TIMSS 2011 Austria, KESS, PISA's anchors."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tirek.site.cli import main
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import match_items
from tirek_engines.psychometrics.linking.linkerror import differences, link_error
from tirek_engines.psychometrics.linking.methods import METHODS, LinkOptions, constants, haberman

SHARED = Path(__file__).parents[3] / "shared"
DATA = Path(os.environ.get("TIREK_REFERENCE_DATA", SHARED / "data")) / "assessment"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not (DATA / "timss11_g4_aut.csv").exists(), reason="not run: no reference data"),
]


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tirek(*arguments):
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result


def items(names, slopes, where, model="2pl"):
    a, b, n = np.array(slopes, dtype=float), np.array(where, dtype=float), len(names)
    d, steps, zero = (-a * b)[:, None], np.ones(n, np.int64), np.zeros(n)
    return Items(tuple(names), (model,) * n, a, d, zero, steps, ((0, 1),) * n, np.zeros(n, np.int64))


def test_austria_in_timss_2011(tmp_path):
    """Published: 508 (2.6); 95, 70, 26 and 2 % at the four benchmarks (Mullis et al. 2012, exhibits 1.1 and 2.2)."""
    arguments = ("--by", "female", "--weight", "TOTWGT", "--values", "ASMMAT0*", "--benchmarks", "400,475,550,625")
    zones = ("--jk-zone", "JKCZONE", "--jk-rep", "JKCREP")
    tirek("means", DATA / "timss11_g4_aut.csv", *arguments, *zones, "--out", tmp_path / "o")
    all_, boys, girls = rows(tmp_path / "o/means.csv")
    assert float(all_["mean"]) == pytest.approx(508.311, abs=5e-4)
    assert float(all_["se"]) == pytest.approx(2.650, abs=5e-4)
    assert [round(100 * float(all_[f"above_{b}"])) for b in (400, 475, 550, 625)] == [95, 70, 26, 2]
    gap = rows(tmp_path / "o/differences.csv")[0]
    assert float(gap["difference"]) == pytest.approx(float(girls["mean"]) - float(boys["mean"]))


def test_pisa_anchors_have_testlets():
    table = rows(DATA / "pisa_item_pars_linking.csv")
    names = [r["item"] for r in table]
    base, new = (items(names, np.ones(25), [r[s] for r in table], "rasch") for s in ("study1", "study2"))
    options = LinkOptions("mean-mean")
    alone, together = (match_items(base, new, units=u) for u in (None, {r["item"]: r["testlet"] for r in table}))
    found = constants(alone, options)
    assert found.intercept == pytest.approx(np.mean([float(r["study1"]) - float(r["study2"]) for r in table]))
    spread = differences(alone, found).std(ddof=1)
    errors = [link_error(a, found, options).error for a in (alone, together)]
    assert errors[0] == pytest.approx(spread / 5)
    assert errors[1] > errors[0]  # items of one text move together


def test_three_studies_of_haberman():
    table = rows(DATA / "pars1_2pl_linking.csv")
    studies = [[r for r in table if r["study"] == s] for s in ("study1", "study2", "study3")]
    tests = [items(*([r[k] for r in s] for k in ("item", "a", "b"))) for s in studies]
    found = haberman(tests)
    assert found.slopes[0] == 1
    assert found.intercepts[0] == pytest.approx(0)
    np.testing.assert_allclose(found.slopes, 1, atol=0.1)
    for k in range(1, 3):  # normal equations: the residuals of each test sum to zero
        assert np.nansum(found.location_residuals[k]) == pytest.approx(0, abs=1e-9)
        assert np.nansum(found.slope_residuals[k]) == pytest.approx(0, abs=1e-9)


def test_kess_grades_are_linked_alike_by_every_method(tmp_path):
    for grade in (7, 8):
        path = DATA / f"kess_math_grade{grade}.csv"
        tirek("calibrate", path, "--model", "2pl", "--items", "K*", "--no-persons", "--out", tmp_path / f"g{grade}")
    growth = []
    for method in METHODS:
        out = tmp_path / method
        tirek("link", tmp_path / "g7", tmp_path / "g8", "--method", method, "--out", out)
        groups = {r["test"]: r for r in rows(out / "groups_linked.csv")}
        growth.append(float(groups["g8"]["mean"]))
    assert max(growth) - min(growth) < 0.03
    assert np.mean(growth) == pytest.approx(0.52, abs=0.02)
