"""Questions about dated rules: what is in force, and what a file would change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

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
    file = f"local act {hashlib.sha256(body).hexdigest()[:12]}"
    added = RuleBook({rule.name: rule for rule in parse_rules(body, name, file)})
    return now, now.joined(added)


def changes_by(name: str, body: bytes) -> list[Change]:
    """What loading a file would change."""
    return compare(*book_with(name, body, date.max))
