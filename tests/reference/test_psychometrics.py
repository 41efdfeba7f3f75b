"""Our calibrations against stored results of R mirt 1.47 and TAM 4.4-2 on data nobody here wrote.

Tolerances: log-likelihood 1e-3, parameters 2e-3, errors 1 %, EAP 1e-3, WLE 2e-3. mirt renormalises the prior on the grid, as
we do; TAM does not, so its log-likelihood differs a little where the grid cuts off a tail.
"""

import csv
import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.estimation.em import maximise
from tirek_engines.psychometrics.estimation.starts import starting_point

SHARED = Path(__file__).parents[3] / "shared"
DATA = Path(os.environ.get("TIREK_REFERENCE_DATA", SHARED / "data")) / "assessment"
REFERENCE = Path(os.environ.get("TIREK_REFERENCE_RESULTS", DATA.parents[1] / "reference")) / "psychometrics"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not (DATA / "lsat7.csv").exists(), reason="not run: no reference data"),
]


def rows(path):
    if not path.exists():
        pytest.skip("not run: no reference data")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def answers(name, prefix="", group=None):
    table = rows(DATA / f"{name}.csv")
    items = [c for c in table[0] if c.startswith(prefix)]
    x = np.array([[float(r[c]) if r[c] not in ("", "NA") else np.nan for c in items] for r in table])
    groups = [r[group] for r in table] if group else None
    return Answers.from_matrix(x, items, groups=groups)


def reference(name):
    return json.loads((REFERENCE / f"{name}.json").read_text())


def mirt_items(name):
    """{(item, parameter): (estimate, error)}; NaN where mirt holds the parameter fixed."""

    def number(text):
        return float("nan") if text == "NA" else float(text)

    return {(r["item"], r["par"]): (number(r["est"]), number(r["se"])) for r in rows(REFERENCE / f"{name}_items.csv")}


def column(name, key):
    return np.array([float(r[key]) if r[key] != "NA" else np.nan for r in rows(REFERENCE / f"{name}_persons.csv")])


CASES = [
    ("lsat7", "", "rasch", "lsat7_rasch_mirt"),
    ("fims_aus_jpn_scored", "M", "rasch", "fims_rasch_mirt"),
    ("lsat7", "", "2pl", "lsat7_2pl_mirt"),
    ("science", "", "pcm", "science_pcm_mirt"),
    ("science", "", "gpcm", "science_gpcm_mirt"),
    ("science", "", "graded", "science_graded_mirt"),
]


@pytest.mark.parametrize(("data", "prefix", "model", "name"), CASES)
def test_items_and_likelihood_are_those_of_mirt(data, prefix, model, name):
    found = calibrate(answers(data, prefix), Options(model=model, nodes=61))
    assert found.fit.converged
    assert found.fit.loglik == pytest.approx(reference(name)["logLik"], abs=1e-3)
    assert found.fit.loglik >= reference(name)["logLik"] - 1e-6
    known = mirt_items(name)
    for item in found.items:
        if model in ("2pl", "gpcm", "graded"):
            a, se = known[item.item, "a1"]
            assert item.a == pytest.approx(a, abs=2e-3)
            assert item.se_a == pytest.approx(se, rel=0.01)
        for k, (value, error) in enumerate(zip(item.d, item.se_d, strict=True), start=1):
            d, se = known.get((item.item, f"d{k}"), known.get((item.item, "d")))
            assert value == pytest.approx(d, abs=2e-3)
            assert error == pytest.approx(se, rel=0.01)
    if model in ("rasch", "pcm"):
        assert found.groups[0].variance == pytest.approx(reference(name)["variance"], abs=2e-3)


def test_the_error_of_the_variance_is_that_of_mirt():
    found = calibrate(answers("fims_aus_jpn_scored", "M"), Options(nodes=61))
    assert found.groups[0].se_variance == pytest.approx(reference("fims_rasch_mirt")["variance_se"], rel=0.01)


@pytest.mark.parametrize(
    ("data", "prefix", "model", "name"),
    [
        ("lsat7", "", "rasch", "lsat7_rasch_tam"),
        ("fims_aus_jpn_scored", "M", "rasch", "fims_rasch_tam"),
        ("lsat7", "", "2pl", "lsat7_2pl_tam"),
        ("science", "", "pcm", "science_pcm_tam"),
        ("science", "", "gpcm", "science_gpcm_tam"),
    ],
)
def test_persons_are_those_of_tam(data, prefix, model, name):
    found = calibrate(answers(data, prefix), Options(model=model))
    persons = found.persons
    np.testing.assert_allclose(persons.eap, column(name, "EAP"), atol=1e-3)
    np.testing.assert_allclose(persons.eap_se, column(name, "SD_EAP"), atol=1e-3)
    wle = column(name, "WLE")
    sound = np.abs(wle) <= 5
    np.testing.assert_allclose(persons.wle[sound], wle[sound], atol=2e-3)
    np.testing.assert_allclose(persons.wle_se[sound], column(name, "SE_WLE")[sound], rtol=0.01)
    expected = reference(name)
    assert found.fit.reliability_eap == pytest.approx(expected["EAP_rel"], abs=1e-3)
    assert found.fit.reliability_wle == pytest.approx(expected["WLE_rel"], abs=1e-3)


def test_two_groups_are_those_of_tam():
    found = calibrate(answers("fims_aus_jpn_scored", "M", "country"), Options(nodes=81, half_range=9))
    expected = reference("fims_rasch_mg_tam")
    assert found.fit.loglik == pytest.approx(expected["logLik"], abs=2e-2)
    assert [g.variance for g in found.groups] == pytest.approx(expected["variance"], abs=2e-3)
    assert found.groups[1].mean == pytest.approx(expected["beta"][1]["V1"], abs=2e-3)
    table = {r["item"]: float(r["xsi.item"]) for r in rows(REFERENCE / "fims_rasch_mg_tam_items.csv")}
    assert {i.item: i.b for i in found.items} == pytest.approx(table, abs=2e-3)


def test_timss_russia_runs_as_it_comes():
    found = calibrate(answers("timss07_g8_rus_scored", "M"), Options())
    assert len(found.items) == 214
    assert [d.item for d in found.dropped] == ["M042273"]
    assert sum(len(i.d) == 2 for i in found.items) == 22
    assert found.fit.converged
    assert found.fit.loglik_shortfall < 1e-3


@pytest.mark.parametrize("kind", ["oakes", "louis", "crossprod", "sandwich"])
@pytest.mark.parametrize("model", ["rasch", "2pl"])
def test_every_kind_of_error_is_that_of_mirt(model, kind):
    """Louis and Oakes are one number; mirt gives no Louis errors for Rasch, and its Louis sandwich there is not valid."""
    named = "Oakes" if kind in ("oakes", "louis") else kind
    table = rows(REFERENCE / f"lsat7_{model}_mirt_se_types.csv")
    known = {(r["item"], r["par"]): float(r["se"]) for r in table if r["se_type"] == named}
    found = calibrate(answers("lsat7"), Options(model=model, se=kind, nodes=61))
    for item in found.items:
        assert item.se_d[0] == pytest.approx(known[item.item, "d"], rel=0.01)
        if model == "2pl":
            assert item.se_a == pytest.approx(known[item.item, "a1"], rel=0.01)
    if model == "rasch":
        assert found.groups[0].se_variance == pytest.approx(known["GROUP", "COV_11"], rel=0.01)


def test_graded_persons_are_those_of_mirt():
    found = calibrate(answers("science"), Options(model="graded", nodes=61))
    name = "science_graded_mirt"
    np.testing.assert_allclose(found.persons.eap, column(name, "EAP"), atol=1e-3)
    np.testing.assert_allclose(found.persons.eap_se, column(name, "SE_EAP"), atol=1e-3)
    np.testing.assert_allclose(found.persons.wle, column(name, "WLE"), atol=2e-3)


def test_both_kernels_agree_on_real_answers():
    for data, model in (("lsat7", "2pl"), ("science", "gpcm"), ("timss11_aus_twn_scored", "pcm")):
        prefix, group = ("M", "IDCNTRY") if data.startswith("timss") else ("", None)
        one, other = (
            calibrate(answers(data, prefix, group), Options(model=model, force_tables=tables))
            for tables in (False, True)
        )
        assert other.fit.loglik == pytest.approx(one.fit.loglik, abs=1e-6)
        np.testing.assert_allclose([i.d[0] for i in other.items], [i.d[0] for i in one.items], atol=1e-4)
        np.testing.assert_allclose(other.persons.eap, one.persons.eap, atol=1e-5)
        np.testing.assert_allclose(other.persons.wle, one.persons.wle, atol=1e-4)


def test_sat12_with_guessing_comes_to_one_mode_from_every_start():
    found = calibrate(answers("sat12_scored"), Options(model="3pl", nodes=61, starts=3))
    assert found.fit.converged
    assert max(found.fit.starts) - min(found.fit.starts) < 1e-3
    assert found.warnings == ()
    for number in (1, 2):
        likelihood = found.likelihood
        alone = maximise(
            likelihood,
            starting_point(likelihood, number=number),
            tolerance=1e-6,
            gradient_tolerance=1e-4,
            max_iterations=1000,
        )
        assert alone.converged
        assert alone.evaluation.objective == pytest.approx(found.fit.log_posterior, abs=1e-6)
        np.testing.assert_allclose(alone.parameters.guessing, found.parameters.guessing, atol=1e-3)


@cache
def weighted(name, weight, prefix, group=None):
    table = rows(DATA / f"{name}.csv")
    items = [c for c in table[0] if c.startswith(prefix)]
    x = np.array([[float(r[c]) if r[c] not in ("", "NA") else np.nan for c in items] for r in table])
    weights = np.array([float(r[weight]) for r in table])
    return Answers.from_matrix(x, items, weights=weights, groups=[r[group] for r in table] if group else None)


@pytest.mark.parametrize(
    ("data", "weight", "prefix", "model", "loglik"),
    [
        ("timss11_g4_aut", "TOTWGT", "M0", "2pl", -62542.65646),
        ("mg_weighted_poly", "weight", "I", "gpcm", -292813.66459),
    ],
)
def test_weighted_surveys_have_the_likelihood_that_mirt_and_tam_agree_on(data, weight, prefix, model, loglik):
    """The log-likelihoods stand in the README of the reference results."""
    found = calibrate(weighted(data, weight, prefix), Options(model=model, se="none"))
    assert found.fit.converged
    assert found.fit.loglik == pytest.approx(loglik, abs=1e-3)


def test_guessing_of_dependent_items_ends_with_a_warning_not_without_end():
    """PIRLS 2011 has items in parts; under 3PL some of their slopes have no finite maximum."""
    raw = answers("pirls11_missing9", "R")
    codes = np.where(raw.codes == 9, 0, raw.codes)
    found = calibrate(Answers(codes, raw.items), Options(model="3pl", se="none", starts=1))
    assert found.fit.converged
    assert any("steepest" in w for w in found.warnings)


def test_a_wide_grid_has_the_likelihood_that_mirt_and_tam_agree_on():
    """README: TIMSS 2011 Australia and Taiwan together, PCM, 161 nodes on +-12."""
    found = calibrate(answers("timss11_aus_twn_scored", "M"), Options(model="pcm", se="none", nodes=161, half_range=12))
    assert found.fit.loglik == pytest.approx(-10807.63834, abs=1e-3)
