"""A sealed decision of each kind of growth under the rules in force; test_replay.py computes all that are kept again."""

import hashlib

import pytest
from cpd_world import after
from django.utils import timezone
from test_cpd_certification import decide, judged, make, to_experts
from test_cpd_courses import build, ready
from test_replay import FOLDER, STORE, WHOLE, store

from tirek.access.scope import loading
from tirek.cpd.kinds import CERTIFICATION, COMPLETION
from tirek.cpd.services.completion import complete_cohort
from tirek.decisions.kinds import kind_of
from tirek.decisions.rules import rules_in_force
from tirek.storage import sealed
from tirek.storage.sealed import json_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")


def name_of(code: str) -> str:
    with loading():
        values = rules_in_force(kind_of(code).rule, timezone.localdate(), *WHOLE).values()
    return f"{code}-{hashlib.sha256(json_bytes(values)).hexdigest()[:8]}"


def completed() -> None:
    world = build()
    ready(world)
    with loading():
        world.cohort.sessions.filter(marked_at=None).delete()
    with world.acting("office") as office:
        complete_cohort(code=world.cohort.code, by=office, now=after(world.cohort))


def certified() -> None:
    world = make()
    ana, bek = to_experts(world, "ana", "bek")
    judged(world, ana, 80, 60, 62)
    judged(world, bek, 40, 44)
    decide(world)


@pytest.mark.parametrize(("code", "make_one"), [(COMPLETION, completed), (CERTIFICATION, certified)])
def test_a_snapshot_is_kept_under_the_rules_in_force(code, make_one):
    name = name_of(code)
    if STORE and not (FOLDER / f"{name}.zip").exists():
        make_one()
        store(name, code)
    assert (FOLDER / f"{name}.zip").exists(), "The rules have new values: store a snapshot (see test_replay.py)."
