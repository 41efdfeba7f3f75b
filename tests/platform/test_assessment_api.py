"""Tests and results for programs: the same numbers as on the pages, in the same scopes."""

import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.test import Client
from django.utils import timezone

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as
from tirek.assessment.models import GroupResult
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results

pytestmark = pytest.mark.django_db


@pytest.fixture
def test(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True  # no second factor to set up
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    world = make_world()
    made = make_test(world)
    with acting_as(OFFICER):
        import_answers(test_id=made.pk, content=answers_csv(world, made), file_name="a.csv")
    return made


def asked(path: str, role: str, kind: str | None = None):
    client = Client()
    client.force_login(user_with(role, kind, name=f"{role}-api"), backend="tirek.access.backends.ScopedBackend")
    return client.get(path)


def test_results_come_once_they_are_published(test):
    assert asked("/api/tests", Role.REGIONAL_OFFICER, ScopeKind.REGION).json()["items"][0]["code"] == test.code
    path = f"/api/tests/{test.code}/results"
    assert asked(path, Role.AUDITOR, ScopeKind.REGION).status_code == 404
    with acting_as(OFFICER):
        calibrate_test(test_id=test.pk, by=None, now=timezone.now())
        release = publish_results(test_id=test.pk, by=None, now=timezone.now())
        kept = {(g.dimension, g.code): (g.mean, g.suppressed) for g in GroupResult.objects.filter(release=release)}
    found = asked(path, Role.PROGRAMME_OFFICE, ScopeKind.REGION).json()
    assert {(g["by"], g["code"]): (g["mean"], g["hidden"]) for g in found["groups"]} == kept
    assert found["decision"] == release.decision_number
    assert len(found["items"]) > 5
    hidden = [g for g in found["groups"] if g["hidden"]]
    assert hidden
    assert all(g["mean"] is None and g["pupils"] is None for g in hidden)
    of_head = asked(path, Role.SCHOOL_HEAD).json()
    assert sum(g["by"] == "school" for g in of_head["groups"]) == 1, "the own school only"
    assert of_head["items"] == [], "the items are a secret of those who hold the test"
