"""What changes providers, courses and their runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import signing_in
from tirek.cpd.models import Cohort, CohortState, Course, Provider, Session
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, must_cover, own_range


def save_provider(*, code: str, facts: Mapping[str, Any], is_new: bool, by: User | None, now: dt.datetime) -> Provider:
    """A new provider of the asker's territory, or changes of one."""
    must("growth.manage")
    provider = _new(Provider, code) if is_new else _mine(Provider, code)
    _fill(provider, facts)
    return provider


def save_course(*, code: str, facts: Mapping[str, Any], is_new: bool, by: User | None, now: dt.datetime) -> Course:
    """A course of a provider that may teach its topics."""
    must("growth.manage")
    course = _new(Course, code) if is_new else _mine(Course, code)
    provider = facts["provider"]
    beyond = [topic for topic in facts["topics"] if topic not in provider.topics]
    if beyond:
        raise BadValue(
            _("This provider may not teach all of these topics. Choose among its own, or add them to the provider."),
            code="topic_not_taught", field="topics", topics=beyond,
        )  # fmt: skip
    _fill(course, facts)
    return course


@transaction.atomic
def open_cohort(*, course_code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> Cohort:
    """A run of a course, with a code of its own."""
    must("growth.manage")
    course = Course.objects.filter(code=course_code).first()
    if course is None or not course.is_active:
        raise NotThere(_("There is no such course, or it is not offered any more."))
    must_cover(course.org_lo, course.org_hi)
    course = Course.objects.select_for_update().get(pk=course.pk)
    cohort = Cohort(course=course, org_lo=course.org_lo, org_hi=course.org_hi)
    cohort.code = f"{course.code}-{course.cohorts.count() + 1}"
    return _cohort(cohort, facts)


@transaction.atomic
def change_cohort(*, code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> Cohort:
    """Other dates, more places, another venue. Fewer places than people is refused; new places go to those who wait."""
    from tirek.cpd.services.cohorts import enrolled_count, fill_free_places

    cohort = locked_cohort(code)
    taken = enrolled_count(cohort)
    if facts["places"] < taken:
        raise BadValue(
            _("%(taken)s people take part already, so there cannot be fewer places.") % {"taken": taken},
            code="places_taken", field="places",
        )  # fmt: skip
    _cohort(cohort, facts)
    fill_free_places(cohort, by=by, now=now)
    return cohort


def _cohort(cohort: Cohort, facts: Mapping[str, Any]) -> Cohort:
    if facts["language"] not in cohort.course.languages:
        raise BadValue(_("The course is not taught in this language."), code="language_not_taught", field="language")
    if facts["ends_on"] < facts["starts_on"]:
        raise BadValue(_("The last day lies before the first."), code="bad_days", field="ends_on")
    if facts["apply_until"] > facts["starts_on"]:
        raise BadValue(_("Applications end on the first day at the latest."), code="bad_days", field="apply_until")
    given = dict(facts)
    trainer = _trainer(given.pop("trainer", ""))
    cohort.trainer_id, cohort.trainer_name = (trainer.pk, str(trainer)) if trainer else (None, "")
    _fill(cohort, given)
    return cohort


def _trainer(username: str) -> User | None:
    if not username:
        return None
    with signing_in():
        found = User.objects.filter(username__iexact=username, is_active=True, is_machine=False).first()
    if found is None:
        raise BadValue(
            _("Nobody signs in with this name. Ask the administrator to invite the trainer, or leave it empty."),
            code="no_such_user", field="trainer",
        )  # fmt: skip
    return found


@transaction.atomic
def cancel_cohort(*, code: str, because: str, by: User | None, now: dt.datetime) -> Cohort:
    """Nobody is taught: everybody who applied or takes part is told why."""
    from tirek.cpd.services.cohorts import close_all

    cohort = locked_cohort(code)
    if not because.strip():
        raise BadValue(_("Say why: everybody who applied will read it."), code="reason_missing", field="reason")
    cohort.state, cohort.cancelled_because = CohortState.CANCELLED, because.strip()[:300]
    cohort.save(update_fields=["state", "cancelled_because"])
    close_all(cohort, because=cohort.cancelled_because, by=by, now=now)
    return cohort


@transaction.atomic
def add_session(*, code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> Session:
    cohort = locked_cohort(code)
    if not cohort.starts_on <= facts["day"] <= cohort.ends_on:
        raise BadValue(
            _("The session lies outside the days of the cohort. Choose a day from the first to the last."),
            code="day_outside", field="day",
        )  # fmt: skip
    if cohort.sessions.filter(day=facts["day"], starts_at=facts["starts_at"]).exists():
        raise BadValue(_("There is a session at this time already."), code="session_twice", field="starts_at")
    return Session.objects.create(cohort=cohort, org_lo=cohort.org_lo, org_hi=cohort.org_hi, **facts)


@transaction.atomic
def drop_session(*, code: str, session_id: int, by: User | None, now: dt.datetime) -> None:
    """A session that was planned and not held. One with attendance stays."""
    cohort = locked_cohort(code)
    session = cohort.sessions.filter(pk=session_id).first()
    if session is None:
        raise NotThere(_("There is no such session."))
    if session.marked_at:
        raise WrongState(_("Attendance of this session is marked, so it was held and stays."))
    session.delete()


def locked_cohort(code: str) -> Cohort:
    """An open cohort of the asker's territory, locked against others who would change the same."""
    must("growth.manage")
    cohort = Cohort.objects.select_for_update(of=("self",)).select_related("course").filter(code=code).first()
    if cohort is None:
        found = Cohort.objects.filter(code=code).first()  # seen by everybody, changed by its own office
        if found is None:
            raise NotThere(_("There is no such cohort."))
        must_cover(found.org_lo, found.org_hi)
        raise NotThere(_("There is no such cohort."))
    must_cover(cohort.org_lo, cohort.org_hi)
    if cohort.state != CohortState.OPEN:
        raise WrongState(
            _("This cohort is “%(state)s” already, so nothing in it changes.") % {"state": cohort.get_state_display()}
        )
    return cohort


def _new(model, code: str):
    if model.objects.filter(code__iexact=code).exists():
        raise BadValue(_("This code is taken. Choose another."), code="code_taken", field="code")
    lo, hi = own_range()
    return model(code=code, org_lo=lo, org_hi=hi)


def _mine(model, code: str):
    found = model.objects.filter(code=code).first()
    if found is None:
        raise NotThere(_("It is not there any more."))
    must_cover(found.org_lo, found.org_hi)
    return found


def _fill(thing, facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        setattr(thing, name, value)
    try:
        with transaction.atomic():
            thing.save()
    except IntegrityError as error:
        raise BadValue(_("This code is taken. Choose another."), code="code_taken", field="code") from error
