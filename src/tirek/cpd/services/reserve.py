"""The leaders' reserve: competitions, applications, marks, the decision, appointment, mentoring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.decided.reserve import fresh_inputs
from tirek.cpd.kinds_reserve import RESERVE
from tirek.cpd.models import Candidate, CandidateState, CandidateStep, Commissioner, Competition, Mark, Stage
from tirek.cpd.queries.people import employments
from tirek.cpd.queries.portfolio import years_of_work
from tirek.cpd.queries.reserve import rules_of
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must, must_cover, own_range
from tirek.cpd.services.practice import name_of, next_number, own_employment, said, users_of
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.tasks.services import tell as tell_users
from tirek_engines.cpd.reserve import lacking


@transaction.atomic
def open_competition(*, code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> Competition:
    """Days, places and stages. Weights, minimum marks and ties are dated rules, not typed here."""
    must("growth.manage")
    if Competition.objects.filter(code__iexact=code).exists():
        raise BadValue(_("This code is taken. Choose another."), code="code_taken", field="code")
    if facts["closes_on"] < facts["opens_on"]:
        raise BadValue(_("The last day lies before the first."), code="bad_days", field="closes_on")
    if not facts["stages"] or set(facts["stages"]) - set(Stage.values):
        raise BadValue(_("Choose at least one stage."), code="no_stage", field="stages")
    lo, hi = own_range()
    stages = [stage for stage in Stage.values if stage in facts["stages"]]
    return Competition.objects.create(code=code, org_lo=lo, org_hi=hi, **{**facts, "stages": stages})


@transaction.atomic
def name_commissioner(*, code: str, username: str, by: User, now: dt.datetime) -> Commissioner:
    """Somebody who will give marks. A candidate of the same competition cannot be one."""
    must("growth.manage")
    competition = competition_of(code)
    _check_undecided(competition)
    with loading():
        user = User.objects.filter(username__iexact=username.strip(), is_active=True).first()
        if user is None:
            raise BadValue(_("Nobody signs in by this name."), code="no_such_user", field="username")
        if user.person_id and Candidate.objects.filter(competition=competition, person_id=user.person_id).exists():
            raise BadValue(_("This person is a candidate here."), code="is_candidate", field="username")
        work = employments([user.person_id], now.date()).get(user.person_id) if user.person_id else None
        made, _new = Commissioner.objects.get_or_create(
            competition=competition, user_id=user.pk,
            defaults={
                "full_name": str(user)[:200], "org_lo": competition.org_lo, "org_hi": competition.org_hi,
                "school_no": work.org_no if work else 0,
            },
        )  # fmt: skip
    return made


@transaction.atomic
def apply(*, code: str, statement: str, by: User, now: dt.datetime) -> Candidate:
    """A teacher or head applies. Years and category come from the register; who lacks something is told what at once."""
    must("growth.own")
    competition, today = _competition(code), now.date()
    if not competition.opens_on <= today <= competition.closes_on:
        raise WrongState(
            _("Applications are taken from %(first)s to %(last)s.")
            % {
                "first": date_format(competition.opens_on, "DATE_FORMAT"),
                "last": date_format(competition.closes_on, "DATE_FORMAT"),
            },
            code="window_closed",
        )
    work = own_employment(by, today)
    rules = rules_of(competition, today)
    with loading():
        taken = Candidate.objects.filter(competition=competition, person_id=by.person_id)
        if taken.exclude(state=CandidateState.WITHDRAWN).exists():
            raise WrongState(_("You take part in this competition already."), code="one_open")
        if Commissioner.objects.filter(competition=competition, user_id=by.pk).exists():
            raise NotAllowed(_("You are a commissioner of this competition."), code="is_commissioner")
        years, category = years_of_work(by.person_id, today), work.category or "teacher"
        lacks = lacking(
            years=years, category=category,
            is_employed=competition.org_lo <= work.org_no <= competition.org_hi,
            years_wanted=int(rules.value("years")), category_wanted=int(rules.value("category")),
        )  # fmt: skip
        made = Candidate.objects.create(
            code=next_number("K", now), competition=competition, person_id=by.person_id, org_no=work.org_no,
            person_name=work.person_name, position=work.position, category=category, years=years, applied_at=now,
            statement=said(statement, "statement", shortest=80, longest=4000),
            state=CandidateState.NOT_ELIGIBLE if lacks else CandidateState.APPLIED,
            lacks=[{"code": name, "numbers": numbers} for name, numbers in lacks],
        )  # fmt: skip
        step(made, by, now)
    return made


@transaction.atomic
def withdraw(*, code: str, by: User, now: dt.datetime) -> Candidate:
    must("growth.own")
    with loading():
        made = Candidate.objects.select_for_update().filter(code=code, person_id=by.person_id or 0).first()
        if made is None:
            raise NotThere(_("There is no such application of yours."))
        if made.state not in (CandidateState.APPLIED, CandidateState.NOT_ELIGIBLE):
            raise WrongState(_("This is not possible any more."), code="decided")
        made.state = CandidateState.WITHDRAWN
        made.save(update_fields=["state"])
        step(made, by, now)
    return made


@transaction.atomic
def give_mark(*, candidate: str, stage: str, points: int, reason: str, by: User, now: dt.datetime) -> Mark:
    """One commissioner's mark, changeable until the decision. Nobody marks a colleague of the own school."""
    must("growth.read")
    with loading():
        found = Candidate.objects.select_for_update(of=("self",)).select_related("competition").filter(code=candidate)
        made = found.first()
        me = Commissioner.objects.filter(competition=made.competition, user_id=by.pk).first() if made else None
    if made is None or me is None:
        raise NotThere(_("There is no such candidate for you to mark."))
    _check_undecided(made.competition)
    if made.state != CandidateState.APPLIED or stage not in made.competition.stages:
        raise WrongState(_("This candidate is not marked in this stage."), code="not_marked")
    if me.school_no and me.school_no == made.org_no:
        raise NotAllowed(_("You work at the candidate's school: others give this mark."), code="same_school")
    if not 0 <= points <= 100:
        raise BadValue(_("A mark lies between 0 and 100."), code="bad_mark", field="points")
    with loading():
        mark, _new = Mark.objects.update_or_create(
            candidate=made, commissioner=me, stage=stage,
            defaults={
                "user_id": by.pk, "org_lo": me.org_lo, "org_hi": me.org_hi, "points": points,
                "reason": said(reason, "reason", shortest=10), "at": now,
            },
        )  # fmt: skip
    return mark


@transaction.atomic
def prepare(*, code: str, by: User | None, now: dt.datetime):
    """A draft of the decision over all candidates, for the commission to read and publish."""
    must("growth.manage")
    competition = competition_of(code)
    _check_undecided(competition)
    if now.date() <= competition.closes_on:
        raise WrongState(
            _("Applications are taken until %(last)s. The decision comes after that.")
            % {"last": date_format(competition.closes_on, "DATE_FORMAT")},
            code="still_open",
        )
    parameters = {"competition": code, "places": competition.places, "stages": list(competition.stages)}
    inputs = fresh_inputs(parameters)
    if not inputs["candidates"].height:
        raise WrongState(_("Nobody takes part in this competition."), code="nobody")
    return decisions.record(
        kind=RESERVE, inputs=inputs, parameters=parameters, org=(competition.org_lo, competition.org_hi), by=by, now=now,
        on=competition.closes_on,
    )  # fmt: skip


@transaction.atomic
def publish(*, number: str, by: User | None, now: dt.datetime):
    """The decision stands: who is admitted is in the reserve for its term, everybody is told why."""
    must("growth.certify")
    draft = journal.decision(number)
    if draft.kind != RESERVE:
        raise NotThere(_("This is no decision on the reserve."))
    must_cover(draft.org_lo, draft.org_hi)
    with loading():
        competition = Competition.objects.select_for_update().get(code=draft.parameters["competition"])
        _check_undecided(competition)
        try:
            decision = decisions.publish(number, by=by, now=now)
        except decisions.AlreadyPublished:  # on the journal's own page: what follows from it is drawn now
            decision = journal.decision(number)
        _follow(competition, decision, by, now)
    return decision


def _follow(competition: Competition, decision, by: User | None, now: dt.datetime) -> None:
    rules, today = rules_of(competition, competition.closes_on), now.date()
    until = _years_on(today, int(rules.value("term_years")))
    rows = {row["subject"]: row for row in journal.outcome_rows(journal.table(decision, "outcomes"))}
    found = list(Candidate.objects.select_for_update().filter(competition=competition, code__in=rows))
    for made in found:
        is_in = rows[made.code]["result"]["admitted"]
        made.decision_number = decision.number
        if is_in:
            made.state, made.reserve_from, made.reserve_until = CandidateState.RESERVE, today, until
        elif made.state == CandidateState.APPLIED:
            made.state = CandidateState.NOT_ADMITTED
        made.save(update_fields=["state", "decision_number", "reserve_from", "reserve_until"])
        step(made, by, now, decision.number)
        tell_users(
            user_ids=users_of([made.person_id]), kind="practice_reserve", parameters={"title": made.code}, now=now,
            link=reverse("cpd:candidate", args=[made.code]),
        )  # fmt: skip
    competition.decision_number = decision.number
    competition.save(update_fields=["decision_number"])


@transaction.atomic
def end_terms(*, by: User | None, now: dt.datetime) -> int:
    """Those whose term in the reserve is over leave it, and are told. May be repeated: nobody leaves twice."""
    must("growth.manage")
    lo, hi = own_range()
    with loading():
        over = Candidate.objects.select_for_update().filter(
            state=CandidateState.RESERVE, reserve_until__lte=now.date(), org_no__gte=lo, org_no__lte=hi
        )
        found: Sequence[Candidate] = list(over)
        for made in found:
            made.state = CandidateState.ENDED
            made.save(update_fields=["state"])
            step(made, by, now)
            tell_users(
                user_ids=users_of([made.person_id]), kind="practice_term_over", parameters={"title": made.code}, now=now,
                link=reverse("cpd:candidate", args=[made.code]),
            )  # fmt: skip
    return len(found)


def competition_of(code: str) -> Competition:
    """One that the asker's office holds."""
    found = _competition(code)
    must_cover(found.org_lo, found.org_hi)
    return found


def _competition(code: str) -> Competition:
    found = Competition.objects.filter(code=code).first()
    if found is None:
        raise NotThere(_("There is no such competition."))
    return found


def _check_undecided(competition: Competition) -> None:
    if competition.decision_number:
        raise WrongState(
            _("This competition is decided: %(number)s.") % {"number": competition.decision_number}, code="decided"
        )


def step(made: Candidate, by: User | None, now: dt.datetime, note: str = "") -> None:
    CandidateStep.objects.create(
        candidate=made, org_no=made.org_no, person_id=made.person_id, state=made.state, at=now, by_name=name_of(by),
        note=note[:1000],
    )  # fmt: skip


def reserve_candidate(code: str) -> Candidate:
    """A candidate in the asker's territory, locked. Raises `NotThere` for others."""
    with loading():
        made = Candidate.objects.select_for_update().filter(code=code).first()
    scope = current_scope()
    if made is None or (scope.database_role != "tirek_loader" and (scope.is_own or not scope.covers(made.org_no))):
        raise NotThere(_("There is no such candidate in your territory."))
    return made


def _years_on(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
