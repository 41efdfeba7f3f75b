"""Tasks, imports, users and the audit over the API: the same rows as the pages, for the same people, nobody else's."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from form_world import ELSEWHERE, SCHOOL, as_, enrolled, held, load

from tirek.access.models import PersonRead
from tirek.access.scope import loading
from tirek.registry import models
from tirek.tasks.models import Step, StepKind, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def users() -> dict:
    return load()


def asked(code: str, by) -> Task:
    with loading():
        org_no = models.Institution.objects.get(code=code).org_no
        task = Task.objects.create(
            title=f"Send the list of {code}", parameters={"title": "x"}, org_no=org_no, asked_by_id=by.pk, asked_at=timezone.now(),
            due_date=dt.date(2020, 1, 1),
        )  # fmt: skip
        Step.objects.create(task=task, org_no=org_no, kind=StepKind.ASKED, at=timezone.now(), by_name="Officer")
    return task


def test_tasks_are_those_of_the_page(users):
    here, there = asked(SCHOOL, users["officer"]), asked(ELSEWHERE, users["officer"])
    mine = as_(users["head"]).get("/api/tasks").json()
    assert [(row["id"], row["is_late"]) for row in mine["items"]] == [(here.pk, True)]
    assert as_(users["officer"]).get("/api/tasks", {"list": "asked"}).json()["count"] == 2
    assert as_(users["head"]).get(f"/api/tasks/{there.pk}").status_code == 404
    steps = as_(users["head"]).get(f"/api/tasks/{here.pk}").json()["steps"]
    assert [(step["kind"], step["by"]) for step in steps] == [("asked", "Officer")]
    assert as_(users["head"]).get("/api/tasks", {"list": "nonsense"}).status_code == 422


def test_imports_stay_in_their_scope(users):
    with loading():
        here = models.Institution.objects.get(code=SCHOOL).org_no
        source = models.Source.objects.create(code="sis", name="SIS", kind="table", org_lo=here, org_hi=here)
        found = models.Import.objects.create(
            source=source, org_no=here, file_name="a.csv", sha256="0" * 64, size=1, as_of=dt.date(2026, 9, 1),
            counts={"rows": 3, "is_delta": True, "words": "x"},
        )  # fmt: skip
    rows = as_(users["head"]).get("/api/imports", {"source": "sis"}).json()
    assert [(row["id"], row["counts"]) for row in rows] == [(found.pk, {"rows": 3})]
    assert as_(users["head"]).get(f"/api/imports/{found.pk}").json()["state"] == "uploaded"
    assert as_(users["parent"]).get("/api/imports").status_code == 403
    with loading():
        models.Import.objects.filter(pk=found.pk).update(org_no=models.Institution.objects.get(code=ELSEWHERE).org_no)
    assert as_(users["head"]).get(f"/api/imports/{found.pk}").status_code == 404


@pytest.mark.parametrize("address", ["users", "users/1", "audit/changes", "audit/reads", "audit/sign-ins"])
@pytest.mark.parametrize("role", ["head", "officer", "teacher", "parent"])
def test_users_and_audit_are_closed_to_others(users, role, address):
    answer = as_(users[role]).get(f"/api/{address}")
    assert answer.status_code == 403
    assert answer.json()["message"]


def test_looking_at_changes_is_itself_recorded(users):
    person = enrolled().person
    with loading():
        models.Person.objects.filter(pk=person.pk).update(family_name="Басқа")
    client = as_(users["auditor"])
    rows = client.get("/api/audit/changes", {"person": str(person.public_id), "table": "registry.person"}).json()
    assert rows[0]["change"] == "update"
    assert "Басқа" in [difference["after"] for difference in rows[0]["differences"]]
    assert held(PersonRead, user_id=users["auditor"].pk, query="audit: changes")
    assert client.get("/api/audit/reads").json()["items"][0]["query"] == "audit: changes"
    assert client.get("/api/users").status_code == 403
