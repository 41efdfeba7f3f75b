"""Close a cohort: a decision says for every participant whether the course is completed, and why."""

from __future__ import annotations

import datetime as dt

import polars as pl
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd import completed
from tirek.cpd.kinds import COMPLETION
from tirek.cpd.models import Attendance, Cohort, CohortState, Participation, Score, Session, Standing, Step
from tirek.cpd.refusals import WrongState
from tirek.cpd.services.courses import locked_cohort
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions

PARTICIPANTS = {
    "participation": pl.Int64, "person": pl.String, "person_id": pl.Int64, "org_no": pl.Int64, "attended": pl.Int64,
    "points": pl.Int64, "highest": pl.Int64,
}  # fmt: skip


def inputs_of(cohort: Cohort) -> dict[str, pl.DataFrame]:
    """What the decision rests on: no names. Read as the loader, because a cohort's people come from many places."""
    with loading():
        sessions = list(Session.objects.filter(cohort=cohort, marked_at__isnull=False).order_by("day", "starts_at"))
        minutes = {session.pk: session.minutes for session in sessions}
        attended: dict[int, int] = {}
        there = Attendance.objects.filter(session__in=minutes, was_there=True).values_list(
            "participation_id", "session_id"
        )
        for made, session in there:
            attended[made] = attended.get(made, 0) + minutes[session]
        people = list(
            Participation.objects.filter(cohort=cohort, standing=Standing.ENROLLED)
            .select_related("person")
            .order_by("pk")
        )
        scores = {
            made: (points, highest)
            for made, points, highest in Score.objects.filter(
                participation__in=people, when=Score.When.AFTER
            ).values_list("participation_id", "points", "highest")
        }
    rows = [
        (p.pk, str(p.person.public_id), p.person_id, p.org_no, attended.get(p.pk, 0), *scores.get(p.pk, (None, None)))
        for p in people
    ]
    held = [(session.pk, session.day.isoformat(), session.minutes) for session in sessions]
    return {
        "participants": pl.DataFrame(rows, schema=PARTICIPANTS, orient="row"),
        "sessions": pl.DataFrame(
            held, schema={"session": pl.Int64, "day": pl.String, "minutes": pl.Int64}, orient="row"
        ),
    }


@transaction.atomic
def complete_cohort(*, code: str, by: User | None, now: dt.datetime):
    """The decision, published at once; every participant stands as it says. Certificates are another step."""
    cohort = locked_cohort(code)
    _check_ready(cohort, now)
    inputs = inputs_of(cohort)
    if not inputs["participants"].height:
        raise WrongState(_("Nobody takes part in this cohort. Cancel it instead."))
    decision = decisions.record(
        kind=COMPLETION, inputs=inputs, org=(cohort.org_lo, cohort.org_hi), by=by, now=now, on=cohort.ends_on,
        parameters={
            "cohort": cohort.code, "course": cohort.course.code, "hours": cohort.course.hours,
            "needs_test": cohort.course.has_test, "day": cohort.ends_on.isoformat(),
        },
        idempotency_key=f"cpd.completion:{cohort.code}",
    )  # fmt: skip
    _follow(cohort, decision, by, now)
    return decision


def _check_ready(cohort: Cohort, now: dt.datetime) -> None:
    if now.date() < cohort.ends_on:
        raise WrongState(
            _("The cohort lasts until %(day)s. It can be closed from that day on.")
            % {"day": date_format(cohort.ends_on, "DATE_FORMAT")}
        )
    open_sessions = cohort.sessions.filter(marked_at=None).order_by("day")
    if open_sessions:
        raise WrongState(
            _(
                "Attendance of the session on %(day)s is not marked. Mark it, or take the session out if it was not held."
            )
            % {"day": date_format(open_sessions[0].day, "DATE_FORMAT")},
            code="attendance_missing",
        )


def _follow(cohort: Cohort, decision, by: User | None, now: dt.datetime) -> None:
    """The state of every participant as the decision says; those who still waited leave."""
    outcomes = {row["subject_id"]: row for row in journal.outcome_rows(journal.table(decision, "outcomes"))}
    with loading():
        people = list(Participation.objects.select_for_update().filter(pk__in=outcomes))
        for made in people:
            result = outcomes[made.pk]["result"]
            made.standing = Standing.COMPLETED if result["completed"] else Standing.NOT_COMPLETED
            made.completed_on = cohort.ends_on if result["completed"] else None
            made.hours = result["hours"]
        Participation.objects.bulk_update(people, ["standing", "completed_on", "hours"])
        left = list(
            Participation.objects.select_for_update().filter(
                cohort=cohort, standing__in=[Standing.WAITING, Standing.APPLIED]
            )
        )
        for made in left:
            made.standing, made.reason = Standing.CANCELLED, completed.NO_PLACE
        Participation.objects.bulk_update(left, ["standing", "reason"])
        Step.objects.bulk_create(
            [
                Step(
                    participation=made, org_no=made.org_no, person_id=made.person_id, standing=made.standing, at=now,
                    by_id=by.pk if by else None, by_name=str(by or ""), reason=decision.number,
                )
                for made in (*people, *left)
            ]
        )  # fmt: skip
        cohort.state, cohort.completion_number = CohortState.COMPLETED, decision.number
        cohort.save(update_fields=["state", "completion_number"])
        completed.tell(cohort, (*people, *left))
