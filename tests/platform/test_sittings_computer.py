"""A pupil at a computer, as the server sees it: codes, devices, time, answers that arrive twice or late, marking."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import pytest
from assessment_world import OFFICER, SECOND_OFFICER
from django.test import Client
from django.utils import timezone
from sitting_world import (
    OTHER_TOKEN,
    SECRET,
    TOKEN,
    answer_rows,
    booklet_codes,
    make_sitting,
    minutes,
    post,
    right_answers,
)

from tirek.access.models import User  # noqa: F401  registers the app for the world
from tirek.access.scope import NOBODY, Scope, acting_as, loading
from tirek.assessment.codes import NOT_REACHED, OMITTED
from tirek.assessment.models import AnswerSheet, Seat, SeatAnswer, SeatState
from tirek.assessment.queries.seats import waiting_for_scorer
from tirek.assessment.refusals import NotAllowed, WrongState
from tirek.assessment.services import sitting_down, supervision
from tirek.assessment.services.handing_in import score_answer
from tirek.assessment.services.seats import add_late_comer, deal_seats, give_device_leave, issue_codes
from tirek.assessment.services.sitting_down import GRACE, Given, NotSeated, sit_down, take_in
from tirek.registry.models import Enrolment

pytestmark = pytest.mark.django_db


@pytest.fixture
def sat():
    return make_sitting()


def begun(sat, place: int = 0, now=None):
    now = now or timezone.now()
    return sit_down(typed=sat.slips[place].code, token=TOKEN, now=now), now


def given(values: dict[int, str], sequence: int = 1, age: dt.timedelta = dt.timedelta(0)) -> list[Given]:
    return [Given(place, value, sequence, age) for place, value in values.items()]


def kept(seat) -> dict[int, str]:
    with loading():
        return dict(SeatAnswer.objects.filter(seat=seat).values_list("item__code", "value"))


def test_seats_are_dealt_evenly_and_reproducibly(sat):
    with loading():
        seats = list(Seat.objects.filter(sitting=sat.sitting).order_by("number"))
    books = [seat.booklet_id for seat in seats]
    assert len(seats) == 30
    assert [seat.number for seat in seats] == list(range(1, 31))
    assert all(one != other for one, other in itertools.pairwise(books)), "neighbours share a booklet"
    with loading():
        Seat.objects.filter(sitting=sat.sitting).delete()
    with acting_as(sat.head):
        assert deal_seats(sitting_id=sat.sitting.pk) == 30
        assert deal_seats(sitting_id=sat.sitting.pk) == 0
    with loading():
        assert (
            list(Seat.objects.filter(sitting=sat.sitting).order_by("number").values_list("booklet_id", flat=True))
            == books
        )


def test_codes_are_kept_as_hashes_only_and_new_ones_end_the_old(sat):
    first = sat.slips[0].code
    with loading():
        stored = bytes(Seat.objects.get(sitting=sat.sitting, number=1).code_hash)
    assert first.replace("-", "").encode() not in stored
    assert len(stored) == 32
    with acting_as(sat.head):
        again = issue_codes(sitting_id=sat.sitting.pk, seat_id=sat.seat().pk)[0].code
    assert again != first
    with pytest.raises(NotSeated) as refused:
        sit_down(typed=first, token=TOKEN, now=timezone.now())
    assert refused.value.code == "unknown_code"
    assert sit_down(typed=again, token=TOKEN, now=timezone.now())["state"] == "working"


def test_no_key_leaves_the_server(sat, client):
    """The whole answer of the server, searched for every key and whatever else only testers know."""
    answer = post(client, "begin", code=sat.slips[0].code, token=TOKEN).json()
    text = json.dumps(answer, ensure_ascii=False)
    assert SECRET not in text
    assert "3.5" not in text
    assert "әже|ана" not in text
    assert {name for item in answer["items"] for name in item} == {"kind", "stem", "options", "pictures"}
    assert len(answer["items"]) == 6
    assert answer["items"][0]["stem"]
    assert "Ф0" not in text, "a pupil's whole name is not needed"


def test_begun_twice_is_begun_once(sat):
    first, now = begun(sat)
    again = sit_down(typed=sat.slips[0].code, token=TOKEN, now=now + minutes(5))
    assert again["seat"] == first["seat"]
    assert first["ends_in_ms"] - again["ends_in_ms"] == 5 * 60_000


def test_another_device_needs_leave_and_shuts_the_first_out(sat):
    first, now = begun(sat)
    take_in(seat_id=first["seat"], token=TOKEN, answers=given({1: "B"}), hand_in="", now=now)
    with pytest.raises(NotSeated) as refused:
        sit_down(typed=sat.slips[0].code, token=OTHER_TOKEN, now=now)
    assert refused.value.code == "in_use"
    with acting_as(sat.head):
        give_device_leave(sitting_id=sat.sitting.pk, seat_id=first["seat"])
    moved = sit_down(typed=sat.slips[0].code, token=OTHER_TOKEN, now=now)
    assert moved["answers"] == {"1": {"value": "B", "sequence": 1}}
    with pytest.raises(NotSeated) as refused:
        take_in(seat_id=first["seat"], token=TOKEN, answers=given({2: "A"}), hand_in="", now=now)
    assert refused.value.code == "lost_seat"
    with pytest.raises(NotSeated):
        sit_down(typed=sat.slips[0].code, token=TOKEN, now=now)


def test_sent_twice_is_kept_once_and_a_late_lower_sequence_changes_nothing(sat):
    first, now = begun(sat)
    seat = first["seat"]
    take_in(seat_id=seat, token=TOKEN, answers=given({1: "A"}, 3), hand_in="", now=now)
    for sequence, value in ((3, "C"), (2, "D"), (1, "")):
        said = take_in(seat_id=seat, token=TOKEN, answers=given({1: value}, sequence), hand_in="", now=now)
        assert said["kept"]["1"] == 3
        assert not said["refused"]
    assert list(kept(seat).values()) == ["A"]
    take_in(seat_id=seat, token=TOKEN, answers=given({1: "B"}, 4), hand_in="", now=now)
    assert list(kept(seat).values()) == ["B"]


def test_answers_given_in_time_are_taken_after_it_and_later_ones_are_not(sat):
    first, now = begun(sat)
    seat, end = first["seat"], now + dt.timedelta(milliseconds=first["ends_in_ms"])
    late = end + minutes(30)
    said = take_in(
        seat_id=seat, token=TOKEN, hand_in="time", now=late,
        answers=[*given({1: "A"}, age=minutes(31)), *given({2: "A,C"}, age=minutes(29))],
    )  # fmt: skip
    assert said["refused"] == [2]
    assert said["state"] == "done"
    assert said["done_by"] == "time"
    assert list(kept(seat).values()) == ["A"]
    said = take_in(seat_id=seat, token=TOKEN, answers=given({3: "1"}, age=minutes(60)), hand_in="", now=late)
    assert not said["refused"], "the clock ended it, so what was given in time still counts"
    said = take_in(
        seat_id=seat, token=TOKEN, answers=given({4: "x"}, age=minutes(99)), hand_in="", now=end + GRACE + minutes(1)
    )
    assert said["refused"] == [4]


def test_a_wrong_clock_does_not_end_a_sitting(sat):
    first, now = begun(sat)
    said = take_in(seat_id=first["seat"], token=TOKEN, answers=[], hand_in="time", now=now + minutes(5))
    assert said["state"] == "working"
    assert said["ends_in_ms"] > 0


def test_the_browsers_clock_may_be_years_off(sat, client):
    found = post(client, "begin", code=sat.slips[0].code, token=TOKEN).json()
    rows = answer_rows({1: "B"}, at=1_000)
    said = post(client, "answers", seat=found["seat"], token=TOKEN, clock=61_000, answers=rows).json()
    assert said["kept"] == {"1": 1}
    with loading():
        one = SeatAnswer.objects.get(seat=found["seat"])
    assert abs((one.received_at - one.answered_at) - dt.timedelta(0)) <= dt.timedelta(seconds=60)


def test_what_a_pupil_handed_in_is_handed_in(sat):
    first, now = begun(sat)
    seat = first["seat"]
    take_in(seat_id=seat, token=TOKEN, answers=given({1: "A"}), hand_in="pupil", now=now)
    said = take_in(seat_id=seat, token=TOKEN, answers=given({1: "B"}, 2), hand_in="pupil", now=now)
    assert said["refused"] == [1]
    assert said["state"] == "done"
    assert list(kept(seat).values()) == ["A"]
    with pytest.raises(NotSeated) as refused:
        sit_down(typed=sat.slips[0].code, token=TOKEN, now=now)
    assert refused.value.code == "done"


def test_marking_makes_a_sheet_as_an_import_would():
    sat = make_sitting(with_open=False)
    first, now = begun(sat)
    right = right_answers(sat.seat())
    values = {place: right[place] for place in (1, 3)}
    take_in(seat_id=first["seat"], token=TOKEN, answers=given(values), hand_in="pupil", now=now)
    with loading():
        sheet = AnswerSheet.objects.get(sitting=sat.sitting)
        sat.sitting.refresh_from_db()
    assert bytes(sheet.codes) == bytes([1, OMITTED, 1, NOT_REACHED, NOT_REACHED])
    assert sat.sitting.state == "answered"
    assert sheet.booklet_id == sat.seat().booklet_id


def test_an_open_answer_waits_for_its_scorer(sat):
    first, now = begun(sat)
    take_in(seat_id=first["seat"], token=TOKEN, answers=given(right_answers(sat.seat())), hand_in="pupil", now=now)
    with acting_as(OFFICER):
        assert not AnswerSheet.objects.exists()
        waiting = waiting_for_scorer(sat.test).get()
        with pytest.raises(WrongState):
            score_answer(answer_id=waiting.pk, score=4)
        score_answer(answer_id=waiting.pk, score=2)
        assert not waiting_for_scorer(sat.test).exists()
        codes = sorted(AnswerSheet.objects.get().codes[i] for i in range(6))
    assert codes == [1, 1, 1, 1, 1, 2]


def test_no_answer_at_all_is_no_sheet(sat):
    first, now = begun(sat)
    take_in(seat_id=first["seat"], token=TOKEN, answers=[], hand_in="pupil", now=now)
    with loading():
        assert not AnswerSheet.objects.exists()
        assert sat.seat().state == SeatState.DONE


def test_minutes_are_added_to_one_and_to_all_and_after_the_end(sat):
    first, now = begun(sat)
    end = sat.seat().ends_at
    with acting_as(sat.head):
        supervision.add_minutes(sitting_id=sat.sitting.pk, minutes=10, now=now, seat_id=first["seat"])
        assert sat.seat().ends_at == end + minutes(10)
        assert supervision.add_minutes(sitting_id=sat.sitting.pk, minutes=5, now=end + minutes(20)) == 30
    assert sat.seat().ends_at == end + minutes(25), "whose time was over gets the minutes from now on"
    said = take_in(seat_id=first["seat"], token=TOKEN, answers=given({1: "A"}), hand_in="", now=end + minutes(24))
    assert said["state"] == "working"
    assert not said["refused"]


def test_closing_hands_in_and_opening_a_seat_takes_the_sheet_back():
    sat = make_sitting(with_open=False)
    first, now = begun(sat)
    take_in(seat_id=first["seat"], token=TOKEN, answers=given({1: "A"}), hand_in="", now=now)
    with acting_as(sat.head):
        assert supervision.close_sitting(sitting_id=sat.sitting.pk, now=now + minutes(1)) == 1
        assert AnswerSheet.objects.count() == 1
        with pytest.raises(WrongState):
            supervision.reopen(sitting_id=sat.sitting.pk, seat_id=first["seat"], minutes=5, now=now)
        supervision.open_again(sitting_id=sat.sitting.pk)
    # given before the closing, arriving after it: it still counts
    take_in(
        seat_id=first["seat"], token=TOKEN, answers=given({2: "B"}, age=minutes(2)), hand_in="", now=now + minutes(2)
    )
    with acting_as(sat.head):
        assert AnswerSheet.objects.get().codes[1] != NOT_REACHED
        supervision.reopen(sitting_id=sat.sitting.pk, seat_id=first["seat"], minutes=5, now=now + minutes(3))
        assert not AnswerSheet.objects.exists()
    assert sit_down(typed=sat.slips[0].code, token=OTHER_TOKEN, now=now + minutes(4))["answers"]["1"]["value"] == "A"


def test_overdue_seats_are_handed_in(sat):
    _first, now = begun(sat)
    end = sat.seat().ends_at
    assert supervision.hand_in_overdue(now=end + minutes(59)) == 0
    assert supervision.hand_in_overdue(now=end + minutes(61)) == 1
    assert sat.seat().done_by == "time"
    assert now


def test_absent_pupils_do_not_begin(sat):
    with acting_as(sat.head):
        supervision.mark_absent(sitting_id=sat.sitting.pk, seat_id=sat.seat(1).pk)
    with pytest.raises(NotSeated) as refused:
        begun(sat, 1)
    assert refused.value.code == "absent"
    begun(sat)
    with acting_as(sat.head), pytest.raises(WrongState):
        supervision.mark_absent(sitting_id=sat.sitting.pk, seat_id=sat.seat().pk)


def test_a_late_comer_gets_the_next_number_and_the_rarer_booklet(sat):
    with loading():
        seat = Seat.objects.get(sitting=sat.sitting, number=7)
        person = seat.person_id
        seat.delete()
        books = list(Seat.objects.filter(sitting=sat.sitting).values_list("booklet_id", flat=True))
    with acting_as(sat.head):
        late = add_late_comer(sitting_id=sat.sitting.pk, person_id=person)
        assert late.number == 31
        assert books.count(late.booklet_id) == min(books.count(book) for book in set(books))
        with pytest.raises(WrongState):
            add_late_comer(sitting_id=sat.sitting.pk, person_id=person)
        outsider = sat.world.pupils[sat.world.schools[1].pk][0]
        with pytest.raises(WrongState):
            add_late_comer(sitting_id=sat.sitting.pk, person_id=outsider.pk)


@pytest.mark.parametrize("role", ["parent", "auditor", "sponsor", "kindergarten_director"])
def test_who_supervises_nothing(sat, role):
    with acting_as(Scope(lo=0, hi=2**31 - 1, role=role)), pytest.raises(NotAllowed):
        issue_codes(sitting_id=sat.sitting.pk)


def test_supervisors_stay_in_their_scope(sat):
    neighbour = sat.world.schools[1].org_no
    for scope in (SECOND_OFFICER, Scope(lo=neighbour, hi=neighbour, role="school_head")):
        with acting_as(scope), pytest.raises(NotAllowed):
            supervision.close_sitting(sitting_id=sat.sitting.pk, now=timezone.now())
        with acting_as(scope):
            assert not Seat.objects.exists()
            assert not SeatAnswer.objects.exists()
    with acting_as(NOBODY):
        assert not Seat.objects.exists()


def test_a_teacher_supervises_the_classes_taught_only(sat):
    from tirek.registry.models import Person, Teaching
    from tirek.storage.database import OWN

    with loading():
        teacher = Person.objects.create(family_name="T", given_name="T", sort_key="t", org_no=sat.sitting.org_no)
    scope = Scope(database_role=OWN, role="teacher", person_ids=(teacher.pk,))
    with acting_as(scope), pytest.raises(NotAllowed):
        issue_codes(sitting_id=sat.sitting.pk)
    with loading():
        valid = Enrolment.objects.first().valid
        Teaching.objects.create(
            person=teacher, class_group=sat.sitting.class_group, org_no=sat.sitting.org_no, valid=valid
        )
    with acting_as(scope):
        assert len(issue_codes(sitting_id=sat.sitting.pk)) == 30


def test_a_published_test_changes_no_more(sat):
    with loading():
        sat.test.state = "published"
        sat.test.save()
    with acting_as(sat.head), pytest.raises(WrongState):
        issue_codes(sitting_id=sat.sitting.pk)
    with pytest.raises(NotSeated):
        begun(sat)


def test_a_code_does_not_open_before_the_day(sat):
    with loading():
        sat.sitting.date = timezone.localdate() + dt.timedelta(days=1)
        sat.sitting.save()
    with pytest.raises(NotSeated) as refused:
        begun(sat)
    assert refused.value.code == "too_early"


def test_wrong_codes_are_counted_and_right_ones_are_not(sat, client, monkeypatch):
    monkeypatch.setattr("tirek.assessment.views.sit.WRONG_CODES", 3)
    for _each in range(5):
        assert post(client, "look", code=sat.slips[0].code).status_code == 200
    for _each in range(3):
        assert post(client, "look", code="222222222").status_code == 404
    answer = post(client, "look", code=sat.slips[0].code)
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_often"
    assert answer["Retry-After"]
    assert post(Client(REMOTE_ADDR="10.1.1.1"), "look", code=sat.slips[0].code).status_code == 200


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"seat": "x"}', '{"seat": 1, "clock": NaN}', '{"seat": 1, "clock": 1, "answers": [1]}',
     '{"seat": 1, "clock": 1, "answers": [{"place": 1, "value": 5, "sequence": 1, "at": 1}]}',
     '{"seat": 1, "clock": 1, "answers": [{"place": 1, "value": "", "sequence": -1, "at": 1}]}',
     '{"seat": 99999999999999999999999, "clock": 1}'],
)  # fmt: skip
def test_nonsense_is_refused_without_an_error(client, body):
    for name in ("look", "begin", "answers"):
        assert client.post(f"/sit/{name}/", body, content_type="application/json").status_code in (400, 403, 404, 409)


def test_the_page_and_its_worker_need_nothing_from_elsewhere(client):
    page = client.get("/sit/")
    assert page.status_code == 200
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    text = page.content.decode()
    assert "style=" not in text
    assert "onclick" not in text
    worker = client.get("/sit/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert "VERSION" in worker.content.decode()
    for name in ("kk", "ru", "en"):
        assert f'"{name}"' in text


def test_a_number_beyond_the_booklet_is_refused(sat):
    first, now = begun(sat)
    said = take_in(seat_id=first["seat"], token=TOKEN, answers=given({99: "A", 0: "A"}), hand_in="", now=now)
    assert said["refused"] == [99, 0]
    assert not kept(first["seat"])
    assert booklet_codes(sat.test)
    assert sitting_down


def test_a_form_of_another_page_is_refused(sat, client):
    for body in ({"code": sat.slips[0].code}, {}):
        assert client.post("/sit/look/", body).status_code == 400
    assert client.post("/sit/look/", "x", content_type="text/plain").status_code == 400
