"""`tirek itemfit` and `tirek dif`, as a user meets them."""

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main

KEY = "ABCDABCD"


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def answers(tmp_path):
    """500 pupils of 20 classes; item M3 is harder for those who take the test in Russian; pupils 0010 and 0011 agree."""
    rng = np.random.default_rng(1)
    n = 500
    theta = rng.standard_normal(n)
    language = np.where(np.arange(n) % 2 == 0, "kk", "ru")
    b = np.tile(np.linspace(-1, 1, 8), (n, 1))
    b[language == "ru", 3] += 1.5
    x = (rng.random((n, 8)) < 1 / (1 + np.exp(-(theta[:, None] - b)))).astype(int)
    options = np.array(
        [
            ["ABCD"[(KEY.index(k) + (0 if v else rng.integers(1, 4))) % 4] for v, k in zip(row, KEY, strict=True)]
            for row in x
        ]
    )
    options[11], x[11] = options[10], x[10]
    x[rng.random(x.shape) < 0.02] = 9
    ids = [f"{i:04d}" for i in range(n)]
    more = {"language": language, "class": np.arange(n) // 25, "w": rng.uniform(0.5, 2, n)}
    pl.DataFrame({"pupil": ids, **{f"M{j}": x[:, j] for j in range(8)}, **more}).write_csv(tmp_path / "answers.csv")
    shuffled = rng.permutation(n)
    raw = pl.DataFrame({"pupil": ids, **{f"M{j}": options[:, j] for j in range(8)}})[shuffled]
    raw.write_csv(tmp_path / "raw.csv")
    pl.DataFrame({"item": [f"M{j}" for j in range(8)], "key": list(KEY)}).write_csv(tmp_path / "key.csv")
    return tmp_path / "answers.csv"


@pytest.fixture
def calibrated(answers, tmp_path):
    out = tmp_path / "calibration"
    result = tirek(
        "calibrate", answers, "--model", "2pl", "--items", "M*", "--id", "pupil", "--missing", 9, "--out", out
    )
    assert result.exit_code == 0, result.output
    return out


def test_itemfit_writes_what_is_promised(answers, calibrated, tmp_path):
    out = tmp_path / "fit"
    extra = ["--persons", "--class", "class", "--raw", tmp_path / "raw.csv", "--key", tmp_path / "key.csv"]
    result = tirek("itemfit", answers, "--calibration", calibrated, *extra, "--out", out)
    assert result.exit_code == 0, result.output
    items = pl.read_csv(out / "itemfit.csv")
    assert items.columns[:7] == ["item", "infit", "outfit", "sx2", "df", "p", "q3_max"]
    assert items["item"].to_list() == [f"M{j}" for j in range(8)]
    assert items["infit"].is_between(0.8, 1.2).all()
    assert items["n"].max() < 500
    assert "no proof" in result.output
    persons = pl.read_csv(out / "persons_fit.csv", schema_overrides={"id": pl.String})
    assert persons["id"][7] == "0007"
    options = pl.read_csv(out / "distractors.csv")
    assert options.filter(pl.col("key") == 1)["option"].to_list() == list(KEY)
    assert (options.filter(pl.col("key") == 1)["point_biserial"] > 0.2).all()
    shares = options.group_by("item").agg(pl.col("share").sum())["share"]
    assert (abs(shares - 1) < 1e-12).all()
    report = json.loads((out / "itemfit.json").read_text())
    assert report["sx2_booklets"] == 1
    assert report["n_pairs_compared"] == 20 * 25 * 24 // 2
    assert "Verified." in tirek("verify", out).output
    explained = tirek("explain", out, "M3").output
    assert "infit" in explained
    assert "option D (key)" in explained
    assert "lz*" in tirek("explain", out, "0010").output
    assert tirek("explain", out, "nobody").exit_code == 2


def test_the_key_is_not_needed_where_scores_tell_it(answers, calibrated, tmp_path):
    line = tmp_path / "line.txt"
    line.write_text("-," + ",".join(KEY) + "\n")
    found = []
    for name, more in (("deduced", []), ("line", ["--key", line])):
        raw = ["--raw", tmp_path / "raw.csv", *more]
        assert tirek("itemfit", answers, "--calibration", calibrated, *raw, "--out", tmp_path / name).exit_code == 0
        found.append(pl.read_csv(tmp_path / name / "distractors.csv"))
    assert found[0].equals(found[1])
    short = tmp_path / "short.csv"
    pl.read_csv(tmp_path / "raw.csv").drop("pupil").head(30).write_csv(short)
    result = tirek("itemfit", answers, "--calibration", calibrated, "--raw", short, "--out", tmp_path / "bad")
    assert result.exit_code == 2
    assert (tmp_path / "bad/faults.csv").exists()
    line.write_text("A,B\n")
    more = ["--raw", tmp_path / "raw.csv", "--key", line]
    assert tirek("itemfit", answers, "--calibration", calibrated, *more, "--out", tmp_path / "bad").exit_code == 2


@pytest.mark.parametrize("method", ["mh", "logistic", "lr"])
def test_dif_names_the_item_and_the_group_it_favours(answers, tmp_path, method):
    out = tmp_path / "dif"
    options = ["--items", "M*", "--id", "pupil", "--missing", "9", "--group", "language", "--method", method]
    result = tirek("dif", answers, *options, "--out", out)
    assert result.exit_code == 0, result.output
    table = pl.read_csv(out / "dif.csv")
    assert table.columns[:5] == ["item", "effect", "se", "p", "class"]
    row = table.row(3, named=True)
    assert row["effect"] > 3 * row["se"]
    assert row["class"] in ("B", "C")
    assert row["favours"] == "kk"
    assert row["verdict"].endswith("easier for kk than for persons of ru of the same ability")
    assert table["p"].arg_min() == 3
    assert "Verified." in tirek("verify", out).output
    explained = tirek("explain", out, "M3").output
    assert "class decided by" in explained
    turned = tirek("dif", answers, *options, "--focal", "ru", "--out", tmp_path / "turned")
    assert turned.exit_code == 0
    assert pl.read_csv(tmp_path / "turned/dif.csv")["favours"][3] == "kk"
    assert pl.read_csv(tmp_path / "turned/dif.csv")["effect"][3] < 0


def test_dif_refuses_what_cannot_be_compared(answers, tmp_path):
    out = tmp_path / "dif"
    options = ["--items", "M*", "--missing", "9", "--out", out]
    assert tirek("dif", answers, "--group", "nothing", *options).exit_code == 2
    result = tirek("dif", answers, "--group", "language", "--focal", "en", *options)
    assert result.exit_code == 2
    assert "kk, ru" in result.output
    result = tirek("dif", answers, "--group", "language", "--method", "lr", "--max-iterations", 1, *options)
    assert result.exit_code == 3


def test_dif_of_many_classes_is_pairwise_or_at_once(answers, tmp_path):
    frame = pl.read_csv(answers).with_columns((pl.col("class") % 3).alias("third"))
    frame.write_csv(answers)
    options = ["--items", "M*", "--missing", "9", "--group", "third", "--weight", "w"]
    assert tirek("dif", answers, *options, "--out", tmp_path / "mh").exit_code == 0
    table = pl.read_csv(tmp_path / "mh/dif.csv")
    assert table.height == 16
    assert table["reference"].unique().sort().to_list() == [1, 2]
    assert (
        tirek("dif", answers, *options, "--method", "lr", "--model", "rasch", "--out", tmp_path / "lr").exit_code == 0
    )
    table = pl.read_csv(tmp_path / "lr/dif.csv")
    assert table.height == 8
    assert (table["df"] == 2).all()
    assert pl.read_csv(tmp_path / "lr/dif_groups.csv").height == 24
