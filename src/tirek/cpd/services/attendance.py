"""Who was at a session: marked by the trainer or the office, on a phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.models import Attendance, Cohort, CohortState, Participation, Session, Standing
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, may_here


def may_mark(cohort: Cohort, user: User) -> bool:
    """The trainer of the cohort, or the office that holds it."""
    return cohort.trainer_id == user.pk or may_here("growth.manage", cohort.org_lo, cohort.org_hi)


@transaction.atomic
def mark(*, session_id: int, present: Collection[int], by: User, now: dt.datetime) -> tuple[int, int]:
    """Say who was there; who takes part and is not named was not. Gives how many were there, and of how many."""
    session = Session.objects.select_related("cohort").filter(pk=session_id).first()
    if session is None:
        raise NotThere(_("There is no such session."))
    if not may_mark(session.cohort, by):
        raise NotAllowed(_("Attendance is marked by the trainer of the cohort or by the office that holds it."))
    if session.day > now.date():
        raise BadValue(_("The session has not been held yet."), code="not_held_yet")
    with loading():
        cohort = Cohort.objects.select_for_update().get(pk=session.cohort_id)
        if cohort.state != CohortState.OPEN:
            raise WrongState(_("The cohort is closed, so its attendance stays as it was decided on."))
        people = list(Participation.objects.filter(cohort=cohort, standing=Standing.ENROLLED))
        strangers = set(present) - {made.pk for made in people}
        if strangers:
            raise BadValue(_("Somebody named does not take part any more. Load the page again."), code="stranger")
        Attendance.objects.bulk_create(
            [
                Attendance(
                    session=session, participation=made, org_no=made.org_no, person_id=made.person_id,
                    was_there=made.pk in present,
                )
                for made in people
            ],
            update_conflicts=True, unique_fields=["session", "participation"], update_fields=["was_there"],
        )  # fmt: skip
        session.marked_at, session.marked_by_id = now, by.pk
        session.save(update_fields=["marked_at", "marked_by_id"])
    return len(set(present)), len(people)
