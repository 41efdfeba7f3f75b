"""Every folder that a command on achievement writes: equal when computed again, and a changed byte is found."""

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main

SUBJECTS = {
    "calibrate": "p3",
    "score": "p3",
    "link": "M2",
    "means": "girl",
    "dif": "M2",
    "itemfit": "M2",
    "several": "p3",
}


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("kinds")
    rng = np.random.default_rng(2)
    for name, shift in (("a", 0.0), ("b", 0.4)):
        theta = shift + rng.normal(size=400)
        x = rng.random((400, 6)) < 1 / (1 + np.exp(-(theta[:, None] - np.linspace(-1, 1, 6))))
        columns = {"pupil": [f"p{k}" for k in range(400)], "sex": np.where(rng.random(400) < 0.5, "girl", "boy")}
        pl.DataFrame(columns | {f"M{j}": x[:, j].astype(int) for j in range(6)}).write_csv(place / f"{name}.csv")
    pl.DataFrame({"item": [f"M{j}" for j in range(6)], "part": ["x"] * 3 + ["y"] * 3}).write_csv(place / "items.csv")
    known = ("--id", "pupil", "--items", "M*")
    runs = {
        "calibrate": ("calibrate", place / "a.csv", "--model", "rasch", *known, "--covariance"),
        "new": ("calibrate", place / "b.csv", "--model", "rasch", *known),
        "score": (
            "score",
            place / "a.csv",
            "--calibration",
            place / "calibrate",
            "--method",
            "pv",
            "--m",
            "3",
            "--fit",
        ),
        "link": ("link", place / "calibrate", place / "new", "--method", "haebara"),
        "dif": ("dif", place / "a.csv", "--group", "sex", *known),
        "itemfit": ("itemfit", place / "a.csv", "--calibration", place / "calibrate", "--persons"),
        "several": (
            *("calibrate", place / "a.csv", "--model", "rasch", "--id", "pupil", "--items", place / "items.csv"),
            *("--dimension", "part", "--nodes", "21"),
        ),
    }
    for name, arguments in runs.items():
        done = tirek(*arguments, "--out", place / name)
        assert done.exit_code == 0, done.output
    values = pl.read_csv(place / "score/persons.csv").rename({"id": "pupil"})
    values.join(pl.read_csv(place / "a.csv"), on="pupil").write_csv(place / "values.csv")
    assert tirek("means", place / "values.csv", "--by", "sex", "--out", place / "means").exit_code == 0
    return place


@pytest.mark.parametrize("kind", SUBJECTS)
def test_it_is_verified_and_explained(folders, kind):
    assert "Verified." in tirek("verify", folders / kind).output
    told = tirek("explain", folders / kind, SUBJECTS[kind])
    assert told.exit_code == 0, told.output
    assert len(told.output.splitlines()) > 2
    assert tirek("explain", folders / kind, "nobody at all").exit_code == 2


@pytest.mark.parametrize("kind", SUBJECTS)
def test_each_changed_or_missing_file_is_named(folders, kind):
    manifest = json.loads((folders / kind / "manifest.json").read_text())
    paths = [folders / kind / o["name"] for o in manifest["outputs"]]
    paths += [folders.joinpath(i["path"]) for i in manifest["inputs"]]
    assert len(paths) >= 3
    for path in paths:
        whole = path.read_bytes()
        path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        try:
            told = tirek("verify", folders / kind)
            assert told.exit_code == 2, path
            assert path.name in told.output
            assert tirek("explain", folders / kind, SUBJECTS[kind]).exit_code == 2
            path.unlink()
            assert tirek("verify", folders / kind).exit_code == 2, path
        finally:
            path.write_bytes(whole)
