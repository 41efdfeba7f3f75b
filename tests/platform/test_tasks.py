"""What is asked, answered, accepted: by whom, and never twice."""

import datetime as dt

import pytest
from django.db import ProgrammingError
from django.utils import timezone, translation
from psycopg.types.range import Range

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.tasks import queries, services
from tirek.tasks.models import Evidence, Notification, Step, Task
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TOMORROW = NOW.date() + dt.timedelta(days=1)
SCHOOL, OTHER, ELSEWHERE = 1_000_010, 1_000_020, 2_000_010
PDF = services.File("report.pdf", "application/pdf", b"%PDF-1.7 small")


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def user(name: str, role: str, lo: int, hi: int) -> User:
    with loading():
        found = User.objects.create(username=name, full_name=name.title(), org_no=lo)
        Grant.objects.create(
            user=found, role=role, scope_kind="institution" if lo == hi else "district", org_lo=lo, org_hi=hi,
            valid=Range(dt.date(2020, 1, 1), None),
        )  # fmt: skip
    return found


@pytest.fixture
def officer():
    return user("officer", Role.DISTRICT_OFFICER, 1_000_000, 1_099_999)


@pytest.fixture
def head():
    return user("head", Role.SCHOOL_HEAD, SCHOOL, SCHOOL)


def as_officer(officer):
    return acting_as(Scope(lo=1_000_000, hi=1_099_999, user_id=officer.pk, role=Role.DISTRICT_OFFICER))


def as_head(head):
    return acting_as(Scope(lo=SCHOOL, hi=SCHOOL, user_id=head.pk, role=Role.SCHOOL_HEAD))


def ask(officer, **fields) -> list[Task]:
    given = {"org_nos": [SCHOOL], "title": "Confirm the delivery", "due_date": TOMORROW} | fields
    with as_officer(officer):
        return services.ask(by=officer, now=NOW, **given)


def test_from_asking_to_acceptance(officer, head):
    (task,) = ask(officer, needs_evidence=True)
    with as_head(head):
        assert [
            t.pk for t in queries.my_tasks(Scope(lo=SCHOOL, hi=SCHOOL, user_id=head.pk, role=Role.SCHOOL_HEAD))
        ] == [task.pk]
        assert Notification.objects.get(user_id=head.pk).kind == "new_task"
        with pytest.raises(Refusal, match="evidence"):
            services.submit(task_id=task.pk, note="Done", by=head, now=NOW)
        services.submit(task_id=task.pk, note="Done", files=[PDF], by=head, now=NOW)
    with as_officer(officer):
        assert Notification.objects.get(user_id=officer.pk).parameters["who"] == "Head"
        services.return_for_work(task_id=task.pk, note="The photograph is missing", by=officer, now=NOW)
    with as_head(head):
        services.submit(task_id=task.pk, note="Here", files=[PDF], by=head, now=NOW)
    with as_officer(officer):
        services.accept(task_id=task.pk, note="", by=officer, now=NOW)
        assert [s.kind for s in queries.history(task)] == ["asked", "submitted", "returned", "submitted", "accepted"]
        assert Evidence.objects.count() == 2


def test_the_same_subject_is_not_asked_twice_while_open(officer):
    first = ask(officer, subject="delivery-7", org_nos=[SCHOOL, OTHER])
    again = ask(officer, subject="delivery-7", org_nos=[SCHOOL, OTHER, 1_000_030])
    assert (len(first), [t.org_no for t in again]) == (2, [1_000_030])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"org_nos": [ELSEWHERE]}, "outside your territory"),
        ({"org_nos": []}, "at least one"),
        ({"title": "  "}, "what is asked"),
        ({"due_date": NOW.date() - dt.timedelta(days=2)}, "in the past"),
    ],
)
def test_asking_is_refused(officer, fields, words):
    with pytest.raises(Refusal, match=words):
        ask(officer, **fields)


def test_a_head_cannot_accept_the_own_answer(officer, head):
    (task,) = ask(officer)
    with as_head(head):
        services.submit(task_id=task.pk, note="Done", by=head, now=NOW)
        with pytest.raises(Refusal, match="Only who asked"):
            services.accept(task_id=task.pk, note="", by=head, now=NOW)


def test_another_school_does_not_see_the_task(officer):
    (task,) = ask(officer)
    with acting_as(Scope(lo=OTHER, hi=OTHER, role=Role.SCHOOL_HEAD)):
        assert queries.task(task.pk) is None
        assert Step.objects.count() == 0


def test_a_reminder_goes_once_a_day(officer, head):
    (task,) = ask(officer)
    with as_officer(officer):
        assert services.remind(task_ids=[task.pk], by=officer, now=NOW) == 1
        assert services.remind(task_ids=[task.pk], by=officer, now=NOW + dt.timedelta(hours=2)) == 0
        assert services.remind(task_ids=[task.pk], by=officer, now=NOW + dt.timedelta(hours=21)) == 1


def test_an_ended_task_does_not_move(officer, head):
    (task,) = ask(officer)
    with as_officer(officer):
        services.cancel(task_id=task.pk, note="Not needed", by=officer, now=NOW)
        with pytest.raises(Refusal, match="Somebody was faster"):
            services.move_due_date(task_id=task.pk, due_date=TOMORROW, note="", by=officer, now=NOW)


def test_steps_are_append_only(officer):
    (task,) = ask(officer)
    with pytest.raises(ProgrammingError, match="Cannot"), loading():
        Step.objects.filter(task=task).update(note="changed")
