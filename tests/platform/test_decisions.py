"""The journal of decisions: recorded from stored bytes, never edited, published once, recomputed, explained."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, date, datetime

import polars as pl
import pytest
import toy_decisions
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError
from toy_decisions import FRESH, TOLERANCE, children, toy_kind

from tirek.access.models import User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.decisions import kinds, queries, rules, services
from tirek.decisions.models import Decision, Outcome, State
from tirek.decisions.services import checking
from tirek.storage import sealed
from tirek.storage.database import COUNTRY, OWN
from tirek_engines.errors import BrokenContract

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
OFFICER = Scope(lo=0, hi=99, role=Role.REGIONAL_OFFICER)


@pytest.fixture(autouse=True)
def toy(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    kind = kinds.register(toy_kind())
    FRESH.clear()
    yield kind
    kinds.unregister(kind.code)


def replace_kind(**changes):
    kinds.unregister("toy.places")
    return kinds.register(toy_kind(**changes))


def record(frame: pl.DataFrame | None = None, **more) -> Decision:
    frame = children() if frame is None else frame
    FRESH.setdefault("children", frame)
    values = {"parameters": {"seats": 2}, "org": (0, 99), "by": None, "now": NOW, "on": date(2026, 3, 1)} | more
    return services.record(kind="toy.places", inputs={"children": frame}, **values)


def verify(decision: Decision):
    return services.verify(decision.number, by="auditor", now=NOW)


@pytest.mark.django_db
class TestRecording:
    def test_a_run_is_kept_with_all_that_it_came_from(self):
        decision = record()
        assert decision.number == "D-2026-000001"
        assert decision.state == State.DRAFT
        assert (decision.rule, decision.rule_version) == ("assessment.publication", "2020-01-01")
        assert decision.inputs["children"]["rows"] == 5
        assert decision.outcome_count == 5
        with loading():
            kept = Outcome.objects.get(decision=decision, subject="C4")
        assert kept.result == {"admitted": True, "share": 10.0}
        assert kept.numbers == {"own": 40, "line": 30, "least": 10}
        assert queries.table(decision, "children").equals(children())

    def test_numbers_follow_each_other_and_start_anew_each_year(self):
        assert [record().number for _ in range(2)] == ["D-2026-000001", "D-2026-000002"]
        assert record(now=datetime(2027, 1, 5, tzinfo=UTC)).number == "D-2027-000001"

    def test_the_same_key_gives_the_same_decision(self):
        assert record(idempotency_key="round 1").pk == record(idempotency_key="round 1").pk

    def test_the_engine_sees_only_what_was_stored(self, monkeypatch):
        """A frame that is changed after it was handed over changes nothing: bytes are stored first."""
        seen = []
        real = toy_decisions.run
        monkeypatch.setattr(toy_decisions, "run", lambda i, p, r: seen.append(i["children"]) or real(i, p, r))
        frame = children()
        decision = record(frame)
        assert seen[0] is not frame
        assert sealed.digest_of(seen[0]) == decision.inputs["children"]["sha256"]

    def test_an_unlabelled_number_is_refused(self):
        replace_kind(numbers={"own": "Your points", "line": "Line"})
        with pytest.raises(BrokenContract, match="least"):
            record()

    def test_a_reason_without_its_number_is_refused(self):
        replace_kind(reasons={"admitted": "%(other)s", "below": "No."})
        with pytest.raises(BrokenContract, match="other"):
            record()

    def test_a_hundred_thousand_outcomes(self):
        n = 100_000
        decision = record(children(n).with_columns(points=pl.int_range(n)), parameters={"seats": n // 2})
        with loading():
            assert Outcome.objects.filter(decision=decision, reason="admitted").count() == n // 2

    def test_awkward_texts_survive_the_copy(self):
        frame = children(2).with_columns(subject=pl.Series(['a,"b"\n', "Ә\\N"]))
        decision = record(frame)
        with loading():
            assert set(Outcome.objects.values_list("subject", flat=True)) == {'a,"b"\n', "Ә\\N"}
        assert verify(decision).agrees


@pytest.mark.django_db
class TestAppendOnly:
    """The database itself refuses, also the loader, also bulk SQL."""

    @pytest.mark.parametrize(
        "statement",
        [
            "update decisions_outcome set reason = 'admitted'",
            "delete from decisions_outcome",
            "delete from decisions_decision",
            "update decisions_decision set summary = '{}'",
            "update decisions_decision set inputs = '{}'",
            "update decisions_decision set made_at = now()",
            "update decisions_decision set state = 'superseded'",
            "update decisions_decision set state = 'recording'",
            "update decisions_decision set state = 'published', published_at = now(), rule_sha256 = ''",
            "insert into decisions_outcome (decision_id, subject_kind, subject, org_no, result, reason, numbers)"
            " select id, 'person', 'late', 5, '{}', 'admitted', '{}' from decisions_decision",
            "truncate decisions_outcome",
        ],
    )
    @pytest.mark.parametrize("scope", ["loader", "country", "range"])
    def test_refused(self, statement, scope):
        record()
        scopes = {"loader": loading, "country": lambda: acting_as(Scope(COUNTRY)), "range": lambda: acting_as(OFFICER)}
        with pytest.raises(DatabaseError), scopes[scope](), connection.cursor() as cursor:
            cursor.execute(statement)

    def test_who_published_is_never_edited(self):
        decision = record()
        services_publish(decision)
        with pytest.raises(DatabaseError, match="not allowed"), loading():
            Decision.objects.filter(pk=decision.pk).update(published_by_name="Somebody else")

    def test_a_decision_cannot_be_born_published(self):
        decision = record()
        decision.pk, decision.number, decision.state = None, "D-2026-999999", State.PUBLISHED
        decision.published_at = NOW
        with pytest.raises(DatabaseError, match="starts by being recorded"), loading():
            decision.save(force_insert=True)


def services_publish(decision: Decision, by=None, scope: Scope = OFFICER) -> Decision:
    with acting_as(scope):
        return services.publish(decision.number, by=by, now=NOW)


@pytest.mark.django_db
class TestPublishing:
    def test_published_with_the_name(self):
        with loading():
            officer = User.objects.create(username="o", full_name="Айгүл Серікова")
        done = services_publish(record(), by=officer)
        assert (done.state, done.published_by_name) == (State.PUBLISHED, "Айгүл Серікова")

    def test_refused_when_an_input_moved(self):
        decision = record()
        FRESH["children"] = children().with_columns(points=pl.col("points") + 1)
        with pytest.raises(services.InputsMoved, match="children") as refusal:
            services_publish(decision)
        assert refusal.value.fields["inputs"] == ["children"]
        assert queries_state(decision) == State.DRAFT

    @pytest.mark.parametrize(
        "scope",
        [
            Scope(lo=0, hi=99, role=Role.TEACHER),
            Scope(lo=0, hi=98, role=Role.REGIONAL_OFFICER),
            Scope(role=Role.REGIONAL_OFFICER),
            Scope(lo=0, hi=99),
        ],
    )
    def test_refused_without_right_or_territory(self, scope):
        with pytest.raises(services.NotAllowed):
            services_publish(record(), scope=scope)

    def test_a_second_time_is_refused(self):
        decision = record()
        services_publish(decision)
        with pytest.raises(services.AlreadyPublished):
            services_publish(decision)

    def test_a_newer_one_supersedes(self):
        first = record()
        services_publish(first)
        second = record(children(4), supersedes=first.number)
        FRESH["children"] = children(4)
        assert queries_state(first) == State.PUBLISHED
        services_publish(second)
        assert queries_state(first) == State.SUPERSEDED
        with loading():
            assert [d.number for d in queries.chain(queries.decision(first.number))] == [first.number, second.number]

    def test_two_drafts_cannot_supersede_the_same(self):
        first = record()
        services_publish(first)
        rivals = [record(supersedes=first.number) for _ in range(2)]
        services_publish(rivals[0])
        with pytest.raises(services.AlreadyPublished, match=rivals[0].number):
            services_publish(rivals[1])

    def test_withdrawn_with_a_reason(self):
        decision = record()
        with acting_as(OFFICER):
            services.withdraw(decision.number, by=None, now=NOW, because="Wrong list")
        assert queries_state(decision) == State.WITHDRAWN


def queries_state(decision: Decision) -> str:
    with loading():
        return Decision.objects.get(pk=decision.pk).state


def test_two_officers_at_once_publish_once(committed_db, toy):
    with transaction.atomic():
        decision = record()
    results: list[str] = []
    start = threading.Barrier(2)

    def officer() -> None:
        start.wait()
        try:
            with transaction.atomic():
                services_publish(decision)
            results.append("published")
        except services.AlreadyPublished:
            results.append("refused")
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=officer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["published", "refused"]


@pytest.mark.django_db
class TestVerification:
    def test_agrees(self):
        checked = verify(record())
        assert checked.agrees
        assert checked.differences == []

    @pytest.mark.parametrize("where", ["inputs", "outputs", "rule"])
    def test_a_tampered_file_is_found(self, where):
        decision = record()
        kept = decision.rule_seal if where == "rule" else next(iter(getattr(decision, where).values()))
        path = sealed.path_of(kept["sha256"])
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        checked = verify(decision)
        assert [d["what"] for d in checked.differences] == ["seal"]
        assert "changed after it was sealed" in checked.differences[0]["now"]

    def test_a_lost_file_is_found(self):
        decision = record()
        sealed.path_of(decision.inputs["children"]["sha256"]).unlink()
        assert "is gone" in verify(decision).differences[0]["now"]

    def test_a_changed_engine_is_found(self, monkeypatch):
        decision = record()
        monkeypatch.setattr(toy_decisions, "admit", lambda points, seats: ([p >= 20 for p in points], 20))
        found = verify(decision).differences
        assert any(d["what"] == "result" and d["where"].startswith("person C2") for d in found)
        assert any(d["what"] == "table" and "cutoffs.line" in d["where"] for d in found)

    def test_a_changed_rule_is_found(self, monkeypatch, tmp_path):
        decision = record()
        text = rules.shipped_file("assessment.publication").read_text()
        changed = tmp_path / "assessment" / "rules" / "publication.yaml"
        changed.parent.mkdir(parents=True)
        changed.write_text(text.replace("value: 10}", "value: 7}", 1))
        monkeypatch.setattr(rules, "ENGINES", tmp_path)
        assert verify(decision).differences == [
            {"what": "rule", "where": "assessment.publication.minimal_group", "kept": "10", "now": "7"}
        ]

    def test_a_later_law_is_no_difference(self, monkeypatch, tmp_path):
        decision = record()
        text = rules.shipped_file("assessment.publication").read_text()
        changed = tmp_path / "assessment" / "rules" / "publication.yaml"
        changed.parent.mkdir(parents=True)
        later = "value: 10}\n    - {from: 2030-01-01, value: 12}"
        changed.write_text(text.replace("value: 10}", later, 1))
        monkeypatch.setattr(rules, "ENGINES", tmp_path)
        assert verify(decision).agrees

    def test_a_rule_that_came_with_a_later_version_is_no_difference(self, monkeypatch, tmp_path):
        decision = record()
        text = rules.shipped_file("assessment.publication").read_text()
        changed = tmp_path / "assessment" / "rules" / "publication.yaml"
        changed.parent.mkdir(parents=True)
        start = text.index("minimal_group:")
        end = text.find("\n\n", start)
        more = (
            text[start : end if end > 0 else None].replace("minimal_group:", "newer_rule:").replace("&demo", "&newer")
        )
        changed.write_text(f"{text.rstrip()}\n\n{more}\n")
        monkeypatch.setattr(rules, "ENGINES", tmp_path)
        assert verify(decision).agrees

    def test_an_outcome_changed_behind_the_triggers_is_found(self, monkeypatch):
        """The owner can switch triggers off; the sealed outcomes still tell."""
        decision = record()
        real = checking._journal

        def changed(of):
            return real(of).with_columns(
                reason=pl.when(pl.col("subject") == "C1").then(pl.lit("admitted")).otherwise("reason")
            )

        monkeypatch.setattr(checking, "_journal", changed)
        found = verify(decision).differences
        assert found == [
            {"what": "journal", "where": "person C1: reason", "kept": "below", "now": "admitted"},
        ]

    def test_tolerance_is_for_floats_only(self, monkeypatch):
        replace_kind(compare=TOLERANCE, tolerance=1e-6)
        decision = record()
        real = toy_decisions.run

        def shifted(by):
            def run(inputs, parameters, rule_set):
                result = real(inputs, parameters, rule_set)
                change = pl.struct(
                    admitted=pl.col("result").struct.field("admitted"),
                    share=pl.col("result").struct.field("share") + by,
                )
                return dataclasses.replace(result, outcomes=result.outcomes.with_columns(result=change))

            return run

        monkeypatch.setattr(toy_decisions, "run", shifted(1e-9))
        assert verify(decision).agrees
        monkeypatch.setattr(toy_decisions, "run", shifted(1e-3))
        assert not verify(decision).agrees


@pytest.mark.django_db
class TestExplaining:
    def test_reason_with_own_numbers_and_the_place_in_the_code(self):
        decision = record()
        with acting_as(OFFICER):
            why = queries.explain(decision.number, "C1")
        assert why.texts["en"] == "You have 10 points, fewer than the line of 30."
        assert set(why.texts) == {"kk", "ru", "en"}
        assert why.engine.file == "tests/platform/toy_decisions.py"
        assert why.engine.line > 10
        assert why.rule_place == "src/tirek_engines/assessment/rules/publication.yaml"

    def test_never_another_person(self):
        decision = record()
        services_publish(decision)
        parent = Scope(OWN, person_ids=(101,), user_id=7)
        with acting_as(parent):
            assert list(Outcome.objects.values_list("subject", flat=True)) == ["C1"]
            why = queries.explain(decision.number, "C1")
            assert dict(why.numbers) == {"own": 10, "line": 30, "least": 10}
            for other in ("C4", "104"):
                with pytest.raises(queries.NothingToExplain):
                    queries.explain(decision.number, other)

    def test_a_draft_is_not_for_those_below(self):
        decision = record()
        with acting_as(Scope(OWN, person_ids=(101,))):
            assert not Outcome.objects.exists()
        with acting_as(Scope(lo=5, hi=9, role=Role.SCHOOL_HEAD)):
            assert not Outcome.objects.exists()
            with pytest.raises(queries.NothingToExplain):
                queries.decision(decision.number)

    def test_a_school_sees_its_own_outcomes_of_an_open_decision(self):
        replace_kind(is_open=True)
        decision = record()
        services_publish(decision)
        with acting_as(Scope(lo=5, hi=9, role=Role.SCHOOL_HEAD)):
            assert {o.subject for o in queries.outcomes(decision)} == {"C0", "C2", "C4"}
        with acting_as(Scope()):
            assert queries.decision(decision.number).summary == {"admitted": 2, "line": 30}
            assert not queries.outcomes(decision).exists()
