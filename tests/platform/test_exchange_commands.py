"""tirek import, export and undo: the contract of the commands."""

import csv
import json

import oneroster_validator as standard
import pytest
from click.testing import CliRunner
from django.utils import translation
from exchange_world import make_world, pupil, pupils

from tirek.access.scope import loading
from tirek.registry.commands import exchange
from tirek.registry.models import Import, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path, monkeypatch):
    make_world()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tirek.storage.setup.django_ready", lambda: None)

    def run(command, *arguments):
        return CliRunner().invoke(command, [str(a) for a in arguments])

    return run


def test_a_table_comes_in_and_goes_back(run, tmp_path):
    path = tmp_path / "pupils.csv"
    path.write_bytes(pupils(pupil(1), pupil(2)))
    dry = run(exchange.import_, "learners", path, "--source", "nedb", "--as-of", "2026-09-01", "--dry-run", "--json")
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.output)["things"]["person"] == {"new": 2}
    with loading():
        assert not Person.objects.exists()
        Import.objects.update(state="discarded")
    done = run(exchange.import_, "learners", path, "--source", "nedb", "--as-of", "2026-09-01")
    assert done.exit_code == 0, done.output
    with loading():
        assert Person.objects.count() == 2
        number = Import.objects.latest("pk").pk
    out = tmp_path / "roster.zip"
    assert run(exchange.export, "roster", out, "--demographics").exit_code == 0
    assert standard.problems(out.read_bytes()) == []
    assert run(exchange.export, "learners", tmp_path / "p.xlsx").exit_code == 0
    assert run(exchange.export, "learners", tmp_path / "p.doc").exit_code == 2
    assert run(exchange.undo, number).exit_code == 0
    with loading():
        assert not Person.objects.exists()
    assert run(exchange.undo, number).exit_code == 2


def test_a_command_refuses_in_one_language_whatever_the_site_speaks(run, tmp_path, monkeypatch):
    path = tmp_path / "pupils.csv"
    path.write_bytes(pupils(pupil(1, begin="31.02.2026")))
    said = {}
    for wanted in ("en", "kk"):
        monkeypatch.setenv("TIREK_LANGUAGE", wanted)
        with translation.override("ru"):
            run(exchange.import_, "learners", path, "--source", "nedb", "--dry-run", "--faults", tmp_path / "f.csv")
        said[wanted] = (tmp_path / "f.csv").read_text(encoding="utf-8-sig")
        with loading():
            Import.objects.update(state="discarded")
    assert "There is no such day." in said["en"]
    assert said["kk"] != said["en"]


def test_bad_input_ends_with_two_and_a_table_of_faults(run, tmp_path):
    path = tmp_path / "pupils.csv"
    path.write_bytes(
        pupils(pupil(1, begin="31.02.2026"), header=pupils().decode().strip().replace("Фамилия", "Nazwisko"))
    )
    done = run(exchange.import_, "learners", path, "--source", "nedb", "--faults", tmp_path / "f.csv")
    assert done.exit_code == 2
    rows = list(csv.DictReader((tmp_path / "f.csv").open(encoding="utf-8")))
    assert {"file", "row", "column", "value", "what", "what_to_do"} <= set(rows[0])
    assert any(r["value"] == "31.02.2026" for r in rows)
    assert run(exchange.import_, "learners", path, "--source", "nobody").exit_code == 2
    assert run(exchange.import_, "roster", path, "--source", "nedb").exit_code == 2
