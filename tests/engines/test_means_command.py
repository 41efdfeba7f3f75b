"""`tirek means` as a user meets it, with bad input tried on purpose."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


@pytest.fixture
def persons(tmp_path):
    """600 persons in 30 schools with five plausible values."""
    rng = np.random.default_rng(7)
    school = np.repeat(np.arange(30), 20)
    theta = 500 + 80 * rng.normal(size=600) + 40 * rng.normal(size=30)[school]
    columns = {f"pv{k}": theta + 30 * rng.normal(size=600) for k in range(1, 6)}
    frame = pl.DataFrame(
        {"id": range(600), "school": school, "urban": school % 2, "zone": school // 2, "half": school % 2, "w": 1.0}
        | columns
    )
    path = tmp_path / "persons.csv"
    frame.write_csv(path)
    return path


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def done(path, out, *more):
    result = tirek("means", path, "--out", out, *more)
    assert result.exit_code == 0, result.output
    return table(out / "means.csv")


def test_the_promised_columns_and_that_it_can_be_verified_and_explained(persons, tmp_path):
    out = tmp_path / "out"
    rows = done(persons, out, "--by", "urban", "--weight", "w", "--cluster", "school", "--benchmarks", "400,550")
    promised = ["group", "n", "mean", "se", "sd", "se_sd"]
    promised += [name for p in (10, 25, 50, 75, 90) for name in (f"p{p}", f"se_p{p}")]
    promised += ["above_400", "se_above_400", "above_550", "se_above_550"]
    assert list(rows[0])[: len(promised)] == promised
    assert [(r["group"], r["n"]) for r in rows] == [("all", "600"), ("0", "300"), ("1", "300")]
    means = [float(r["mean"]) for r in rows]
    gap = next(r for r in table(out / "differences.csv") if r["statistic"] == "mean")
    assert (gap["group"], gap["minus"]) == ("1", "0")
    assert float(gap["difference"]) == pytest.approx(means[2] - means[1])
    assert tirek("verify", out).exit_code == 0
    told = tirek("explain", out, "1")
    assert told.exit_code == 0
    assert f"{means[2]:.4f}" in told.output


def test_replicate_columns_and_zones_agree(persons, tmp_path):
    frame = pl.read_csv(persons)
    zone, half, w = frame["zone"].to_numpy(), frame["half"].to_numpy(), frame["w"].to_numpy()
    made = {f"r{z}": np.where(zone == z, 2 * w * half, w) for z in range(15)}
    path = tmp_path / "with.csv"
    frame.with_columns(pl.Series(k, v) for k, v in made.items()).write_csv(path)
    one = done(path, tmp_path / "a", "--weight", "w", "--replicates", "r*", "--scheme", "jk2")
    other = done(path, tmp_path / "b", "--weight", "w", "--jk-zone", "zone", "--jk-rep", "half")
    assert one == other
    assert json.loads((tmp_path / "a" / "means.json").read_text())["sampling_pv"] == "first"


def test_small_groups_are_hidden_with_their_complement(persons, tmp_path):
    frame = pl.read_csv(persons).with_columns(
        language=pl.when(pl.col("id") < 4)
        .then(pl.lit("x"))
        .when(pl.col("id") < 50)
        .then(pl.lit("y"))
        .otherwise(pl.lit("z"))
    )
    frame.write_csv(persons)
    rows = done(persons, tmp_path / "out", "--by", "language", "--cluster", "school")
    hidden = {r["group"]: (r["hidden"], r["mean"] == "", r["n"] == "") for r in rows}
    assert hidden["x"] == ("small", True, True)
    assert hidden["y"] == ("protects", True, True)
    assert hidden["z"] == hidden["all"] == ("", False, False)
    assert table(tmp_path / "out" / "differences.csv") == []
    shown = done(persons, tmp_path / "all", "--by", "language", "--cluster", "school", "--min-group", "1")
    assert all(r["mean"] for r in shown)


def test_trend_with_linking_error(persons, tmp_path):
    done(persons, tmp_path / "before", "--by", "urban", "--cluster", "school", "--benchmarks", "500")
    later = tmp_path / "later.csv"
    pl.read_csv(persons).with_columns(pl.col("^pv.*$") + 10).write_csv(later)
    arguments = ("--by", "urban", "--cluster", "school", "--benchmarks", "500")
    compare = ("--compare", tmp_path / "before" / "means.csv", "--linking-error", "3")
    done(later, tmp_path / "now", *arguments, *compare)
    rows = {(r["group"], r["statistic"]): r for r in table(tmp_path / "now" / "trend.csv")}
    before = {r["group"]: r for r in table(tmp_path / "before" / "means.csv")}
    mean = rows["all", "mean"]
    assert float(mean["difference"]) == pytest.approx(10)
    assert float(mean["se"]) == pytest.approx(np.sqrt(2 * float(before["all"]["se"]) ** 2 + 9))
    assert float(rows["all", "sd"]["linking_error"]) == 0
    assert 0 < float(rows["all", "above_500"]["linking_error"]) < 0.03
    assert len(rows) == 3 * 8
    assert tirek("verify", tmp_path / "now").exit_code == 0


def test_scores_alone_say_what_their_error_lacks(persons, tmp_path):
    result = tirek("means", persons, "--out", tmp_path / "out", "--values", "pv1")
    assert result.exit_code == 0
    assert "not measurement" in result.output
    assert "simple random sample" in result.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--by", "nothing"), "There is no such column"),
        (("--values", "q*"), "No column matches"),
        (("--replicates", "pv*"), "--scheme"),
        (("--replicates", "pv*", "--scheme", "jk2", "--cluster", "school"), "Choose one"),
        (("--replicates", "w,half", "--scheme", "jk2", "--weight", "zone"), "not factors"),
        (("--jk-zone", "zone"), "belong together"),
        (("--scheme", "brr"), "needs --replicates"),
        (("--benchmarks", "high"), "not understood"),
        (("--percentiles", "0"), "not understood"),
        (("--linking-error", "1"), "--compare"),
        (("--scale", "nowhere.json"), "scale.json"),
    ],
)
def test_what_does_not_go_is_refused(persons, tmp_path, more, said):
    result = tirek("means", persons, "--out", tmp_path / "out", *more)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_broken_value_is_a_fault_with_its_row(persons, tmp_path):
    lines = persons.read_text().splitlines()
    cells = lines[5].split(",")
    cells[-1] = "12,5x"
    lines[5] = ";".join(cells)
    text = "\n".join(
        [
            lines[0].replace(",", ";"),
            *(row.replace(",", ";") for row in lines[1:5]),
            lines[5].replace(",", "."),
            *(r.replace(",", ";") for r in lines[6:]),
        ]
    )
    persons.write_text(text)
    result = tirek("means", persons, "--out", tmp_path / "out")
    assert result.exit_code == 2
    fault = table(tmp_path / "out" / "faults.csv")[0]
    assert (fault["row"], fault["column"]) == ("6", "pv5")


@pytest.mark.parametrize(("values", "wanted"), [("pv*", 100 / 2 * 0.04), ("pv1", 100 / 2 * 0.05)])
def test_the_linking_error_of_a_folder_depends_on_what_the_values_hold(persons, tmp_path, values, wanted):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "link.json").write_text(json.dumps({"error_trend": 0.04, "error_with_base": 0.05}))
    (linked / "scale.json").write_text(json.dumps({"centre": 500, "spread": 100, "origin": 0, "unit": 2}))
    done(persons, tmp_path / "before")
    compare = ("--values", values, "--compare", tmp_path / "before/means.csv", "--linking-error", linked)
    done(persons, tmp_path / "now", *compare)
    row = table(tmp_path / "now/trend.csv")[0]
    assert float(row["linking_error"]) == pytest.approx(wanted)
    assert tirek("verify", tmp_path / "now").exit_code == 0
    (linked / "link.json").write_text(json.dumps({"error_trend": 0.0, "error_with_base": 0.0}))
    assert tirek("verify", tmp_path / "now").exit_code == 2
    assert tirek("means", persons, "--out", tmp_path / "x", *compare[:4], "--linking-error", "much").exit_code == 2
