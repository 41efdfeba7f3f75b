"""Who takes part: enrolled by need, applied, approved, on the waiting list, cancelled. Every refusal says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import ACTIVE, Cohort, CohortState, Participation, Standing, Step
from tirek.cpd.queries.people import audience_of, employments
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must
from tirek.registry.models import Employment
from tirek.storage.database import LOADER
from tirek.tasks.services import tell
from tirek_engines.errors import Refusal


class NotTaken(Refusal):
    """Somebody cannot take part; says why."""

    code = "not_taken"
    http_status = 409


@dataclass(frozen=True)
class Placed:
    """What became of one person: ``standing`` is empty when the person was not taken, and ``why`` says the reason."""

    person_id: int
    name: str
    standing: str
    why: str = ""
    code: str = ""


@transaction.atomic
def enrol(
    *, cohort_id: int, person_ids: Sequence[int], need_code: str, by: User | None, now: dt.datetime
) -> list[Placed]:
    """Put people into a cohort because of a need: onto the waiting list when it is full; each refusal says why.

    Raises
    ------
    NotAllowed, NotThere, WrongState
        The asker may not, or the cohort takes nobody any more. What concerns one person is in that person's `Placed`.
    """
    must("growth.manage")
    scope, today = current_scope(), now.date()
    works = employments(person_ids, today)
    with loading():
        cohort = _locked(cohort_id, today)
        placed = []
        for person_id in dict.fromkeys(person_ids):
            employment = works.get(person_id)
            try:
                if employment is None or not (scope.covers(employment.org_no) or scope.database_role == LOADER):
                    raise NotTaken(_("This person does not work in your territory today."), code="not_employed")
                _check(cohort, employment)
                made = _place(cohort, employment, need_code=need_code, by=by, now=now)
            except NotTaken as refusal:
                name = employment.person_name if employment else ""
                placed.append(Placed(person_id, name, "", refusal.message, refusal.code))
            else:
                placed.append(Placed(person_id, made.person_name, made.standing))
                _tell_person(made, now)
    return placed


@transaction.atomic
def apply(*, cohort_id: int, by: User, now: dt.datetime) -> Participation:
    """A teacher asks for a place: the head is asked first where the course says so."""
    must("growth.own")
    if by.person_id is None:
        raise NotAllowed(_("Your account is not tied to a person of the register. Ask your school to tie it."))
    employment = employments([by.person_id], now.date()).get(by.person_id)
    if employment is None:
        raise NotTaken(_("The register knows no place where you work today. Ask your school to record it."))
    with loading():
        cohort = _locked(cohort_id, now.date())
        if now.date() > cohort.apply_until:
            raise NotTaken(
                _("Applications ended on %(day)s.") % {"day": date_format(cohort.apply_until, "DATE_FORMAT")},
                code="too_late",
            )
        _check(cohort, employment)
        is_head = current_scope().role in HEAD_ROLES  # nobody asks himself
        if cohort.course.asks_head and not is_head:
            made = _create(cohort, employment, Standing.APPLIED, "", by, now)
            tell(org_nos=[made.org_no], roles=HEAD_ROLES, kind="growth_applied", parameters=_words(made),
                 link=reverse("cpd:approvals"), now=now)  # fmt: skip
        else:
            made = _place(cohort, employment, need_code="", by=by, now=now)
    return made


HEAD_ROLES = ("school_head", "kindergarten_director", "college_director")


@transaction.atomic
def approve(*, participation_id: int, by: User, now: dt.datetime) -> Participation:
    """The head lets a teacher go: a place, or the waiting list when there is none."""
    must("growth.approve")
    found = _visible(participation_id)
    with loading():
        cohort = _locked(found.cohort_id, now.date())
        made = Participation.objects.select_for_update().get(pk=found.pk)
        if made.standing != Standing.APPLIED:
            raise _faster(made)
        _move(made, _free(cohort), by, now)
        _tell_person(made, now)
    return made


@transaction.atomic
def decline(*, participation_id: int, reason: str, by: User, now: dt.datetime) -> Participation:
    """The head does not let a teacher go, and says why."""
    must("growth.approve")
    return _end(participation_id, Standing.DECLINED, {Standing.APPLIED}, reason, by, now)


@transaction.atomic
def cancel(*, participation_id: int, reason: str, by: User, now: dt.datetime) -> Participation:
    """The teacher, the head or the office takes somebody out, saying why; the first who waits moves up."""
    scope = current_scope()
    found = Participation.objects.filter(pk=participation_id).first()
    is_own = found is not None and by.person_id == found.person_id
    if not is_own and not any(may(scope.role, name) for name in ("growth.manage", "growth.approve")):
        raise NotAllowed(_("Only the teacher, the head of the school or the office may cancel this."))
    return _end(participation_id, Standing.CANCELLED, set(ACTIVE), reason, by, now)


def _end(participation_id: int, standing: str, states: set, reason: str, by: User, now: dt.datetime) -> Participation:
    if not reason.strip():
        raise BadValue(_("Say why, in a few words."), code="reason_missing", field="reason")
    found = _visible(participation_id)
    with loading():
        cohort = Cohort.objects.select_for_update().get(pk=found.cohort_id)
        made = Participation.objects.select_for_update().get(pk=found.pk)
        if made.standing not in states:
            raise _faster(made)
        _move(made, standing, by, now, reason.strip()[:300])
        _tell_person(made, now, but=by.pk)
        fill_free_places(cohort, by=by, now=now)
    return made


def fill_free_places(cohort: Cohort, *, by: User | None, now: dt.datetime) -> int:
    """Those who wait move up, the one who asked first before the others. The cohort is locked by the caller."""
    moved = 0
    with loading():
        waiting = Participation.objects.filter(cohort=cohort, standing=Standing.WAITING).order_by("applied_at", "id")
        for made in waiting.select_for_update()[: max(0, cohort.places - enrolled_count(cohort))]:
            _move(made, Standing.ENROLLED, by, now)
            _tell_person(made, now)
            moved += 1
    return moved


def close_all(cohort: Cohort, *, because: str, by: User | None, now: dt.datetime) -> None:
    """Everybody who applied or takes part leaves with the cohort."""
    with loading():
        for made in Participation.objects.select_for_update().filter(cohort=cohort, standing__in=ACTIVE):
            _move(made, Standing.CANCELLED, by, now, because)
            _tell_person(made, now)


def enrolled_count(cohort: Cohort) -> int:
    """How many have a place, whoever asks."""
    with loading():
        return Participation.objects.filter(cohort=cohort, standing=Standing.ENROLLED).count()


def _locked(cohort_id: int, today: dt.date) -> Cohort:
    cohort = Cohort.objects.select_for_update(of=("self",)).select_related("course").filter(pk=cohort_id).first()
    if cohort is None:
        raise NotThere(_("There is no such cohort."))
    if cohort.state != CohortState.OPEN or today > cohort.ends_on:
        raise WrongState(_("This cohort takes nobody any more: it is over or cancelled. Choose another."))
    return cohort


def _check(cohort: Cohort, employment: Employment) -> None:
    """Audience, the same course passed before, the same cohort twice, and a clash of dates."""
    course = cohort.course
    audience = audience_of(employment)
    if audience and audience not in course.audiences:
        raise NotTaken(_("The course is for other positions than this person's."), code="other_audience")
    own = Participation.objects.filter(person_id=employment.person_id).select_related("cohort__course")
    passed = own.filter(cohort__course=course, standing=Standing.COMPLETED).order_by("-completed_on").first()
    if passed is not None:
        raise NotTaken(
            _("This course was completed on %(day)s already.")
            % {"day": date_format(passed.completed_on, "DATE_FORMAT")},
            code="passed_already",
        )
    active = own.filter(standing__in=ACTIVE)
    if active.filter(cohort=cohort).exists():
        raise NotTaken(_("This person is in the cohort already."), code="there_already")
    clash = active.filter(cohort__starts_on__lte=cohort.ends_on, cohort__ends_on__gte=cohort.starts_on).first()
    if clash is not None:
        raise NotTaken(
            _("The dates clash with the cohort %(code)s, from %(first)s to %(last)s.")
            % {
                "code": clash.cohort.code,
                "first": date_format(clash.cohort.starts_on, "SHORT_DATE_FORMAT"),
                "last": date_format(clash.cohort.ends_on, "SHORT_DATE_FORMAT"),
            },
            code="dates_clash",
        )


def _free(cohort: Cohort) -> str:
    return Standing.ENROLLED if enrolled_count(cohort) < cohort.places else Standing.WAITING


def _place(
    cohort: Cohort, employment: Employment, *, need_code: str, by: User | None, now: dt.datetime
) -> Participation:
    return _create(cohort, employment, _free(cohort), need_code, by, now)


def _create(
    cohort: Cohort, employment: Employment, standing: str, need_code: str, by: User | None, now: dt.datetime
) -> Participation:
    made = Participation.objects.create(
        cohort=cohort, person_id=employment.person_id, org_no=employment.org_no, person_name=employment.person_name,
        sort_key=employment.sort_key, standing=standing, need_code=need_code, applied_at=now,
        asked_by_id=by.pk if by else None,
    )  # fmt: skip
    _note(made, by, now, "")
    return made


def _move(made: Participation, standing: str, by: User | None, now: dt.datetime, reason: str = "") -> None:
    made.standing, made.reason = standing, reason
    made.save(update_fields=["standing", "reason"])
    _note(made, by, now, reason)


def _note(made: Participation, by: User | None, now: dt.datetime, reason: str) -> None:
    Step.objects.create(
        participation=made, org_no=made.org_no, person_id=made.person_id, standing=made.standing, at=now,
        by_id=by.pk if by else None, by_name=str(by or ""), reason=reason,
    )  # fmt: skip


def _visible(participation_id: int) -> Participation:
    """As the asker's own policies show it; a teacher changes only the own."""
    found = Participation.objects.filter(pk=participation_id).first()
    if found is None:
        raise NotThere(_("There is no such application, or it is not yours to see."))
    return found


def _faster(made: Participation) -> WrongState:
    return WrongState(
        _("Somebody was faster: this is now “%(state)s”. Load the page again.") % {"state": made.get_standing_display()}
    )


def _words(made: Participation) -> dict:
    return {"title": made.cohort.course.name_kk, "who": made.person_name, "course": made.cohort.course.code}


def _tell_person(made: Participation, now: dt.datetime, but: int | None = None) -> None:
    """The person's own account, if there is one, hears what became of it."""
    users = list(User.objects.filter(person_id=made.person_id, is_active=True).values_list("pk", flat=True))
    link = reverse("cpd:cohort", args=[made.cohort.code])
    words = _words(made) | {"standing": made.standing, "reason": made.reason}
    tell(
        user_ids=[pk for pk in users if pk != but], kind=f"growth_{made.standing}", parameters=words, link=link, now=now
    )
