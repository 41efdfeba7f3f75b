"""What a supervisor does while a class sits a test on computers."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope, loading
from tirek.assessment.models import DoneBy, Seat, SeatState, Sitting, SittingMode, SittingNote
from tirek.assessment.refusals import WrongState
from tirek.assessment.services.handing_in import finish, take_back_sheet
from tirek.assessment.services.seats import must_collect, supervised
from tirek.assessment.services.sitting_down import GRACE

MOST_MINUTES = 120


@transaction.atomic
def add_minutes(*, sitting_id: int, minutes: int, now: dt.datetime, seat_id: int | None = None) -> int:
    """More time for one seat or all that are not handed in. Whose time was over already gets it from now on."""
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    if not 1 <= minutes <= MOST_MINUTES:
        raise WrongState(_("Give between 1 and %(most)s minutes.") % {"most": MOST_MINUTES})
    with loading():
        seats = Seat.objects.select_for_update().filter(
            sitting=sitting, state__in=[SeatState.WAITING, SeatState.WORKING]
        )
        found = list(seats if seat_id is None else seats.filter(pk=seat_id))
        for seat in found:
            seat.extra_minutes += minutes
            if seat.ends_at is not None:
                seat.ends_at = max(seat.ends_at, now) + dt.timedelta(minutes=minutes)
        Seat.objects.bulk_update(found, ["extra_minutes", "ends_at"], batch_size=500)
        return len(found)


@transaction.atomic
def mark_absent(*, sitting_id: int, seat_id: int, is_absent: bool = True) -> None:
    """Only who has not begun can be absent."""
    sitting = supervised(sitting_id)
    before, after = (SeatState.WAITING, SeatState.ABSENT) if is_absent else (SeatState.ABSENT, SeatState.WAITING)
    with loading():
        n = Seat.objects.filter(pk=seat_id, sitting=sitting, state=before).update(state=after)
    if not n:
        raise WrongState(_("The pupil has begun: a seat at work or handed in cannot be marked absent."))


@transaction.atomic
def reopen(*, sitting_id: int, seat_id: int, minutes: int, now: dt.datetime) -> None:
    """A seat that was handed in is at work again: its answers are kept, its sheet is taken back until the next time."""
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    if sitting.closed_at is not None:
        raise WrongState(_("This sitting is closed. Open it again first."))
    with loading():
        seat = Seat.objects.select_for_update().filter(pk=seat_id, sitting=sitting, state=SeatState.DONE).first()
        if seat is None or sitting.mode != SittingMode.COMPUTER:
            raise WrongState(_("Only a seat that was handed in on a computer can be opened again."))
        take_back_sheet(seat)
        seat.state, seat.done_at, seat.done_by = SeatState.WORKING, None, ""
        seat.ends_at = max(seat.ends_at or now, now) if minutes == 0 else now + dt.timedelta(minutes=minutes)
        seat.save(update_fields=["state", "done_at", "done_by", "ends_at"])


@transaction.atomic
def close_sitting(*, sitting_id: int, now: dt.datetime) -> int:
    """Nobody can begin any more; who is at work is handed in with what has arrived. Returns how many were at work.

    Answers that were given before, and are still in a browser without a connection, are taken in for a while yet.
    """
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    with loading():
        sitting = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if sitting.closed_at is not None:
            return 0
        at_work = list(Seat.objects.select_for_update().filter(sitting=sitting, state=SeatState.WORKING))
        for seat in at_work:
            seat.ends_at = min(seat.ends_at or now, now)
            finish(seat, by=DoneBy.SUPERVISOR, now=now)
        sitting.closed_at = now
        sitting.save(update_fields=["closed_at"])
        return len(at_work)


@transaction.atomic
def open_again(*, sitting_id: int) -> None:
    """Take back that a sitting was closed; seats stay handed in until they are opened one by one."""
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    with loading():
        Sitting.objects.filter(pk=sitting.pk).update(closed_at=None)


@transaction.atomic
def change_mode(*, sitting_id: int, mode: str) -> None:
    """From paper to computer or back, as long as nobody has begun."""
    sitting = supervised(sitting_id)
    must_collect(sitting.test)
    if mode not in SittingMode.values:
        raise WrongState(_("Choose paper or computer."))
    with loading():
        if Seat.objects.filter(sitting=sitting, state__in=[SeatState.WORKING, SeatState.DONE]).exists():
            raise WrongState(_("Somebody has begun already: the mode of this sitting stays."))
        Sitting.objects.filter(pk=sitting.pk).update(mode=mode)


@transaction.atomic
def note_incident(*, sitting_id: int, text: str, now: dt.datetime) -> SittingNote:
    sitting = supervised(sitting_id)
    if not text.strip():
        raise WrongState(_("Write what happened."))
    by = current_scope().user_id
    with loading():
        return SittingNote.objects.create(
            sitting=sitting, org_no=sitting.org_no, text=text.strip()[:1000], by_id=by, at=now
        )


@transaction.atomic
def hand_in_overdue(*, now: dt.datetime) -> int:
    """Hand in for those whose time was over so long ago that nothing more can arrive."""
    with loading():
        overdue = Seat.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            state=SeatState.WORKING, ends_at__lt=now - GRACE
        )
        found = list(overdue.select_related("sitting__test"))
        for seat in found:
            finish(seat, by=DoneBy.TIME, now=now)
        return len(found)
