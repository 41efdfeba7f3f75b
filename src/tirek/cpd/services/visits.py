"""Open lessons and visits: announcing, signing up, the waiting list, who came, what they say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import Guest, GuestStanding, Visit, VisitState
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must, must_cover
from tirek.cpd.services.practice import next_number, own_employment, said, users_of
from tirek.tasks.services import tell as tell_users

TAKES_PART = (GuestStanding.PLACE, GuestStanding.WAITING)
FEEDBACK_DAYS = 30


@transaction.atomic
def announce(*, facts: Mapping[str, Any], org_no: int | None = None, by: User, now: dt.datetime) -> Visit:
    """A school offers an open lesson, or asks others to visit it."""
    must("growth.approve")
    scope = current_scope()
    org_no = org_no or scope.lo or 0
    must_cover(org_no, org_no)
    if not org_no or (scope.lo != scope.hi and org_no == scope.lo):
        raise NotAllowed(_("Only a school announces its own lessons."), code="no_school")
    if facts["day"] < now.date():
        raise BadValue(_("This day is over."), code="bad_day", field="day")
    if not 15 <= facts["minutes"] <= 600:
        raise BadValue(_("From 15 to 600 minutes."), code="bad_minutes", field="minutes")
    if not 1 <= facts["places"] <= 500:
        raise BadValue(_("From 1 to 500 places."), code="bad_places", field="places")
    with loading():
        return Visit.objects.create(code=next_number("V", now), org_no=org_no, by_id=by.pk, **facts)


@transaction.atomic
def sign_up(*, code: str, by: User, now: dt.datetime) -> Guest:
    """A teacher comes, or waits when all places are taken."""
    must("growth.own")
    work = own_employment(by, now.date())
    visit = _locked(code)
    _check_open(visit)
    if visit.day < now.date():
        raise WrongState(_("This day is over."), code="over")
    if work.org_no == visit.org_no:
        raise NotAllowed(_("This is at your own school: no place is needed."), code="own_school")
    with loading():
        before = Guest.objects.select_for_update().filter(visit=visit, person_id=by.person_id).first()
        if before and before.standing in TAKES_PART:
            raise WrongState(_("You have signed up already."), code="signed_already")
        taken = Guest.objects.filter(visit=visit, standing=GuestStanding.PLACE).count()
        standing = GuestStanding.PLACE if taken < visit.places else GuestStanding.WAITING
        made, _new = Guest.objects.update_or_create(
            visit=visit, person_id=by.person_id,
            defaults={
                "org_no": work.org_no, "person_name": work.person_name, "standing": standing, "asked_at": now,
            },
        )  # fmt: skip
    return made


@transaction.atomic
def cancel(*, code: str, by: User, now: dt.datetime) -> Guest:
    """A guest does not come: the place goes to who has waited longest."""
    visit = _locked(code)
    _check_open(visit)
    with loading():
        made = Guest.objects.select_for_update().filter(visit=visit, person_id=by.person_id or 0).first()
        if made is None or made.standing not in TAKES_PART:
            raise NotThere(_("You have not signed up here."))
        had_place = made.standing == GuestStanding.PLACE
        made.standing = GuestStanding.CANCELLED
        made.save(update_fields=["standing"])
        waiting = Guest.objects.select_for_update().filter(visit=visit, standing=GuestStanding.WAITING)
        heir = waiting.order_by("asked_at", "id").first() if had_place else None
        if heir is not None:
            heir.standing = GuestStanding.PLACE
            heir.save(update_fields=["standing"])
            _tell(visit, [heir.person_id], "practice_place", now)
    return made


@transaction.atomic
def call_off(*, code: str, text: str, by: User, now: dt.datetime) -> Visit:
    """The school cannot hold it: everybody who signed up is told."""
    visit = _own(code)
    with loading():
        visit.state, visit.reason = VisitState.CANCELLED, said(text, "text", longest=300)
        visit.save(update_fields=["state", "reason"])
        guests = Guest.objects.filter(visit=visit, standing__in=TAKES_PART)
        _tell(visit, list(guests.values_list("person_id", flat=True)), "practice_called_off", now)
    return visit


@transaction.atomic
def confirm(*, code: str, came: Collection[int], by: User, now: dt.datetime) -> int:
    """From its day on the host says who came (numbers of guests); minutes then count in their portfolios."""
    visit = _own(code)
    if now.date() < visit.day:
        raise WrongState(_("The day has not come yet."), code="too_early")
    with loading():
        guests = list(Guest.objects.select_for_update().filter(visit=visit, standing__in=TAKES_PART))
        if set(came) - {guest.pk for guest in guests}:
            raise BadValue(_("Somebody in the list has not signed up."), code="not_signed", field="came")
        for guest in guests:
            was_there = guest.pk in came
            guest.standing = GuestStanding.CAME if was_there else GuestStanding.ABSENT
            guest.minutes = visit.minutes if was_there else 0
        Guest.objects.bulk_update(guests, ["standing", "minutes"])
        visit.state = VisitState.HELD
        visit.save(update_fields=["state"])
    return sum(guest.standing == GuestStanding.CAME for guest in guests)


@transaction.atomic
def say(*, code: str, useful: int, take_home: str, by: User, now: dt.datetime) -> Guest:
    """A guest who was there says how useful it was; the host reads it without a name."""
    must("growth.own")
    visit = _locked(code)
    with loading():
        made = Guest.objects.select_for_update().filter(visit=visit, person_id=by.person_id or 0).first()
        if made is None or made.standing != GuestStanding.CAME:
            raise NotAllowed(_("Only who was there says how it was."), code="was_not_there")
        if (now.date() - visit.day).days > FEEDBACK_DAYS:
            raise WrongState(_("This was possible for %(n)s days.") % {"n": FEEDBACK_DAYS}, code="too_late")
        if not 1 <= useful <= 5:
            raise BadValue(_("Choose from 1 to 5."), code="bad_useful", field="useful")
        made.useful, made.take_home, made.said_at = useful, take_home.strip()[:1000], now
        made.save(update_fields=["useful", "take_home", "said_at"])
    return made


def _locked(code: str) -> Visit:
    with loading():
        visit = Visit.objects.select_for_update().filter(code=code).first()
    if visit is None:
        raise NotThere(_("There is no such open lesson."))
    return visit


def _own(code: str) -> Visit:
    must("growth.approve")
    visit = _locked(code)
    must_cover(visit.org_no, visit.org_no)
    _check_open(visit)
    return visit


def _check_open(visit: Visit) -> None:
    if visit.state != VisitState.OPEN:
        raise WrongState(
            _("This is not possible now: it is %(state)s.") % {"state": visit.get_state_display()}, code="not_open"
        )


def _tell(visit: Visit, person_ids: list[int], news: str, now: dt.datetime) -> None:
    tell_users(
        user_ids=users_of(person_ids), kind=news, parameters={"title": visit.title}, now=now,
        link=reverse("cpd:visit", args=[visit.code]),
    )  # fmt: skip
