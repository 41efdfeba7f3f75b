"""Slopes, guessing and several points through the platform: chosen by a dated rule, published, verified, shown."""

import datetime as dt
import io
import zipfile

import polars as pl
import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from click.testing import CliRunner
from django.test import Client
from rules_world import set_rule

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.models import GroupResult, ItemEstimate, PersonResult
from tirek.assessment.refusals import NotGoodEnough
from tirek.assessment.reports.research import research_zip
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.decisions.services import verify
from tirek.indicators import services as indicators
from tirek.site.cli import main

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2025, 10, 1, 12, tzinfo=dt.UTC)
SIZES = (80,) * 8
MIXED = "M4-2025=2pl, *:M1*=3pl, M4-*:M05=graded, OTHER:*=rasch"


@pytest.fixture(autouse=True)
def sealed_apart(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


def released(world, test):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibration = calibrate_test(test_id=test.pk, by=None, now=NOW)
        assert calibration.state == "good", calibration.checks
        return publish_results(test_id=test.pk, by=None, now=NOW)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("M4-2025=2pl", {"2pl": 19, "gpcm": 1}),
        ("*=3pl", {"3pl": 19, "gpcm": 1}),
        ("M4-*=graded", {"2pl": 19, "graded": 1}),
        (MIXED, {"2pl": 9, "3pl": 10, "graded": 1}),
    ],
)
def test_every_model_goes_from_answers_to_figures_and_pages(rule, found):
    world = make_world(SIZES)
    test = make_test(world)
    set_rule("assessment.calibration", "models_of_tests", rule)
    release = released(world, test)
    with acting_as(OFFICER):
        assert release.calibration.fit["models"] == found
        assert release.calibration.fit["converged"]
        estimates = ItemEstimate.objects.filter(calibration=release.calibration)
        assert all(e.guessing is not None and 0 < e.guessing < 0.6 for e in estimates if e.model == "3pl")
        assert all(e.slope > 0 for e in estimates)
        for number in (release.calibration.decision_number, release.decision_number):
            checked = verify(number, now=NOW)
            assert checked.agrees, checked.differences
        assert indicators.verify(release.figure_number, by="", now=NOW).agrees
        gap = GroupResult.objects.get(release=release, dimension="gap", code="settlement")
        assert gap.low < 45 < gap.high, "towns were made half a logit ahead"
        drawn = GroupResult.objects.get(release=release, dimension="all")
        assert (drawn.mean, drawn.sd) == (500.0, 100.0)
        spread = [row.points for row in PersonResult.objects.filter(release=release)]
        assert 60 < pl.Series(spread).std() < 100, "EAPs spread less than the plausible values behind the figures"
    pages_are_shown(world, test, "M05", "M12")


def pages_are_shown(world, test, *items: str) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(
        user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION), backend="tirek.access.backends.ScopedBackend"
    )
    where = f"/assessment/{test.code}/"
    pages = [f"items/{item}" for item in items]
    pages += ["calibration", "fairness", "information", f"school/{world.schools[0].org_no}", "compare", "technical"]
    for page in pages:
        answer = client.get(f"{where}{page}/")
        assert answer.status_code == 200, f"{page}: {answer.content[-1500:]}"


def test_a_rule_that_is_not_understood_is_refused():
    world = make_world((20, 20))
    test = make_test(world, 6)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
    for rule, words, since in (("M4-2025=4pl", "4pl", "2022-01-01"), ("M4-2025", "not understood", "2023-01-01")):
        set_rule("assessment.calibration", "models_of_tests", rule, since=since)
        with acting_as(OFFICER), pytest.raises(NotGoodEnough, match=words):
            calibrate_test(test_id=test.pk, by=None, now=NOW)


def run(*arguments: str) -> None:
    done = CliRunner().invoke(main, [*arguments, "--quiet"])
    assert done.exit_code == 0, done.output


def test_a_published_figure_is_what_the_command_line_gives(tmp_path):
    """The files for researchers through `tirek calibrate`, `score` and `means`: the published figures to their digit."""
    world = make_world(SIZES)
    test = make_test(world)
    set_rule("assessment.calibration", "models_of_tests", MIXED)
    release = released(world, test)
    with acting_as(OFFICER):
        found = research_zip(release, salt="x", purpose="To compute the figures again.")
        with zipfile.ZipFile(io.BytesIO(found.content)) as archive:
            archive.extractall(tmp_path)
        estimates = {
            e.item.code: e for e in ItemEstimate.objects.filter(calibration=release.calibration).select_related("item")
        }
        eaps = sorted(PersonResult.objects.filter(release=release).values_list("eap", flat=True))
    pupils, base, out = str(tmp_path / "pupils.csv"), tmp_path / "base", tmp_path / "eap"
    codes = ("--omitted", "o:wrong", "--not-reached", "r:missing")
    run("calibrate", pupils, "--model", "2pl", "--id", "pupil", "--items", str(tmp_path / "items.csv"), *codes,
        "--out", str(base))  # fmt: skip
    for row in pl.read_csv(base / "items.csv").iter_rows(named=True):
        assert row["b"] == pytest.approx(estimates[row["item"]].difficulty, abs=1e-4), row
        assert row["model"] == estimates[row["item"]].model
    run("score", pupils, "--calibration", str(base), "--method", "eap", "--out", str(out))
    assert sorted(pl.read_csv(out / "persons.csv")["theta"]) == pytest.approx(eaps, abs=1e-4)
    for by in ("district", "settlement", "language"):
        run("means", pupils, "--values", "pv*", "--weight", "weight", "--by", by, "--cluster", "school",
            "--out", str(tmp_path / by))  # fmt: skip
        means = {
            row[f"by_{by}"]: row
            for row in pl.read_csv(tmp_path / by / "means.csv", infer_schema=False).iter_rows(named=True)
        }
        with loading():
            published = list(GroupResult.objects.filter(release=release, dimension=by))
        assert len(published) == 2
        for group in published:
            row = means[group.code]
            assert int(row["n"]) == group.n
            assert round(float(row["mean"]), 1) == pytest.approx(group.mean, abs=0.1001), (by, group.code)
            assert float(row["mean"]) == pytest.approx(group.mean, abs=0.06)
            ratio, n = float(row["se"]) / group.se, group.n_schools
            assert ratio == pytest.approx((7 / 8 * n / (n - 1)) ** 0.5, rel=0.02), (
                "all 8 schools, against the group's own"
            )
