"""Needs and plans of measures: proposing, deciding, merging, ranking; loading a plan, reporting, accepting."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import polars as pl
import programme_world
import pytest
from django.utils import timezone, translation
from programme_world import DAY, NOW

from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force
from tirek.programmes import figures
from tirek.programmes.decided.needs import RESULTS, ROOMS, SCALES
from tirek.programmes.kinds import NEEDS, SELECTION
from tirek.programmes.measure_files import read_measures
from tirek.programmes.models import Measure, MeasureStep, Need, NeedLink, NeedState, NeedStep
from tirek.programmes.queries import findings as finding_queries
from tirek.programmes.queries import measures as measure_queries
from tirek.programmes.queries import needs as need_queries
from tirek.programmes.services import answering, measures, needs, proposing
from tirek.storage import sealed as storage
from tirek.storage.sealed import json_bytes
from tirek.storage.uploads import UploadRefused
from tirek.tasks.models import Task
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
REPLAY = Path(__file__).resolve().parents[1] / "replay"
DAYS = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def english(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr(storage, "folder", lambda: tmp_path / "sealed")
    with translation.override("en"):
        yield


def found_in(world, room_id: int = 0) -> dict[str, pl.DataFrame]:
    """One finding of each outcome, in school A but for one in B."""
    a, b = world.no("A"), world.no("B")
    rooms = [
        (room_id or 11, a, "101", "stem", 300, 2, 7, "D-1"), (12, a, "102", "library", 900, 4, 9, "D-1"),
        (13, a, "103", "gym", 520, 0, 0, "D-1"), (14, a, "104", "gym", 980, 0, 0, "D-1"), (15, b, "101", "stem", None, 0, 0, ""),
    ]  # fmt: skip
    scales = [
        (a, "teachers", "t", "1", "feedback", 400, 30, 40, "D-2"), (a, "pupils", "p", "1", "feedback", 290, 80, 90, "D-2"),
        (a, "parents", "p", "1", "trust", 700, 8, 10, "D-2"), (b, "teachers", "t", "1", "feedback", 900, 20, 100, "D-2"),
    ]  # fmt: skip
    results = [
        (a, "T1", "mathematics", 4, 4700, 50, 5000, 20, "D-3"),
        (b, "T1", "mathematics", 4, 5100, 50, 5000, 20, "D-3"),
    ]
    return {
        "rooms": pl.DataFrame(rooms, schema=ROOMS, orient="row"), "scales": pl.DataFrame(scales, schema=SCALES, orient="row"),
        "results": pl.DataFrame(results, schema=RESULTS, orient="row"),
    }  # fmt: skip


def propose(world, monkeypatch, room_id: int = 0, who: str = "office", now=NOW) -> tuple[str, int]:
    monkeypatch.setattr(finding_queries, "findings", lambda org_nos, on: found_in(world, room_id))
    with world.acting(who):
        run = proposing.draft_needs(programme_id=world.programme.pk, by=world.users[who], now=now)
        made = proposing.publish_needs(
            programme_id=world.programme.pk, number=run.decision_number, by=world.users[who], now=now
        )
    return run.decision_number, made


def reasons(number: str) -> dict[str, str]:
    with loading():
        return {o.subject: o.reason for o in journal.outcomes(journal.decision(number))}


class TestProposing:
    def test_each_finding_has_its_outcome_and_proposals_become_needs(self, monkeypatch):
        world = programme_world.build(joined=True)
        number, made = propose(world, monkeypatch)
        a, b = world.no("A"), world.no("B")
        assert reasons(number) == {
            "11": "room_low", "12": "room_missing", "13": "room_near", "14": "room_good", "15": "room_unknown",
            f"{a}:teachers:feedback": "scale_low", f"{a}:pupils:feedback": "scale_near", f"{a}:parents:trust": "scale_few",
            f"{b}:teachers:feedback": "scale_response", f"{a}:mathematics:4": "result_low", f"{b}:mathematics:4": "result_good",
        }  # fmt: skip
        assert made == 4
        with loading():
            kinds = sorted(Need.objects.values_list("kind", "topic", "subject"))
            assert kinds == [
                ("educational", "", "room:11"), ("educational", "", "room:12"),
                ("professional", "feedback", f"scale:{a}:teachers:feedback"),
                ("professional", "mathematics", f"result:{a}:mathematics:4"),
            ]  # fmt: skip
            need = Need.objects.get(subject="room:11")
            assert need.evidence[0]["decision"] == "D-1"
            assert need.numbers["index"] == 300
        with world.acting("office"):
            assert decisions.verify(number, by=world.users["office"], now=NOW).agrees

    def test_what_waits_is_not_proposed_twice_and_what_was_rejected_rests(self, monkeypatch):
        world = programme_world.build(joined=True)
        propose(world, monkeypatch)
        with world.acting("district"):
            need = Need.objects.get(subject="room:11")
            needs.reject(need_id=need.pk, note="Closed next year.", by=world.users["district"], now=NOW)
        number, made = propose(world, monkeypatch, now=NOW + 10 * DAYS)
        found = reasons(number)
        assert made == 0
        assert (found["11"], found["12"]) == ("rejected_before", "waits_already")
        number, made = propose(world, monkeypatch, now=NOW + 181 * DAYS)
        assert (reasons(number)["11"], made) == ("room_low", 1)

    def test_findings_that_have_moved_stop_the_publication(self, monkeypatch):
        world = programme_world.build(joined=True)
        monkeypatch.setattr(finding_queries, "findings", lambda org_nos, on: found_in(world))
        with world.acting("office"):
            run = proposing.draft_needs(programme_id=world.programme.pk, by=world.users["office"], now=NOW)
            monkeypatch.setattr(finding_queries, "findings", lambda org_nos, on: found_in(world, 77))
            with pytest.raises(Refusal, match="changed since"):
                proposing.publish_needs(
                    programme_id=world.programme.pk, number=run.decision_number, by=world.users["office"], now=NOW
                )
        with loading():
            assert not Need.objects.exists()

    def test_without_schools_or_findings_it_says_so(self, monkeypatch):
        world = programme_world.build()
        with world.acting("office"), pytest.raises(Refusal, match="Choose the schools first"):
            proposing.draft_needs(programme_id=world.programme.pk, by=world.users["office"], now=NOW)
        programme_world.choose(world)
        with world.acting("office"), pytest.raises(Refusal, match="Nothing is found yet"):
            proposing.draft_needs(programme_id=world.programme.pk, by=world.users["office"], now=NOW)


class TestDeciding:
    @pytest.fixture
    def world(self, monkeypatch):
        world = programme_world.build(joined=True)
        propose(world, monkeypatch, programme_world.room_at(world, "A").pk)
        return world

    def act(self, world, who, service, number=1, **more):
        with world.acting(who):
            found = Need.objects.filter(number=number).first()
            return service(need_id=found.pk if found else 0, by=world.users[who], now=NOW, **more)

    def test_the_second_officer_is_told_that_somebody_was_faster(self, world):
        self.act(world, "region", needs.accept)
        with pytest.raises(Refusal, match="Somebody was faster"):
            self.act(world, "region2", needs.accept)
        self.act(world, "region2", needs.reject, note="No money.")
        with pytest.raises(Refusal, match="Somebody was faster"):
            self.act(world, "region", needs.call_met, note="done")

    def test_who_may_decide_about_what(self, world):
        self.act(world, "head", needs.accept)
        for who in ("coordinator", "auditor", "headF"):
            with pytest.raises(Refusal):
                self.act(world, who, needs.accept, 2)
        with world.acting("headF") as scope:
            assert not need_queries.needs(scope).exists()
        with world.acting("district") as scope:
            assert need_queries.needs(scope).count() == 4

    def test_rejecting_and_reopening_want_a_reason(self, world):
        for note in ("", "  "):
            with pytest.raises(Refusal, match="Say why"):
                self.act(world, "region", needs.reject, note=note)
        self.act(world, "region", needs.reject, note="Not now.")
        self.act(world, "region", needs.reopen, note="New money.")
        with loading():
            need = Need.objects.get(number=1)
            assert (need.state, need.rank) == ("proposed", None)
            assert [s.kind for s in need.steps.order_by("id")] == ["proposed", "rejected", "reopened"]

    def test_merging_takes_the_evidence_over(self, world):
        with world.acting("region"):
            rooms = list(Need.objects.filter(kind="educational").order_by("number"))
            other_kind = Need.objects.filter(kind="professional").first()
            common = {"by": world.users["region"], "now": NOW}
            with pytest.raises(Refusal, match="one kind"):
                needs.merge(need_id=rooms[0].pk, other_ids=[other_kind.pk], **common)
            with pytest.raises(Refusal, match="at least two"):
                needs.merge(need_id=rooms[0].pk, other_ids=[rooms[0].pk], **common)
            merged = needs.merge(need_id=rooms[0].pk, other_ids=[rooms[1].pk], **common)
            assert len(merged.evidence) == 2
            rooms[1].refresh_from_db()
            assert (rooms[1].state, rooms[1].merged_into_id) == ("merged", merged.pk)
            needs.reopen(need_id=rooms[1].pk, note="Not the same after all.", **common)

    def test_ranks_of_a_school(self, world):
        with world.acting("region"):
            ids = list(Need.objects.order_by("number").values_list("id", flat=True))
            assert needs.accept_many(need_ids=ids, by=world.users["region"], now=NOW) == 4
            org_no = world.no("A")
            assert needs.rank(org_no=org_no, ordered=[ids[3], ids[0]], by=world.users["region"], now=NOW) == 4
            assert [n.pk for n in need_queries.accepted_in_order(org_no)] == [ids[3], ids[0], ids[1], ids[2]]
            assert needs.rank(org_no=org_no, ordered=[ids[3], ids[0]], by=world.users["region"], now=NOW) == 0
            needs.reject(need_id=ids[3], note="x", by=world.users["region"], now=NOW)
            with pytest.raises(Refusal, match="changed meanwhile"):
                needs.rank(org_no=org_no, ordered=ids, by=world.users["region"], now=NOW)

    def test_a_need_leads_to_a_work_and_its_acceptance_meets_it(self, world):
        from tirek.facilities import accepted
        from tirek.facilities.models import Work

        items = [{"item_code": "computer", "count": 2}]
        with loading():
            number = Need.objects.exclude(subject="room:12").get(kind="educational").number
        with pytest.raises(Refusal, match=f"Accept N-{number} first"):
            self.act(world, "region", answering.open_work, number, title="Equip", items=items)
        self.act(world, "region", needs.accept, number)
        self.act(world, "region", answering.open_work, number, title="Equip the room", items=items)
        with pytest.raises(Refusal, match="answers this need already"):
            self.act(world, "region", needs.reject, number, note="x")
        with loading():
            work = Work.objects.get(need_code=f"N-{number}")
            assert NeedLink.objects.get().ref == str(work.pk)
            work.accepted_on = DAY
            work.state = "accepted"  # as facilities tells it, in the transaction of the acceptance
            accepted.tell(work)
            need = Need.objects.get(number=number)
            assert (need.state, need.met_on) == ("met", DAY)
            answered = need_queries.counts(world.scope("region"), world.programme)
        assert (answered.met, answered.met_percent) == (1, 100)

    def test_writing_one_by_hand(self, world):
        with world.acting("head"):
            common = {
                "programme_id": world.programme.pk,
                "org_no": world.no("A"),
                "by": world.users["head"],
                "now": NOW,
            }
            need = needs.write_need(kind="professional", title="Robotics for beginners", topic="robotics", **common)
            assert (need.code, need.state) == ("N-5", "proposed")
            with pytest.raises(Refusal, match="which kind"):
                needs.write_need(kind="other", title="x", **common)
            with pytest.raises(Refusal, match="not one of the school"):
                needs.write_need(kind="educational", title="x", room_id=987654, **common)
        assert NeedState.PROPOSED == "proposed"
        with loading():
            assert NeedStep.objects.get(kind="written").by_name == "head"


PLAN = """№;Раздел;Мероприятие;Код учреждения;Ответственный;Срок;Бюджет;Источник
1;Кабинеты;Оснастить STEM-кабинет;A;Школа А;31.12.2025;1 500 000,50;спонсоры
;Курсы;Провести курсы;;Управление образования;2025-09-15;;
"""


class TestMeasures:
    def read(self, world, text: str):
        owners = {code: world.no(code) for code in world.schools}
        return read_measures("plan.csv", text.encode(), owners)

    def load(self, world, text: str = PLAN):
        read = self.read(world, text)
        assert not read.has_errors, read.faults.frame()
        with world.acting("office"):
            return measures.add_measures(
                programme_id=world.programme.pk, rows=read.rows, by=world.users["office"], now=NOW
            )

    def test_a_plan_in_russian_is_read_and_kept_whole(self):
        world = programme_world.build()
        first, second = self.load(world)
        assert (first.number, first.org_no, first.budget_tiyn, first.due_date) == (
            1,
            world.no("A"),
            150_000_050,
            dt.date(2025, 12, 31),
        )
        assert (second.number, second.owner_code, second.budget_tiyn) == (2, "", None)

    @pytest.mark.parametrize(
        ("row", "column"),
        [
            ("x;;T;;O;31.12.2025;;", "No."), ("1;;;;O;31.12.2025;;", "Measure"), ("1;;T;Z9;O;31.12.2025;;", "Code of the owning institution"),
            ("1;;T;;;31.12.2025;;", "Answers for it"), ("1;;T;;O;31.02.2025;;", "Due"), ("1;;T;;O;;;", "Due"),
            ("1;;T;;O;31.12.2025;-5;", "Budget, tenge"), ("1;;T;;O;31.12.2025;1.005;", "Budget, tenge"),
            ("1;;T;;O;31.12.1025;;", "Due"),
        ],
    )  # fmt: skip
    def test_each_fault_stands_at_its_row_and_column(self, row, column):
        world = programme_world.build(applied=False)
        head = PLAN.splitlines()[0]
        read = self.read(world, f"{head}\n9;;Good;;O;31.12.2025;;\n{row}\n")
        (fault,) = read.faults.frame().to_dicts()
        assert (fault["row"], fault["column"]) == (3, column)
        assert fault["what"]
        assert fault["what_to_do"]

    def test_missing_columns_doubled_numbers_and_empty_files(self):
        world = programme_world.build(applied=False)
        assert "Due" in self.read(world, "Мероприятие;Ответственный\nT;O\n").faults.frame()["what"][0]
        head = PLAN.splitlines()[0]
        doubled = self.read(world, f"{head}\n1;;T;;O;31.12.2025;;\n1;;T;;O;31.12.2025;;\n")
        assert doubled.faults.frame()["row"].to_list() == [3]
        for text in ("", f"{head}\n"):
            with pytest.raises(UploadRefused):
                self.read(world, text)

    def test_all_rows_or_none(self):
        world = programme_world.build()
        self.load(world)
        with pytest.raises(Refusal, match="has a measure 1 already"):
            self.load(world)
        with loading():
            assert Measure.objects.count() == 2

    def test_report_return_accept_and_the_progress_figure(self):
        world = programme_world.build()
        first, second = self.load(world)
        with world.acting("head"):
            common = {"measure_id": first.pk, "by": world.users["head"], "now": NOW}
            measures.begin(**common)
            with pytest.raises(Refusal, match="Say what was done"):
                measures.report(note=" ", **common)
            measures.report(note="All is there.", **common)
            with pytest.raises(Refusal):
                measures.accept(**common)
        with world.acting("headF"), pytest.raises(Refusal):
            measures.begin(measure_id=first.pk, by=world.users["headF"], now=NOW)
        with world.acting("region"):
            common = {"measure_id": first.pk, "by": world.users["region"], "now": NOW}
            measures.return_measure(note="The act is missing.", **common)
            with pytest.raises(Refusal, match="faster"):
                measures.accept(**common)
            measures.report(note="We have it ourselves.", **common)
            with pytest.raises(Refusal, match="yourself"):
                measures.accept(**common)
        with world.acting("office"):
            measures.accept(measure_id=first.pk, by=world.users["office"], now=NOW)
            late = measure_queries.progress(world.programme, on=DAY)
            assert (late.all, late.done, late.late, late.due, late.in_time) == (2, 1, 1, 1, 0)
            rows = list(measure_queries.measures(world.programme, on=DAY))
            assert [m.number for m in rows] == [2, 1], "the overdue first"
            later = measure_queries.progress(world.programme, on=dt.date(2026, 1, 1))
            assert (later.due, later.in_time) == (2, 1)
            measures.reopen(measure_id=first.pk, note="It broke.", by=world.users["office"], now=NOW)
            measures.cancel(measure_id=second.pk, note="No money.", by=world.users["office"], now=NOW)
            assert measure_queries.progress(world.programme, on=DAY).all == 1
        with loading():
            kinds = list(MeasureStep.objects.filter(measure=first).order_by("id").values_list("kind", flat=True))
        assert kinds == ["added", "begun", "reported", "returned", "reported", "accepted", "reopened"]

    def test_a_change_keeps_what_it_was(self):
        world = programme_world.build()
        first, _second = self.load(world)
        with world.acting("office"):
            common = {"measure_id": first.pk, "by": world.users["office"], "now": NOW}
            measures.change_measure(values={"due_date": dt.date(2026, 2, 1)}, **common)
            step = MeasureStep.objects.get(kind="changed")
            assert step.changes == {"due_date": ["2025-12-31", "2026-02-01"]}
            with pytest.raises(Refusal, match="territory"):
                measures.change_measure(values={"owner_code": "nowhere"}, **common)

    def test_owners_are_reminded_once_a_day(self):
        world = programme_world.build()
        self.load(world)
        with world.acting("office"):
            common = {"programme_id": world.programme.pk, "numbers": [1, 2], "by": world.users["office"]}
            assert measures.remind(now=NOW, **common) == (1, 1)
            assert measures.remind(now=NOW + dt.timedelta(hours=2), **common) == (0, 2)
            assert measures.remind(now=NOW + DAYS, **common) == (1, 1)
        with loading():
            assert Task.objects.get().org_no == world.no("A")

    def test_the_figures_count_what_the_records_say(self, monkeypatch):
        from tirek.indicators import snapshots

        world = programme_world.build(joined=True)
        self.load(world)
        propose(world, monkeypatch)
        with loading():
            ids = list(Need.objects.order_by("number").values_list("id", flat=True))
            needs.accept_many(need_ids=ids[:3], by=None, now=NOW)
            needs.call_met(need_id=ids[0], note="seen", by=None, now=NOW)
            schools, wanted, plan = (
                snapshots.read(t, DAY) for t in (figures.PARTICIPATIONS, figures.NEEDS, figures.MEASURES)
            )
        assert schools["org_no"].to_list() == sorted(world.no(c) for c in "ABCF")
        assert wanted.rows() == [(world.no("A"), 1, 3)]
        assert plan.rows() == [(world.no("A"), 0, 1)]


def test_every_kind_has_a_sealed_run_under_the_rules_in_force(monkeypatch):
    """As tests/platform/test_replay.py, which computes all of them again: TIREK_STORE_REPLAY=1 writes what is missing."""
    with loading():
        names = {}
        for kind in (SELECTION, NEEDS):
            values = rules_in_force(kind, timezone.localdate(), 0, 2_147_483_647).values()
            names[f"{kind}-{hashlib.sha256(json_bytes(values)).hexdigest()[:8]}"] = kind
    missing = {name: kind for name, kind in names.items() if not (REPLAY / f"{name}.zip").exists()}
    if missing and os.environ.get("TIREK_STORE_REPLAY") == "1":
        world = programme_world.build(joined=True)
        propose(world, monkeypatch)
        for name, kind in missing.items():
            store(name, kind)
        missing = {}
    assert not missing, "The rules have new values: store a run (see the head of tests/platform/test_replay.py)."


def store(name: str, kind: str) -> None:
    head = ("kind", "rule", "rule_seal", "inputs", "outputs", "parameters", "summary", "engine_version")
    with loading():
        decision = journal.decisions().filter(kind=kind).first()
    seals = [*decision.inputs.values(), *decision.outputs.values(), decision.rule_seal]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("decision.json", json.dumps({field: getattr(decision, field) for field in head}, indent=1))
        for sha256 in sorted({seal["sha256"] for seal in seals}):
            file.writestr(f"sealed/{sha256[:2]}/{sha256}", storage.read(sha256))
    (REPLAY / f"{name}.zip").write_bytes(buffer.getvalue())
