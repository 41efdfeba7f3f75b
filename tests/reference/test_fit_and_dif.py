"""Item fit and DIF against stored results of R mirt 1.47, TAM 4.4-2 and base R on data nobody here wrote."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tirek_engines.psychometrics import Answers, Groups, Options, calibrate
from tirek_engines.psychometrics.dif.likelihood_ratio import likelihood_ratio
from tirek_engines.psychometrics.dif.mantel_haenszel import mantel_haenszel
from tirek_engines.psychometrics.fit.itemfit import item_fit
from tirek_engines.psychometrics.fit.personfit import person_fit
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.scoring import known_likelihood

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


def answers(name, prefix="", group=None):
    table = rows(DATA / f"{name}.csv")
    items = [c for c in table[0] if c.startswith(prefix)]
    x = np.array([[float(r[c]) if r[c] not in ("", "NA") else np.nan for c in items] for r in table])
    return Answers.from_matrix(x, items, groups=[r[group] for r in table] if group else None)


def fitted(found, model, nodes=61):
    done = calibrate(found, Options(model=model, nodes=nodes, se="none"))
    groups = Groups(("all",), np.array([0.0]), np.array([done.groups[0].variance]))
    return known_likelihood(done.as_items(), groups, found, Grid(nodes))


def column(name, key):
    return np.array([float(r[key]) for r in rows(REFERENCE / f"{name}.csv")])


def test_mean_squares_over_posteriors_are_those_of_tam_msq_itemfit():
    found = item_fit(*fitted(answers("lsat7"), "rasch", 41)).residuals
    for ours, theirs in (("infit", "Infit"), ("outfit", "Outfit")):
        assert np.abs(getattr(found, ours) - column("lsat7_rasch_tam_msq", theirs)).max() < 1e-4
        assert np.abs(getattr(found, f"{ours}_t") - column("lsat7_rasch_tam_msq", f"{theirs}_t")).max() < 1e-3


def test_mean_squares_by_random_draws_of_tam_fit_lie_around_ours():
    found = item_fit(*fitted(answers("fims_aus_jpn_scored", "M1"), "rasch")).residuals
    assert np.abs(found.infit - column("fims_rasch_tam_itemfit", "Infit")).max() < 0.02
    assert np.abs(found.outfit - column("fims_rasch_tam_itemfit", "Outfit")).max() < 0.03


def test_s_x2_and_residuals_at_eap_are_those_of_mirt():
    found = item_fit(*fitted(answers("lsat7"), "2pl"), "eap")
    name = "lsat7_2pl_mirt_itemfit"
    for ours, theirs in (("infit", "infit"), ("outfit", "outfit")):
        assert np.abs(getattr(found.residuals, ours) - column(name, theirs)).max() < 1e-4
        assert np.abs(getattr(found.residuals, f"{ours}_t") - column(name, f"z.{theirs}")).max() < 1e-3
    for ours, theirs in (("sx2", "S_X2"), ("p", "p.S_X2"), ("rmsea", "RMSEA.S_X2")):
        assert np.abs(getattr(found.by_score, ours) - column(name, theirs)).max() < 1e-3
    assert (found.by_score.df == column(name, "df.S_X2")).all()


def test_mantel_haenszel_is_that_of_base_r():
    found = mantel_haenszel(answers("fims_aus_jpn_scored", "M1", "country"), 0, 1)
    name = "fims_dif_mantel_haenszel_baseR"
    assert np.abs(found.x2 - column(name, "chisq")).max() < 1e-6
    assert np.abs(found.effect - column(name, "deltaMH")).max() < 1e-9
    assert np.allclose(found.p, column(name, "p"), rtol=1e-6)
    assert np.abs(found.more["alpha"] - column(name, "alphaMH")).max() < 1e-9


def test_likelihood_ratio_and_mantel_haenszel_agree_on_real_answers():
    data = answers("fims_aus_jpn_scored", "M1", "country")
    by_table = mantel_haenszel(data, 0, 1)
    by_curve = likelihood_ratio(data, 0, Options(model="rasch", se="none", nodes=61)).table
    assert by_curve.converged
    assert np.corrcoef(by_table.effect, by_curve.effect)[0, 1] > 0.93


def test_dependent_tasks_of_one_stem_are_found_in_timss():
    data = answers("timss07_g8_rus_scored", "M")
    found = item_fit(*fitted(data, "rasch", 41))
    names = [{found.items[i][:7] for i in pair} for pair in found.dependence.pairs()[:10]]
    assert all(len(stems) == 1 for stems in names)
    assert found.by_score.n_booklets == 14


def test_person_fit_of_real_answers_is_near_normal():
    found = person_fit(*fitted(answers("sat12_scored"), "2pl"))
    assert 0 < found.flag.mean() < 0.08
    assert abs(np.nanmean(found.lz_star)) < 0.3
