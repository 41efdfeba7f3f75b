"""The power goes at the worst of moments, and two people press the button at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection, connections
from exchange_world import AS_OF, REGION, make_world, pupil, pupils

from tirek.access.scope import acting_as, loading
from tirek.registry.exchange import services
from tirek.registry.models import ClassGroup, Enrolment, ExternalId, Import, ImportState, Person

ROOT = Path(__file__).resolve().parents[2]
APPLY = """
import sys
import django
from django.conf import settings
from django.db import connections
settings.DATABASES["default"]["NAME"] = settings.DATABASES["owner"]["NAME"] = sys.argv[1]
django.setup()
from tirek.access.scope import Scope, acting_as
from tirek.registry.exchange import services
print("ready", flush=True)
with acting_as(Scope(lo=10_000_000, hi=19_999_999, user_id=1, role="regional_officer")):
    getattr(services, sys.argv[2])(import_id=int(sys.argv[3]))
"""


def run(database: str, step: str, number: int, die_at: str = "") -> subprocess.Popen:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tirek.site.settings", "PYTHONPATH": str(ROOT / "src"), "TIREK_TEST_DIE_AT": die_at,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", APPLY, database, step, str(number)],
        env=environment,
        stdout=subprocess.PIPE,
    )


def staged(rows: int) -> Import:
    source = make_world()
    data = pupils(*(pupil(n, f"Аты{chr(0x430 + n % 30)}") for n in range(rows)))
    with acting_as(REGION):
        found = services.upload(source=source, file_name="p.csv", data=data, row_kind="learners", as_of=AS_OF)
    with acting_as(REGION):
        return services.stage(import_id=found.pk)


def everything() -> tuple:
    connection.close()
    with loading():
        events = connection.cursor()
        events.execute("select count(*) from registry_personevent")
        return (Person.objects.count(), Enrolment.objects.count(), ClassGroup.objects.count(), ExternalId.objects.count(),
                events.fetchone()[0])  # fmt: skip


@pytest.mark.parametrize("moment", ["people inserted", "merged", "before commit"])
def test_killed_while_applying_leaves_the_register_as_it_was_and_can_go_on(committed_db, moment):
    found = staged(50)
    before = everything()
    killed = run(committed_db, "apply", found.pk, moment)
    assert killed.wait(300) == -signal.SIGKILL
    assert everything() == before
    with acting_as(REGION):
        found.refresh_from_db()
        assert found.state == ImportState.STAGED
    with acting_as(REGION):
        services.apply(import_id=found.pk)
    with loading():
        assert (Person.objects.count(), Enrolment.objects.count()) == (50, 50)


def test_killed_after_the_commit_it_is_applied(committed_db):
    found = staged(10)
    assert run(committed_db, "apply", found.pk, "after commit").wait(300) == -signal.SIGKILL
    connection.close()
    with acting_as(REGION):
        found.refresh_from_db()
    # the command's own transaction was not yet committed: nothing, or all of it
    assert (found.state, everything()[0]) in [(ImportState.STAGED, 0), (ImportState.APPLIED, 10)]


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.5])
def test_killed_at_any_moment_nothing_is_half_there(committed_db, delay):
    found = staged(3000)
    process = run(committed_db, "apply", found.pk)
    assert process.stdout.readline() == b"ready\n"
    time.sleep(delay)
    process.kill()
    process.wait(30)
    people, enrolments, _groups, _ids, events = everything()
    assert people in (0, 3000)
    assert (enrolments, events) == (people, people)


def test_two_uploads_of_one_file_at_once_are_one_import(committed_db):
    source = make_world()
    data, told, made = pupils(pupil(1)), [], []
    barrier = threading.Barrier(2)

    def upload():
        barrier.wait()
        try:
            with acting_as(REGION):
                made.append(
                    services.upload(source=source, file_name="p.csv", data=data, row_kind="learners", as_of=AS_OF).pk
                )
        except services.AlreadyUploaded as refused:
            told.append(refused.fields["import_id"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=upload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == len(told) == 1
    assert told == made


def test_two_people_apply_one_import_at_once(committed_db):
    found = staged(2000)
    results = []
    barrier = threading.Barrier(2)

    def apply():
        barrier.wait()
        try:
            with acting_as(REGION):
                services.apply(import_id=found.pk)
            results.append("applied")
        except services.NotApplicable:
            results.append("told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == ["applied", "told"]
    assert everything()[0] == 2000
