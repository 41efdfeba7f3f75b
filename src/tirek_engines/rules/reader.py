"""The reader of dated rules, and the look-up of a value for a day and a territory.

A file of rules is one YAML mapping from the short name of a rule to::

    minimal_group:
      description: {kk: …, ru: …, en: …}
      unit: persons
      type: integer            # integer, decimal, boolean or text
      minimum: 1               # optional, numbers only; maximum likewise
      act: {kk: …, ru: …, en: …}
      clause: "1"
      demonstration: true      # no act is known: the value is there to be replaced
      values:
        - {from: 2024-01-01, value: 10}
        - {from: 2025-01-01, value: 12, territory: KZ-47}

A rule's full name is domain, file and short name: ``assessment.publication.minimal_group``. A value holds from its day
until the next day given for the same territory. A null value ends a local rule: the wider one holds again.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from tirek_engines.errors import Refusal

REPUBLIC = "KZ"
LANGUAGES = ("kk", "ru", "en")
TYPES = ("integer", "decimal", "boolean", "text")
KEYS = {"description", "unit", "type", "act", "clause", "values", "demonstration", "minimum", "maximum"}
NEEDED = {"description", "unit", "type", "act", "clause", "values"}

Value = int | Decimal | bool | str


class BadRules(Refusal):
    """A file of rules is wrong; says every place and what is wanted there."""

    code = "bad_rules"

    def __init__(self, file: str, faults: Sequence[str]) -> None:
        super().__init__(f"{file}: " + "; ".join(faults), file=file, faults=list(faults))
        self.faults = tuple(faults)


class NoRuleInForce(Refusal):
    """No value holds on that day in that territory or any wider one."""

    code = "no_rule_in_force"


@dataclass(frozen=True)
class Act:
    """The act that sets a rule, in three languages, and the clause."""

    kk: str
    ru: str
    en: str
    clause: str


@dataclass(frozen=True)
class RuleValue:
    """A value from a day on, in one territory; None ends a local rule."""

    start: datetime.date
    territory: str
    value: Value | None


@dataclass(frozen=True)
class Rule:
    """One rule with all its values, oldest first."""

    name: str
    description: Mapping[str, str]
    unit: str
    type: str
    act: Act
    demonstration: bool
    values: tuple[RuleValue, ...]
    file: str
    digest: str

    def at(self, date: datetime.date, territory: str | Sequence[str] = REPUBLIC) -> Value:
        """The value in force on a day.

        Parameters
        ----------
        date : date
            The day the decision is made for.
        territory : str or sequence of str
            The territory's code, or its line from the republic down (republic, oblast, district). The narrowest
            one with a value wins.

        Raises
        ------
        NoRuleInForce
        """
        return self.found(date, territory).value  # type: ignore[return-value]

    def found(self, date: datetime.date, territory: str | Sequence[str] = REPUBLIC) -> RuleValue:
        """Like `at`, with the day and the territory the value comes from."""
        line = [territory] if isinstance(territory, str) else list(territory)
        if REPUBLIC not in line:
            line.insert(0, REPUBLIC)
        for place in reversed(line):
            known = [v for v in self.values if v.territory == place and v.start <= date]
            if known and known[-1].value is not None:
                return known[-1]
        raise NoRuleInForce(
            f"The rule {self.name} has no value on {date.isoformat()} for {' > '.join(line)}. Add one to {self.file}.",
            rule=self.name,
            date=date.isoformat(),
        )

    def integer(self, date: datetime.date, territory: str | Sequence[str] = REPUBLIC) -> int:
        """`at` for a rule of type integer."""
        value = self.at(date, territory)
        if self.type != "integer" or not isinstance(value, int):
            raise TypeError(f"rule {self.name} is {self.type}, not integer")
        return value

    def decimal(self, date: datetime.date, territory: str | Sequence[str] = REPUBLIC) -> Decimal:
        """`at` for a rule that is a number."""
        value = self.at(date, territory)
        if self.type not in ("integer", "decimal") or isinstance(value, (str, bool)):
            raise TypeError(f"rule {self.name} is {self.type}, not a number")
        return Decimal(value)


@dataclass(frozen=True)
class RuleBook:
    """All rules that were loaded, by full name."""

    rules: Mapping[str, Rule]
    files: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Rule:
        if name not in self.rules:
            known = ", ".join(sorted(self.rules))
            raise NoRuleInForce(f"There is no rule {name}. Known are: {known}.", rule=name)
        return self.rules[name]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules[name] for name in sorted(self.rules))

    @property
    def digest(self) -> str:
        """One SHA-256 over the names and bytes of all files."""
        text = "".join(f"{name} {digest}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def joined(self, other: RuleBook) -> RuleBook:
        """Both books in one; a local book adds values to a rule of the same name."""
        rules = dict(self.rules)
        for name, rule in other.rules.items():
            rules[name] = _merged(rules[name], rule) if name in rules else rule
        return RuleBook(rules, {**self.files, **other.files})


def _merged(base: Rule, local: Rule) -> Rule:
    if (base.type, base.unit) != (local.type, local.unit):
        raise BadRules(local.file, [f"{local.name} is {local.type} in {local.unit}, in {base.file} it is not"])
    taken = {(v.territory, v.start) for v in base.values}
    again = [v for v in local.values if (v.territory, v.start) in taken]
    if again:
        place, day = again[0].territory, again[0].start
        raise BadRules(local.file, [f"{local.name} has a value for {place} from {day} already, in {base.file}"])
    values = tuple(sorted((*base.values, *local.values), key=lambda v: (v.start, v.territory)))
    digest = hashlib.sha256(f"{base.digest}{local.digest}".encode()).hexdigest()
    return Rule(
        base.name, base.description, base.unit, base.type, local.act, base.demonstration, values, base.file, digest
    )


def load_rules(folder: Path, domain: str | None = None) -> RuleBook:
    """Read all ``*.yaml`` of a folder; `domain` is by default the name of the folder above."""
    domain = domain or folder.parent.name
    rules: dict[str, Rule] = {}
    files: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        name = f"{domain}/{path.name}"
        data = path.read_bytes()
        files[name] = hashlib.sha256(data).hexdigest()
        rules |= {r.name: r for r in parse_rules(data, f"{domain}.{path.stem}", name)}
    if not files:
        raise BadRules(str(folder), ["there are no .yaml files"])
    return RuleBook(rules, files)


class _OneKeyLoader(yaml.SafeLoader):
    """YAML in which the same key twice is an error and not a silent loss."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]} stands twice", node.start_mark)
        result: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return result


def _decimal_of(loader: _OneKeyLoader, node: Any) -> Decimal | str:
    """Numbers with a point are read as they are written, never through a float."""
    try:
        return Decimal(str(node.value).replace("_", ""))
    except InvalidOperation:
        return str(node.value)


_OneKeyLoader.add_constructor("tag:yaml.org,2002:float", _decimal_of)


def parse_rules(data: bytes, prefix: str, file: str) -> list[Rule]:
    """Rules of one file; raises `BadRules` with every fault found."""
    try:
        tree = yaml.load(data.decode("utf-8"), Loader=_OneKeyLoader)  # noqa: S506 (a safe loader)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRules(file, [f"it is not readable YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(tree, dict) or not tree:
        raise BadRules(file, ["it must be a mapping from names to rules"])
    digest = hashlib.sha256(data).hexdigest()
    faults: list[str] = []
    rules = []
    for name, body in tree.items():
        found = _faults(str(name), body)
        faults += found
        if not found:
            rules.append(_rule(f"{prefix}.{name}", body, file, digest))
    if faults:
        raise BadRules(file, faults)
    return rules


def _faults(name: str, body: Any) -> list[str]:
    if not isinstance(body, dict):
        return [f"{name} must be a mapping with {', '.join(sorted(NEEDED))}"]
    found = [f"{name} lacks {key}" for key in sorted(NEEDED - body.keys())]
    found += [f"{name} has an unknown key {key}" for key in sorted(set(map(str, body)) - KEYS)]
    if found:
        return found
    for key in ("description", "act"):
        texts = body[key] if isinstance(body[key], dict) else {}
        found += [f"{name}.{key} lacks {lang}" for lang in LANGUAGES if not str(texts.get(lang) or "").strip()]
    if body["type"] not in TYPES:
        found.append(f"{name}.type is {body['type']}, wanted {' | '.join(TYPES)}")
    elif not isinstance(body["values"], list) or not body["values"]:
        found.append(f"{name}.values must be a list of values with from and value")
    else:
        found += _value_faults(name, body)
    return found


def _value_faults(name: str, body: Mapping[str, Any]) -> list[str]:
    found = []
    seen: set[tuple[str, datetime.date]] = set()
    for place, entry in enumerate(body["values"], start=1):
        where = f"{name}.values[{place}]"
        if not isinstance(entry, dict) or not {"from", "value"} <= entry.keys() <= {"from", "value", "territory"}:
            found.append(f"{where} must have from and value, and may have territory")
            continue
        day = entry["from"]
        if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
            found.append(f"{where}.from is {day}, wanted a day such as 2025-01-31")
            continue
        key = (str(entry.get("territory", REPUBLIC)), day)
        if key in seen:
            found.append(f"{where} repeats {key[0]} from {day}")
        seen.add(key)
        found += _type_faults(where, entry["value"], body, local=key[0] != REPUBLIC)
    return found


def _type_faults(where: str, value: Any, body: Mapping[str, Any], *, local: bool) -> list[str]:
    kind = body["type"]
    if value is None:
        return [] if local else [f"{where}.value is empty; only a local rule can be ended so"]
    whole = isinstance(value, int) and not isinstance(value, bool)
    right = {
        "integer": whole,
        "decimal": whole or isinstance(value, Decimal),
        "boolean": isinstance(value, bool),
        "text": isinstance(value, str),
    }[kind]
    if not right:
        return [f"{where}.value is {value!r}, wanted {kind}"]
    if kind in ("integer", "decimal"):
        low, high = body.get("minimum"), body.get("maximum")
        if (low is not None and value < low) or (high is not None and value > high):
            return [f"{where}.value is {value}, wanted {low} to {high}"]
    return []


def _rule(name: str, body: Mapping[str, Any], file: str, digest: str) -> Rule:
    values = [
        RuleValue(entry["from"], str(entry.get("territory", REPUBLIC)), _typed(entry["value"], body["type"]))
        for entry in body["values"]
    ]
    texts = {lang: str(body["act"][lang]).strip() for lang in LANGUAGES}
    return Rule(
        name=name,
        description={lang: str(body["description"][lang]).strip() for lang in LANGUAGES},
        unit=str(body["unit"]),
        type=body["type"],
        act=Act(**texts, clause=str(body["clause"])),
        demonstration=bool(body.get("demonstration", False)),
        values=tuple(sorted(values, key=lambda v: (v.start, v.territory))),
        file=file,
        digest=digest,
    )


def _typed(value: Any, kind: str) -> Value | None:
    if value is None:
        return None
    found: Value = Decimal(value) if kind == "decimal" else value
    return found
