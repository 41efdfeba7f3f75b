"""A work is accepted: by two different people, with photographs, into the inventory."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from access_world import SCHOOL
from django.db import DatabaseError, IntegrityError, transaction
from rooms_works_world import TODAY, accept, moved, planned, ready, refused, shown
from rooms_world import FULL_LIBRARY, NOW, build, photograph, sent

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities import accepted
from tirek.facilities.models import Acceptance, InventoryItem, Photograph, Work, WorkStep, WriteOff
from tirek.facilities.queries import findings as finding_queries
from tirek.facilities.queries.photographs import released_of, released_picture
from tirek.facilities.services import findings, inventory, photographs, works
from tirek.facilities.services.walks import close_walk
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


class TestAcceptance:
    def test_two_people_accept_and_the_items_stand_in_the_room(self, world):
        heard = []
        accepted.register(heard.append)
        try:
            work = ready(world)
            assert accept(world, work, world.coordinator).state == "acceptance"
            assert heard == []
            assert accept(world, work, world.officer).state == "accepted"
        finally:
            accepted.unregister(heard.append)
        with loading():
            item = InventoryItem.objects.get(room=world.library)
            assert (item.item_code, item.count, item.serials, item.work_id, item.since) == (
                "shelf", 5, ["A1", "A2"], work.pk, TODAY,
            )  # fmt: skip
            assert Work.objects.get(pk=work.pk).accepted_on == TODAY

    def test_a_listener_that_fails_takes_the_acceptance_back(self, world):
        def broken(work):
            raise RuntimeError("the ledger is away")

        work = ready(world)
        accept(world, work, world.coordinator)
        accepted.register(broken)
        try:
            with pytest.raises(RuntimeError), transaction.atomic():
                accept(world, work, world.officer)
        finally:
            accepted.unregister(broken)
        with loading():
            assert Work.objects.get(pk=work.pk).state == "acceptance"
            assert not InventoryItem.objects.exists()
            assert Acceptance.objects.filter(work=work).count() == 1

    def test_the_same_person_twice_is_refused(self, world):
        work = ready(world)
        accept(world, work, world.coordinator)
        with refused("same_person"):
            accept(world, work, world.coordinator)
        with loading():
            assert Work.objects.get(pk=work.pk).state == "acceptance"

    def test_one_person_with_two_accounts_is_one_person(self, world):
        with loading():
            User.objects.filter(pk__in=[world.coordinator.pk, world.head.pk]).update(person_id=77)
        world.coordinator.person_id = world.head.person_id = 77
        work = ready(world)
        accept(world, work, world.coordinator)
        with refused("same_person"):
            accept(world, work, world.head)

    def test_the_database_refuses_the_same_person_too(self, world):
        work = ready(world)
        with loading():
            same = {"work": work, "org_no": SCHOOL, "round": 1, "at": NOW, "by_id": world.officer.pk}
            Acceptance.objects.create(**same)
            with pytest.raises(IntegrityError), transaction.atomic():
                Acceptance.objects.create(**same)
            with pytest.raises(DatabaseError, match="two different people"), transaction.atomic():
                Work.objects.filter(pk=work.pk).update(state="accepted", accepted_on=TODAY)

    def test_the_database_refuses_a_work_without_photographs(self, world):
        work = moved(world, planned(world), "procurement", "delivery", "installation", "acceptance")
        with loading():
            for by_id in (world.officer.pk, world.coordinator.pk):
                Acceptance.objects.create(work=work, org_no=SCHOOL, round=1, at=NOW, by_id=by_id)
            with pytest.raises(DatabaseError, match="before and after"), transaction.atomic():
                Work.objects.filter(pk=work.pk).update(state="accepted", accepted_on=TODAY)

    @pytest.mark.parametrize("stages", [(), ("before",), ("after",)])
    def test_photographs_of_before_and_after_are_needed(self, world, stages):
        work = moved(world, planned(world), "procurement", "delivery", "installation", "acceptance")
        shown(world, work, *stages)
        with refused("photographs_missing"):
            accept(world, work, world.coordinator)

    def test_the_last_walk_shows_the_room_before(self, world):
        with world.as_walker():
            taken = findings.take_finding(
                org_no=SCHOOL, sent=sent(world.library), by=world.coordinator, now=NOW
            ).finding
            photographs.keep_of_finding(
                org_no=SCHOOL, finding_uuid=taken.uuid, sent=photograph(), by=world.coordinator, now=NOW
            )
        work = planned(world)
        with loading():
            assert Photograph.objects.filter(work=work, stage="before").count() == 1

    def test_an_after_comes_after_the_installation(self, world):
        work = planned(world)
        with refused("wrong_state"):
            shown(world, work, "after")

    def test_a_step_back_makes_old_acceptances_void(self, world):
        work = ready(world)
        accept(world, work, world.coordinator)
        with world.as_officer():
            works.step_back(work_id=work.pk, to="installation", because="A shelf is loose.", by=world.officer, now=NOW)
        moved(world, work, "acceptance")
        assert accept(world, work, world.officer).state == "acceptance"
        assert accept(world, work, world.coordinator).state == "accepted"

    def test_an_acceptance_is_never_edited(self, world):
        work = ready(world)
        accept(world, work, world.coordinator)
        with loading():
            for model in (Acceptance, WorkStep):
                with pytest.raises(DatabaseError), transaction.atomic():
                    model.objects.update(by_name="Somebody else")

    def test_only_released_photographs_of_accepted_works_are_shown_to_sponsors(self, world):
        work = ready(world, earmark_code="E-7")
        with loading():
            after = Photograph.objects.get(work=work, stage="after")
        accept(world, work, world.coordinator, released=[after.uuid])
        assert released_of(["E-7"]) == []
        accept(world, work, world.officer)
        assert [one.uuid for one in released_of(["E-7"])] == [after.uuid]
        assert released_of(["E-8"]) == released_of([""]) == []
        assert released_picture(after.uuid, ["E-7"])[:2] == b"\xff\xd8"
        assert released_picture(after.uuid, ["E-8"]) is None

    def test_a_photograph_of_another_work_is_not_released_by_this_one(self, world):
        other = ready(world, room=world.laboratory)
        work = ready(world)
        with loading():
            foreign = Photograph.objects.get(work=other, stage="after")
        accept(world, work, world.coordinator, released=[foreign.uuid, uuid.uuid4()])
        with loading():
            assert not Photograph.objects.filter(is_released=True).exists()


class TestInventory:
    def test_what_was_accepted_is_no_longer_missing(self, world):
        few = FULL_LIBRARY | {"shelf": 5}
        yesterday = NOW - dt.timedelta(days=1)
        with world.as_walker():
            one = sent(world.library, counts=few, taken_at=yesterday)
            taken = findings.take_finding(org_no=SCHOOL, sent=one, by=world.coordinator, now=yesterday).finding
            close_walk(walk_id=taken.walk_id, by=world.coordinator, now=yesterday)
            assert finding_queries.room_findings([SCHOOL], TODAY)[0].missing == (("shelf", 10, 5),)
        work = ready(world)
        accept(world, work, world.coordinator)
        accept(world, work, world.officer)
        with world.as_walker():
            assert finding_queries.room_findings([SCHOOL], TODAY)[0].missing == ()
            item = InventoryItem.objects.get()
            inventory.write_off(item_id=item.pk, count=2, day=TODAY, reason="Broken", by=world.coordinator, now=NOW)
            assert finding_queries.room_findings([SCHOOL], TODAY)[0].missing == (("shelf", 10, 8),)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"count": 6},
            {"count": 0},
            {"reason": " "},
            {"day": TODAY + dt.timedelta(days=1)},
            {"day": dt.date(2020, 1, 1)},
        ],
    )
    def test_a_wrong_write_off_is_refused(self, world, wrong):
        work = ready(world)
        accept(world, work, world.coordinator)
        accept(world, work, world.officer)
        given = {"count": 1, "day": TODAY, "reason": "Broken"} | wrong
        with world.as_walker():
            item = InventoryItem.objects.get()
            with pytest.raises(Refusal):
                inventory.write_off(item_id=item.pk, by=world.coordinator, now=NOW, **given)
            assert not WriteOff.objects.exists()
