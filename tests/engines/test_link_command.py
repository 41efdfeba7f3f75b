"""`tirek link` as a user meets it: two calibrations with a known difference."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main

N_ITEMS = 30


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answers(rng, n, mean, sd, slopes, difficulties):
    theta = mean + sd * rng.normal(size=n)
    p = 1 / (1 + np.exp(-slopes * (theta[:, None] - difficulties)))
    return (rng.random(p.shape) < p).astype(int)


@pytest.fixture(scope="module")
def calibrations(tmp_path_factory):
    """Entrance N(0, 1) with items 0-19; exit N(0.5, 1.2²) with items 10-29, of which M12 has become harder."""
    place = tmp_path_factory.mktemp("link")
    rng = np.random.default_rng(11)
    a, b = rng.uniform(0.8, 1.8, N_ITEMS), rng.normal(0, 1, N_ITEMS)
    later = b.copy()
    later[12] += 1.2
    for name, (mean, sd), items, where in (
        ("entrance", (0.0, 1.0), range(20), b),
        ("exit", (0.5, 1.2), range(10, 30), later),
    ):
        chosen = list(items)
        x = answers(rng, 4000, mean, sd, a[chosen], where[chosen])
        pl.DataFrame(x, schema=[f"M{j}" for j in chosen]).write_csv(place / f"{name}.csv")
        result = tirek("calibrate", place / f"{name}.csv", "--model", "2pl", "--quiet", "--out", place / name)
        assert result.exit_code == 0, result.output
    return place


@pytest.mark.parametrize("method", ["haebara", "stocking-lord", "mean-sigma", "mean-mean", "haberman"])
def test_growth_is_found_once_the_drifting_item_is_out(calibrations, tmp_path, method):
    more = ("--drop", "M12") if method == "haberman" else ("--purify",)
    result = tirek(
        "link", calibrations / "entrance", calibrations / "exit", "--method", method, *more, "--out", tmp_path / "o"
    )
    assert result.exit_code == 0, result.output
    link = json.loads((tmp_path / "o" / "link.json").read_text())
    assert link["n_anchors"] == 9
    assert link["slope"] == pytest.approx(1.2, abs=0.12)
    assert link["intercept"] == pytest.approx(0.5, abs=0.12)
    assert 0 < link["error"] < 0.1
    row = next(r for r in table(tmp_path / "o" / "drift.csv") if r["item"] == "M12")
    assert row["used"] == "0"
    if method != "haberman":
        assert (row["flag"], row["size"]) == ("drift", "C")
        assert float(row["difference"]) > 0.8
    assert tirek("verify", tmp_path / "o").exit_code == 0


def test_promised_files_and_scale(calibrations, tmp_path):
    out = tmp_path / "out"
    arguments = (
        "--method",
        "haebara",
        "--centre",
        "500",
        "--spread",
        "100",
        "--persons",
        calibrations / "exit/persons.csv",
    )
    result = tirek("link", calibrations / "entrance", calibrations / "exit", *arguments, "--out", out)
    assert result.exit_code == 0, result.output
    assert "M12" in result.output  # it drifts and still links
    link, scale = (json.loads((out / n).read_text()) for n in ("link.json", "scale.json"))
    assert list(link)[:5] == ["test", "slope", "intercept", "error", "n_anchors"]
    assert list(table(out / "drift.csv")[0])[:3] == ["item", "difference", "flag"]
    groups = {r["test"]: r for r in table(out / "groups_linked.csv")}
    assert float(groups["entrance"]["points_mean"]) == 500
    assert float(groups["exit"]["mean"]) == pytest.approx(link["intercept"])
    assert float(groups["exit"]["points_mean"]) == pytest.approx(500 + 100 * link["intercept"])
    before, after = table(calibrations / "exit/persons.csv")[0], table(out / "persons_linked.csv")[0]
    points = scale["slope_points"] * float(before["eap"]) + scale["intercept_points"]
    assert float(after["eap"]) == pytest.approx(points)
    assert float(after["eap_se"]) == pytest.approx(100 * link["slope"] * float(before["eap_se"]))
    told = tirek("explain", out, "M12")
    assert "flagged: yes" in told.output
    means = tirek(
        "means",
        calibrations / "exit/persons.csv",
        "--values",
        "wle",
        "--scale",
        out / "scale.json",
        "--out",
        tmp_path / "m",
    )
    assert means.exit_code == 0, means.output
    assert float(table(tmp_path / "m/means.csv")[0]["mean"]) == pytest.approx(500 + 100 * link["intercept"], abs=8)
    kept = tirek(
        "link",
        calibrations / "entrance",
        calibrations / "exit",
        "--method",
        "haebara",
        "--constants",
        out / "scale.json",
        "--out",
        tmp_path / "k",
    )
    assert kept.exit_code == 0
    assert json.loads((tmp_path / "k/scale.json").read_text()) == scale


def test_the_items_of_the_new_test_on_the_base_scale(calibrations, tmp_path):
    tirek("link", calibrations / "entrance", calibrations / "exit", "--method", "mean-sigma", "--out", tmp_path / "o")
    link = json.loads((tmp_path / "o/link.json").read_text())
    old = {r["item"]: r for r in table(calibrations / "exit/items.csv")}
    for row in table(tmp_path / "o/items_linked.csv"):
        b, a = float(old[row["item"]]["b"]), float(old[row["item"]]["a"])
        assert float(row["b"]) == pytest.approx(link["slope"] * b + link["intercept"])
        assert float(row["d1"]) == pytest.approx(-float(row["a"]) * float(row["b"]))
        assert float(row["a"]) == pytest.approx(a / link["slope"])


def test_testlets_of_the_anchors(calibrations, tmp_path):
    rows = [f"M{j},T{j // 2}" for j in range(10, 20) if j != 12]
    (tmp_path / "anchors.csv").write_text("\n".join(["item,testlet", *rows]) + "\n")
    arguments = ("--method", "mean-mean", "--anchors", tmp_path / "anchors.csv")
    result = tirek(
        "link",
        calibrations / "entrance",
        calibrations / "exit",
        *arguments,
        "--out",
        tmp_path / "o",
        "--json",
        "--quiet",
    )
    link = json.loads(result.stdout)
    assert (link["n_anchors"], link["n_units"]) == (9, 5)


def test_several_new_calibrations_at_once(calibrations, tmp_path):
    folders = [calibrations / n for n in ("entrance", "exit", "exit")]
    result = tirek("link", *folders, "--method", "haberman", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    links = json.loads((tmp_path / "o/link.json").read_text())["links"]
    assert links[0]["slope"] == pytest.approx(links[1]["slope"])
    assert tirek("link", *folders, "--method", "mean-mean", "--out", tmp_path / "p").exit_code == 2
    both = ("link", *folders, "--method", "haebara", "--anchors", tmp_path / "anchors.csv", "--out", tmp_path / "q")
    names = [r["item"] for r in csv.DictReader((tmp_path / "o/drift.csv").open()) if r["test"] == "exit"]
    (tmp_path / "anchors.csv").write_text("\n".join(["item", *dict.fromkeys(names[:5])]) + "\n")
    assert tirek(*both).exit_code == 0
    found = json.loads((tmp_path / "q/link.json").read_text())["links"]
    assert found[0]["n_anchors"] == 5
    assert found[0]["slope"] == pytest.approx(found[1]["slope"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--drop", ",".join(f"M{j}" for j in range(10, 18))), "2 common items"),
        (("--drop", "M99"), "Neither test"),
        (("--centre", "500"), "belong together"),
        (("--constants", "nowhere.json"), "scale.json"),
    ],
)
def test_what_would_not_be_honest_is_refused(calibrations, tmp_path, more, said):
    result = tirek(
        "link", calibrations / "entrance", calibrations / "exit", "--method", "haebara", *more, "--out", tmp_path / "o"
    )
    assert result.exit_code == 2
    assert said in result.output


def test_a_calibration_that_was_changed_is_refused(calibrations, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(calibrations / "exit", copy)
    path = copy / "items.csv"
    path.write_text(path.read_text().replace("M11", "M77"))
    result = tirek("link", calibrations / "entrance", copy, "--method", "haebara", "--out", tmp_path / "o")
    assert result.exit_code == 2
    assert "SHA-256" in result.output


def test_a_third_cycle_is_linked_through_the_second(calibrations, tmp_path):
    """Exit against entrance and back again by way of the link: the scale of the entrance, with both errors."""
    once, back = tmp_path / "once", tmp_path / "back"
    arguments = ("--method", "mean-sigma", "--centre", "500", "--spread", "100")
    assert tirek("link", calibrations / "entrance", calibrations / "exit", *arguments, "--out", once).exit_code == 0
    more = ("--method", "mean-sigma", "--constants", once / "scale.json")
    result = tirek("link", once, calibrations / "exit", *more, "--out", back)
    assert result.exit_code == 0, result.output
    one, two = (json.loads((p / "link.json").read_text()) for p in (once, back))
    assert (two["slope"], two["intercept"]) == (pytest.approx(one["slope"]), pytest.approx(one["intercept"]))
    assert two["error"] == pytest.approx(0, abs=1e-9)
    assert two["error_with_base"] == pytest.approx(one["error"])
    first, second = (table(p / "groups_linked.csv")[1] for p in (once, back))
    assert float(second["points_mean"]) == pytest.approx(float(first["points_mean"]))
    assert float(second["linking_error"]) == pytest.approx(float(first["linking_error"]))
    assert tirek("verify", back).exit_code == 0
