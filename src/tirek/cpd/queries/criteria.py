"""What the rules of certification ask for, as pages and services use it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import get_language

from tirek.access.scope import loading
from tirek.cpd.models import Review, Window
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek_engines.cpd.eligibility import EligibilityRules

RULES = "cpd.certification"
EXPERTS = "cpd.experts"
PREFIX = "criterion_"


@dataclass(frozen=True)
class Criterion:
    """What the experts give points for."""

    code: str
    highest: int
    descriptions: dict[str, str]

    @property
    def title(self) -> str:
        return self.descriptions.get((get_language() or "kk")[:2], self.descriptions["en"])


def rules_of_window(window: Window, on: dt.date) -> RuleSet:
    with loading():
        return rules_in_force(RULES, on, window.org_lo, window.org_hi)


def criteria_of(rules: RuleSet) -> list[Criterion]:
    names = [name for name in rules.values() if name.startswith(PREFIX)]
    order = ["criterion_planning", "criterion_teaching", "criterion_results", "criterion_sharing"]
    names.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
    return [Criterion(name.removeprefix(PREFIX), int(rules.value(name)), rules.described(name)) for name in names]


def rules_of_experts(window: Window, on: dt.date) -> RuleSet:
    """How long a dossier may lie with an expert, and which common past keeps one from judging."""
    with loading():
        return rules_in_force(EXPERTS, on, window.org_lo, window.org_hi)


def last_day(given: dt.date, org_lo: int, org_hi: int) -> dt.date:
    """Until when an expert may judge what was given on a day, by the rules of that day."""
    with loading():
        return given + dt.timedelta(days=int(rules_in_force(EXPERTS, given, org_lo, org_hi).value("judge_days")))


def judge_until(review: Review) -> dt.date:
    return last_day(timezone.localdate(review.assigned_at), review.org_lo, review.org_hi)


def eligibility_of(rules: RuleSet, category: str) -> EligibilityRules:
    return EligibilityRules(
        years=int(rules.value(f"years_{category}")),
        hours=int(rules.value(f"hours_{category}")),
        steps_at_once=int(rules.value("steps_at_once")),
    )


def criteria_in_force(org_lo: int, org_hi: int, on: dt.date) -> list[Criterion]:
    with loading():
        return criteria_of(rules_in_force(RULES, on, org_lo, org_hi))
