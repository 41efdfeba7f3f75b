"""Reading a calibration back: nothing is lost, and a folder that was touched is refused."""

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.assessment.commands.calibrations import read_calibration
from tirek.site.cli import main
from tirek.storage.runs import FolderRefused
from tirek_engines.psychometrics import Answers, Options, calibrate


@pytest.fixture
def saved(tmp_path):
    """A calibration of 300 persons, 5 items: one scored 0 and 2, one 0 to 2, and its folder."""
    rng = np.random.default_rng(3)
    x = (rng.random((300, 5)) < 1 / (1 + np.exp(-rng.standard_normal((300, 1))))).astype(float)
    x[:, 1] *= 2
    x[:, 2] += rng.random(300) < 0.4
    group = np.where(np.arange(300) < 150, "a", "b")
    names = [f"M{j}" for j in range(5)]
    frame = pl.DataFrame(dict(zip(names, x.T.astype(int), strict=True))).with_columns(school=pl.Series(group))
    frame.write_csv(tmp_path / "answers.csv")
    command = ["calibrate", tmp_path / "answers.csv", "--model", "2pl", "--group", "school", "--out", tmp_path / "c"]
    assert CliRunner().invoke(main, [str(a) for a in command]).exit_code == 0
    return tmp_path / "c", calibrate(Answers.from_matrix(x, names, groups=group), Options(model="2pl"))


def test_what_is_read_back_is_bit_for_bit_what_was_estimated(saved):
    folder, found = saved
    read = read_calibration(folder)
    assert read.items.slopes.tolist() == found.parameters.slopes.tolist()
    assert read.items.intercepts.tolist() == found.parameters.intercepts.tolist()
    assert [g.mean for g in read.groups] == found.parameters.means.tolist()
    assert read.items.values == tuple(i.values for i in found.items)
    assert read.items.values[1:3] == ((0, 2), (0, 1, 2))
    assert read.items.models == ("2pl", "2pl", "gpcm", "2pl", "2pl")
    assert read.regression == ()
    assert read.notes == ()
    assert read.arguments["group"] == "school"


def test_a_changed_table_is_refused(saved):
    folder, _ = saved
    text = (folder / "items.csv").read_text()
    (folder / "items.csv").write_text(text.replace("M0", "M9"))
    with pytest.raises(FolderRefused, match=r"items\.csv is not the file that was recorded"):
        read_calibration(folder)


def test_a_folder_that_is_none_is_refused(tmp_path, saved):
    with pytest.raises(FolderRefused, match="There is no folder"):
        read_calibration(tmp_path / "none")
    folder, _ = saved
    text = (folder / "manifest.json").read_text().replace('"command": "calibrate"', '"command": "link"')
    (folder / "manifest.json").write_text(text)
    with pytest.raises(FolderRefused, match="written by tirek link"):
        read_calibration(folder)


def test_another_version_is_noted(saved):
    folder, _ = saved
    path = folder / "manifest.json"
    from tirek_engines import ENGINE_VERSION

    path.write_text(path.read_text().replace(f'"engine": "{ENGINE_VERSION}"', '"engine": "0.0.0"'))
    assert "version 0.0.0" in read_calibration(folder).notes[0]
