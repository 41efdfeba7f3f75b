"""A plan's measures: adding, changing, reporting, accepting, reminding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.roles import HEADS
from tirek.access.scope import current_scope, loading
from tirek.programmes.models import OPEN_MEASURES, Measure, MeasureMove, MeasureState, MeasureStep, Programme
from tirek.programmes.queries import measures as queries
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services import evidence
from tirek.programmes.services.programmes import locked
from tirek.storage.database import LOADER
from tirek.tasks import services as tasks
from tirek.tasks.models import Task, TaskState
from tirek.tasks.services import File

MEASURE_TASK = "programmes.measure"
FIELDS = ("section", "title", "owner_code", "owner_name", "starts_on", "due_date", "budget_tiyn", "source", "wanted")
MOST_TIYN = 10**17


@transaction.atomic
def add_measures(
    *, programme_id: int, rows: Sequence[Mapping[str, Any]], by: User | None, now: dt.datetime
) -> list[Measure]:
    """Add measures to a plan: all of them or none. A row without a number gets the next."""
    programme = locked(programme_id)
    owners = queries.owners_by_code([row.get("owner_code") or "" for row in rows])
    taken = set(Measure.objects.filter(programme=programme).values_list("number", flat=True))
    following, made = queries.next_number(programme), []
    for row in rows:
        values = {name: row[name] for name in FIELDS if row.get(name) not in (None, "")}
        _check(values, owners, programme)
        number = row.get("number") or following
        if number in taken:
            raise BadInput(_("The plan has a measure %(number)s already.") % {"number": number}, field="number")
        taken.add(number)
        following = max(following, number + 1)
        org_no = owners.get(values.get("owner_code", ""), programme.org_lo)
        made.append(Measure(programme=programme, number=number, org_no=org_no, **values))
    with loading():
        kept = Measure.objects.bulk_create(made)
        MeasureStep.objects.bulk_create(_new_step(m, MeasureMove.ADDED, by, now) for m in kept)
    return kept


def _check(values: Mapping[str, Any], owners: Mapping[str, int], programme: Programme) -> None:
    for name, words in (
        ("title", _("Say what the measure is.")),
        ("owner_name", _("Say who answers for the measure.")),
        ("due_date", _("Say by which day it is to be done.")),
    ):
        if not values.get(name):
            raise BadInput(words, code="missing", field=name)
    code = values.get("owner_code")
    if code and not programme.org_lo <= owners.get(code, -1) <= programme.org_hi:
        raise BadInput(
            _("There is no institution with the code %(code)s in the programme’s territory.") % {"code": code},
            code="owner", field="owner_code",
        )  # fmt: skip
    if values.get("starts_on") and values["starts_on"] > values["due_date"]:
        raise BadInput(_("The measure begins after the day by which it is due."), code="period", field="starts_on")
    if not 0 <= (values.get("budget_tiyn") or 0) <= MOST_TIYN:
        raise BadInput(_("The budget cannot be negative, nor larger than the country’s."), field="budget_tiyn")


@transaction.atomic
def change_measure(
    *, measure_id: int, values: Mapping[str, Any], note: str = "", by: User | None, now: dt.datetime
) -> Measure:
    """Change a measure that is not ended; what it was before stays in its history."""
    measure = _locked(measure_id)
    programme = measure.programme
    must("programmes.manage", programme.org_lo, programme.org_hi)
    _must_be(measure, OPEN_MEASURES)
    new = {name: getattr(measure, name) for name in FIELDS} | {name: values[name] for name in FIELDS if name in values}
    owners = queries.owners_by_code([new["owner_code"] or ""])
    _check(new, owners, programme)
    changes = {n: [str(getattr(measure, n) or ""), str(v or "")] for n, v in new.items() if getattr(measure, n) != v}
    if not changes:
        return measure
    for name, value in new.items():
        setattr(measure, name, value)
    measure.org_no = owners.get(new["owner_code"] or "", programme.org_lo)
    with loading():
        measure.save()
        _new_step(measure, MeasureMove.CHANGED, by, now, note=note, changes=changes).save(force_insert=True)
    return measure


@transaction.atomic
def begin(*, measure_id: int, by: User | None, now: dt.datetime) -> Measure:
    """The owner has begun."""
    measure = _locked(measure_id)
    _must_report(measure)
    _must_be(measure, (MeasureState.PLANNED,))
    return _move(measure, MeasureState.UNDER_WAY, MeasureMove.BEGUN, by, now)


@transaction.atomic
def report(*, measure_id: int, note: str, file: File | None = None, by: User | None, now: dt.datetime) -> Measure:
    """The owner says that it is done, and shows it."""
    measure = _locked(measure_id)
    _must_report(measure)
    _must_be(measure, (MeasureState.PLANNED, MeasureState.UNDER_WAY))
    if not note.strip() and file is None:
        raise BadInput(_("Say what was done, or add a file that shows it."), code="evidence", field="note")
    return _move(measure, MeasureState.REPORTED, MeasureMove.REPORTED, by, now, note=note, **evidence.keep(file))


@transaction.atomic
def accept(
    *, measure_id: int, done_on: dt.date | None = None, note: str = "", by: User | None, now: dt.datetime
) -> Measure:
    """The office accepts; nobody accepts an own report."""
    measure = _locked(measure_id)
    must("programmes.manage", measure.programme.org_lo, measure.programme.org_hi)
    _must_be(measure, (MeasureState.REPORTED,))
    reported = measure.steps.filter(kind=MeasureMove.REPORTED).order_by("-id").first()
    if by is not None and reported is not None and reported.by_id == by.pk:
        raise WrongState(_("You reported this yourself; somebody else must accept it."), code="own_report")
    day = done_on or timezone.localdate(reported.at if reported else now)
    if day > timezone.localdate(now):
        raise BadInput(_("The day lies in the future."), field="done_on")
    measure.done_on = day
    return _move(measure, MeasureState.DONE, MeasureMove.ACCEPTED, by, now, note=note)


@transaction.atomic
def return_measure(*, measure_id: int, note: str, by: User | None, now: dt.datetime) -> Measure:
    """The office returns a report, saying what is missing."""
    measure = _locked(measure_id)
    must("programmes.manage", measure.programme.org_lo, measure.programme.org_hi)
    _must_be(measure, (MeasureState.REPORTED,))
    if not note.strip():
        raise BadInput(_("Say what is missing, so that the next report can bring it."), field="note")
    return _move(measure, MeasureState.UNDER_WAY, MeasureMove.RETURNED, by, now, note=note)


@transaction.atomic
def cancel(*, measure_id: int, note: str, by: User | None, now: dt.datetime) -> Measure:
    """Take a measure out of the plan, saying why; it stays readable."""
    measure = _locked(measure_id)
    must("programmes.manage", measure.programme.org_lo, measure.programme.org_hi)
    _must_be(measure, OPEN_MEASURES)
    if not note.strip():
        raise BadInput(_("Say why the measure is cancelled."), field="note")
    return _move(measure, MeasureState.CANCELLED, MeasureMove.CANCELLED, by, now, note=note)


@transaction.atomic
def reopen(*, measure_id: int, note: str, by: User | None, now: dt.datetime) -> Measure:
    """Open a measure again that was done or cancelled, saying why."""
    measure = _locked(measure_id)
    must("programmes.manage", measure.programme.org_lo, measure.programme.org_hi)
    _must_be(measure, (MeasureState.DONE, MeasureState.CANCELLED))
    if not note.strip():
        raise BadInput(_("Say why the measure is opened again."), field="note")
    measure.done_on = None
    return _move(measure, MeasureState.UNDER_WAY, MeasureMove.REOPENED, by, now, note=note)


@transaction.atomic
def remind(*, programme_id: int, numbers: Sequence[int], by: User, now: dt.datetime) -> tuple[int, int]:
    """Remind the owning institutions of open measures; how many were reminded, and how many not.

    Not: no institution of the register owns the measure, it is ended, or it was asked or reminded within the last day.
    """
    programme = locked(programme_id)
    must("tasks.assign")
    found = list(Measure.objects.filter(programme=programme, number__in=numbers, state__in=OPEN_MEASURES))
    done = 0
    for measure in found:
        if not measure.owner_code:
            continue
        subject = f"{programme.slug}:{measure.number}"
        known = Task.objects.filter(
            kind=MEASURE_TASK, subject=subject, org_no=measure.org_no, state__in=[TaskState.OPEN, TaskState.SUBMITTED]
        ).first()
        if known is None:
            done += len(_ask(measure, subject, by, now))
        elif now - known.asked_at >= tasks.REMIND_AGAIN_AFTER:
            done += tasks.remind(task_ids=[known.pk], by=by, now=now)
    return done, len(set(numbers)) - done


def _ask(measure: Measure, subject: str, by: User, now: dt.datetime):
    due = measure.due_date if measure.due_date >= now.date() else None
    words = {
        "title": measure.title,
        "number": measure.number,
        "slug": measure.programme.slug,
        "due": measure.due_date.isoformat(),
    }
    return tasks.ask(
        org_nos=[measure.org_no], kind=MEASURE_TASK, subject=subject, parameters=words, due_date=due, title=measure.title,
        roles=sorted(HEADS), by=by, now=now,
    )  # fmt: skip


def _locked(measure_id: int) -> Measure:
    found = Measure.objects.select_related("programme").filter(pk=measure_id).first()
    if found is None:
        raise NotThere(_("There is no such measure."))
    with loading():
        return Measure.objects.select_for_update(of=("self",)).select_related("programme").get(pk=measure_id)


def may_report(measure: Measure) -> bool:
    """The owner reports, or an officer whose territory holds the owner."""
    scope = current_scope()
    return scope.database_role == LOADER or (not scope.is_own and bool(scope.role) and scope.covers(measure.org_no))


def _must_report(measure: Measure) -> None:
    must("programmes.read")
    if not may_report(measure):
        must("programmes.manage", measure.org_no)


def _must_be(measure: Measure, states: Sequence[str]) -> None:
    if measure.state not in states:
        raise WrongState(
            _("Somebody was faster: this measure is now “%(state)s”. Load the page again.")
            % {"state": measure.get_state_display()}
        )


def _move(
    measure: Measure, state: str, kind: str, by: User | None, now: dt.datetime, note: str = "", **kept
) -> Measure:
    measure.state = state
    with loading():
        measure.save(update_fields=["state", "done_on"])
        _new_step(measure, kind, by, now, note=note, **kept).save(force_insert=True)
    return measure


def _new_step(measure: Measure, kind: str, by: User | None, now: dt.datetime, note: str = "", **kept) -> MeasureStep:
    return MeasureStep(
        measure=measure, org_no=measure.org_no, kind=kind, note=note.strip()[:1000], by_id=by.pk if by else None,
        by_name=str(by or ""), at=now, **kept,
    )  # fmt: skip
