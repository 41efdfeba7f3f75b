"""The journal's pages with real decisions: a test's calibration, whose sealed files are named as dictionaries' methods are."""

import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test

pytestmark = pytest.mark.django_db


@pytest.fixture
def calibration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True  # no second factor to set up
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    world = make_world()
    test = make_test(world)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        return calibrate_test(test_id=test.pk, by=None, now=timezone.now())


def test_a_decision_about_a_test_is_shown_with_its_files_and_reasons(calibration):
    client = Client(headers={"accept-language": "en"})
    user = user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION, name="officer")
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    for number in (calibration.decision_number, calibration.results_number):
        answer = client.get(reverse("decisions:run", args=[number]))
        assert answer.status_code == 200
        page = answer.content.decode()
        assert reverse("decisions:file", args=[number, "items"]) in page
        assert reverse("decisions:file", args=[number, "outcomes"]) in page
        assert "%(" not in page, "a sentence's gaps are not shown as the program writes them"
        assert "%%" not in page


def test_a_subject_may_have_a_stroke_in_its_name():
    """A level of all pupils is the subject ``all/1``."""
    for subject in ("all/1", "471000000/2", "plain"):
        path = reverse("decisions:why", args=["D-2026-000010", subject])
        assert resolve(path).kwargs == {"number": "D-2026-000010", "subject": subject}
