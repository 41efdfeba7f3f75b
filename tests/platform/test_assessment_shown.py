"""What the demonstration adds to a published test: levels by a panel, printed reports, a scanned batch."""

import json

import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.utils import timezone
from sitting_world import make_sitting

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.assessment.demonstration.levels import demonstrate_levels
from tirek.assessment.demonstration.papers import demonstrate_printed, demonstrate_scanned
from tirek.assessment.models import LevelShare, Panel, ReportGiven
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.decisions.services import verify
from tirek.storage import sealed

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def sealed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


def test_levels_and_printed_reports_are_made_once(settings):
    world = make_world()
    test = make_test(world)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=NOW)
        publish_results(test_id=test.pk, by=None, now=NOW)
    panel = demonstrate_levels(test, NOW)
    assert panel is not None
    assert panel.state == "closed"
    assert demonstrate_levels(test, NOW).pk == panel.pk
    with loading():
        assert Panel.objects.count() == 1
        assert LevelShare.objects.filter(panel=panel, dimension="all").count() == 2
        assert verify(panel.decision_number, now=NOW).agrees
        school = world.schools[0]
        user_with(Role.SCHOOL_HEAD, name="head")
        Grant.objects.filter(user=User.objects.get(username="head")).update(org_lo=school.org_no, org_hi=school.org_no)
    settings.SITE_ADDRESS = "http://region.example.kz:8123"
    assert demonstrate_printed(test, NOW) == 2
    assert demonstrate_printed(test, NOW) == 0
    with loading():
        given = ReportGiven.objects.select_related("document").order_by("pk")
        assert [row.document.language for row in given] == ["kk", "ru"]
        data = json.loads(sealed.read(given[0].document.data_sha256))
        assert data["check_address"].startswith("http://region.example.kz:8123/documents/check/")
        assert all(row.has_levels and row.org_no == school.org_no for row in given)


def test_a_scanned_batch_waits_for_somebodys_yes():
    sat = make_sitting(make_world((30, 25)), is_synthetic=True)
    found = demonstrate_scanned(sat.test)
    assert found is not None
    assert (found.state, found.n_rows, found.n_new) == ("checked", 25, 25), found.faults
    assert any(fault["warning"] for fault in found.faults), "a double mark is pointed at"
    assert demonstrate_scanned(sat.test).pk == found.pk
