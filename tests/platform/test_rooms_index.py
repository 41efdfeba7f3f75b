"""What comes of a walk: rooms that the register does not have, and the index."""

from __future__ import annotations

import uuid

import pytest
from access_world import SCHOOL
from rooms_walk_world import TODAY, refused, take, whole_walk
from rooms_world import NOW, build

from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.facilities.figures import ROOMS, index_cells
from tirek.facilities.models import Finding, Proposal, Walk
from tirek.facilities.queries import findings as queries
from tirek.facilities.queries.indexes import indexes_of, with_draft
from tirek.facilities.services import proposals
from tirek.facilities.services.indexing import index_territory
from tirek.facilities.services.walks import close_walk
from tirek.indicators import snapshots
from tirek.registry.models import Room
from tirek.tasks.models import Task
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


class TestRegister:
    def test_closing_tells_the_register_how_the_rooms_are(self, world):
        whole_walk(world)
        with loading():
            rooms = dict(Room.objects.filter(org_no=SCHOOL).values_list("number", "condition"))
            days = set(Room.objects.filter(org_no=SCHOOL).values_list("condition_date", flat=True))
        assert rooms == {"101": "good", "102": "poor", "103": "unusable"}
        assert days == {TODAY}

    def test_a_room_that_is_not_in_the_register_is_proposed_not_made(self, world):
        take(world, world.library)
        said = {"building": "1", "number": "204", "purpose": "stem", "name": "", "floor": 2}
        found = take(world, None, new_room=uuid.uuid4(), reported=said, condition="fair").finding
        absent = take(world, world.workshop, is_absent=True, condition="").finding
        with world.as_walker():
            close_walk(walk_id=found.walk_id, by=world.coordinator, now=NOW)
        with loading():
            assert not Room.objects.filter(org_no=SCHOOL, number="204").exists()
            new, gone = Proposal.objects.get(finding=found), Proposal.objects.get(finding=absent)
            assert Task.objects.get(kind="facilities.proposals").state == "open"
        with world.as_officer():
            with pytest.raises(Refusal, check=lambda refusal: refusal.code == "reason_missing"):
                proposals.reject_proposal(proposal_id=new.pk, because=" ", by=world.officer, now=NOW)
            proposals.accept_proposal(proposal_id=new.pk, by=world.officer, now=NOW)
            proposals.accept_proposal(proposal_id=gone.pk, by=world.officer, now=NOW)
            with pytest.raises(Refusal):
                proposals.accept_proposal(proposal_id=new.pk, by=world.officer, now=NOW)
        with loading():
            made = Room.objects.get(org_no=SCHOOL, number="204")
            assert (made.purpose, made.floor, made.condition) == ("stem", 2, "fair")
            assert Room.objects.get(pk=world.workshop.pk).valid.upper == TODAY
            assert Task.objects.get(kind="facilities.proposals").state != "open"

    @pytest.mark.parametrize("missing", ["number", "purpose", "building"])
    def test_a_reported_room_says_what_it_is(self, world, missing):
        said = {"building": "1", "number": "204", "purpose": "stem"} | {missing: ""}
        with pytest.raises(Refusal):
            take(world, None, new_room=uuid.uuid4(), reported=said)

    def test_an_empty_walk_is_not_closed(self, world):
        take(world, world.library)
        with loading():
            Finding.objects.update(is_current=False)
            walk = Walk.objects.get()
        with world.as_walker(), refused("empty_walk"):
            close_walk(walk_id=walk.pk, by=world.coordinator, now=NOW)

    def test_a_walk_is_closed_once(self, world):
        walk = whole_walk(world)
        with world.as_walker(), refused("wrong_state"):
            close_walk(walk_id=walk.pk, by=world.coordinator, now=NOW)


class TestIndex:
    def test_closing_drafts_the_index_of_the_school(self, world):
        walk = whole_walk(world)
        with world.as_walker():
            index = indexes_of([SCHOOL], on=TODAY)[SCHOOL]
        # library 1000; laboratory (60 * 350 + 40 * (1000 * 4 // 10)) // 100 = 370; workshop 0
        assert index.rooms == {world.library.pk: 1000, world.laboratory.pk: 370, world.workshop.pk: 0}
        # library and laboratory count twice: (2 * 1000 + 2 * 370 + 0) // 5
        assert (index.points, index.reason, index.is_published) == (548, "indexed", False)
        assert index.numbers["low"] == 2
        assert index.number == walk.decision_number

    def test_it_can_be_explained_and_verified(self, world):
        walk = whole_walk(world)
        with world.as_walker():
            why = journal.explain(walk.decision_number, str(world.laboratory.pk), "room")
            assert (why.reason, why.result["points"]) == ("lacking", 370)
            assert "6 pieces are missing" in why.texts["en"]
        with loading():
            assert decisions.verify(walk.decision_number, now=NOW).agrees

    def test_the_territory_publishes_and_supersedes(self, world):
        whole_walk(world)
        with world.as_region():
            first = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
            decisions.publish(first.number, by=world.region, now=NOW)
            second = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
            assert second.supersedes_id == first.pk
            decisions.publish(second.number, by=world.region, now=NOW)
            assert journal.decision(first.number).state == "superseded"
        with world.as_walker():
            index = indexes_of([SCHOOL], on=TODAY)[SCHOOL]
        assert (index.points, index.is_published, index.number) == (548, True, second.number)

    def test_a_school_does_not_index_a_territory(self, world):
        with world.as_walker(), pytest.raises(Refusal):
            index_territory(code="471000000", day=TODAY, by=world.coordinator, now=NOW)

    def test_inputs_that_moved_are_not_published(self, world):
        whole_walk(world)
        with world.as_region():
            draft = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
        with loading():
            Room.objects.filter(pk=world.library.pk).update(places=40)
        with world.as_region(), refused("inputs_moved"):
            decisions.publish(draft.number, by=world.region, now=NOW)

    def test_a_school_that_nobody_walked_through_has_no_points(self, world):
        whole_walk(world)
        with world.as_region():
            draft = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
            rows = {row.subject: row for row in journal.outcomes(draft).filter(subject_kind="school")}
        assert rows[f"S{world.far_room.org_no}"].reason == "no_walk"
        assert rows[f"S{world.far_room.org_no}"].result.get("points") is None

    def test_a_walk_after_publication_shows_as_a_newer_draft(self, world):
        whole_walk(world)
        with world.as_region():
            draft = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
            decisions.publish(draft.number, by=world.region, now=NOW)
        found = take(world, world.workshop, condition="good").finding
        with world.as_walker():
            close_walk(walk_id=found.walk_id, by=world.coordinator, now=NOW)
            index, newer = with_draft(SCHOOL, on=TODAY)
        assert index.number == draft.number
        assert newer.points == 748

    def test_figures_are_made_of_it(self, world):
        whole_walk(world)
        with world.as_region():
            draft = index_territory(code="470000000", day=TODAY, by=world.region, now=NOW)
            cells = index_cells(draft, journal.outcome_rows(journal.table(draft, "outcomes")))
        found = {(cell.level, cell.territory, cell.value) for cell in cells}
        assert found == {("region", "470000000", "548"), ("district", "471000000", "548")}
        with loading():
            rows = {row["org_no"]: row for row in snapshots.read(ROOMS, TODAY).iter_rows(named=True)}
        assert rows[SCHOOL] == {"org_no": SCHOOL, "walks": 1, "equipped": 0, "sponsored": 0}

    def test_one_schools_index_is_no_figure(self, world):
        walk = whole_walk(world)
        with world.as_walker(), pytest.raises(Refusal):
            index_cells(journal.decision(walk.decision_number), [])

    def test_findings_are_given_to_those_above(self, world):
        walk = whole_walk(world)
        with world.as_officer():
            found = queries.room_findings([SCHOOL], TODAY)
        by_number = {one.room_number: one for one in found}
        assert by_number["102"].missing == (("lab_table", 10, 4),)
        assert by_number["101"].missing == ()
        assert (by_number["103"].condition, by_number["103"].observed_on) == ("unusable", TODAY)
        assert {one.run_number for one in found} <= {"", walk.decision_number}

    def test_another_school_sees_none_of_them(self, world):
        whole_walk(world)
        with world.as_neighbour():
            assert queries.room_findings([SCHOOL], TODAY) == []
            assert Finding.objects.count() == Walk.objects.count() == 0
