"""Who asked teachers for what, and what may not be asked at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import get_language

from tirek.access.roles import Role
from tirek.access.scope import Scope, loading
from tirek.cpd.models import Demand, Flag, Held
from tirek.decisions.rules import rules_in_force
from tirek.tasks.models import Task

RULES = "cpd.demands"
# stems by which a request that asks for what Tirek holds is recognised, in Kazakh, Russian and English
STEMS = {
    Held.PUPILS: (
        "оқушылар тізім",
        "оқушылар саны",
        "список учен",
        "списки учен",
        "количество учен",
        "контингент",
        "list of pupils",
    ),
    Held.STAFF: (
        "педагогтер тізім",
        "санаты туралы",
        "список педагог",
        "сведения о педагог",
        "нагрузк",
        "list of teachers",
    ),
    Held.COURSES: ("курстар туралы", "біліктілік арттыру", "повышени", "курсовой подготов", "courses taken"),
    Held.RESULTS: ("мониторинг нәтиж", "результаты мониторинг", "results of the monitoring"),
    Held.ROOMS: ("кабинет", "жабдық", "оснащен", "оборудован", "equipment"),
    Held.NEEDS: ("сауалнама", "анкет", "questionnaire"),
}


@dataclass(frozen=True)
class Forbidden:
    """One entry of the list of demands that may not be made."""

    code: str
    descriptions: dict[str, str]
    act: str

    @property
    def words(self) -> str:
        return self.descriptions.get((get_language() or "kk")[:2], self.descriptions["en"])


def forbidden(on: dt.date, demand: Demand | None = None, scope: Scope | None = None) -> list[Forbidden]:
    """The list in force on a day, from the rules."""
    lo, hi = (demand.org_lo, demand.org_hi) if demand else (0, 2_147_483_647)
    if demand is None and scope is not None and scope.lo is not None and scope.hi is not None:
        lo, hi = scope.lo, scope.hi
    with loading():
        rules = rules_in_force(RULES, on, lo, hi)
    language = (get_language() or "kk")[:2]
    found = []
    for name, holds in rules.values().items():
        if holds:
            act = rules.book[f"{RULES}.{name}"].act
            found.append(Forbidden(name, rules.described(name), getattr(act, language, act.en)))
    return found


def held_already(text: str) -> str:
    """Which data of Tirek's a request seems to ask for again; nothing when none is recognised."""
    text = text.casefold()
    return next((held.value for held, stems in STEMS.items() if any(stem in text for stem in stems)), "")


def demands(scope: Scope, *, repeats: bool | None = None, text: str = ""):
    """Requests made in the asker's territory, or above it, the newest first."""
    found = Demand.objects.order_by("-asked_at", "-id")
    if scope.lo is not None and scope.hi is not None:
        found = found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)
    if repeats is not None:
        found = found.filter(~Q(repeats="") if repeats else Q(repeats=""))
    if text:
        found = found.filter(Q(title__icontains=text) | Q(office__icontains=text) | Q(purpose__icontains=text))
    return found


def demand(number: str) -> Demand | None:
    return Demand.objects.filter(number=number).first()


def objections(of: Demand) -> list[tuple[str, int]]:
    """Rule and number of teachers who named it: counted as the loader, so that nobody's name is needed to know how many."""
    with loading():
        rows = Flag.objects.filter(demand=of).values_list("rule").annotate(n=Count("id")).order_by("-n", "rule")
        return list(rows)


def objection_counts(numbers) -> dict[int, int]:
    with loading():
        return dict(Flag.objects.filter(demand__in=list(numbers)).values_list("demand").annotate(n=Count("id")))


def has_objected(of: Demand, user_id: int) -> bool:
    return Flag.objects.filter(demand=of, user_id=user_id).exists()


def tasks_for_teachers(scope: Scope):
    """Tasks that were put to teachers by name of their role, and have no entry of their own in the register."""
    return scope.limit(Task.objects.filter(roles__contains=[Role.TEACHER])).order_by("-asked_at", "-id")
