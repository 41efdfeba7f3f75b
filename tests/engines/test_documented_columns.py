"""Every column and every key that a command writes is described in its chapter of the manual."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main

MANUAL = Path(__file__).parents[2] / "docs" / "manual"
N, J = 400, 12
ITEMS = [f"M{j:02}" for j in range(J)]


def tirek(*arguments):
    done = CliRunner().invoke(main, [*map(str, arguments), "--quiet"])
    assert done.exit_code in (0, 3), done.output
    return done


def answers(seed: int, path: Path) -> None:
    """Groups, weights, replicate weights, classes, two levels of a covariate; the last item has three scores."""
    rng = np.random.default_rng(seed)
    theta, hard = rng.normal(0.2 * seed, 1, N), np.linspace(-1.5, 1.5, J)
    x = (rng.random((N, J)) < 1 / (1 + np.exp(hard - theta[:, None]))).astype(int)
    x[:, -1] += rng.random(N) < 1 / (1 + np.exp(0.5 - theta))
    facts = {
        "id": [f"p{i:03}" for i in range(N)], "sex": ["boy" if i % 2 else "girl" for i in range(N)],
        "school": [f"s{i // 20:02}" for i in range(N)], "w": rng.uniform(0.5, 2, N), "age": rng.normal(10, 1, N),
    }  # fmt: skip
    for r in range(4):
        facts[f"rep{r}"] = facts["w"] * rng.uniform(0.6, 1.4, N)
    pl.DataFrame(facts | {name: x[:, j] for j, name in enumerate(ITEMS)}).write_csv(path)
    options = pl.DataFrame({"id": facts["id"]} | {n: np.where(x[:, j] > 0, "A", "B") for j, n in enumerate(ITEMS[:-1])})
    options.write_csv(path.with_name("raw.csv"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Folders that the commands wrote, by the chapters that tell of them."""
    place = tmp_path_factory.mktemp("columns")
    for seed, name in enumerate(("base", "new")):
        answers(seed, place / f"{name}.csv")
    who = ("--id", "id", "--items", "M*", "--weight", "w")
    replicated = ("--replicates", "rep*", "--scheme", "fay")
    for name, model in (("base", "3pl"), ("new", "3pl")):
        told = ("--model", model, "--group", "sex", "--regress", "age", *replicated, "--covariance", *who)
        tirek("calibrate", place / f"{name}.csv", *told, "--out", place / name)
    table = pl.DataFrame(
        {"item": ITEMS, "wave": ["one"] * 6 + ["two"] * 6, "same_as": [None] * 6 + ITEMS[:3] + [None] * 3}
    )
    table.write_csv(place / "items.csv")
    grown = ("--model", "rasch", "--items", place / "items.csv", "--dimension", "wave", "--id", "id", "--weight", "w")
    tirek("calibrate", place / "base.csv", *grown, *replicated, "--nodes", 15, "--out", place / "growth")
    found = {place / "base": "calibrate", place / "new": "calibrate", place / "growth": "calibrate"}

    def run(name: str, chapter: str, *told) -> None:
        tirek(chapter, *told, "--out", place / name)
        found[place / name] = chapter

    calibrated = ("--calibration", place / "base")
    for method in ("eap", "wle", "map", "pv"):
        run(method, "score", place / "base.csv", *calibrated, "--method", method, "--fit")
    run("growth-pv", "score", place / "base.csv", "--calibration", place / "growth", "--method", "pv")
    persons = ("--persons", place / "new" / "persons.csv", "--centre", 500, "--spread", 100)
    run("linked", "link", place / "base", place / "new", "--method", "haebara", *persons)
    for method in ("mh", "logistic", "lr"):
        run(method, "dif", place / "base.csv", "--group", "sex", "--method", method, "--id", "id", "--items", "M*")
    raw = ("--raw", place / "raw.csv", "--persons", "--class", "school")
    run("fit", "itemfit", place / "base.csv", *calibrated, *raw)
    values = pl.read_csv(place / "pv" / "persons.csv").join(pl.read_csv(place / "base.csv").drop(ITEMS), on="id")
    values.write_csv(place / "values.csv")
    told = ("--by", "sex", "--weight", "w", *replicated, "--benchmarks", "-0.5,0.5")
    run("means", "means", place / "values.csv", *told)
    run(
        "trend",
        "means",
        place / "values.csv",
        *told,
        "--compare",
        place / "means" / "means.csv",
        "--linking-error",
        0.05,
    )
    return found


def words_of(chapter: str) -> set[str]:
    """What stands in code type in a chapter, numbers made alike."""
    chapters = [chapter, "calibrate-population"] if chapter == "calibrate" else [chapter]
    chapters += {"score": ["calibrate", "itemfit"], "link": ["calibrate", "calibrate-population"]}.get(chapter, [])
    text = "\n".join((MANUAL / f"{name}.md").read_text(encoding="utf-8") for name in chapters)
    spoken = {part for code in re.findall(r"`([^`\n]+)`", text) for part in re.split(r"[\s,…]+", code)}
    return {alike(word) for word in spoken}


def alike(name: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?", "#", name)


def is_among(described: set[str], name: str) -> bool:
    """Spoken of by its name; columns of ``--by`` as by_…."""
    return alike(name) in described or ("by_" in described and name.startswith("by_"))


def test_every_column_is_described(outputs):
    lacking = set()
    for folder, chapter in outputs.items():
        described = words_of(chapter)
        for file in folder.glob("*.csv"):
            columns = pl.read_csv(file, infer_schema=False, n_rows=1).columns
            lacking |= {(chapter, file.name, name) for name in columns if not is_among(described, name)}
    assert not lacking, sorted(lacking)


def test_every_key_of_a_summary_is_described(outputs):
    lacking = set()
    for folder, chapter in outputs.items():
        described = words_of(chapter)
        for file in folder.glob("*.json"):
            if file.name != "manifest.json":
                keys = json.loads(file.read_text(encoding="utf-8"))
                lacking |= {(chapter, file.name, name) for name in keys if alike(name) not in described}
    assert not lacking, sorted(lacking)


def test_promised_columns_are_there(outputs):
    promised = {
        "base": {
            "items.csv": "item model a b c d1 d2 se_a se_b se_c se_d1 n mean", "groups.csv": "group mean variance se_mean se_variance",
            "regression.csv": "covariate beta se", "persons.csv": "id eap eap_se wle wle_se",
        },
        "eap": {"persons.csv": "id theta se"}, "pv": {"persons.csv": "id pv1 pv10"},
        "linked": {"drift.csv": "item difference flag"}, "mh": {"dif.csv": "item effect se p class"},
        "fit": {"itemfit.csv": "item infit outfit sx2 df p q3_max"}, "means": {"means.csv": "group n mean se sd se_sd p10 p90"},
    }  # fmt: skip
    by_name = {folder.name: folder for folder in outputs}
    for name, files in promised.items():
        for file, columns in files.items():
            assert set(columns.split()) <= set(pl.read_csv(by_name[name] / file, infer_schema=False).columns), (
                name,
                file,
            )
    fit = json.loads((by_name["base"] / "fit.json").read_text(encoding="utf-8"))
    assert set("loglik iterations converged gradient nodes range n reliability".split()) <= set(fit)  # noqa: SIM905
    link = json.loads((by_name["linked"] / "link.json").read_text(encoding="utf-8"))
    assert {"slope", "intercept", "error", "n_anchors"} <= set(link)


def test_errors_by_replication_are_carried_over_a_link(outputs):
    """Beside the others, they are put on the base's scale; those of groups allow for the sample, too."""
    place = {folder.name: folder for folder in outputs}
    slope = json.loads((place["linked"] / "link.json").read_text(encoding="utf-8"))["slope"]
    new, linked = pl.read_csv(place["new"] / "items.csv"), pl.read_csv(place["linked"] / "items_linked.csv")
    assert slope != 1
    for kind in ("se", "se_rep"):
        np.testing.assert_allclose(linked[f"{kind}_a"], new[f"{kind}_a"] / slope)
        np.testing.assert_allclose(linked[f"{kind}_b"], new[f"{kind}_b"] * slope)
        assert linked[f"{kind}_d1"].null_count() == J
    groups = pl.read_csv(place["new"] / "groups.csv")
    moved = pl.read_csv(place["linked"] / "groups_linked.csv").filter(pl.col("test") == "new")
    last = groups["se_rep_mean"][-1], moved["linking_error"][-1]
    assert moved["se_mean"][-1] == pytest.approx(np.hypot(slope * last[0], last[1]))
