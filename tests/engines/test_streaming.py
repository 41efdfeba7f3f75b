"""Packed files and Spark against the calibration in memory; the same bits whatever the number of threads."""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main
from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.large import packedfile
from tirek_engines.psychometrics.large.packedfile import open_packed, write_packed
from tirek_engines.psychometrics.large.streaming import calibrate_packed, scores_of_packed

from .test_tabulated import simulated

SOURCE = Path(__file__).resolve().parents[2] / "src"


def blocks_of(answers: Answers, rows: int):
    def blocks():
        for start in range(0, answers.n_persons, rows):
            part = slice(start, start + rows)
            yield dataclasses.replace(
                answers,
                codes=answers.codes[part],
                weights=None if answers.weights is None else answers.weights[part],
                groups=None if answers.groups is None else answers.groups[part],
            )

    return blocks


def awkward(steps: int = 1) -> Answers:
    """Booklets, weights of zero, persons without answers, an item nobody saw, single runs."""
    answers = simulated(30_000, 20, steps=steps, booklets=5)
    codes, weights = answers.codes.copy(), answers.weights.copy()
    codes[:, 7] = 255
    codes[5::1000] = 255
    codes[11::700, :12] = 255
    weights[::50] = 0.0
    return dataclasses.replace(answers, codes=codes, weights=weights)


def assert_same(one, other):
    assert one.fit.loglik == pytest.approx(other.fit.loglik, abs=1e-8)  # not only in proportion: it is some -3e5
    assert (one.fit.n, one.fit.n_without_answers) == (other.fit.n, other.fit.n_without_answers)
    assert [d.item for d in one.dropped] == [d.item for d in other.dropped]
    for a, b in zip(one.items, other.items, strict=True):
        assert (a.item, a.model, a.n, a.values) == (b.item, b.model, b.n, b.values)
        assert (a.a, *a.d) == pytest.approx((b.a, *b.d), abs=1e-9)
        assert (a.se_a, *a.se_d) == pytest.approx((b.se_a, *b.se_d), rel=1e-6, nan_ok=True)
    for a, b in zip(one.groups, other.groups, strict=True):
        assert (a.mean, a.variance) == pytest.approx((b.mean, b.variance), abs=1e-9)
        assert (a.group, a.n) == (b.group, b.n)


@pytest.mark.parametrize(("model", "steps"), [("2pl", 1), ("gpcm", 2), ("rasch", 1)])
def test_a_file_gives_what_memory_gives(tmp_path, monkeypatch, model, steps):
    monkeypatch.setattr(packedfile, "ROWS", 4_000)
    answers, options = awkward(steps), Options(model=model)
    file = write_packed(tmp_path / "answers.packed", blocks_of(answers, 7_000))
    found, memory = calibrate_packed(file, options), calibrate(answers, options)
    assert_same(found, memory)
    eap, wle = np.full(answers.n_persons, np.nan), np.full(answers.n_persons, np.nan)
    for part in scores_of_packed(file, found):
        eap[part.rows], wle[part.rows] = part.eap, part.wle
    assert eap == pytest.approx(memory.persons.eap, abs=1e-11)
    assert wle == pytest.approx(memory.persons.wle, abs=1e-7, nan_ok=True)  # large runs interpolate, small ones do not


def test_threads_do_not_change_a_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(packedfile, "ROWS", 3_000)
    file = write_packed(tmp_path / "answers.packed", blocks_of(awkward(), 30_000))
    found = [calibrate_packed(file, Options(model="2pl", threads=n)) for n in (1, 3)]
    assert repr(found[0].items) == repr(found[1].items)
    assert repr(found[0].fit) == repr(found[1].fit)
    again = write_packed(tmp_path / "again.packed", blocks_of(awkward(), 30_000))
    assert again.path.read_bytes() == file.path.read_bytes()


def test_a_torn_file_is_refused(tmp_path):
    path = write_packed(tmp_path / "answers.packed", blocks_of(simulated(500, 10), 500)).path
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Refusal, match="no finished file"):
        open_packed(path)


def test_what_cannot_be_streamed_is_said(tmp_path):
    file = write_packed(tmp_path / "answers.packed", blocks_of(simulated(500, 10), 500))
    with pytest.raises(Refusal, match="leave out --stream"):
        calibrate_packed(file, Options(model="3pl"))


@pytest.fixture(scope="module")
def spark():
    pyspark = pytest.importorskip("pyspark", reason="not run: the extra spark is not installed")
    if not shutil.which("java"):
        pytest.skip("not run: there is no Java runtime")
    logging.getLogger("py4j").setLevel(logging.ERROR)  # it speaks after the tests have ended
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        pyspark.sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.executorEnv.PYTHONPATH", str(SOURCE))
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "4000")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_spark_gives_what_memory_gives(spark, tmp_path):
    from tirek_engines.psychometrics.large.spark import calibrate_frame

    answers = awkward()
    columns = {name: answers.codes[:, j].astype(np.int16) for j, name in enumerate(answers.items)}
    frame = pl.DataFrame(columns).with_columns(pl.all().replace(255, None))
    frame = frame.with_columns(
        pl.Series("weight", answers.weights), pl.Series("group", [answers.group_names[g] for g in answers.groups])
    )
    frame.write_parquet(tmp_path / "answers.parquet")
    table = spark.read.parquet(str(tmp_path / "answers.parquet")).repartition(3)
    options = Options(model="2pl", se="none")  # small runs would ask for errors by differences: a pass each
    found = calibrate_frame(table, answers.items, options, weight="weight", group="group")
    assert_same(found, calibrate(answers, options))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_command_streams(tmp_path, ending):
    answers = simulated(3_000, 10)
    frame = pl.DataFrame({name: answers.codes[:, j] for j, name in enumerate(answers.items)}).with_columns(
        pl.Series("pupil", [f"p{k}" for k in range(3_000)]), pl.Series("weight", answers.weights)
    )
    path = tmp_path / f"answers.{ending}"
    frame.write_csv(path) if ending == "csv" else frame.write_parquet(path)
    told = ["calibrate", str(path), "--model", "2pl", "--id", "pupil", "--weight", "weight", "--quiet"]
    for extra in ([], ["--stream"]):
        done = CliRunner().invoke(main, [*told, *extra, "--out", str(tmp_path / f"out{len(extra)}")])
        assert done.exit_code == 0, done.output
    for name in ("items", "persons"):
        memory, stream = (pl.read_csv(tmp_path / f"out{k}" / f"{name}.csv") for k in (0, 1))
        for column in stream.columns:
            if stream[column].dtype.is_float():
                assert stream[column].to_numpy() == pytest.approx(memory[column].to_numpy(), abs=1e-5, nan_ok=True)
            else:
                assert stream[column].equals(memory[column]), column


def test_faults_of_later_batches_have_their_own_rows(tmp_path):
    values = ["1", "0"] * 40_000
    values[70_000] = "x"
    path = tmp_path / "answers.csv"
    pl.DataFrame({"i1": values, "i2": ["0", "1", "1", "1"] * 20_000}).write_csv(path)
    told = ["calibrate", str(path), "--model", "2pl", "--stream", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, told).exit_code == 2
    faults = pl.read_csv(tmp_path / "out" / "faults.csv")
    assert faults["row"].to_list() == [70_002]
