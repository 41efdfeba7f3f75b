"""Decisions as they were sealed under each version of the rules, computed again by the program as it is now.

Snapshots lie in ``tests/replay`` (synthetic) and are only ever added to. New values of rules need one more:
``TIREK_STORE_REPLAY=1 pytest tests/platform/test_replay.py`` writes what is missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from assessment_world import OFFICER, make_world
from bank_world import make_item
from django.utils import timezone
from linked_world import base_of, later_of
from test_assessment_standards import closed
from test_bank import make_test

from tirek.access.scope import acting_as, loading
from tirek.assessment.models import Release, ReleaseState, Test
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.releasing import release_items
from tirek.decisions.kinds import TOLERANCE, all_kinds, kind_of
from tirek.decisions.models import Decision
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek.decisions.services import checking
from tirek.decisions.services.recording import OUTCOMES, compute, outcome_frame
from tirek.storage import sealed as storage
from tirek.storage.sealed import Sealed, json_bytes, unseal

FOLDER = Path(__file__).resolve().parents[1] / "replay"
STORE = os.environ.get("TIREK_STORE_REPLAY") == "1"
NOW = timezone.now()
WHOLE = (0, 2_147_483_647)
HEAD = ("kind", "rule", "rule_seal", "inputs", "outputs", "parameters", "summary", "engine_version")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed_folder(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr(storage, "folder", lambda: tmp_path / "sealed")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.zip")), ids=lambda path: path.stem)
def test_what_was_sealed_is_computed_as_it_was(path, tmp_path):
    with zipfile.ZipFile(path) as file:
        file.extractall(tmp_path)
    decision = Decision(**json.loads((tmp_path / "decision.json").read_text(encoding="utf-8")))
    kind = kind_of(decision.kind)
    rules = RuleSet.unsealed(unseal(Sealed.from_dict(decision.rule_seal)))
    inputs = {name: Sealed.from_dict(value) for name, value in decision.inputs.items()}
    result = compute(kind, inputs, decision.parameters, rules)
    tolerance = kind.tolerance if kind.compare == TOLERANCE else None
    kept = unseal(Sealed.from_dict(decision.outputs[OUTCOMES]))
    assert not list(checking._outcomes_differ("result", kept, outcome_frame(kind, result.outcomes), tolerance))
    assert not list(checking._tables_differ(decision, result.tables, tolerance))


def test_every_kind_has_a_snapshot_under_the_rules_in_force():
    wanted = {name_of(kind.code, kind.rule): kind.code for kind in all_kinds() if kind.code.startswith("assessment.")}
    missing = {name: code for name, code in wanted.items() if not (FOLDER / f"{name}.zip").exists()}
    if STORE and missing:
        make_decisions()
        for name, code in missing.items():
            store(name, code)
        missing = {name: code for name, code in wanted.items() if not (FOLDER / f"{name}.zip").exists()}
    assert not missing, "The rules have new values: store a snapshot (see the head of this file)."


def name_of(kind: str, rule: str) -> str:
    """Kind and the first digits of the digest of the rule's values."""
    with loading():
        values = rules_in_force(rule, timezone.localdate(NOW), *WHOLE).values()
    return f"{kind.removeprefix('assessment.')}-{hashlib.sha256(json_bytes(values)).hexdigest()[:8]}"


def make_decisions() -> None:
    """One small decision of each kind."""
    world = make_world()
    base, later = base_of(world), later_of(world)
    items = [make_item(f"B{n:02}") for n in range(1, 5)]
    with acting_as(OFFICER):
        link_test(test_id=later.pk, base_id=base.pk, matched_by="code", by=None, now=NOW)
        closed(base)
        from_bank = make_test(world, items)
    with loading():
        Test.objects.filter(pk=from_bank.pk).update(state="published")
        Release.objects.create(test=from_bank, org_lo=from_bank.org_lo, state=ReleaseState.PUBLISHED, at=NOW)
    with acting_as(OFFICER):
        release_items(item_ids=[items[0].pk], by=None, now=NOW)


def store(name: str, code: str) -> None:
    with loading():
        decision = Decision.objects.filter(kind=code).order_by("-pk").first()
    assert decision is not None, f"No decision of kind {code} was made here."
    seals = [*decision.inputs.values(), *decision.outputs.values(), decision.rule_seal]
    FOLDER.mkdir(exist_ok=True)
    with zipfile.ZipFile(FOLDER / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("decision.json", json.dumps({field: getattr(decision, field) for field in HEAD}, indent=1))
        for sha256 in sorted({seal["sha256"] for seal in seals}):
            file.writestr(f"sealed/{sha256[:2]}/{sha256}", storage.read(sha256))
