"""Files for researchers: who may ask, what is in them, that nobody is found, and that figures come out again."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from tirek.access.models import PersonRead
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.commands import calibrate, means
from tirek.assessment.models import GroupResult, ItemEstimate, ResearchFile
from tirek.assessment.refusals import NotAllowed, WrongState
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.research import make_research_file
from tirek.registry.models import Person
from tirek.storage import jobs, sealed

pytestmark = pytest.mark.django_db
MARKS = ["school", "district", "settlement", "language", "sex"]
WHY = "Does the language of the test matter for problems with long texts?"


@pytest.fixture(autouse=True)
def demonstration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


@pytest.fixture
def published():
    world = make_world()
    test = make_test(world, two_booklets=False)
    with loading():
        for number, person in enumerate(world.everybody):
            person.sex = "f" if number % 9 < 5 else "m"
        Person.objects.bulk_update(world.everybody, ["sex"])
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=timezone.now())
        publish_results(test_id=test.pk, by=None, now=timezone.now())
    return test


def made(test) -> ResearchFile:
    with acting_as(OFFICER):
        return make_research_file(
            release_id=test.releases.get().pk, purpose=WHY, recipient="A. Scholar, University", now=timezone.now()
        )


def opened(file: ResearchFile) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(sealed.read(file.sha256))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_nobody_stands_out_and_nobody_is_named(published):
    file = made(published)
    files = opened(file)
    pupils = pl.read_parquet(io.BytesIO(files["pupils.parquet"]))
    assert pupils.height == file.n_rows
    assert file.n_rows + file.n_left_out == 213
    assert pupils.group_by(MARKS).len()["len"].min() >= 5
    assert file.n_blanked > 0
    with loading():
        for person in Person.objects.all()[:50]:
            assert str(person.public_id) not in files["pupils.csv"].decode()
            assert person.family_name not in files["pupils.csv"].decode()
    assert not {"S0", "S1"} & set(pupils["school"])


def test_two_files_cannot_be_joined(published):
    one, other = (
        pl.read_csv(
            io.BytesIO(opened(made(published))["pupils.csv"]),
            schema_overrides={"pupil": pl.String, "school": pl.String},
        )
        for _ in (1, 2)
    )
    assert not set(one["pupil"]) & set(other["pupil"])
    assert not (set(one["school"]) - {"", None}) & (set(other["school"]) - {"", None})


def test_every_column_is_explained_and_the_method_names_decisions_and_rules(published):
    files = opened(made(published))
    pupils = pl.read_parquet(io.BytesIO(files["pupils.parquet"]))
    explained = set(pl.read_csv(io.BytesIO(files["codebook.csv"]))["column"])
    assert {c for c in pupils.columns if not c.startswith("pv")} <= explained
    method = json.loads(files["method.json"])
    release = published.releases.get()
    assert method["decisions"]["results"] == release.decision_number
    assert method["model"] == "rasch"
    assert method["rules"]["assessment.publication"]["values"]["minimal_group"] == 10
    assert method["counts"]["anonymity"] == 5
    assert method["purpose"] == WHY
    assert "pupils.csv" in method["sha256"]


def test_the_figures_come_out_again(published, tmp_path):
    files = opened(made(published))
    for name, content in files.items():
        Path(tmp_path / name).write_bytes(content)
    items = [f"M{j:02}" for j in range(1, 21)]
    run = CliRunner().invoke(calibrate.command, [
        str(tmp_path / "pupils.csv"), "--model", "rasch", "--id", "pupil", "--items", ",".join(items),
        "--omitted", "o:wrong", "--not-reached", "r:missing", "--out", str(tmp_path / "cal"), "--quiet",
    ])  # fmt: skip
    assert run.exit_code == 0, run.output
    again = dict(pl.read_csv(tmp_path / "cal" / "items.csv").select("item", "b").iter_rows())
    with loading():
        kept = dict(ItemEstimate.objects.values_list("item__code", "difficulty"))
        towns = GroupResult.objects.get(dimension="settlement", code="urban")
    assert max(abs(again[name] - kept[name]) for name in items) < 0.1, "the same but for the pupils left out"
    run = CliRunner().invoke(means.command, [
        str(tmp_path / "pupils.csv"), "--values", "pv*", "--weight", "weight", "--by", "settlement",
        "--cluster", "school", "--out", str(tmp_path / "means"), "--quiet",
    ])  # fmt: skip
    assert run.exit_code == 0, run.output
    found = pl.read_csv(tmp_path / "means" / "means.csv").filter(pl.col("by_settlement") == "urban")
    assert np.isclose(found["mean"][0], towns.mean, atol=3.0)


def test_without_a_purpose_a_right_or_the_territory_nothing_is_made(published):
    release = published.releases.get().pk
    with acting_as(OFFICER), pytest.raises(WrongState):
        make_research_file(release_id=release, purpose="why not", recipient="A", now=timezone.now())
    head = OFFICER.__class__(lo=10_100_010, hi=10_100_010, role="school_head")
    with acting_as(head), pytest.raises(NotAllowed):
        make_research_file(release_id=release, purpose=WHY, recipient="A", now=timezone.now())
    narrow = OFFICER.__class__(lo=10_100_000, hi=10_199_999, role="regional_officer")
    with acting_as(narrow), pytest.raises(WrongState):
        make_research_file(release_id=release, purpose=WHY, recipient="A", now=timezone.now())


def client_of(role: str, kind: str | None = None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user_with(role, kind), backend="tirek.access.backends.ScopedBackend")
    return client


def test_by_hand_and_with_a_trace(published):
    client = client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION)
    where = "/assessment/M4-2025/research/"
    assert "Say in a sentence" in client.post(where, {"purpose": "x", "recipient": "A"}).content.decode()
    with jobs.inline():
        client.post(where, {"purpose": WHY, "recipient": "A. Scholar"})
    page = client.get(where).content.decode()
    assert "A. Scholar" in page
    with loading():
        file = ResearchFile.objects.get()
    answer = client.get(f"{where}{file.public_id}/")
    assert answer["Content-Type"] == "application/zip"
    with loading():
        assert PersonRead.objects.filter(kind=PersonRead.Kind.EXPORT, query__contains=str(file.public_id)).exists()
    head = client_of(Role.SCHOOL_HEAD)
    assert head.get(where).status_code == 403
    assert head.get(f"{where}{file.public_id}/").status_code == 403
