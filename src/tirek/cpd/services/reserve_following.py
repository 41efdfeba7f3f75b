"""What follows the reserve: appointment through the register, and mentoring."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import Appointment, Candidate, CandidateState, Meeting, Mentoring
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must
from tirek.cpd.services.practice import name_of, said
from tirek.cpd.services.reserve import reserve_candidate, step
from tirek.registry.models import Employment, Institution
from tirek.registry.services.refusals import RegistryRefusal
from tirek.registry.services.staff import employ, end_employment

POSITIONS = ("head", "deputy_head")


@transaction.atomic
def appoint(
    *, code: str, institution_code: str, position: str, from_date: dt.date, act: str, by: User, now: dt.datetime
) -> Appointment:
    """To lead an institution: the register ends the main employment so far and opens the new one on the day."""
    must("growth.certify")
    made = reserve_candidate(code)
    if made.state != CandidateState.RESERVE:
        raise WrongState(_("Only who is in the reserve is appointed from it."), code="not_in_reserve")
    if made.reserve_until and from_date >= made.reserve_until:
        raise BadValue(_("On this day the term in the reserve is over."), code="term_over", field="from_date")
    if position not in POSITIONS:
        raise BadValue(_("Choose a position."), code="bad_position", field="position")
    act = said(act, "act", longest=200)
    institution = Institution.objects.filter(code=institution_code.strip()).first()
    if institution is None:
        raise BadValue(_("There is no institution with this code."), code="no_institution", field="institution_code")
    scope = current_scope()
    with loading():
        before = Employment.objects.filter(person_id=made.person_id, is_main=True, valid__upper_inf=True).first()
        category = before.category if before else made.category
    try:
        if before is not None:
            end_employment(employment_id=before.pk, on=from_date, by=scope, now=now)
        work = employ(
            person_id=made.person_id, institution_id=institution.pk, from_date=from_date, position=position,
            category=category, by=scope, now=now,
        )  # fmt: skip
    except RegistryRefusal as refusal:
        raise BadValue(refusal.message, code=refusal.code, field="from_date") from refusal
    with loading():
        made.state = CandidateState.APPOINTED
        made.save(update_fields=["state"])
        step(made, by, now, act)
        return Appointment.objects.create(
            candidate=made, person_id=made.person_id, org_no=institution.org_no, institution_id=institution.pk,
            position=position, from_date=from_date, act=act, employment_id=work.pk, at=now, by_name=name_of(by),
        )  # fmt: skip


@transaction.atomic
def begin_mentoring(
    *, code: str, username: str, plan: str, starts_on: dt.date, by: User, now: dt.datetime
) -> Mentoring:  # fmt: skip
    """A mentor for somebody in the reserve or just appointed; one at a time."""
    must("growth.manage")
    made = reserve_candidate(code)
    if made.state not in (CandidateState.RESERVE, CandidateState.APPOINTED):
        raise WrongState(_("Mentors accompany who is in the reserve or was appointed from it."), code="not_in_reserve")
    with loading():
        mentor = User.objects.filter(username__iexact=username.strip(), is_active=True).first()
        if mentor is None:
            raise BadValue(_("Nobody signs in by this name."), code="no_such_user", field="username")
        if mentor.person_id == made.person_id:
            raise BadValue(_("Nobody is the own mentor."), code="own_mentor", field="username")
        if Mentoring.objects.filter(candidate=made, closed_on=None).exists():
            raise WrongState(_("A mentoring is under way. Close it first."), code="one_open")
        return Mentoring.objects.create(
            candidate=made, person_id=made.person_id, org_no=made.org_no, mentor_user_id=mentor.pk,
            mentor_name=str(mentor)[:200], plan=said(plan, "plan", shortest=20, longest=4000), starts_on=starts_on,
        )  # fmt: skip


@transaction.atomic
def record_meeting(*, code: str, day: dt.date, note: str, by: User, now: dt.datetime) -> Meeting:
    """By the mentor."""
    found = _open_mentoring(code, by)
    if not found.starts_on <= day <= now.date():
        raise BadValue(_("Choose a day since the mentoring began, up to today."), code="bad_day", field="day")
    with loading():
        return Meeting.objects.create(
            mentoring=found, person_id=found.person_id, org_no=found.org_no, mentor_user_id=found.mentor_user_id,
            day=day, note=said(note, "note", shortest=10, longest=2000),
        )  # fmt: skip


@transaction.atomic
def close_mentoring(*, code: str, note: str, by: User, now: dt.datetime) -> Mentoring:
    """By the mentor, with what came of it; at least one meeting was held."""
    found = _open_mentoring(code, by)
    with loading():
        if not found.meetings.exists():
            raise WrongState(_("No meeting is recorded yet."), code="no_meeting")
        found.closing_note = said(note, "note", shortest=20, longest=4000)
        found.closed_on = now.date()
        found.save(update_fields=["closed_on", "closing_note"])
    return found


def _open_mentoring(code: str, by: User) -> Mentoring:
    must("growth.read")
    with loading():
        made = Candidate.objects.filter(code=code).first()
        found = (
            Mentoring.objects.select_for_update()
            .filter(candidate=made, closed_on=None, mentor_user_id=by.pk).first() if made else None
        )  # fmt: skip
    if found is None:
        raise NotThere(_("You are not the mentor of this candidate now."))
    return found
