"""Dated rules as decisions use them: the shipped ones, and the local acts loaded into this installation.

A decision seals the bytes of its rules and is recomputed from those bytes. That a value was changed behind its back is
noticed by reading today's rules for the same day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import tirek_engines
from tirek.decisions.models import LocalRule
from tirek.registry.models import Territory
from tirek_engines.errors import Refusal
from tirek_engines.rules import REPUBLIC, NoRuleInForce, RuleBook, parse_rules

ENGINES = Path(tirek_engines.__file__).parent


class RuleMissing(Refusal):
    """There are no rules of this name."""

    code = "rule_missing"


@dataclass(frozen=True)
class RuleSet:
    """The rules of one file (``assessment.publication``) as they are on a day in a territory.

    ``files`` are names and texts: the shipped file first, then the local acts that add values to it.
    """

    name: str
    on: date
    territory: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @cached_property
    def book(self) -> RuleBook:
        whole = RuleBook({})
        for file, text in self.files:
            rules = {rule.name: rule for rule in parse_rules(text.encode(), self.name, file)}
            whole = whole.joined(RuleBook(rules, {file: hashlib.sha256(text.encode()).hexdigest()}))
        return whole

    @property
    def version(self) -> str:
        """The latest day at which one of the values in force began."""
        days = [found.start for rule in self.book if (found := self._found(rule.name)) is not None]
        return max(days).isoformat() if days else ""

    def value(self, short_name: str) -> Any:
        """The value in force of one rule: an int, Decimal, bool or text."""
        return self.book[f"{self.name}.{short_name}"].at(self.on, self.territory)

    def has(self, short_name: str) -> bool:
        """Whether the rule is there: decisions sealed before it was made are computed again without it."""
        return f"{self.name}.{short_name}" in self.book.rules

    def described(self, short_name: str) -> dict[str, str]:
        """What a rule says, by language."""
        return dict(self.book[f"{self.name}.{short_name}"].description)

    def values(self) -> dict[str, Any]:
        """All values in force by short name."""
        found = {rule.name: self._found(rule.name) for rule in self.book}
        return {name.removeprefix(f"{self.name}."): value.value for name, value in found.items() if value}

    def sealable(self) -> dict[str, Any]:
        """What a decision keeps of it."""
        files = [list(pair) for pair in self.files]
        return {"name": self.name, "on": self.on, "territory": list(self.territory), "files": files}

    @classmethod
    def unsealed(cls, value: dict[str, Any]) -> RuleSet:
        files = tuple((name, text) for name, text in value["files"])
        return cls(value["name"], date.fromisoformat(value["on"]), tuple(value["territory"]), files)

    def _found(self, name: str):
        try:
            return self.book[name].found(self.on, self.territory)
        except NoRuleInForce:
            return None


def shipped_file(name: str) -> Path:
    """``assessment.publication`` is ``tirek_engines/assessment/rules/publication.yaml``."""
    domain, _dot, leaf = name.partition(".")
    return ENGINES / domain / "rules" / f"{leaf}.yaml"


def place_of_rules(name: str) -> str:
    """The shipped file as it is called in the sources."""
    return f"src/{shipped_file(name).relative_to(ENGINES.parent).as_posix()}"


def shipped_names() -> Iterator[str]:
    for path in sorted(ENGINES.glob("*/rules/*.yaml")):
        yield f"{path.parents[1].name}.{path.stem}"


def rules_in_force(name: str, on: date, org_lo: int, org_hi: int) -> RuleSet:
    """The rules of a file on a day, for the smallest territory that holds this range of institutions.

    Regions differ by look-up (republic, oblast, district), never by a branch in the code.
    """
    path = shipped_file(name)
    if not path.is_file():
        raise RuleMissing(f"There are no rules “{name}”. “tirek rules list” shows what there is.", rule=name)
    files = [(place_of_rules(name), path.read_text(encoding="utf-8"))]
    files += [
        (f"local act {local.sha256[:12]}", local.body) for local in LocalRule.objects.filter(name=name).order_by("id")
    ]
    return RuleSet(name, on, territory_line(org_lo, org_hi), tuple(files))


def territory_line(org_lo: int, org_hi: int) -> tuple[str, ...]:
    """Codes of the territories that hold the whole range, from the republic down: ISO 3166-2, then KATO."""
    line = [REPUBLIC]
    holding = Territory.objects.filter(org_lo__lte=org_lo, org_hi__gte=org_hi).order_by("org_lo", "-org_hi")
    for iso, kato in holding.values_list("iso_3166_2", "code"):
        line += [code for code in (iso, kato) if code and code not in line]
    return tuple(line)


def changed_values(sealed: RuleSet) -> list[tuple[str, Any, Any]]:
    """Values that today's rules give differently for the sealed day and territory: name, then, now.

    A rule that a later version of the program brought is no change: the decision did not know it, and is computed without it.
    """
    path = shipped_file(sealed.name)
    files = [(place_of_rules(sealed.name), path.read_text(encoding="utf-8"))] if path.is_file() else []
    now = RuleSet(sealed.name, sealed.on, sealed.territory, (*files, *sealed.files[1:])).values() if files else {}
    then = sealed.values()
    known = [name for name in sorted({*then, *now}) if sealed.has(name)]
    return [(name, then.get(name), now.get(name)) for name in known if then.get(name) != now.get(name)]
