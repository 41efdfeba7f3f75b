"""A work from plan to the end of its installation: steps, days, papers, pages, and who sees what."""

from __future__ import annotations

import datetime as dt

import pytest
from access_world import SCHOOL
from django.db import DatabaseError, transaction
from django.urls import reverse
from rooms_works_world import SHELVES, TODAY, moved, planned, ready, refused
from rooms_world import NOW, build, client_of, jpeg

from tirek.access.scope import loading
from tirek.decisions import services as decisions
from tirek.facilities.demonstration import demonstrate_rooms
from tirek.facilities.models import Acceptance, InventoryItem, Photograph, Walk, Work, WorkState
from tirek.facilities.queries import indexes
from tirek.facilities.queries import works as queries
from tirek.facilities.services import works
from tirek.tasks.models import Task
from tirek.tasks.services import File
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


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
