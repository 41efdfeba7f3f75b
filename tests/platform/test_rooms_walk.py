"""A walk: each finding once, two phones, what a phone is told and sends."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from access_world import SCHOOL
from django.db import DatabaseError, transaction
from django.urls import reverse
from rooms_walk_world import refused, take, whole_walk
from rooms_world import FULL_LIBRARY, NOW, build, client_of, sent

from tirek.access.scope import loading
from tirek.facilities.models import Finding, Walk
from tirek.facilities.queries import findings as queries
from tirek.facilities.services import findings
from tirek.facilities.services.walks import close_walk
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


class TestOnce:
    def test_the_same_finding_twice_is_one(self, world):
        one = sent(world.library)
        with world.as_walker():
            states = [
                findings.take_finding(org_no=SCHOOL, sent=one, by=world.coordinator, now=NOW).state for _n in range(3)
            ]
        assert states == ["taken", "known", "known"]
        with loading():
            assert Finding.objects.count() == Walk.objects.count() == 1

    def test_the_same_name_with_other_contents_is_refused(self, world):
        one = sent(world.library)
        other = sent(world.library, uuid=one.uuid, condition="poor")
        with world.as_walker():
            findings.take_finding(org_no=SCHOOL, sent=one, by=world.coordinator, now=NOW)
            with refused("uuid_used"):
                findings.take_finding(org_no=SCHOOL, sent=other, by=world.coordinator, now=NOW)

    def test_a_finding_is_never_edited(self, world):
        found = take(world, world.library).finding
        with loading():
            for change in (
                lambda: Finding.objects.filter(pk=found.pk).update(condition="poor"),
                lambda: Finding.objects.filter(pk=found.pk).delete(),
            ):
                with pytest.raises(DatabaseError), transaction.atomic():
                    change()

    def test_a_clock_that_is_ahead_is_held_back(self, world):
        assert take(world, world.library, taken_at=NOW + dt.timedelta(hours=5)).finding.taken_at == NOW

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"condition": ""}, "no_condition"),
            ({"condition": "splendid"}, "no_condition"),
            ({"counts": {"shelf": -1}}, "bad_count"),
            ({"counts": {"unicorn": 1}}, "bad_count"),
            ({"counts": {"shelf": True}}, "bad_count"),
            ({"note": "x" * 2001}, "long_note"),
            ({"room_id": 999_999_999}, "unknown_room"),
            ({"taken_at": NOW - dt.timedelta(days=500)}, "clock"),
        ],
    )
    def test_what_cannot_be_is_refused(self, world, more, code):
        with refused(code):
            take(world, world.library, **more)

    def test_a_room_of_another_school_is_no_room_of_this_one(self, world):
        with refused("unknown_room"):
            take(world, world.far_room)

    def test_another_schools_coordinator_is_refused(self, world):
        with world.as_neighbour(), refused("not_allowed"):
            findings.take_finding(org_no=SCHOOL, sent=sent(world.library), by=world.neighbour, now=NOW)

    def test_an_officer_does_not_walk(self, world):
        with world.as_officer(), refused("not_allowed"):
            findings.take_finding(org_no=SCHOOL, sent=sent(world.library), by=world.officer, now=NOW)


class TestTwoPhones:
    def test_findings_that_did_not_know_of_each_other_stand_side_by_side(self, world):
        first = take(world, world.library, condition="good")
        second = take(world, world.library, by=world.head, condition="poor")
        assert (first.state, second.state) == ("taken", "conflict")
        with world.as_walker():
            heads = queries.current_of(second.finding.walk)
            assert {head.condition for head in heads} == {"good", "poor"}
            with refused("conflicts"):
                close_walk(walk_id=second.finding.walk_id, by=world.coordinator, now=NOW)

    def test_a_later_finding_that_knew_the_first_takes_its_place(self, world):
        first = take(world, world.library, condition="good").finding
        assert take(world, world.library, by=world.head, condition="poor", seen=[first.uuid]).state == "taken"

    def test_two_phones_that_say_the_same_are_no_conflict(self, world):
        take(world, world.library, counts=FULL_LIBRARY)
        assert take(world, world.library, by=world.head, counts=FULL_LIBRARY).state == "taken"

    def test_a_person_decides_and_both_stay_readable(self, world):
        first = take(world, world.library, condition="good").finding
        second = take(world, world.library, by=world.head, condition="poor").finding
        with world.as_walker():
            chosen = findings.resolve(
                walk_id=first.walk_id, place=first.place, chosen=second.uuid, by=world.coordinator, now=NOW
            )
            assert (chosen.condition, chosen.resolves, chosen.is_current) == ("poor", True, True)
            assert queries.current_of(first.walk) == [chosen]
            assert Finding.objects.filter(walk=first.walk).count() == 3
            with pytest.raises(Refusal):
                findings.resolve(
                    walk_id=first.walk_id, place=first.place, chosen=second.uuid, by=world.coordinator, now=NOW
                )

    def test_the_page_shows_both_and_closes_once_it_is_decided(self, world):
        first = take(world, world.library, condition="good", device="one").finding
        second = take(world, world.library, by=world.head, condition="poor", device="two").finding
        client = client_of(world.coordinator)
        url = reverse("facilities:walk", args=[world.school.code, first.walk_id])
        page = client.get(url).content.decode()
        assert str(first.uuid) in page
        assert str(second.uuid) in page
        resolve = reverse("facilities:resolve", args=[world.school.code, first.walk_id])
        assert "Choose one of the two" in client.post(resolve, {"chosen": "x"}, follow=True).content.decode()
        client.post(resolve, {"chosen": str(first.uuid), "place": first.place})
        close = reverse("facilities:close", args=[world.school.code, first.walk_id])
        assert "closed" in client.post(close, {}, follow=True).content.decode()
        with loading():
            assert Walk.objects.get(pk=first.walk_id).closed_at is not None
        for name in ("school", "walks", "school_works"):
            assert client.get(reverse(f"facilities:{name}", args=[world.school.code])).status_code == 200
        assert client_of(world.neighbour).get(url).status_code == 404

    def test_a_phone_decides_by_naming_both(self, world):
        first = take(world, world.library, condition="good").finding
        second = take(world, world.library, by=world.head, condition="poor").finding
        third = take(world, world.library, condition="fair", seen=[first.uuid, second.uuid])
        assert (third.state, third.finding.resolves) == ("taken", True)

    def test_what_comes_after_closing_begins_a_new_walk(self, world):
        closed = whole_walk(world)
        late = take(world, world.library, condition="fair")
        assert late.state == "taken"
        assert late.finding.walk_id != closed.pk


class TestPhone:
    def post(self, client, body, **more):
        return client.post(
            reverse("facilities:walk_findings"), json.dumps(body), content_type="application/json", **more
        )

    def row(self, room, **more):
        return {
            "uuid": str(uuid.uuid4()), "place": f"r{room.pk}", "at": int(NOW.timestamp() * 1000), "condition": "good",
            "is_absent": False, "counts": {}, "note": "", "reported": {}, "seen": [],
        } | more  # fmt: skip

    def test_the_plan_holds_all_that_a_phone_needs(self, world):
        client = client_of(world.coordinator)
        plan = client.get(reverse("facilities:walk_plan")).json()
        assert [room["number"] for room in plan["rooms"]] == ["101", "102", "103"]
        assert plan["rooms"][0]["wanted"] == FULL_LIBRARY
        assert set(plan["items"]["shelf"]) == {"kk", "ru", "en"}
        assert plan["user"] == world.coordinator.pk
        assert plan["token"]

    def test_one_that_cannot_be_taken_holds_up_no_other(self, world):
        client = client_of(world.coordinator)
        bad, good = self.row(world.library, condition=""), self.row(world.laboratory)
        answer = self.post(client, {"findings": [bad, good], "clock": 1, "device": "x"}).json()
        assert [one["state"] for one in answer["findings"]] == ["refused", "taken"]
        assert "four pictures" in answer["findings"][0]["message"]
        assert self.post(client, {"findings": [good]}).json()["findings"][0]["state"] == "known"

    @pytest.mark.parametrize(
        "body",
        [
            [], "x", {"findings": "x"}, {"findings": [1]}, {"findings": [{}] * 51}, {},
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused(self, world, body):
        assert self.post(client_of(world.coordinator), body).status_code == 422

    @pytest.mark.parametrize(
        "wrong",
        [
            {"place": 5}, {"place": "rx"}, {"place": "n1"}, {"counts": []}, {"uuid": "x"}, {"seen": ["x"]}, {"seen": 1},
            {"counts": {"shelf": "many"}}, {"note": 5}, {"reported": 1}, {"place": "r99999999999999999999"},
        ],
    )  # fmt: skip
    def test_a_row_of_the_wrong_kind_is_refused(self, world, wrong):
        answer = self.post(client_of(world.coordinator), {"findings": [self.row(world.library, **wrong)]})
        assert [one["state"] for one in answer.json()["findings"]] == ["refused"]

    def test_an_officer_has_no_plan(self, world):
        assert client_of(world.officer).get(reverse("facilities:walk_plan")).status_code == 403

    def test_the_page_names_nobody(self, world):
        page = client_of(world.coordinator).get(reverse("facilities:walk_phone")).content.decode()
        assert str(world.coordinator) not in page
        assert "Мектеп" not in page
        assert page == client_of(world.neighbour).get(reverse("facilities:walk_phone")).content.decode()

    def test_the_worker_keeps_every_part(self, world):
        text = client_of(world.coordinator).get(reverse("facilities:walk_worker")).content.decode()
        for part in ("walk/walk.js", "walk/room.js", "walk/condition-unusable.svg", "fonts/inter.woff2"):
            assert part in text
