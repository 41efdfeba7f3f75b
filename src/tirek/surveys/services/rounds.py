"""A round from its plan to its end: plan, open, change the version, move the last day, remind, close, withdraw."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.roles import Role
from tirek.access.scope import current_scope, loading
from tirek.decisions.rules import rules_in_force
from tirek.surveys.models import (
    AccessCode,
    Audience,
    Draft,
    FormVersion,
    Round,
    RoundSchool,
    RoundState,
    RoundStep,
    Sampling,
    StepKind,
)
from tirek.surveys.queries import rounds as queries
from tirek.surveys.refusals import SurveyRefused
from tirek.surveys.rights import check_may_manage, range_of
from tirek.surveys.services.sampling import sample
from tirek.tasks import services as tasks
from tirek.tasks.queries import open_tasks_about

MOST_SCHOOLS = 3000
MOST_DAYS = 366


@dataclass(frozen=True)
class Plan:
    """What a round is to be."""

    version_id: int
    audience: str
    org_nos: Sequence[int]
    opens_on: dt.date
    closes_on: dt.date
    grades: Sequence[int] = ()
    sampling: str = Sampling.ALL
    sample_size: int | None = None
    has_poster: bool = True


@transaction.atomic
def plan_round(*, plan: Plan, by: User | None, now: dt.datetime, synthetic: bool = False) -> Round:
    """Write a round down. The lot's seed is drawn here, before anybody knows the lists."""
    scope = current_scope()
    lo, hi = range_of(scope)
    check_may_manage(lo, hi)
    version = FormVersion.objects.select_related("form").filter(pk=plan.version_id, approved_at__isnull=False).first()
    _check_plan(plan, version, now, synthetic)
    assert version is not None
    outside = [no for no in plan.org_nos if not scope.covers(no) and scope.role]
    if outside:
        raise SurveyRefused(_("Some of the chosen schools lie outside your territory. Choose again."), code="outside")
    made = Round.objects.create(
        code=_free_code(version.form.code), form=version.form, version=version, audience=plan.audience,
        grades=sorted(set(plan.grades)), org_lo=lo, org_hi=hi, opens_on=plan.opens_on, closes_on=plan.closes_on,
        sampling=plan.sampling, sample_size=plan.sample_size if plan.sampling != Sampling.ALL else None,
        seed=secrets.token_hex(16), has_poster=plan.has_poster, made_by_id=by.pk if by else None, made_at=now,
        is_synthetic=synthetic,
    )  # fmt: skip
    with loading():
        for org_no in sorted(set(plan.org_nos)):
            _enter_school(made, org_no)
    note_step(made, StepKind.PLANNED, by, now)
    return made


def _check_plan(plan: Plan, version: FormVersion | None, now: dt.datetime, synthetic: bool) -> None:
    if version is None:
        raise SurveyRefused(_("Choose a version of a questionnaire that is approved."), code="version")
    if not plan.org_nos:
        raise SurveyRefused(_("No school is chosen. Choose at least one."), code="schools")
    if len(plan.org_nos) > MOST_SCHOOLS:
        raise SurveyRefused(_("A round takes at most %(n)s schools.") % {"n": MOST_SCHOOLS}, code="schools")
    if plan.closes_on < plan.opens_on or (plan.closes_on - plan.opens_on).days > MOST_DAYS:
        raise SurveyRefused(_("The last day comes before the first, or more than a year after it."), code="closes_on")
    if plan.closes_on < timezone.localdate(now) and not synthetic:
        raise SurveyRefused(_("The last day is past. Choose a later one."), code="closes_on")
    if plan.audience == Audience.TEACHERS and (plan.sampling == Sampling.CLASSES or plan.grades):
        raise SurveyRefused(_("Teachers belong to no grade: ask all, or draw persons."), code="sampling")
    if plan.sampling != Sampling.ALL:
        _check_sample(plan, now)


def _check_sample(plan: Plan, now: dt.datetime) -> None:
    if not plan.sample_size or plan.sample_size < 1:
        raise SurveyRefused(_("Say how many are drawn in each school."), code="sample_size")
    with loading():
        rules = rules_in_force("surveys.sample", timezone.localdate(now), min(plan.org_nos), max(plan.org_nos))
    fewest = int(rules.value("smallest_sample"))
    if plan.sampling == Sampling.PERSONS and plan.sample_size < fewest:
        raise SurveyRefused(
            _("The rules ask for at least %(n)s persons in each school; smaller schools are asked whole.")
            % {"n": fewest},
            code="sample_size",
        )


def _free_code(form_code: str) -> str:
    number = Round.objects.filter(form__code=form_code).count() + 1
    return f"{form_code[:70]}-{number}"


def _enter_school(made: Round, org_no: int) -> RoundSchool:
    """Keys follow from the row's own number, which must be known first."""
    row = RoundSchool(
        round=made, org_no=org_no, poster_hash=secrets.token_bytes(32), collect_hash=secrets.token_bytes(32)
    )
    row.save(force_insert=True)
    set_links(row, 1)
    return row


def set_links(row: RoundSchool, series: int) -> None:
    """Links of a series; those of earlier series open nothing from now on."""
    row.series = series
    row.poster_hash = queries.poster_hash(queries.poster_key(row.pk, series))
    row.collect_hash = queries.collect_hash(queries.collect_token(row.pk, series))
    row.save(update_fields=["series", "poster_hash", "collect_hash"])


@transaction.atomic
def open_round(*, round_id: int, by: User | None, now: dt.datetime, tell_schools: bool = True) -> Round:
    """Read the register, draw, seal both, let answers in, and ask the schools to hand the questionnaire out."""
    found = _locked(round_id, {RoundState.PLANNED})
    decision, numbers = sample(found, by=by, now=now)
    with loading():
        for row in RoundSchool.objects.select_for_update().filter(round=found):
            row.frame, row.invited = numbers.get(row.org_no, (0, 0))
            row.save(update_fields=["frame", "invited"])
    found.state, found.opened_at, found.sample_number = RoundState.OPEN, now, decision.number
    found.save(update_fields=["state", "opened_at", "sample_number"])
    note_step(found, StepKind.OPENED, by, now, decision.number)
    if tell_schools and by is not None:
        _ask_schools(found, by, now)
    return found


def _ask_schools(found: Round, by: User, now: dt.datetime) -> None:
    org_nos = [school.org_no for school in queries.schools_of(found) if school.invited]
    if not org_nos or found.closes_on < timezone.localdate(now):
        return
    tasks.ask(
        org_nos=org_nos, by=by, now=now, kind=f"survey_{found.audience}", subject=f"survey:{found.code}",
        parameters={"form": found.form.title_kk, "round": found.code},
        due_date=found.closes_on, roles=[Role.SCHOOL_HEAD, Role.SCHOOL_COORDINATOR],
    )  # fmt: skip


@transaction.atomic
def change_version(*, round_id: int, version_id: int, by: User | None, now: dt.datetime) -> Round:
    """Ask another version from now on. Answers given and begun keep theirs."""
    found = _locked(round_id, {RoundState.PLANNED, RoundState.OPEN})
    version = FormVersion.objects.filter(pk=version_id, form_id=found.form_id, approved_at__isnull=False).first()
    if version is None:
        raise SurveyRefused(_("Choose an approved version of the same questionnaire."), code="version")
    if version.pk == found.version_id:
        raise SurveyRefused(_("This version is asked already."), code="version")
    found.version = version
    found.save(update_fields=["version"])
    note_step(found, StepKind.VERSION, by, now, str(version.number))
    return found


@transaction.atomic
def move_last_day(*, round_id: int, closes_on: dt.date, by: User | None, now: dt.datetime) -> Round:
    """Give a round another last day."""
    found = _locked(round_id, {RoundState.PLANNED, RoundState.OPEN})
    if closes_on < max(found.opens_on, timezone.localdate(now)):
        raise SurveyRefused(_("The new last day is past, or before the first day."), code="closes_on")
    before, found.closes_on = found.closes_on, closes_on
    found.save(update_fields=["closes_on"])
    note_step(found, StepKind.MOVED, by, now, f"{before.isoformat()} → {closes_on.isoformat()}")
    return found


@transaction.atomic
def remind_schools(*, round_id: int, below_percent: int, by: User, now: dt.datetime) -> int:
    """Remind the schools whose response lies below a share. Returns how many were reminded."""
    found = _locked(round_id, {RoundState.OPEN})
    rows = queries.rates(found, queries.schools_of(found, current_scope()))
    late = [row.org_no for row in rows if row.invited and 100 * row.finished < below_percent * row.invited]
    ids = open_tasks_about(f"survey:{found.code}", late)
    count = tasks.remind(task_ids=ids, by=by, now=now)
    if count:
        note_step(found, StepKind.REMINDED, by, now, str(count))
    return count


@transaction.atomic
def close_round(*, round_id: int, by: User | None, now: dt.datetime) -> Round:
    """End a round: no answer comes in any more, unfinished drafts are deleted, the schools' tasks are withdrawn."""
    found = _locked(round_id, {RoundState.OPEN})
    with loading():
        Draft.objects.filter(code__round=found).delete()
    found.state, found.closed_at = RoundState.CLOSED, now
    found.save(update_fields=["state", "closed_at"])
    note_step(found, StepKind.CLOSED, by, now)
    if by is not None:
        for task_id in open_tasks_about(f"survey:{found.code}", None):
            tasks.cancel(task_id=task_id, note=_("The questionnaire is closed."), by=by, now=now)
    return found


@transaction.atomic
def withdraw_round(*, round_id: int, by: User | None, now: dt.datetime) -> Round:
    """Take back a round that nobody has answered."""
    found = _locked(round_id, {RoundState.PLANNED, RoundState.OPEN})
    with loading():
        answered = found.responses.exists()
    if answered:
        raise SurveyRefused(_("Somebody has answered already. Close the round instead."), code="answered")
    with loading():
        AccessCode.objects.filter(round=found).delete()
    found.state = RoundState.WITHDRAWN
    found.save(update_fields=["state"])
    note_step(found, StepKind.WITHDRAWN, by, now)
    if by is not None:
        for task_id in open_tasks_about(f"survey:{found.code}", None):
            tasks.cancel(task_id=task_id, note=_("The questionnaire is withdrawn."), by=by, now=now)
    return found


def _locked(round_id: int, states: set[str]) -> Round:
    with loading():
        known = Round.objects.filter(pk=round_id).values_list("org_lo", "org_hi").first()
    if known is None:
        raise SurveyRefused(
            _("There is no such round."),
            code="round_absent",
        )
    check_may_manage(*known)
    found = Round.objects.select_for_update(of=("self",)).select_related("form", "version").get(pk=round_id)
    if found.state not in states:
        raise SurveyRefused(
            _("Somebody was faster: this round is now “%(state)s”. Load the page again.")
            % {"state": found.get_state_display()},
            code="state",
        )
    return found


def note_step(found: Round, kind: str, by: User | None, now: dt.datetime, note: str = "") -> None:
    RoundStep.objects.create(
        round=found, org_lo=found.org_lo, org_hi=found.org_hi, kind=kind, at=now, by_id=by.pk if by else None,
        by_name=str(by or ""), note=note[:300],
    )  # fmt: skip
