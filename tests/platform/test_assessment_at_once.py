"""Two people press the same button in the same moment."""

import threading

from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.db import connection
from django.utils import timezone

from tirek.access.scope import acting_as
from tirek.assessment.models import Calibration
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test


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
