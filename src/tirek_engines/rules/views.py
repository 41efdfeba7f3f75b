"""Rules as a list, and what differs between two books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tirek_engines.rules.reader import Rule, RuleBook


@dataclass(frozen=True)
class Change:
    """One difference between two books: what was and what is, as texts."""

    rule: str
    what: str
    before: str
    after: str


def rows(book: RuleBook, language: str = "en") -> Iterator[dict[str, str]]:
    """One row a value: rule, territory, from, value, unit, act, clause, demonstration, file, digest."""
    for rule in book:
        for value in rule.values:
            yield {
                "rule": rule.name,
                "description": rule.description[language],
                "territory": value.territory,
                "from": value.start.isoformat(),
                "value": "" if value.value is None else str(value.value),
                "unit": rule.unit,
                "act": getattr(rule.act, language),
                "clause": rule.act.clause,
                "demonstration": "yes" if rule.demonstration else "no",
                "file": rule.file,
                "digest": rule.digest[:12],
            }


def compare(before: RuleBook, after: RuleBook) -> list[Change]:
    """Every rule, value, act or clause that differs, sorted by rule."""
    found = []
    for name in sorted(set(before.rules) | set(after.rules)):
        old, new = before.rules.get(name), after.rules.get(name)
        found += _changes(name, _facts(old), _facts(new))
    return found


def _facts(rule: Rule | None) -> dict[str, str]:
    if rule is None:
        return {}
    facts = {
        "unit": rule.unit,
        "type": rule.type,
        "act": rule.act.en,
        "clause": rule.act.clause,
        "demonstration": str(rule.demonstration).lower(),
    }
    for value in rule.values:
        facts[f"value in {value.territory} from {value.start.isoformat()}"] = str(value.value)
    return facts


def _changes(name: str, old: dict[str, str], new: dict[str, str]) -> list[Change]:
    return [
        Change(name, what, old.get(what, ""), new.get(what, ""))
        for what in sorted(set(old) | set(new))
        if old.get(what) != new.get(what)
    ]
