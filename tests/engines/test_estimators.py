"""The API in scikit-learn's manner: options that are only kept, fitted attributes, frozen results with a version."""

import dataclasses
import pickle

import numpy as np
import polars as pl
import pytest

from tirek_engines import ENGINE_VERSION
from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics import (
    Answers,
    FittedScale,
    ItemResponseModel,
    NotFitted,
    Options,
    ScaleLink,
    calibrate,
)
from tirek_engines.psychometrics.likelihood.regression import Covariates

NAMES = [f"M{j}" for j in range(8)]


def answers(seed, mean=0.0, n=600):
    rng = np.random.default_rng(seed)
    theta, places = mean + rng.normal(size=n), np.linspace(-1.5, 1.5, 8)
    x = (rng.random((n, 8)) < 1 / (1 + np.exp(-(theta[:, None] - places)))).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x


@pytest.fixture(scope="module")
def rasch():
    return ItemResponseModel(se="none").fit(pl.DataFrame(answers(1), schema=NAMES))


def test_options_are_only_kept_and_given_back():
    model = ItemResponseModel("2pl", nodes=61, models={"M1": "rasch"})
    assert repr(model) == "ItemResponseModel(model='2pl', models={'M1': 'rasch'}, nodes=61)"
    again = type(model)(**model.get_params())
    assert again.get_params() == model.get_params()
    assert model.set_params(nodes=41, method="eap") is model
    assert (model.nodes, model.method) == (41, "eap")
    with pytest.raises(BrokenContract, match="node"):
        model.set_params(node=3)


def test_before_fit_nothing_is_found():
    with pytest.raises(NotFitted, match="call fit first"):
        ItemResponseModel().transform(answers(1))
    with pytest.raises(AttributeError):
        _ = ItemResponseModel().result_


@pytest.mark.parametrize("method", ["eap", "wle"])
def test_scores_are_those_of_calibrate(rasch, method):
    x = answers(1)
    whole = calibrate(Answers.from_matrix(x, NAMES), Options(se="none")).persons
    rasch.set_params(method=method)
    assert rasch.transform(x)[:, 0] == pytest.approx(getattr(whole, method), abs=1e-9)
    assert rasch.errors(x)[:, 0] == pytest.approx(getattr(whole, f"{method}_se"), abs=1e-9)
    assert rasch.get_feature_names_out().tolist() == [method]


def test_plausible_values_are_columns_and_seeded(rasch):
    model = ItemResponseModel(method="pv", m=3, seed=9, se="none")
    first = model.fit_transform(answers(1))
    assert first.shape == (600, 3)
    assert np.array_equal(first, model.transform(answers(1)))
    assert not np.array_equal(first, model.set_params(seed=10).transform(answers(1)))
    with pytest.raises(Refusal, match="no error"):
        model.errors(answers(1))


def test_score_is_the_mean_log_likelihood(rasch):
    x = answers(1)
    assert rasch.score(x) == pytest.approx(rasch.result_.loglik / 600, abs=1e-9)
    assert rasch.score(x) > rasch.score(1.0 - x)


def test_frames_of_any_order_and_with_nulls_are_read_by_name(rasch):
    x = answers(2, n=50)
    frame = pl.DataFrame(x, schema=NAMES).fill_nan(None)
    turned = frame.select(reversed(NAMES)).with_columns(pl.lit(1.0).alias("other"))
    assert rasch.transform(turned) == pytest.approx(rasch.transform(x), nan_ok=True)


def test_results_are_frozen_versioned_and_survive_text_and_pickle(rasch):
    result = rasch.result_
    assert result.version == ENGINE_VERSION
    assert rasch.calibration_.version == ENGINE_VERSION
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.loglik = 0.0
    again = FittedScale.from_json(result.to_json())
    assert again.to_json() == result.to_json()
    assert np.array_equal(again.items.intercepts, result.items.intercepts)
    with pytest.raises(Refusal, match="format 99"):
        FittedScale.from_json(result.to_json().replace('"format": 1', '"format": 99'))
    copy = pickle.loads(pickle.dumps(rasch))
    assert np.array_equal(copy.transform(answers(3)), rasch.transform(answers(3)), equal_nan=True)


def test_groups_and_covariates_must_come_again():
    x, group = np.vstack([answers(1), answers(2, 1.0)]), np.repeat(["a", "b"], 600)
    model = ItemResponseModel("2pl", method="eap", se="none").fit(x, groups=group)
    found = model.transform(x, groups=group)[:, 0]
    assert found[600:].mean() - found[:600].mean() > 0.5
    with pytest.raises(BrokenContract, match="group_names"):
        model.transform(x)
    z = np.random.default_rng(4).normal(size=(600, 2))
    with_line = ItemResponseModel(method="eap", se="none").fit(answers(1), covariates=z)
    whole = calibrate(
        Answers.from_matrix(answers(1)),
        Options(se="none"),
        covariates=Covariates(("x1", "x2"), np.ascontiguousarray(z)),
    )
    assert with_line.transform(answers(1), covariates=z)[:, 0] == pytest.approx(whole.persons.eap, abs=1e-9)
    with pytest.raises(BrokenContract, match="covariates"):
        with_line.transform(answers(1))


def test_a_link_moves_abilities_and_back(rasch):
    new = ItemResponseModel(se="none").fit(pl.DataFrame(answers(5, 0.5), schema=NAMES))
    link = ScaleLink("mean-mean", drop=("M7",)).fit(new, rasch.result_)
    assert link.anchors_ == tuple(NAMES[:7])
    assert link.slope_ == 1.0
    assert link.intercept_ == pytest.approx(0.5, abs=0.2)
    assert 0 < link.error_.trend <= link.error_.error
    theta = np.array([-1.0, 0.0, 2.0])
    assert link.inverse_transform(link.transform(theta)) == pytest.approx(theta)
    assert repr(link) == "ScaleLink(method='mean-mean', drop=('M7',))"
    assert link.version_ == ENGINE_VERSION
