"""Questions about dated rules: what is in force, and what a file would change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

from tirek.decisions.models import Decision, State
from tirek.decisions.rules import RuleSet, rules_in_force, shipped_names
from tirek_engines.rules import Change, RuleBook, compare, parse_rules, rows

WHOLE_COUNTRY = (0, 2_147_483_647)


def rule_sets(on: date, name: str | None = None) -> Iterator[RuleSet]:
    """All rules with their local additions, or those of one file."""
    for known in [name] if name else shipped_names():
        yield rules_in_force(known, on, *WHOLE_COUNTRY)


def values_in_force(on: date, name: str | None = None, language: str = "en") -> Iterator[dict[str, str]]:
    """One row a value in force, in every territory that has its own."""
    for rule_set in rule_sets(on, name):
        latest: dict[tuple[str, str], dict[str, str]] = {}
        for row in rows(rule_set.book, language):
            if row["from"] <= on.isoformat():
                latest[row["rule"], row["territory"]] = row
        yield from (row for row in latest.values() if row["value"])


def book_with(name: str, body: bytes, on: date) -> tuple[RuleBook, RuleBook]:
    """The rules of a file now, and as they would be with these local values."""
    now = rules_in_force(name, on, *WHOLE_COUNTRY).book
    added = RuleBook({rule.name: rule for rule in parse_rules(body, name, _label(body))})
    return now, now.joined(added)


def changes_by(name: str, body: bytes) -> list[Change]:
    """What loading a file would change."""
    return compare(*book_with(name, body, date.max))


def decisions_touched(name: str, body: bytes) -> list[str]:
    """Numbers of drafts and published decisions on whose day these local values would give another value.

    They were made before the act was known here and keep their sealed rules: nothing of them changes by loading it.
    """
    starts = [value.start for rule in parse_rules(body, name, _label(body)) for value in rule.values]
    made = Decision.objects.filter(
        rule=name, rule_date__gte=min(starts), state__in=[State.DRAFT, State.PUBLISHED]
    ).order_by("pk")
    differs: dict[tuple, bool] = {}
    touched = []
    for number, *where in made.values_list("number", "rule_date", "org_lo", "org_hi"):
        key = tuple(where)
        if key not in differs:
            now = rules_in_force(name, *key)
            files = (*now.files, (_label(body), body.decode()))
            differs[key] = RuleSet(name, now.on, now.territory, files).values() != now.values()
        if differs[key]:
            touched.append(number)
    return touched


def _label(body: bytes) -> str:
    return f"local act {hashlib.sha256(body).hexdigest()[:12]}"
