"""Competitions, candidates, marks and the reserve itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from tirek.access.scope import Scope, loading
from tirek.cpd.models import (
    Appointment,
    Candidate,
    CandidateState,
    CandidateStep,
    Commissioner,
    Competition,
    Mark,
    Mentoring,
    Stage,
)
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek.registry.models import Employment

RULES = "cpd.reserve"
STATES = [(state.value, state.label) for state in CandidateState]
STAGES = dict(Stage.choices)
FEWEST_POSTS = 5
FILLED_YEARS = 3  # heads are appointed seldom: a year of a district would say nothing


def rules_of(of: Competition, on: dt.date) -> RuleSet:
    with loading():
        return rules_in_force(RULES, on, of.org_lo, of.org_hi)


def competitions(scope: Scope) -> QuerySet[Competition]:
    found = Competition.objects.order_by("-opens_on", "-id")
    if scope.lo is not None and scope.hi is not None:
        found = found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)
    return found


def competition(code: str) -> Competition | None:
    return Competition.objects.filter(code=code).first()


def commissioners(of: Competition) -> list[Commissioner]:
    return list(of.commissioners.order_by("full_name", "id"))


def my_commissions(user_id: int) -> list[Commissioner]:
    """Competitions in which the asker gives marks and which are not decided."""
    found = Commissioner.objects.filter(user_id=user_id, competition__decision_number="")
    return list(found.select_related("competition").order_by("competition__closes_on"))


def candidates(
    scope: Scope, *, of: Competition | None = None, state: str = "", text: str = "", reserve: bool = False
) -> QuerySet[Candidate]:
    found = scope.limit(Candidate.objects.select_related("competition"))
    if of is not None:
        found = found.filter(competition=of)
    if reserve:
        found = found.filter(state__in=(CandidateState.RESERVE, CandidateState.APPOINTED, CandidateState.ENDED))
    if state:
        found = found.filter(state=state)
    for word in text.split():
        found = found.filter(Q(code__iexact=word) | Q(person_name__icontains=word))
    return found.order_by("person_name", "id")


def counts(scope: Scope) -> dict[str, int]:
    """Candidates in the reserve, appointed, at the end of their term."""
    rows = scope.limit(Candidate.objects.order_by()).values_list("state").annotate(n=Count("id"))
    return dict(rows)


@dataclass(frozen=True)
class Filled:
    """Heads who were appointed in the last three years, and how many of them came from the reserve."""

    part: int
    whole: int


def filled(scope: Scope, on: dt.date) -> Filled | None:
    """The share of leading posts filled from the reserve, as far as the asker sees; None where too few were appointed to say."""
    since = _years_before(on, FILLED_YEARS)
    begun = scope.limit(
        Employment.objects.filter(position="head", is_main=True, valid__startswith__gt=since, valid__startswith__lte=on)
    )
    whole = begun.count()
    part = begun.filter(pk__in=Appointment.objects.values("employment_id")).count()
    return Filled(part, whole) if whole >= FEWEST_POSTS else None


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def over(scope: Scope, on: dt.date) -> int:
    """How many stand in the reserve although their term is over."""
    found = Candidate.objects.filter(state=CandidateState.RESERVE, reserve_until__lte=on)
    return scope.limit(found).count()


def candidate(code: str) -> Candidate | None:
    return Candidate.objects.select_related("competition", "person").filter(code=code).first()


def mine(person_id: int | None) -> list[Candidate]:
    if not person_id:
        return []
    return list(Candidate.objects.filter(person_id=person_id).select_related("competition").order_by("-applied_at"))


def steps(of: Candidate) -> QuerySet[CandidateStep]:
    return of.steps.order_by("id")


def to_mark(me: Commissioner) -> list[dict]:
    """Every candidate for one commissioner: the own marks alone. Candidates are read as the loader: they may work anywhere."""
    with loading():
        found = list(
            Candidate.objects.filter(competition=me.competition, state=CandidateState.APPLIED)
            .exclude(org_no=me.school_no or -1).order_by("code")
        )  # fmt: skip
        own = {(m.candidate_id, m.stage): m for m in Mark.objects.filter(commissioner=me)}
    return [
        {"candidate": made,
         "stages": [(stage, STAGES[stage], own.get((made.pk, stage))) for stage in me.competition.stages]}
        for made in found
    ]  # fmt: skip


@dataclass(frozen=True)
class StageMarks:
    """What commissioners gave in one stage: in order of size, without names."""

    title: str
    points: list[int]
    reasons: list[str]
    minimum: int
    weight: int
    apart: int
    is_apart: bool

    @property
    def mean(self) -> float | None:
        return sum(self.points) / len(self.points) if self.points else None


def stage_marks(of: Candidate) -> list[StageMarks]:
    """The caller checks who may know: the office always, the candidate once it is decided."""
    rules = rules_of(of.competition, of.competition.closes_on)
    most = int(rules.value("most_apart"))
    with loading():
        rows = list(Mark.objects.filter(candidate=of).order_by("points", "id"))
    found = []
    for stage in of.competition.stages:
        own = [row for row in rows if row.stage == stage]
        apart = max((r.points for r in own), default=0) - min((r.points for r in own), default=0)
        found.append(
            StageMarks(
                str(STAGES[stage]), [row.points for row in own], [row.reason for row in own],
                int(rules.value(f"minimum_{stage}")), int(rules.value(f"weight_{stage}")), apart, apart > most,
            )
        )  # fmt: skip
    return found


def stage_facts(of: Competition) -> list[tuple[str, int, int, int]]:
    """Title, weight, minimum mark and turn at ties of each stage held."""
    rules = rules_of(of, of.closes_on)
    return [
        (str(STAGES[stage]), *(int(rules.value(f"{name}_{stage}")) for name in ("weight", "minimum", "tie")))
        for stage in of.stages
    ]


def requirements(of: Competition) -> dict[str, int]:
    rules = rules_of(of, of.closes_on)
    return {name: int(rules.value(name)) for name in ("years", "category", "fewest_marks", "term_years")}


def appointment_of(of: Candidate) -> Appointment | None:
    with loading():
        return Appointment.objects.filter(candidate=of).first()


def mentorings(of: Candidate) -> list[Mentoring]:
    return list(of.mentorings.prefetch_related("meetings").order_by("-starts_on", "-id"))


def my_mentorings(user_id: int) -> list[dict]:
    """People whom the asker accompanies."""
    found = list(Mentoring.objects.filter(mentor_user_id=user_id, closed_on=None).prefetch_related("meetings"))
    with loading():
        people = {c.pk: c for c in Candidate.objects.filter(pk__in=[m.candidate_id for m in found])}
    return [{"mentoring": m, "candidate": people[m.candidate_id]} for m in found]
