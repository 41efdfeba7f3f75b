"""Deal seats, booklets and codes to the pupils of a sitting."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.assessment.models import Booklet, Seat, SeatDevice, SeatState, Sitting, Test, TestState
from tirek.assessment.queries import seats as queries
from tirek.assessment.refusals import NotAllowed, WrongState, must
from tirek.assessment.sitting.access_codes import new_code, paper_number, shown_code
from tirek_engines.assessment.booklets import deal_booklets

RESTARTABLE = (SeatState.WAITING, SeatState.ABSENT)


@dataclass(frozen=True)
class Slip:
    """What a pupil is handed: shown once, kept nowhere."""

    number: int
    paper: str
    name: str
    booklet: str
    code: str


def supervised(sitting_id: int) -> Sitting:
    """The sitting, if the asker may supervise it. Everything after this check runs as the loader: a teacher, too, deals."""
    must("assessment.supervise")
    sitting = queries.sitting_supervised(sitting_id)
    if sitting is None:
        raise NotAllowed(_("This sitting is not in your scope."))
    return sitting


def must_collect(test: Test) -> None:
    if test.state == TestState.PUBLISHED:
        raise WrongState(_("The results of this test are published. Its sittings can no longer be changed."))


@transaction.atomic
def deal_seats(*, sitting_id: int) -> int:
    """A seat with a booklet for each pupil of the class who has none; returns how many are new.

    Who gets which booklet follows from the test, the sitting and the order of names: dealt again, it is the same.
    """
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    _must_be_open(sitting)
    with loading():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        have = set(Seat.objects.filter(sitting=sitting).values_list("person_id", flat=True))
        pupils = [pupil for pupil in queries.pupils_of(sitting) if pupil[0] not in have]
        if have:
            return sum(_add(sitting, person, org_no) is not None for person, org_no in pupils)
        return _deal([(sitting, pupils)], _seed(sitting.test) + sitting.pk)


@transaction.atomic
def deal_all_seats(*, test_id: int) -> int:
    """Seats for all sittings of a test that have none, the booklets used equally often over all of them."""
    must("assessment.manage")
    test = Test.objects.select_for_update().get(pk=test_id)
    must_collect(test)
    with loading():
        empty = Sitting.objects.filter(test=test, seats=None, closed_at=None).exclude(state="cancelled").order_by("pk")
        return _deal([(sitting, queries.pupils_of(sitting)) for sitting in empty.select_related("test")], _seed(test))


def _seed(test: Test) -> int:
    """The design's seed, moved by the test's number so that two tests are dealt differently."""
    return int(test.design.get("seed", 0)) + 7919 * test.pk


def _deal(classes: Sequence[tuple[Sitting, list[tuple[int, int]]]], seed: int) -> int:
    if not classes:
        return 0
    booklets = queries.booklets_in_order(classes[0][0].test)
    dealt = deal_booklets([len(pupils) for _sitting, pupils in classes], len(booklets), seed=seed)
    seats = [
        _seat(sitting, number, person, org_no, booklets[int(place)])
        for (sitting, pupils), places in zip(classes, dealt, strict=True)
        for number, ((person, org_no), place) in enumerate(zip(pupils, np.asarray(places), strict=True), start=1)
    ]
    Seat.objects.bulk_create(seats, batch_size=2000)
    return len(seats)


def _seat(sitting: Sitting, number: int, person: int, org_no: int, booklet: Booklet) -> Seat:
    """A seat whose code nobody knows yet."""
    unknown = queries.trial_code(sitting.pk, number) if sitting.test.is_synthetic else secrets.token_hex(32)
    return Seat(
        sitting=sitting, person_id=person, org_no=org_no, booklet=booklet, number=number,
        code_hash=queries.code_hash(unknown),
    )  # fmt: skip


def _add(sitting: Sitting, person: int, org_no: int) -> Seat:
    """One more seat: the next number, the booklet that is used least, after the last one dealt."""
    booklets = queries.booklets_in_order(sitting.test)
    seats = list(Seat.objects.filter(sitting=sitting).order_by("number").values_list("number", "booklet_id"))
    used = [booklet for _number, booklet in seats]
    ids = [booklet.pk for booklet in booklets]
    last = ids.index(used[-1]) if used else -1
    turn = sorted(range(len(ids)), key=lambda j: (used.count(ids[j]), (j - last - 1) % len(ids)))
    seat = _seat(sitting, seats[-1][0] + 1 if seats else 1, person, org_no, booklets[turn[0]])
    seat.save()
    return seat


@transaction.atomic
def add_late_comer(*, sitting_id: int, person_id: int) -> Seat:
    """A seat for a pupil of the grade who came without one."""
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    _must_be_open(sitting)
    with loading():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        if person_id not in dict(queries.late_comers(sitting)):
            raise WrongState(_("This pupil has a seat already, or is not of this school and grade."))
        return _add(sitting, person_id, sitting.org_no)


@transaction.atomic
def issue_codes(*, sitting_id: int, seat_id: int | None = None) -> list[Slip]:
    """New codes for the seats that are not handed in, or for one seat; codes given out before open nothing any more.

    A pupil at work goes on: the device has its own key. In a synthetic test the codes stay what they were.
    """
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    with loading():
        seats = Seat.objects.select_for_update().filter(sitting=sitting).exclude(state=SeatState.DONE)
        if seat_id is not None:
            seats = seats.filter(pk=seat_id)
        found = list(seats.order_by("number"))
        names = queries.names_at(sitting, [seat.person_id for seat in found])
        booklets = dict(Booklet.objects.filter(test=sitting.test).values_list("id", "code"))
        slips = []
        for seat in found:
            code = queries.trial_code(sitting.pk, seat.number) if sitting.test.is_synthetic else new_code()
            seat.code_hash = queries.code_hash(code)
            slips.append(
                Slip(
                    seat.number, paper_number(sitting.pk, seat.number), names.get(seat.person_id, ""),
                    booklets[seat.booklet_id], shown_code(code),
                )
            )  # fmt: skip
        Seat.objects.bulk_update(found, ["code_hash"], batch_size=500)
        return slips


@transaction.atomic
def give_device_leave(*, sitting_id: int, seat_id: int) -> None:
    """The pupil may go on at another device; the one before is then shut out."""
    sitting = supervised(sitting_id)
    with loading():
        SeatDevice.objects.filter(seat_id=seat_id, seat__sitting=sitting).update(another_may=True)


def _must_be_open(sitting: Sitting) -> None:
    if sitting.closed_at is not None:
        raise WrongState(_("This sitting is closed. Open it again first."))
