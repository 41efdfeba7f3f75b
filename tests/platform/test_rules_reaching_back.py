"""An act dated before decisions that were made already: never loaded unseen, and never changing what was decided."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from access_world import REGION
from test_rules_commands import NAME, act, load, minimal_groups, officer, refused, run  # noqa: F401
from toy_decisions import children, toy_kind

from tirek.access.scope import loading
from tirek.decisions import kinds, services
from tirek.decisions.models import Decision, LocalRule
from tirek.storage import sealed

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _toy(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    kind = kinds.register(toy_kind())
    yield
    kinds.unregister(kind.code)


def record(on: date, org: tuple[int, int] = REGION) -> Decision:
    frame = children(org_no=org[0] + 5)
    return services.record(
        kind="toy.places", inputs={"children": frame}, parameters={"seats": 2}, org=org, by=None, now=NOW, on=on
    )


def test_an_act_that_reaches_behind_decisions_is_refused_until_their_number_is_confirmed(officer, act):  # noqa: F811
    old, new = record(date(2024, 5, 1)), record(date(2026, 3, 1))
    assert run(*load(act("from: 2026-09-01, value: 12, territory: KZ-47"))).exit_code == 0, "it lies after both"
    file = act("from: 2025-01-01, value: 15, territory: KZ-47")
    said = refused(*load(file))
    assert "1 decisions already made" in said
    assert new.number in said
    assert old.number not in said, "its day lies before the act"
    assert new.number in run("diff", file, "--name", NAME).output
    refused(*load(file), "--confirm", "2")
    with loading():
        assert LocalRule.objects.count() == 1, "nothing was loaded"
    assert run(*load(file), "--confirm", "1").exit_code == 0
    assert minimal_groups()["KZ-47"] == "12", "between the dates: the later act still holds later"
    with loading():
        kept = Decision.objects.get(pk=new.pk)
    assert (kept.rule_sha256, kept.state) == (new.rule_sha256, new.state)
    checked = services.verify(new.number, by="auditor", now=NOW)
    assert checked.agrees, "a decision keeps the rules that were sealed with it"


def test_who_is_not_touched_is_not_named(officer, act):  # noqa: F811
    """Decisions elsewhere, those that were withdrawn, and days on which the act says what was in force anyway."""
    record(date(2026, 3, 1), org=(20_000_000, 20_000_099))
    withdrawn = record(date(2026, 3, 1))
    with loading():
        services.withdraw(withdrawn.number, by=officer, because="a draft too many", now=NOW)
    assert run(*load(act("from: 2025-01-01, value: 15, territory: KZ-47"))).exit_code == 0
    record(date(2026, 3, 1))
    assert run(*load(act("from: 2025-06-01, value: 15, territory: KZ-47"))).exit_code == 0, "15 it was already"
