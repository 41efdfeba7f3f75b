"""`tirek calibrate --stream` gives the same folder as memory: persons, reliabilities, faults, verify and explain."""

import json

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("streamed")
    rng = np.random.default_rng(3)
    n, b = 2_000, np.linspace(-1.5, 1.5, 8)
    theta = rng.normal(size=n) + np.repeat([0.0, 0.5], n // 2)
    x = (rng.random((n, 8)) < 1 / (1 + np.exp(-(theta[:, None] - b)))).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    x[5] = np.nan
    frame = pl.DataFrame({f"M{j}": x[:, j] for j in range(8)}).fill_nan(None).cast(pl.Int64)
    columns = {"pupil": [f"p{k}" for k in range(n)], "w": rng.uniform(0.5, 2, n), "kind": np.repeat(["a", "b"], n // 2)}
    frame.with_columns(pl.Series(k, v) for k, v in columns.items()).write_csv(place / "a.csv")
    for name, extra in (("memory", []), ("stream", ["--stream"])):
        told = ["--model", "2pl", "--id", "pupil", "--weight", "w", "--group", "kind", "--out", place / name, *extra]
        done = tirek("calibrate", place / "a.csv", *told)
        assert done.exit_code == 0, done.output
    return place


def test_persons_are_those_of_memory_column_by_column(folders):
    memory, stream = (pl.read_csv(folders / name / "persons.csv") for name in ("memory", "stream"))
    assert stream.columns == memory.columns
    for column in memory.columns:
        if memory[column].dtype.is_float():
            one, other = (f[column].fill_null(np.nan).to_numpy() for f in (memory, stream))
            assert other == pytest.approx(one, abs=1e-5, nan_ok=True), column
        else:
            assert stream[column].equals(memory[column]), column
    assert {"extreme", "no-answers"} <= set(stream["flag"].drop_nulls())


def test_reliabilities_and_the_effective_number_are_those_of_memory(folders):
    memory, stream = (json.loads((folders / name / "fit.json").read_text()) for name in ("memory", "stream"))
    for name in ("reliability", "reliability_eap", "reliability_wle", "n_effective", "loglik", "n"):
        assert stream[name] == pytest.approx(memory[name], rel=1e-6), name


def test_a_streamed_folder_is_verified_and_explained(folders):
    assert "Verified." in tirek("verify", folders / "stream").output
    row = pl.read_csv(folders / "stream" / "persons.csv").row(1200, named=True)
    told = tirek("explain", folders / "stream", "p1200")
    assert told.exit_code == 0, told.output
    assert "group b" in told.output
    assert f"EAP {row['eap']:.4f}" in told.output
    assert f"WLE {row['wle']:.4f}" in told.output
    assert tirek("explain", folders / "stream", "M3").exit_code == 0
    assert tirek("explain", folders / "stream", "nobody").exit_code == 2


def test_a_tampered_streamed_folder_is_found(folders):
    path = folders / "stream" / "items.csv"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"M1,", b"M9,"))
    try:
        assert tirek("verify", folders / "stream").exit_code == 2
        assert tirek("explain", folders / "stream", "p1").exit_code == 2
    finally:
        path.write_bytes(kept)


def test_ids_that_stand_twice_or_are_empty_are_faults(folders, tmp_path):
    frame = pl.read_csv(folders / "a.csv")
    ids = frame["pupil"].to_list()
    for row, value, what in ((1500, "p7", "row 9 already"), (20, None, "no id")):
        changed = [*ids]
        changed[row] = value
        frame.with_columns(pl.Series("pupil", changed)).write_csv(tmp_path / "b.csv")
        out = tmp_path / f"out{row}"
        told = ["--model", "2pl", "--id", "pupil", "--items", "M*", "--stream", "--out", out]
        assert tirek("calibrate", tmp_path / "b.csv", *told).exit_code == 2
        fault = pl.read_csv(out / "faults.csv").row(0, named=True)
        assert (fault["row"], fault["column"]) == (row + 2, "pupil")
        assert what in fault["what"]


def test_what_needs_memory_is_refused_with_a_way_out(folders, tmp_path):
    told = ["--model", "2pl", "--items", "M*", "--regress", "w", "--stream", "--out", tmp_path / "x"]
    done = tirek("calibrate", folders / "a.csv", *told)
    assert done.exit_code == 2
    assert "Leave --stream out" in done.output
