"""Two people press the same button in the same moment; the power goes in the middle of a calibration."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.db import connection
from django.utils import timezone
from linked_world import NOW, base_of, later_of

from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.assessment.models import Calibration, Link, Release
from tirek.assessment.refusals import WrongState
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test, calibration_job
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.publication import publish_results, withdraw
from tirek.decisions.models import Decision
from tirek.storage import jobs


def test_two_who_press_at_once_get_one_calibration(committed_db, tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    world = make_world((20, 20, 20, 20, 20, 20))
    test = make_test(world, 10)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
    found, faults = [], []

    def press():
        try:
            with acting_as(OFFICER):
                found.append(calibrate_test(test_id=test.pk, by=None, now=timezone.now()).pk)
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(120) for thread in threads]
    assert not faults
    assert len(set(found)) == 1
    with acting_as(OFFICER):
        assert Calibration.objects.count() == 1


def at_once(*presses) -> tuple[list, list]:
    """Each in a thread of its own, all begun in the same moment; what they gave, and what they raised."""
    found, faults, barrier = [], [], threading.Barrier(len(presses))

    def press(one):
        barrier.wait()
        try:
            with acting_as(OFFICER):
                found.append(one())
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(one,)) for one in presses]
    [thread.start() for thread in threads]
    [thread.join(240) for thread in threads]
    return found, faults


def test_two_who_link_and_publish_at_once_get_one_link_and_one_publication(committed_db, tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    world = make_world((30,) * 8)
    base, test = base_of(world), later_of(world)

    def link():
        return link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=NOW).pk

    links, faults = at_once(link, link)
    assert not faults
    assert len(set(links)) == 1

    def publish():
        return publish_results(test_id=test.pk, by=None, now=NOW).pk

    released, faults = at_once(publish, publish)
    assert not faults
    assert len(set(released)) == 1
    with acting_as(OFFICER):
        assert Release.objects.filter(test=test).count() == 1
        assert Link.objects.filter(test=test).count() == 1

    def calibrate():
        return calibrate_test(test_id=test.pk, by=None, now=NOW)

    taken, faults = at_once(lambda: withdraw(test_id=test.pk, by=None, now=NOW, because="A key was wrong."), calibrate)
    assert all(isinstance(fault, WrongState) for fault in faults), faults
    with acting_as(OFFICER):
        assert Release.objects.get(test=test).state == "withdrawn"
        assert Calibration.objects.filter(test=test).exclude(state="superseded").count() <= 1
    assert taken


DIES = """
import os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = settings.DATABASES["owner"]["NAME"] = sys.argv[1]
django.setup()
from pathlib import Path
from tirek.storage import jobs, sealed
from tirek.assessment.services import calibration
sealed.folder = lambda: Path(sys.argv[3])
calibration._keep = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
jobs.run(int(sys.argv[2]))
"""


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_work_can_begin_anew(committed_db, tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    world = make_world((20, 20, 20, 20, 20, 20))
    test = make_test(world, 10)
    officer = replace(OFFICER, user_id=user_with(Role.REGIONAL_OFFICER).pk)
    with acting_as(officer):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        job = jobs.start(calibration_job, title="Calibration", test_id=test.pk)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tirek.site.settings",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src"),
    }
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DIES, committed_db, str(job.pk), str(tmp_path / "sealed")],
        env=environment, timeout=300, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    connection.close()
    with loading():
        job.refresh_from_db()
        assert job.state == "running", "nobody told it of its end"
        assert jobs.settle_lost(job).state == "failed"
        assert (Calibration.objects.count(), Decision.objects.count()) == (0, 0), "what was recorded went with it"
        test.refresh_from_db()
        assert test.state == "collecting"
    with acting_as(officer), jobs.inline():
        again = jobs.start_once(calibration_job, title="Calibration", test_id=test.pk)
        assert again.state == "done", again.message
        assert Calibration.objects.get(test=test).state == "good"
