"""Programmes: choosing schools, going through stages, reminding, leaving, merging."""

from __future__ import annotations

import datetime as dt

import programme_world
import pytest
from django.utils import translation
from programme_world import DAY, NOW, REGION
from psycopg.types.range import DateRange

from tirek.access.scope import acting_as, loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.programmes import blueprints
from tirek.programmes.models import (
    Application,
    Need,
    NeedState,
    Participation,
    Selection,
    Stage,
    StageStep,
)
from tirek.programmes.probes.register import Fact, Probe, register, unregister
from tirek.programmes.queries import board as boards
from tirek.programmes.services import leaving, programmes, selecting, stages
from tirek.programmes.services import needs as need_services
from tirek.registry.models import InstitutionState, Succession
from tirek.storage import sealed as storage
from tirek.tasks.models import Step, Task
from tirek.tasks.services import File
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
DAYS = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def english(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr(storage, "folder", lambda: tmp_path / "sealed")
    with translation.override("en"):
        yield


def reasons(selection) -> dict[str, str]:
    with loading():
        return {o.subject: o.reason for o in journal.outcomes(journal.decision(selection.decision_number))}


def inside(world) -> set[str]:
    with loading():
        by_no = {school.org_no: code for code, school in world.schools.items()}
        found = Participation.objects.filter(programme=world.programme, valid__upper_inf=True)
        return {by_no[n] for n in found.values_list("org_no", flat=True)}


class TestChoice:
    def test_everybody_gets_a_reason_and_the_chosen_are_in(self):
        """Four places, two each by the schools that may be chosen (4 and 2, one each first: 3 and 1), half of them rural.

        District 1 by points: A 8100, B 7400, C 5200, D 4500; district 2: F 6100, E 5900. First in: A, B, C and F: two rural.
        """
        world = programme_world.build()
        selection = programme_world.choose(world)
        assert reasons(selection) == {
            "A": "in_by_points", "B": "in_by_points", "C": "in_by_points", "D": "out_by_points", "E": "out_by_points",
            "F": "in_by_points", "G": "not_applied", "H": "too_small",
        }  # fmt: skip
        assert inside(world) == {"A", "B", "C", "F"}
        with loading():
            numbers = journal.explain(selection.decision_number, "D").numbers
            assert (numbers["points"], numbers["last"], numbers["places"], numbers["position"]) == (4500, 5200, 3, 4)
            assert StageStep.objects.filter(kind="joined").count() == 4

    def test_it_is_recomputed_from_what_was_sealed(self):
        world = programme_world.build()
        selection = programme_world.choose(world)
        with world.acting("office"):
            verification = decisions.verify(selection.decision_number, by=world.users["office"], now=NOW)
        assert verification.agrees

    def test_a_draft_is_not_published_once_the_register_has_moved(self):
        world = programme_world.build()
        with world.acting("office"):
            draft = selecting.draft_selection(
                programme_id=world.programme.pk,
                places=2,
                districts=[],
                day=DAY,
                joins_on=DAY,
                by=world.users["office"],
                now=NOW,
            )
            selecting.rate_application(
                programme_id=world.programme.pk, org_no=world.no("G"), points=99, received_on=DAY, by=world.users["office"],
                now=NOW,
            )  # fmt: skip
            with pytest.raises(Refusal, match="changed since"):
                selecting.publish_selection(
                    programme_id=world.programme.pk, number=draft.decision_number, by=world.users["office"], now=NOW
                )
        assert inside(world) == set()

    def test_publishing_twice_takes_nobody_in_twice(self):
        world = programme_world.build(joined=True)
        with world.acting("region"):
            number = Selection.objects.get().decision_number
            again = selecting.publish_selection(
                programme_id=world.programme.pk, number=number, by=world.users["region"], now=NOW
            )
        assert again == 0
        assert len(inside(world)) == 4

    def test_an_extension_adds_schools_of_further_districts_only(self):
        world = programme_world.build(joined=True)
        second = programme_world.choose(world, 2, districts=["472000000"], joins_on=DAY)
        found = reasons(second)
        assert second.is_extension
        assert (found["A"], found["D"], found["F"], found["E"]) == (
            "takes_part", "outside_round", "takes_part", "in_by_points",
        )  # fmt: skip
        assert inside(world) == {"A", "B", "C", "E", "F"}
        with loading():
            assert Participation.objects.get(org_no=world.no("E")).valid.lower == DAY
            assert journal.decision(second.decision_number).summary["open_places"] == 1

    def test_another_rule_is_tried_and_nothing_is_kept(self):
        world = programme_world.build()
        selection = programme_world.choose(world)
        with world.acting("office"):
            before = Selection.objects.count(), journal.decisions().count()
            trial = selecting.try_rule(
                programme_id=world.programme.pk, number=selection.decision_number,
                changes={"weight_application": 0, "weight_size": 100, "weight_rooms": 0, "weight_result": 0, "rural_percent": 0},
            )  # fmt: skip
            assert (trial.joining, trial.leaving) == (("E",), ("F",))
            assert (Selection.objects.count(), journal.decisions().count()) == before
        assert inside(world) == {"A", "B", "C", "F"}

    @pytest.mark.parametrize("changes", [{"weight_size": 31}, {"district_places": "471000000"}])
    def test_a_rule_that_does_not_fit_is_refused(self, changes):
        world = programme_world.build()
        selection = programme_world.choose(world)
        with world.acting("office"), pytest.raises(Refusal):
            selecting.try_rule(programme_id=world.programme.pk, number=selection.decision_number, changes=changes)

    def test_places_by_district_that_the_rules_set_hold_for_the_first_round(self):
        world = programme_world.build()
        with world.acting("office"):
            draft = selecting.draft_selection(
                programme_id=world.programme.pk,
                places=3,
                districts=[],
                day=DAY,
                joins_on=DAY,
                by=world.users["office"],
                now=NOW,
            )
            trial = selecting.try_rule(
                programme_id=world.programme.pk, number=draft.decision_number,
                changes={"district_places": "471000000=1; 472000000=2", "rural_percent": 0},
            )  # fmt: skip
        assert {code for code, (_reason, admitted, _n) in trial.reasons.items() if admitted} == {"A", "E", "F"}

    def test_who_may_not(self):
        world = programme_world.build()
        for who in ("district", "head", "auditor"):
            with world.acting(who), pytest.raises(Refusal):
                selecting.draft_selection(
                    programme_id=world.programme.pk,
                    places=2,
                    districts=[],
                    day=DAY,
                    joins_on=DAY,
                    by=world.users[who],
                    now=NOW,
                )

    def test_a_school_sees_its_own_outcome_only(self):
        world = programme_world.build()
        number = programme_world.choose(world).decision_number
        with world.acting("headF"):
            assert journal.explain(number, "F").reason == "in_by_points"
            with pytest.raises(Refusal):
                journal.explain(number, "A")

    @pytest.mark.parametrize(
        ("facts", "field"),
        [({"points": 101}, "points"), ({"received_on": DAY + DAYS}, "received_on"), ({"org_no": 99}, "school")],
    )
    def test_impossible_applications_are_refused_at_their_field(self, facts, field):
        world = programme_world.build(applied=False)
        given = {"org_no": world.no("A"), "points": 50, "received_on": DAY} | facts
        with world.acting("office"), pytest.raises(Refusal) as refused:
            selecting.rate_application(programme_id=world.programme.pk, by=world.users["office"], now=NOW, **given)
        assert refused.value.fields["field"] == field
        with loading():
            assert not Application.objects.exists()


@pytest.fixture
def probed():
    """A probe of the tests' own in place of the rooms: what it shows is set by hand."""
    facts: dict[int, Fact] = {}
    register(
        Probe("toy", "Toy", "%(have)s of %(wanted)s", lambda asked: {n: facts[n] for n in asked.org_nos if n in facts})
    )
    yield facts
    unregister("toy")


def toy_stages(world, *requirements) -> None:
    """Two stages: the first wants these."""
    names = {"name_kk": "k", "name_ru": "r", "name_en": "e"}
    with loading():
        first, second = Stage.objects.filter(programme=world.programme).order_by("position")[:2]
        Stage.objects.exclude(pk__in=[first.pk, second.pk]).delete()
        Stage.objects.filter(pk=first.pk).update(
            days=10,
            requirements=[
                {"code": f"r{n}", "probe": probe, "parameters": {}} | names for n, probe in enumerate(requirements)
            ],
        )
        Stage.objects.filter(pk=second.pk).update(days=20, requirements=[])


def board_of(world, who="office", on=DAY, **filters):
    with world.acting(who) as scope:
        return boards.board(world.programme, scope, on=on, **filters)


class TestBoard:
    def test_stuck_first_with_what_is_missing(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "toy")
        probed |= {world.no("A"): Fact(True, 3, 3), world.no("B"): Fact(False, 1, 3)}
        with loading():
            Participation.objects.filter(org_no=world.no("C")).update(valid=DateRange(DAY - 100 * DAYS, None))
        found = board_of(world)
        assert found.rows[0].name == "School C"
        assert found.rows[-1].name == "School A", "who may go on is not stuck"
        by_name = {row.name: row for row in found.rows}
        assert by_name["School B"].missing[0].words == "1 of 3"
        assert (by_name["School C"].days_over, by_name["School B"].days_over) == (90, 20)
        assert (found.schools, found.stuck, found.ready) == (4, 3, 1)

    def test_scopes_and_filters(self, probed):
        world = programme_world.build(joined=True)
        assert {row.name for row in board_of(world, "district").rows} == {"School A", "School B", "School C"}
        assert {row.name for row in board_of(world, "headF").rows} == {"School F"}
        assert {row.name for row in board_of(world, district="472000000").rows} == {"School F"}
        assert board_of(world, stage="diagnosis").rows == []
        assert board_of(world, on=dt.date(2025, 8, 31)).rows == [], "before the schools joined"

    def test_going_on_is_computed_and_keeps_its_facts(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "toy")
        probed |= {world.no("A"): Fact(True, 3, 3), world.no("B"): Fact(False, 1, 3)}
        with world.acting("office"):
            assert stages.move_on(programme_id=world.programme.pk, by=world.users["office"], now=NOW) == 1
        with loading():
            step = StageStep.objects.get(kind="passed")
            assert (step.org_no, step.facts[0]["words"]) == (world.no("A"), "3 of 3")
            moved = Participation.objects.get(org_no=world.no("A"))
            assert (moved.stage.position, moved.stage_since) == (2, DAY)

    def test_after_the_last_stage_there_is_none(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world)
        with world.acting("office"):
            for moved in (4, 4, 0):
                assert stages.move_on(programme_id=world.programme.pk, by=world.users["office"], now=NOW) == moved
        assert all(row.stage is None and row.due_on is None for row in board_of(world).rows)

    def test_confirming_with_evidence_by_the_school(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "", "toy")
        with world.acting("head"):
            p = Participation.objects.get(org_no=world.no("A"))
            common = {"participation_id": p.pk, "by": world.users["head"], "now": NOW}
            with pytest.raises(Refusal, match="what shows it"):
                stages.confirm(requirement="r0", **common)
            with pytest.raises(Refusal, match="kind that is not taken"):
                stages.confirm(requirement="r0", file=File("a.exe", "application/x-msdownload", b"MZ"), **common)
            kept = stages.confirm(requirement="r0", file=File("a.pdf", "application/pdf", b"%PDF-1.7"), **common)
            assert storage.read(kept.sha256) == b"%PDF-1.7"
            with pytest.raises(Refusal, match="faster"):
                stages.confirm(requirement="r0", note="again", **common)
            stages.withdraw_confirmation(requirement="r0", note="wrong file", **common)
            stages.confirm(requirement="r0", note="signed on Monday", **common)
        with world.acting("headF"), pytest.raises(Refusal):
            stages.confirm(participation_id=p.pk, requirement="r0", note="not mine", by=world.users["headF"], now=NOW)

    def test_what_is_looked_up_is_not_confirmed_by_hand(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "toy")
        probed[world.no("A")] = Fact(False, 0, 3)
        with world.acting("head"):
            p = Participation.objects.get(org_no=world.no("A"))
            with pytest.raises(Refusal, match="looked up"):
                stages.confirm(
                    participation_id=p.pk, requirement="r0", note="trust me", by=world.users["head"], now=NOW
                )
        with world.acting("office"):
            p = Participation.objects.get(org_no=world.no("B"))
            stages.confirm(participation_id=p.pk, requirement="r0", note="seen", by=world.users["office"], now=NOW)
            assert stages.move_on(programme_id=world.programme.pk, by=world.users["office"], now=NOW) == 1

    def test_an_earlier_stage_is_opened_again(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world)
        with world.acting("office"):
            stages.move_on(programme_id=world.programme.pk, by=world.users["office"], now=NOW)
            p = Participation.objects.get(org_no=world.no("A"))
            with pytest.raises(Refusal, match="Say why"):
                stages.go_back(
                    participation_id=p.pk, stage_code="selection", note=" ", by=world.users["office"], now=NOW
                )
            stages.go_back(
                participation_id=p.pk, stage_code="selection", note="missing", by=world.users["office"], now=NOW
            )
            with pytest.raises(Refusal, match="earlier"):
                stages.go_back(
                    participation_id=p.pk, stage_code="diagnosis", note="x", by=world.users["office"], now=NOW
                )
            assert StageStep.objects.filter(kind="reopened").count() == 1


class TestReminding:
    def remind(self, world, codes, now=NOW, who="office"):
        with world.acting(who):
            return stages.remind(
                programme_id=world.programme.pk, org_nos=[world.no(c) for c in codes], by=world.users[who], now=now
            )

    def test_once_a_day_and_it_says_when(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "toy")
        assert self.remind(world, "AB").asked == 2
        again = self.remind(world, "AB", NOW + dt.timedelta(hours=5))
        assert (again.asked, again.reminded, again.too_soon) == (0, 0, 2)
        next_day = self.remind(world, "A", NOW + DAYS)
        assert (next_day.reminded, next_day.too_soon) == (1, 0)
        assert self.remind(world, "A", NOW + DAYS + dt.timedelta(hours=3)).too_soon == 1
        with loading():
            assert Task.objects.filter(kind="programmes.stage").count() == 2
            assert Step.objects.filter(kind="reminded").count() == 1
        found = {row.name: row.asked_at for row in board_of(world).rows}
        assert found["School A"] == NOW + DAYS
        assert found["School C"] is None

    def test_nothing_is_asked_of_who_has_everything_and_passing_ends_the_task(self, probed):
        world = programme_world.build(joined=True)
        toy_stages(world, "toy")
        probed[world.no("A")] = Fact(True, 1, 1)
        assert self.remind(world, "AB").asked == 1
        probed[world.no("B")] = Fact(True, 1, 1)
        with world.acting("office"):
            stages.move_on(programme_id=world.programme.pk, by=world.users["office"], now=NOW)
        with loading():
            assert Task.objects.get(kind="programmes.stage").state == "cancelled"

    def test_the_task_is_said_in_the_readers_language(self, probed):
        from tirek.tasks import kinds

        world = programme_world.build(joined=True)
        self.remind(world, "A")
        with loading():
            task = Task.objects.get(kind="programmes.stage")
        kind = kinds.kind_of("programmes.stage")
        assert "Selection" in kind.say(task.parameters)
        with translation.override("kk"):
            assert "Іріктеу" in kind.say(task.parameters)
        assert kind.link(task.parameters) == "/programmes/otpan/"

    def test_only_within_the_territory(self, probed):
        world = programme_world.build(joined=True)
        with pytest.raises(Refusal, match="outside your territory"):
            self.remind(world, "F", who="district")
        assert self.remind(world, "A", who="district").asked == 1


class TestLeaving:
    def need(self, world, code, title="x"):
        with world.acting("office"):
            return need_services.write_need(
                programme_id=world.programme.pk, org_no=world.no(code), kind="educational", title=title,
                by=world.users["office"], now=NOW,
            )  # fmt: skip

    @pytest.mark.parametrize(("needs", "state"), [("lapse", "lapsed"), ("stay", "proposed")])
    def test_a_school_leaves_with_a_reason(self, needs, state):
        world = programme_world.build(joined=True)
        need = self.need(world, "A")
        with world.acting("office"):
            p = Participation.objects.get(org_no=world.no("A"))
            facts = {"participation_id": p.pk, "on": DAY, "by": world.users["office"], "now": NOW, "needs": needs}
            with pytest.raises(Refusal, match="how it came about"):
                leaving.leave(because="own_wish", note="", **facts)
            with pytest.raises(Refusal, match="register"):
                leaving.leave(because="merged", note="x", **facts)
            leaving.leave(because="own_wish", note="The school asked for it.", **facts)
            with pytest.raises(Refusal, match="already"):
                leaving.leave(because="own_wish", note="again", **facts)
        assert inside(world) == {"B", "C", "F"}
        with loading():
            need.refresh_from_db()
            assert need.state == state
        assert [row.name for row in board_of(world).rows] == ["School B", "School C", "School F"]
        assert len(board_of(world, on=DAY - DAYS).rows) == 4, "the past stays as it was"

    def merge(self, world, before, after, on=DAY):
        with loading():
            state = InstitutionState.objects.get(org_no=world.no(before))
            state.valid = DateRange(state.valid.lower, on)
            state.save()
            Succession.objects.create(
                before=world.schools[before],
                after=world.schools[after],
                org_no=world.no(before),
                date=on,
                kind="merger",
            )

    def follow(self, world):
        with world.acting("office"):
            return leaving.follow_mergers(programme_id=world.programme.pk, by=world.users["office"], now=NOW)

    def test_a_merger_is_followed_once_with_stage_and_needs(self):
        world = programme_world.build(joined=True)
        need = self.need(world, "A")
        self.merge(world, "A", "D")
        assert self.follow(world) == 1
        assert self.follow(world) == 0
        assert inside(world) == {"B", "C", "D", "F"}
        with loading():
            need.refresh_from_db()
            assert (need.org_no, need.state) == (world.no("D"), NeedState.PROPOSED)
            now = Participation.objects.get(org_no=world.no("D"))
            assert (now.continues.org_no, now.continues.left_because) == (world.no("A"), "merged")

    def test_two_schools_of_the_programme_merge_and_a_chain_is_followed_to_its_end(self):
        world = programme_world.build(joined=True)
        kept = self.need(world, "B")
        with loading():
            twin = Need.objects.create(
                number=99,
                programme=world.programme,
                org_no=world.no("A"),
                kind="educational",
                subject=kept.subject,
                made_on=DAY,
            )
        self.merge(world, "A", "B")
        self.merge(world, "C", "D", DAY - 5 * DAYS)
        self.merge(world, "D", "E", DAY - 3 * DAYS)
        assert self.follow(world) == 3
        assert inside(world) == {"B", "E", "F"}
        with loading():
            twin.refresh_from_db()
            assert (twin.state, twin.merged_into_id) == ("merged", kept.pk)


class TestTemplates:
    def test_an_office_keeps_its_own_copy_in_versions(self):
        world = programme_world.build()
        text = blueprints.shipped_text("support_schools").replace("days: 30", "days: 45", 1)
        with world.acting("office"):
            first = programmes.save_template(text=text, copied_from="shipped", by=world.users["office"], now=NOW)
            second = programmes.save_template(text=text, by=world.users["office"], now=NOW)
            assert (first.version, second.version) == (1, 2)
            assert programmes.blueprint_of(second).stages[0]["days"] == 45
        assert next(b for b in blueprints.shipped() if b.code == "support_schools").stages[0]["days"] == 30

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (("days: 30", "days: 0"), "Stage 1: “days”"),
            (("probe: chosen", "probe: magic"), "there is no probe magic"),
            (("code: diagnosis", "code: selection"), "another stage has the code selection"),
            ((", en: Diagnosis}", "}"), "the name is missing in: en"),
            (("roles: [programme_office", "roles: [wizard"), "There is no role wizard"),
            (("stages:", "stages: ["), "not readable"),
        ],
    )  # fmt: skip
    def test_a_wrong_template_says_where(self, change, message):
        text = blueprints.shipped_text("support_schools")
        assert change[0] in text
        with pytest.raises(blueprints.BadTemplate, match=message):
            blueprints.read(text.replace(*change, 1))

    @pytest.mark.parametrize("slug", ["otpan", "needs", "!!!"])
    def test_a_slug_that_cannot_be(self, slug):
        world = programme_world.build()
        with world.acting("office"), pytest.raises(Refusal) as refused:
            programmes.make_programme(
                blueprint=blueprints.shipped()[0], slug=slug, names=dict.fromkeys(("kk", "ru", "en"), "x"),
                territory=world.region, starts_on=DAY, ends_on=DAY + DAYS, by=world.users["office"], now=NOW,
            )  # fmt: skip
        assert refused.value.fields["field"] == "slug"

    def test_everybody_reads_a_programme_and_only_the_office_changes_it(self):
        world = programme_world.build()
        from tirek.access.scope import Scope

        with acting_as(Scope(lo=90_000_000, hi=90_000_000, role="school_head")):
            assert Stage.objects.count() == 8
        with world.acting("head"), pytest.raises(Refusal):
            programmes.set_state(programme_id=world.programme.pk, state="running", by=world.users["head"], now=NOW)
        assert REGION[0] == world.programme.org_lo
