"""Schools that are merged, renewed or split: rooms, open works, inventory and walks go on, and the history stays."""

from __future__ import annotations

import datetime as dt

import pytest
from access_world import NEIGHBOUR, SCHOOL
from django.urls import reverse
from django.utils import timezone
from rooms_world import NOW, build, client_of, jpeg, photograph, sent

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.facilities.models import CarriedRoom, Finding, InventoryItem, Photograph, Walk, Work
from tirek.facilities.services import acceptance, carrying, findings, inventory, photographs, works
from tirek.registry.models import Institution, Room
from tirek.registry.services import succession
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
ALL = Scope(lo=0, hi=2_147_483_647, role=Role.ADMINISTRATOR)
SHELVES = [{"item_code": "shelf", "count": 5}]


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


def neighbour() -> Institution:
    with loading():
        return Institution.objects.get(org_no=NEIGHBOUR)


def merged(world, on=TODAY):
    with acting_as(ALL):
        succession.merge(before_ids=[world.school.pk], after_id=neighbour().pk, on=on, act="Order 7", by=ALL, now=NOW)


def follow(now=NOW) -> int:
    return carrying.follow_successions(by=None, now=now)


def planned(world, room) -> Work:
    with world.as_officer():
        return works.open_work(room_id=room.pk, title="Equip it", items=SHELVES, by=world.officer, now=NOW)


def ready(world, room) -> Work:
    work = planned(world, room)
    for state in ("procurement", "delivery", "installation", "acceptance"):
        with world.as_officer():
            work = works.advance(work_id=work.pk, to=state, day=TODAY, by=world.officer, now=NOW)
    for stage in ("before", "after"):
        with world.as_walker():
            photographs.keep_of_work(
                work_id=work.pk, stage=stage, sent=photograph(jpeg()), by=world.coordinator, now=NOW
            )
    return work


def accept(scope, work, user):
    with scope:
        return acceptance.accept(work_id=work.pk, by=user, now=NOW)


def look(world, room, **more):
    with world.as_walker():
        return findings.take_finding(org_no=SCHOOL, sent=sent(room, **more), by=world.coordinator, now=NOW).finding


def now_of(room) -> Room:
    with loading():
        return CarriedRoom.objects.select_related("after__building").get(before=room).after


class TestMerger:
    def test_every_room_goes_on_once_on_the_day(self, world):
        merged(world)
        assert follow() == 3
        assert follow() == 0
        with loading():
            rooms = Room.objects.filter(org_no=NEIGHBOUR, valid__contains=TODAY)
            assert rooms.count() == 6
            assert not Room.objects.filter(org_no=SCHOOL, valid__contains=TODAY).exists()
            assert Room.objects.filter(org_no=SCHOOL, valid__contains=TODAY - dt.timedelta(days=1)).count() == 3
        assert now_of(world.library).building.code == f"1-{SCHOOL}"  # the neighbour has a building 1 of its own

    def test_nothing_goes_before_the_day(self, world):
        merged(world, on=TODAY + dt.timedelta(days=3))
        assert follow() == 0
        assert follow(NOW + dt.timedelta(days=3)) == 3

    def test_an_open_work_goes_on_with_its_papers_and_is_accepted_anew(self, world):
        work = ready(world, world.library)
        accept(world.as_walker(), work, world.coordinator)
        merged(world)
        follow()
        with world.as_neighbour():
            found = Work.objects.select_related("room").get(pk=work.pk)
            assert (found.org_no, found.room, found.state, found.round) == (
                NEIGHBOUR,
                now_of(world.library),
                "acceptance",
                2,
            )
            assert found.steps.count() == 6
            assert "goes on in" in found.steps.latest("id").note
            assert found.photographs.count() == 2
            assert found.items.count() == 1
        with world.as_walker():
            assert not Work.objects.filter(pk=work.pk).exists()
        with pytest.raises(Refusal):
            accept(world.as_walker(), work, world.coordinator)
        accept(world.as_neighbour(), work, world.neighbour)
        with loading():
            assert Work.objects.get(pk=work.pk).state == "acceptance"  # one of the new school is not yet two

    def test_the_inventory_stands_in_the_room_as_it_goes_on(self, world):
        with loading():
            item = InventoryItem.objects.create(
                room=world.library, org_no=SCHOOL, item_code="shelf", count=5, since=TODAY
            )
        with world.as_walker():
            inventory.write_off(item_id=item.pk, count=2, day=TODAY, reason="Broken", by=world.coordinator, now=NOW)
        merged(world)
        follow()
        with world.as_neighbour():
            found = InventoryItem.objects.get()
            assert (found.room, found.left, found.write_offs.get().reason) == (now_of(world.library), 3, "Broken")

    def test_a_walk_under_way_ends_and_tells_what_was_undisputed(self, world):
        look(world, world.library, condition="poor")
        look(world, world.laboratory, condition="good")
        look(world, world.laboratory, condition="poor")  # another phone says otherwise
        merged(world)
        follow()
        with loading():
            walk = Walk.objects.get()
            assert walk.closed_at is not None
            assert "goes on in" in walk.note
        assert now_of(world.library).condition == "poor"
        assert now_of(world.laboratory).condition == ""

    def test_the_new_school_sees_what_the_room_was(self, world):
        look(world, world.library, condition="poor", note="The roof leaks.")
        merged(world)
        follow()
        client = client_of(world.neighbour)
        page = client.get(reverse("facilities:room", args=[now_of(world.library).pk])).content.decode()
        assert "The roof leaks." in page
        assert f"S{SCHOOL}" in page

    def test_a_phone_that_was_away_loses_nothing(self, world):
        first = look(world, world.library, condition="fair")
        merged(world)
        follow()
        late = sent(world.laboratory, condition="poor")
        for _time in range(2):
            with world.as_neighbour():
                taken = findings.take_finding(org_no=NEIGHBOUR, sent=late, by=world.neighbour, now=NOW)
        assert taken.state == "known"
        assert taken.finding.room == now_of(world.laboratory)
        one = photograph()
        with world.as_neighbour():
            photographs.keep_of_finding(
                org_no=NEIGHBOUR, finding_uuid=first.uuid, sent=one, by=world.neighbour, now=NOW
            )
        with loading():
            assert Finding.objects.count() == 2
            assert Photograph.objects.get().finding == first

    def test_a_chain_is_followed_to_its_end(self, world):
        merged(world)
        follow()
        with loading():
            third = Institution.objects.create(
                code="S3", org_no=SCHOOL + 7, kind="school", open_period=world.school.open_period
            )
            state = neighbour().states.first()
            third.states.create(
                org_no=third.org_no,
                valid=state.valid,
                name_kk="Үшінші",
                territory=state.territory,
                settlement_kind="urban",
                languages=["kk"],
            )
        day = TODAY + dt.timedelta(days=1)
        later = NOW + dt.timedelta(days=1)
        with acting_as(ALL):
            succession.follow_on(before_id=neighbour().pk, after_id=third.pk, on=day, act="", by=ALL, now=later)
        assert follow(later) == 6
        from tirek.facilities.queries.carried import predecessors, room_now, rooms_before

        with loading():
            last = Room.objects.get(pk=room_now(world.library.pk))
        assert last.org_no == third.org_no
        assert [room.org_no for room in rooms_before(last)] == [NEIGHBOUR, SCHOOL]
        assert set(predecessors(third.org_no)) == {NEIGHBOUR, SCHOOL}


class TestSplit:
    def split(self, world):
        with acting_as(ALL):
            succession.split(
                before_id=world.school.pk, after_id=neighbour().pk, class_group_ids=[], staff_ids=[], on=TODAY, act="",
                by=ALL, now=NOW,
            )  # fmt: skip

    def hand(self, world, *rooms):
        with world.as_region():
            return carrying.hand_rooms_over(
                from_id=world.school.pk,
                to_id=neighbour().pk,
                room_ids=[room.pk for room in rooms],
                by=world.region,
                now=NOW,
            )

    def test_rooms_stay_until_somebody_hands_them_over(self, world):
        self.split(world)
        assert follow() == 0
        work = planned(world, world.library)
        assert self.hand(world, world.library) == 1
        with loading():
            assert Work.objects.get(pk=work.pk).org_no == NEIGHBOUR
            assert Room.objects.filter(org_no=SCHOOL, valid__contains=TODAY).count() == 2
        with pytest.raises(Refusal):
            self.hand(world, world.library)
        assert self.hand(world, world.laboratory) == 1
        assert now_of(world.library).building == now_of(world.laboratory).building

    def test_the_page_hands_over_what_is_ticked(self, world):
        client = client_of(world.region)
        address = reverse("facilities:hand_over", args=[world.school.code])
        assert client.get(address).status_code == 404
        with acting_as(ALL):  # by the real day, as pages count
            day = timezone.localdate()
            succession.split(
                before_id=world.school.pk, after_id=neighbour().pk, class_group_ids=[], staff_ids=[], on=day, act="", by=ALL,
                now=timezone.now(),
            )  # fmt: skip
        assert address in client.get(reverse("facilities:school", args=[world.school.code])).content.decode()
        page = client.post(address, {"to": neighbour().pk})
        assert page.status_code == 422
        sent = {"to": neighbour().pk, "rooms": [world.library.pk, world.workshop.pk]}
        assert client.post(address, sent).headers["Location"].endswith(f"/{world.school.code}/")
        assert now_of(world.workshop).org_no == NEIGHBOUR
        assert "go on since" in client.get(reverse("facilities:school", args=[world.school.code])).content.decode()
        assert client_of(world.head).get(address).status_code == 403

    def test_without_a_split_nothing_is_handed_over(self, world):
        with pytest.raises(Refusal, match="split"):
            self.hand(world, world.library)

    def test_a_school_hands_nothing_over_by_itself(self, world):
        self.split(world)
        with pytest.raises(Refusal), world.as_walker():
            carrying.hand_rooms_over(
                from_id=world.school.pk,
                to_id=neighbour().pk,
                room_ids=[world.library.pk],
                by=world.coordinator,
                now=NOW,
            )
