"""A work from plan to acceptance: by two different people, with photographs, into the inventory; and who sees what."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from access_world import SCHOOL
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from rooms_world import FULL_LIBRARY, NOW, build, client_of, jpeg, photograph, sent

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import services as decisions
from tirek.facilities import accepted
from tirek.facilities.demonstration import demonstrate_rooms
from tirek.facilities.models import Acceptance, InventoryItem, Photograph, Walk, Work, WorkState, WorkStep, WriteOff
from tirek.facilities.queries import findings as finding_queries
from tirek.facilities.queries import indexes
from tirek.facilities.queries import works as queries
from tirek.facilities.queries.photographs import released_of, released_picture
from tirek.facilities.services import acceptance, findings, inventory, photographs, works
from tirek.facilities.services.walks import close_walk
from tirek.tasks.models import Task
from tirek.tasks.services import File
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
SHELVES = [{"item_code": "shelf", "count": 5, "serials": ["A1", "A2"]}]


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


def planned(world, room=None, **more) -> Work:
    given = {"room_id": (room or world.library).pk, "title": "Equip the library", "items": SHELVES} | more
    with world.as_officer():
        return works.open_work(by=world.officer, now=NOW, **given)


def moved(world, work, *states) -> Work:
    for state in states:
        with world.as_officer():
            work = works.advance(work_id=work.pk, to=state, day=TODAY, by=world.officer, now=NOW)
    return work


def shown(world, work, *stages):
    for stage in stages:
        with world.as_walker():
            photographs.keep_of_work(
                work_id=work.pk, stage=stage, sent=photograph(jpeg()), by=world.coordinator, now=NOW
            )


def ready(world, **more) -> Work:
    work = moved(world, planned(world, **more), "procurement", "delivery", "installation", "acceptance")
    shown(world, work, "before", "after")
    return work


def accept(world, work, user, **more):
    scope = world.as_walker(user) if user in (world.coordinator, world.head) else world.as_officer()
    with scope:
        return acceptance.accept(work_id=work.pk, by=user, now=NOW, **more)


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


class TestWay:
    def test_step_by_step_with_days_and_people(self, world):
        work = moved(world, planned(world, need_code="N-12", earmark_code="E-3"), "procurement", "delivery")
        with world.as_walker():
            assert list(queries.waiting_for_school(SCHOOL)) == [work]
            works.confirm_delivery(work_id=work.pk, day=TODAY, note="All there.", by=world.coordinator, now=NOW)
            steps = queries.steps_of(work)
        assert [(step.state, step.by_name) for step in steps] == [
            ("planned", str(world.officer)), ("procurement", str(world.officer)), ("delivery", str(world.officer)),
            ("installation", str(world.coordinator)),
        ]  # fmt: skip
        with world.as_officer():
            assert queries.works_of(need_codes=["N-12"]).get() == queries.works_of(earmark_codes=["E-3"]).get() == work
            assert not queries.works_of(need_codes=[""]).exists()

    def test_no_step_is_left_out(self, world):
        work = planned(world)
        with world.as_officer(), refused("wrong_state"):
            works.advance(work_id=work.pk, to="delivery", day=TODAY, by=world.officer, now=NOW)
        with loading(), pytest.raises(DatabaseError, match="leaves one out"), transaction.atomic():
            Work.objects.filter(pk=work.pk).update(state=WorkState.INSTALLATION)

    def test_a_work_begins_by_being_planned_also_by_hand(self, world):
        with loading(), pytest.raises(DatabaseError, match="being planned"), transaction.atomic():
            Work.objects.create(
                institution=world.school, room=world.library, org_no=SCHOOL, title="x", state="acceptance",
                state_since=TODAY, opened_at=NOW,
            )  # fmt: skip

    @pytest.mark.parametrize("day", [TODAY + dt.timedelta(days=1), TODAY - dt.timedelta(days=1)])
    def test_days_go_forward_and_not_into_the_future(self, world, day):
        work = planned(world)
        with world.as_officer(), refused("wrong_day"):
            works.advance(work_id=work.pk, to="procurement", day=day, by=world.officer, now=NOW)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": " "}, {"items": []}, {"items": [{"item_code": "unicorn", "count": 1}]}, {"room_id": 999_999},
            {"items": [{"item_code": "shelf", "count": 0}]}, {"items": [{"item_code": "shelf", "count": "2"}]},
            {"items": [{"item_code": "shelf", "count": 1, "serials": ["a", "b"]}]}, {"items": [{"count": 1}]},
        ],
    )  # fmt: skip
    def test_a_work_that_says_nothing_is_refused(self, world, wrong):
        with pytest.raises(Refusal):
            planned(world, **wrong)
        with loading():
            assert not Work.objects.exists()

    def test_the_school_plans_nothing(self, world):
        with world.as_walker(), refused("not_allowed"):
            works.open_work(room_id=world.library.pk, title="x", items=SHELVES, by=world.coordinator, now=NOW)

    def test_an_officer_of_another_place_moves_nothing(self, world):
        work = planned(world, room=world.library)
        with world.as_neighbour(), refused("not_allowed"):
            works.advance(work_id=work.pk, to="procurement", day=TODAY, by=world.neighbour, now=NOW)

    def test_a_cancelled_work_says_why_and_stays(self, world):
        work = moved(world, planned(world), "procurement")
        with world.as_officer():
            with refused("reason_missing"):
                works.cancel(work_id=work.pk, because=" ", by=world.officer, now=NOW)
            works.cancel(work_id=work.pk, because="The supplier withdrew.", by=world.officer, now=NOW)
            with refused("wrong_state"):
                works.cancel(work_id=work.pk, because="Again", by=world.officer, now=NOW)
        with loading():
            found = Work.objects.get(pk=work.pk)
            assert (found.state, found.cancelled_because) == ("cancelled", "The supplier withdrew.")
            with pytest.raises(DatabaseError), transaction.atomic():
                Work.objects.filter(pk=work.pk).update(state="planned")
            with pytest.raises(DatabaseError), transaction.atomic():
                found.delete()

    def test_papers_are_kept_and_bad_ones_named(self, world):
        work = planned(world)
        with world.as_officer():
            with pytest.raises(Refusal, match="virus"):
                works.advance(
                    work_id=work.pk, to="procurement", day=TODAY, by=world.officer, now=NOW,
                    documents=[File("virus.exe", "application/x-msdownload", b"MZ")],
                )  # fmt: skip
            works.advance(
                work_id=work.pk, to="procurement", day=TODAY, by=world.officer, now=NOW,
                documents=[File("contract.pdf", "application/pdf", b"%PDF-1.7")],
            )  # fmt: skip
            step = queries.steps_of(work)[-1]
            assert [paper.name for paper in step.documents.all()] == ["contract.pdf"]

    def test_stuck_ones_come_first(self, world):
        first, second = planned(world), planned(world, room=world.laboratory)
        with loading():
            Work.objects.filter(pk=second.pk).update(state_since=TODAY - dt.timedelta(days=60))
        with world.as_officer():
            rows = queries.on_board(
                Work.objects.filter(pk__in=[first.pk, second.pk]), queries.days_allowed(TODAY, SCHOOL, SCHOOL), TODAY
            )
        assert [(row.work.pk, row.late) for row in rows] == [(second.pk, 15), (first.pk, 0)]

    def test_what_is_awaited_of_the_school_is_a_task_and_ends_with_the_doing(self, world):
        work = moved(world, planned(world), "procurement", "delivery")
        with loading():
            task = Task.objects.get(kind="facilities.delivery")
            assert (task.state, task.org_no) == ("open", SCHOOL)
        with world.as_walker():
            works.confirm_delivery(work_id=work.pk, day=TODAY, by=world.coordinator, now=NOW)
        with loading():
            assert Task.objects.get(pk=task.pk).state == "submitted"
        with world.as_officer():
            works.step_back(work_id=work.pk, to="delivery", because="Wrong shelves.", by=world.officer, now=NOW)
        with loading():
            assert Task.objects.get(pk=task.pk).state == "accepted"
            assert Task.objects.filter(kind="facilities.delivery", state="open").count() == 1


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


class TestPages:
    def test_who_opens_a_work(self, world):
        work = ready(world)
        url = reverse("facilities:work", args=[work.pk])
        for user, status in (
            (world.coordinator, 200),
            (world.officer, 200),
            (world.region, 200),
            (world.neighbour, 404),
        ):
            assert client_of(user).get(url).status_code == status

    def test_the_whole_way_through_the_pages(self, world):
        officer, school = client_of(world.officer), client_of(world.coordinator)
        answer = officer.post(
            reverse("facilities:open_work", args=[world.school.code]),
            {"room": world.library.pk, "title": "Equip it", "item_1": "shelf", "count_1": "3"},
        )
        with loading():
            work = Work.objects.get()
        assert answer["Location"] == reverse("facilities:work", args=[work.pk])
        today = dt.date.today().isoformat()
        for state, client in (
            ("procurement", officer), ("delivery", officer), ("installation", school), ("acceptance", school),
        ):  # fmt: skip
            assert client.get(reverse("facilities:work", args=[work.pk])).status_code == 200
            step = client.post(reverse("facilities:step", args=[work.pk]), {"to": state, "day": today})
            assert step.status_code == 302
        from django.core.files.uploadedfile import SimpleUploadedFile

        for stage in ("before", "after"):
            files = [
                SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg"),
                SimpleUploadedFile("b.jpg", jpeg()[:500], "image/jpeg"),
            ]
            page = school.post(
                reverse("facilities:add_photographs", args=[work.pk]), {"stage": stage, "files": files}, follow=True
            )
            assert b"is damaged" in page.content
        for client in (school, officer):
            page = client.post(reverse("facilities:accept", args=[work.pk]), {}, follow=True)
        assert b"inventory" in page.content
        assert officer.get(reverse("facilities:room", args=[world.library.pk])).status_code == 200
        with loading():
            assert Work.objects.get().state == "accepted"

    def test_faults_stand_at_their_fields(self, world):
        page = client_of(world.officer).post(
            reverse("facilities:open_work", args=[world.school.code]), {"title": "", "item_1": "shelf", "count_2": "3"}
        )
        assert page.status_code == 422
        assert b"Say how many." in page.content or b"This field is required" in page.content
        assert b"Choose the item." in page.content

    def test_lists_can_be_taken_along(self, world):
        ready(world)
        client = client_of(world.officer)
        for url in (reverse("facilities:board"), reverse("facilities:school", args=[world.school.code]),
                    reverse("facilities:territory", args=["471000000"])):  # fmt: skip
            for form in ("csv", "xlsx"):
                assert client.get(url, {"download": form}).status_code == 200


class TestDemonstration:
    def test_it_fills_walks_and_works_once(self, world):
        assert demonstrate_rooms(now=NOW, earmark_codes=["E-1"]) == 2
        assert demonstrate_rooms(now=NOW) == 0
        with loading():
            assert Walk.objects.filter(is_synthetic=True, closed_at__isnull=False).count() == 2
            assert Work.objects.filter(is_synthetic=True).count() >= 2
            for work in Work.objects.filter(state="accepted"):
                assert Acceptance.objects.filter(work=work).count() == 2
                assert InventoryItem.objects.filter(work=work).exists()
            assert all(one.is_synthetic for one in Photograph.objects.all())
            run = indexes.runs(TODAY)[0]
            assert decisions.verify(run.number, now=NOW).agrees
