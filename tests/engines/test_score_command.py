"""`tirek score` and the options of `tirek calibrate` on the population, as a user meets them."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def answers(tmp_path):
    """600 pupils of 12 schools; sex and books matter; 9 is omitted."""
    rng = np.random.default_rng(1)
    n = 600
    school = np.repeat(np.arange(12), 50)
    books, girl = rng.integers(1, 6, n), rng.random(n) < 0.5
    theta = 0.4 * rng.standard_normal(12)[school] + 0.3 * (books - 3) + 0.4 * girl + rng.standard_normal(n)
    x = (rng.random((n, 8)) < 1 / (1 + np.exp(-(theta[:, None] - np.linspace(-1, 1, 8))))).astype(int)
    x[rng.random(x.shape) < 0.05] = 9
    frame = pl.DataFrame(
        {
            "pupil": [f"{i:04d}" for i in range(n)],
            **{f"M{j}": x[:, j] for j in range(8)},
            "sex": np.where(girl, "girl", "boy"),
            "books": books,
            "school": school,
            "zone": school // 2 + 1,
            "half": school % 2,
            "w": rng.uniform(0.5, 2, n),
        }
    )
    path = tmp_path / "answers.csv"
    frame.write_csv(path)
    return path


@pytest.fixture
def calibrated(answers, tmp_path):
    out = tmp_path / "calibration"
    options = ["--items", "M*", "--id", "pupil", "--omitted", "9:wrong", "--regress", "sex,books", "--weight", "w"]
    result = tirek("calibrate", answers, "--model", "2pl", *options, "--out", out)
    assert result.exit_code == 0, result.output
    return out


def score(answers, calibration, out, method, *more):
    return tirek("score", answers, "--calibration", calibration, "--method", method, "--out", out, *more)


def table(path):
    return pl.read_csv(path, schema_overrides={"id": pl.String})


def test_regression_is_written_with_its_coding(calibrated):
    rows = pl.read_csv(calibrated / "regression.csv")
    assert rows.columns == ["covariate", "beta", "se", "mean", "sd"]
    assert rows["covariate"].to_list() == ["sex=girl", "books"]
    assert abs(rows["beta"][1] - 0.3) < 4 * rows["se"][1]
    fit = json.loads((calibrated / "fit.json").read_text())
    assert fit["covariates"][0] == {"column": "sex", "levels": ["boy", "girl"], "missing": False}
    assert 0 < fit["explained_variance"] < 1
    assert "Verified." in tirek("verify", calibrated).output


@pytest.mark.parametrize("method", ["eap", "wle"])
def test_scores_are_those_of_the_calibration(answers, calibrated, tmp_path, method):
    assert score(answers, calibrated, tmp_path / "s", method).exit_code == 0
    found, known = table(tmp_path / "s/persons.csv"), table(calibrated / "persons.csv")
    assert found.columns == ["id", "theta", "se", "flag", "score", "n_answered"]
    assert found["id"].to_list() == known["id"].to_list()
    assert np.abs(found["theta"] - known[method]).max() < 1e-9
    assert np.abs(found["se"] - known[f"{method}_se"]).max() < 1e-9
    assert "Verified." in tirek("verify", tmp_path / "s").output
    assert "books" not in tirek("explain", tmp_path / "s", "0007").output
    assert "before the answers: normal with mean" in tirek("explain", tmp_path / "s", "0007").output


def test_plausible_values_hold_the_regression_and_the_seed(answers, calibrated, tmp_path):
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        assert score(answers, calibrated, tmp_path / name, "pv", "--m", 4, "--seed", seed).exit_code == 0
    one, other = table(tmp_path / "one/persons.csv"), table(tmp_path / "other/persons.csv")
    assert one.columns == ["id", "pv1", "pv2", "pv3", "pv4", "score", "n_answered"]
    assert (tmp_path / "one/persons.csv").read_bytes() == (tmp_path / "two/persons.csv").read_bytes()
    assert not one["pv1"].equals(other["pv1"])
    books = pl.read_csv(answers)["books"].to_numpy()
    beta = pl.read_csv(calibrated / "regression.csv")["beta"][1]
    assert np.mean([np.polyfit(books, one[f"pv{k}"], 1)[0] for k in range(1, 5)]) == pytest.approx(beta, abs=0.08)
    assert "Verified." in tirek("verify", tmp_path / "one").output
    assert "pv4" in tirek("explain", tmp_path / "one", "0007").output


def test_values_with_schools(answers, calibrated, tmp_path):
    result = score(answers, calibrated, tmp_path / "s", "pv", "--school", "school", "--m", 3)
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "s/score.json").read_text())
    assert (report["school_effects"], report["n_schools"]) == ("random", 12)
    assert "Verified." in tirek("verify", tmp_path / "s").output


def test_the_policy_for_omitted_answers_may_differ(answers, calibrated, tmp_path):
    assert score(answers, calibrated, tmp_path / "a", "wle").exit_code == 0
    assert score(answers, calibrated, tmp_path / "b", "wle", "--omitted", "9:missing").exit_code == 0
    wrong, missing = table(tmp_path / "a/persons.csv"), table(tmp_path / "b/persons.csv")
    assert wrong["n_answered"].min() == 8
    assert missing["n_answered"].min() < 8
    assert missing["theta"].mean() > wrong["theta"].mean()


def test_other_items_are_left_out_and_said_and_absent_ones_too(answers, calibrated, tmp_path):
    pl.read_csv(answers, schema_overrides={"pupil": pl.String}).drop("M7").with_columns(M99=1).write_csv(answers)
    result = score(answers, calibrated, tmp_path / "s", "eap")
    assert result.exit_code == 0, result.output
    assert "Not in the calibration, so not scored: M99" in result.stderr
    assert "1 of 8 calibrated items are not in the file: M7" in result.stderr


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("M3", 2, "outside the range 0 to 1"),
        ("sex", "other", "The calibration has no such level."),
        ("books", None, "The covariate is missing."),
    ],
)
def test_what_the_calibration_does_not_know_is_a_fault(answers, calibrated, tmp_path, column, value, what):
    frame = pl.read_csv(answers, schema_overrides={"pupil": pl.String})
    values = frame[column].to_list()
    values[4] = value
    frame.with_columns(pl.Series(column, values)).write_csv(answers)
    result = score(answers, calibrated, tmp_path / "s", "eap")
    assert result.exit_code == 2, result.output
    with (tmp_path / "s/faults.csv").open(encoding="utf-8") as file:
        fault = next(csv.DictReader(file))
    assert (fault["row"], fault["column"]) == ("6", column)
    assert what in fault["what"]


def test_groups_must_be_known(answers, tmp_path):
    options = ["--items", "M*", "--omitted", "9:wrong", "--group", "sex"]
    assert tirek("calibrate", answers, "--model", "rasch", *options, "--out", tmp_path / "c").exit_code == 0
    frame = pl.read_csv(answers).with_columns(sex=pl.lit("other"))
    frame.write_csv(answers)
    result = score(answers, tmp_path / "c", tmp_path / "s", "eap")
    assert result.exit_code == 2
    assert "The calibration has no such group. Its groups are: boy, girl." in result.output


def test_a_gap_in_the_scores_of_an_item_is_a_fault(answers, tmp_path):
    frame = pl.read_csv(answers)
    doubled = frame.with_columns(M0=pl.when(pl.col("M0") == 1).then(2).otherwise(pl.col("M0")))
    doubled.write_csv(tmp_path / "doubled.csv")
    options = ["--items", "M*", "--omitted", "9:missing"]
    calibration = tmp_path / "c"
    assert (
        tirek("calibrate", tmp_path / "doubled.csv", "--model", "rasch", *options, "--out", calibration).exit_code == 0
    )
    result = score(answers, calibration, tmp_path / "s", "eap")
    assert result.exit_code == 2
    assert "The calibration has no such score. It has: 0, 2." in result.output


def test_missing_covariates_are_refused_or_marked(answers, tmp_path):
    frame = pl.read_csv(answers)
    books = frame["books"].to_list()
    books[0] = books[10] = books[20] = None
    frame.with_columns(pl.Series("books", books)).write_csv(answers)
    options = ["--model", "rasch", "--items", "M*", "--omitted", "9:wrong", "--regress", "books,school:levels"]
    refused = tirek("calibrate", answers, *options, "--out", tmp_path / "c")
    assert refused.exit_code == 2
    assert "--regress-missing dummy" in refused.output
    assert tirek("calibrate", answers, *options, "--regress-missing", "dummy", "--out", tmp_path / "c").exit_code == 0
    names = pl.read_csv(tmp_path / "c/regression.csv")["covariate"].to_list()
    assert names[:3] == ["books", "books=missing", "school=1"]
    assert len(names) == 13


def test_errors_by_zones_and_by_the_same_replicate_columns_are_equal(answers, tmp_path):
    common = ["--model", "rasch", "--items", "M*", "--omitted", "9:wrong", "--weight", "w", "--regress", "books"]
    zones = ["--jk-zone", "zone", "--jk-rep", "half"]
    assert tirek("calibrate", answers, *common, *zones, "--out", tmp_path / "z").exit_code == 0
    frame = pl.read_csv(answers)
    w, zone, half = (frame[c].to_numpy() for c in ("w", "zone", "half"))
    columns = {f"rw{z}": np.where(zone == z, 2 * w * half, w) for z in range(1, 7)}
    frame.with_columns(**{k: pl.Series(v) for k, v in columns.items()}).write_csv(answers)
    named = ["--replicates", "rw*", "--scheme", "jk2"]
    result = tirek("calibrate", answers, *common, *named, "--out", tmp_path / "r")
    assert result.exit_code == 0, result.output
    for name, column in (("items", "se_rep_b"), ("groups", "se_rep_variance"), ("regression", "se_rep")):
        one, other = (pl.read_csv(tmp_path / folder / f"{name}.csv")[column] for folder in ("z", "r"))
        assert (one > 0).all()
        assert np.abs(one - other).max() < 1e-9
    assert json.loads((tmp_path / "r/fit.json").read_text())["n_replicates_converged"] == 6


def test_growth_by_a_table_of_items(tmp_path):
    rng = np.random.default_rng(5)
    theta = rng.multivariate_normal([0, 0.8], [[1, 0.7], [0.7, 1.2]], 1500)
    b = np.linspace(-1, 2, 10)
    x = np.concatenate([rng.random((1500, 10)) < 1 / (1 + np.exp(-(theta[:, [d]] - b))) for d in (0, 1)], axis=1)
    names = [f"{when}{j}" for when in ("in", "out") for j in range(10)]
    pl.DataFrame(dict(zip(names, x.T.astype(int), strict=True))).write_csv(tmp_path / "a.csv")
    same = [None] * 10 + names[:10]
    occasion = ["entrance"] * 10 + ["exit"] * 10
    pl.DataFrame({"item": names, "occasion": occasion, "same_as": same}).write_csv(tmp_path / "items.csv")
    options = ["--items", tmp_path / "items.csv", "--dimension", "occasion", "--out", tmp_path / "g"]
    result = tirek("calibrate", tmp_path / "a.csv", "--model", "rasch", *options)
    assert result.exit_code == 0, result.output
    groups = pl.read_csv(tmp_path / "g/groups.csv")
    assert groups["dimension"].to_list() == ["entrance", "exit", "entrance"]
    assert abs(groups["mean"][1] - 0.8) < 3.5 * groups["se_mean"][1]
    assert abs(groups["covariance"][2] - 0.7) < 3.5 * groups["se_covariance"][2]
    persons = pl.read_csv(tmp_path / "g/persons.csv")
    assert {"eap_1", "eap_se_1", "eap_2", "eap_se_2", "eap_cov_12"} < set(persons.columns)
    items = pl.read_csv(tmp_path / "g/items.csv")
    assert items["b"][0] == items["b"][10]
    assert "Verified." in tirek("verify", tmp_path / "g").output
    assert tirek("explain", tmp_path / "g", "1").exit_code == 0
    refused = tirek("itemfit", tmp_path / "a.csv", "--calibration", tmp_path / "g", "--out", tmp_path / "f")
    assert refused.exit_code == 2
    assert "several dimensions" in refused.output


def test_dimensions_with_groups_covariates_and_replicates_are_scored_anew(tmp_path):
    rng = np.random.default_rng(6)
    n = 600
    group, z = np.repeat(["a", "b"], n // 2), rng.normal(size=n).round(3) + 5
    theta = rng.multivariate_normal([0, 0.5], [[1, 0.7], [0.7, 1.2]], n) + (group == "b")[:, None] * 0.5
    theta += 0.4 * (z[:, None] - 5)
    x = np.hstack([rng.random((n, 6)) < 1 / (1 + np.exp(-(theta[:, [d]] - np.linspace(-1, 1, 6)))) for d in (0, 1)])
    names = [f"{when}{j}" for when in ("in", "out") for j in range(6)]
    zones = {"zone": np.arange(n) % 10, "half": np.arange(n) // 10 % 2}
    columns = {"pupil": [f"P{i}" for i in range(n)], "kind": group, "z": z, **zones}
    frame = pl.DataFrame(columns | dict(zip(names, x.T.astype(int), strict=True)))
    frame.write_csv(tmp_path / "a.csv")
    items = {"item": names, "when": ["in"] * 6 + ["out"] * 6, "parameter": list("012345") * 2}
    pl.DataFrame(items).write_csv(tmp_path / "items.csv")
    given = [
        "--items",
        tmp_path / "items.csv",
        "--dimension",
        "when",
        "--id",
        "pupil",
        "--group",
        "kind",
        "--regress",
        "z",
    ]
    given += ["--jk-zone", "zone", "--jk-rep", "half", "--nodes", "31", "--out", tmp_path / "g"]
    result = tirek("calibrate", tmp_path / "a.csv", "--model", "rasch", *given)
    assert result.exit_code == 0, result.output
    effects = pl.read_csv(tmp_path / "g/regression.csv")
    assert effects["dimension"].to_list() == ["in", "out"]
    assert (np.abs(effects["beta"] - 0.4) < 4 * effects["se"]).all()
    assert (effects["se_rep"] > 0).all()
    growth = json.loads((tmp_path / "g/fit.json").read_text())["growth"]
    assert [g["group"] for g in growth] == ["a", "b"]
    assert all(abs(g["mean"] - 0.5) < 4 * g["se_mean"] and g["se_rep_mean"] > 0 for g in growth)
    groups = pl.read_csv(tmp_path / "g/groups.csv")
    assert groups["with"].to_list() == [None, None, "out", None, None, "out"] or groups.height == 6
    persons = pl.read_csv(tmp_path / "g/persons.csv")
    frame.sample(fraction=1.0, shuffle=True, seed=1).write_csv(tmp_path / "b.csv")
    for method, column in (("eap", "eap"), ("wle", "wle"), ("map", None), ("pv", None)):
        out = tmp_path / method
        scored = tirek("score", tmp_path / "b.csv", "--calibration", tmp_path / "g", "--method", method, "--out", out)
        assert scored.exit_code == 0, scored.output
        found = persons.select("id").join(pl.read_csv(out / "persons.csv"), on="id", how="left")
        assert "Verified." in tirek("verify", out).output
        told = tirek("explain", out, "P7")
        assert told.exit_code == 0, told.output
        for d in (1, 2):
            if column:
                assert np.abs(found[f"theta_{d}"] - persons[f"{column}_{d}"]).max() < 1e-7
            elif method == "pv":
                draws = found.select(pl.col(f"^pv.*_{d}$")).to_numpy()
                assert draws.shape[1] == 10
                assert np.abs(draws.mean() - persons[f"eap_{d}"].mean()) < 0.05
            else:
                assert np.corrcoef(found[f"theta_{d}"], persons[f"eap_{d}"])[0, 1] > 0.99
    refused = tirek(
        "score",
        tmp_path / "b.csv",
        "--calibration",
        tmp_path / "g",
        "--method",
        "pv",
        "--school",
        "zone",
        "--out",
        tmp_path / "x",
    )
    assert refused.exit_code == 2


def test_person_fit_comes_with_scores(answers, calibrated, tmp_path):
    assert score(answers, calibrated, tmp_path / "s", "wle", "--fit").exit_code == 0
    fit, persons = table(tmp_path / "s/persons_fit.csv"), table(tmp_path / "s/persons.csv")
    assert fit["id"].equals(persons["id"])
    assert fit["theta"].to_numpy() == pytest.approx(persons["theta"].to_numpy(), abs=1e-6, nan_ok=True)
    assert {"lz", "lz_star", "p", "infit", "outfit", "guttman", "flag"} < set(fit.columns)
    flagged = int((fit["flag"] == "unlikely").sum())
    assert json.loads((tmp_path / "s/score.json").read_text())["n_persons_flagged"] == flagged
    assert "Verified." in tirek("verify", tmp_path / "s").output


def test_values_hold_the_error_of_the_parameters_when_asked(answers, tmp_path):
    rows = pl.read_csv(answers, infer_schema_length=0)
    rows.head(120).write_csv(tmp_path / "few.csv")
    options = ["--items", "M*", "--id", "pupil", "--omitted", "9:wrong", "--covariance", "--out", tmp_path / "c"]
    assert tirek("calibrate", tmp_path / "few.csv", "--model", "rasch", *options).exit_code == 0
    told = pl.read_csv(tmp_path / "c/covariance.csv")
    items = pl.read_csv(tmp_path / "c/items.csv")
    diagonal = np.sqrt(np.diag(told.select(pl.exclude("of", "parameter")).to_numpy()))
    at_d1 = (told["parameter"] == "d1").to_numpy()
    assert diagonal[at_d1] == pytest.approx(items["se_d1"].to_numpy(), rel=1e-9)
    between = []
    for extra in ([], ["--item-uncertainty"]):
        out = tmp_path / f"s{len(extra)}"
        assert score(answers, tmp_path / "c", out, "pv", "--m", "60", *extra).exit_code == 0
        assert "Verified." in tirek("verify", out).output
        between.append(table(out / "persons.csv").select(pl.col("^pv.*$")).to_numpy().mean(axis=0).std())
    # a shift of all difficulties by their common error moves the mean by the error of their mean, shrunk by the reliability
    block = told.select(pl.exclude("of", "parameter")).to_numpy()[np.ix_(at_d1, at_d1)]
    of_mean = np.sqrt(block.mean())
    assert between[0] < 0.4 * between[1]
    assert 0.3 * of_mean < between[1] < 1.2 * of_mean
    assert (
        tirek("calibrate", tmp_path / "few.csv", "--model", "rasch", *options[:-3], "--out", tmp_path / "d").exit_code
        == 0
    )
    refused = score(answers, tmp_path / "d", tmp_path / "x", "pv", "--item-uncertainty")
    assert refused.exit_code == 2
    assert "--covariance" in refused.output
    assert score(answers, tmp_path / "c", tmp_path / "y", "eap", "--item-uncertainty").exit_code == 2
