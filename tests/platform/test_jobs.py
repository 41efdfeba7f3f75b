"""Long work is watched, cancelled, and never half done."""

import threading

import pytest

from tirek.access.scope import Scope, acting_as, current_scope, loading
from tirek.registry.models import Person
from tirek.storage import jobs
from tirek.storage.database import COUNTRY
from tirek.storage.models import Job, JobState
from tirek_engines.errors import Refusal

ASKER = Scope(COUNTRY, user_id=7)
started, go_on = threading.Event(), threading.Event()


@jobs.work
def add_a_person(job, *, name):
    job.advance(1, 2, "half way")
    Person.objects.create(family_name=name, given_name="A", sort_key="a", org_no=3)
    return {"role": current_scope().database_role, "message": "Added."}


@jobs.work
def refuse(job):
    Person.objects.create(family_name="X", given_name="A", sort_key="a", org_no=3)
    raise Refusal("The file is empty. Send another.", code="empty")


@jobs.work
def break_down(job):
    Person.objects.create(family_name="X", given_name="A", sort_key="a", org_no=3)
    raise ZeroDivisionError


@jobs.work
def wait_to_be_cancelled(job):
    Person.objects.create(family_name="X", given_name="A", sort_key="a", org_no=3)
    started.set()
    go_on.wait(10)
    job.advance(2, 2)


@pytest.fixture(autouse=True)
def tests_are_ours(monkeypatch):
    monkeypatch.setattr(jobs, "_resolve", lambda name: globals()[name.partition(":")[2]])


@pytest.mark.django_db
def test_work_enters_the_askers_scope():
    with acting_as(ASKER), jobs.inline():
        job = jobs.start(add_a_person, title="t", name="Ким")
        assert (job.state, job.message, job.progress) == (JobState.DONE, "Added.", 1.0)
        assert job.result == {"role": COUNTRY}
        assert Person.objects.get().family_name == "Ким"
    with acting_as(Scope(lo=0, hi=5, user_id=8)):
        assert not Job.objects.exists(), "another's job is not seen"


@pytest.mark.django_db
@pytest.mark.parametrize(("work", "words"), [(refuse, "The file is empty"), (break_down, "wrong on our side")])
def test_what_fails_leaves_nothing(work, words):
    with acting_as(ASKER), jobs.inline():
        job = jobs.start(work, title="t")
        assert job.state == JobState.FAILED
        assert words in job.message or job.language != "en"
        assert not Person.objects.exists()


def test_cancelled_while_it_runs(committed_db):
    with acting_as(ASKER):
        job = jobs.start(wait_to_be_cancelled, title="t")
    worker = threading.Thread(target=jobs.run, args=[job.pk])
    worker.start()
    assert started.wait(10)
    with acting_as(ASKER):
        job.refresh_from_db()
        assert job.state == JobState.RUNNING
        assert jobs.settle_lost(job).state == JobState.RUNNING, "its worker is alive"
        jobs.cancel(job)
    go_on.set()
    worker.join(10)
    with acting_as(ASKER):
        job.refresh_from_db()
        assert job.state == JobState.CANCELLED
        assert not Person.objects.exists()


def test_a_job_whose_worker_died_is_settled(committed_db):
    with acting_as(ASKER):
        job = jobs.start(refuse, title="t")
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
    with acting_as(ASKER):
        job.refresh_from_db()
        assert jobs.settle_lost(job).state == JobState.FAILED


def test_cancelled_before_it_began(committed_db):
    with acting_as(ASKER):
        job = jobs.start(add_a_person, title="t", name="X")
    with acting_as(ASKER):
        jobs.cancel(job)
    jobs.run(job.pk)
    with loading():
        assert Job.objects.get().state == JobState.CANCELLED
        assert not Person.objects.exists()
