"""The rules that the standard publishes beside its schema (standard.json), read as they are and applied with XPath."""

from __future__ import annotations

import calendar
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

RULES = Path(__file__).resolve().parent / "schema" / "standard.json"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class RuleFault:
    """``rule`` is the standard's number; ``path`` leads to the element."""

    rule: str
    severity: str
    message: str
    path: str
    row: int | None
    value: str = ""


@cache
def rulebook() -> dict[str, Any]:
    return dict(json.loads(RULES.read_text(encoding="utf-8")))


def rule_faults(tree: etree._ElementTree, today: dt.date) -> list[RuleFault]:
    """Every rule against every element that it is about."""
    found = []
    for path, kinds in rulebook().items():
        if path.startswith("/iati-organisations"):
            continue
        for element in tree.xpath(path):
            for kind, body in kinds.items():
                for case in body["cases"]:
                    found += _apply(kind, case, element, tree, today, {})
    return found


def _apply(kind: str, case: dict, element, tree, today: dt.date, names: dict[str, str]) -> list[RuleFault]:
    if kind == "loop":
        return _loop(case, element, tree, today)
    if case.get("idCondition"):
        return []  # asks a registry on the network which organisations exist
    said = {key: _filled(value, names) for key, value in case.items() if key != "ruleInfo"}
    if said.get("condition") and not _truth(element, said["condition"]):
        return []
    bad = list(CHECKS[kind](said, element, today))
    info = case["ruleInfo"]
    return [
        RuleFault(info["id"], info["severity"], info["message"], tree.getpath(at), at.sourceline, value)
        for at, value in bad
    ]


def _loop(case: dict, element, tree, today: dt.date) -> list[RuleFault]:
    found: list[RuleFault] = []
    for value in sorted({str(v) for v in element.xpath(case["foreach"])}):
        for kind, body in case["do"].items():
            for inner in body["cases"]:
                found += _apply(kind, inner, element, tree, today, {"$1": value})
    return found


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(name, text.replace("'", ""))
        return value
    return [_filled(part, names) for part in value] if isinstance(value, list) else value


Bad = Iterator[tuple[Any, str]]


def _truth(element, expression: str) -> bool:
    return bool(element.xpath(f"boolean({expression})"))


def _texts(element, path: str) -> list[tuple[Any, str]]:
    """Each value that a path finds, with the element it stands on."""
    found = []
    for item in element.xpath(path):
        if isinstance(item, etree._Element):
            found.append((item, (item.text or "").strip()))
        else:
            found.append((item.getparent() if hasattr(item, "getparent") else element, str(item)))
    return found


def _day(element, path: str, today: dt.date) -> tuple[Any, dt.date] | None:
    if path == "NOW":
        return element, today
    for at, text in _texts(element, path):
        try:
            return at, dt.date.fromisoformat(text[:10])
        except ValueError:
            continue
    return None


def _atleast_one(case: dict, element, today) -> Bad:
    if not any(element.xpath(path) for path in case["paths"]):
        yield element, ""


def _no_more_than_one(case: dict, element, today) -> Bad:
    found = [item for path in case["paths"] for item in element.xpath(path)]
    if len(found) > 1:
        yield element, str(len(found))


def _unique(case: dict, element, today) -> Bad:
    seen: set[str] = set()
    for path in case["paths"]:
        for at, text in _texts(element, path):
            if text in seen:
                yield at, text
            seen.add(text)


def _startswith(case: dict, element, today) -> Bad:
    starts = [text for path in case["prefix"] for _at, text in _texts(element, path)]
    separator = case.get("separator", "")
    for path in case["paths"]:
        for at, text in _texts(element, path):
            if starts and not any(text.startswith(start + separator) for start in starts):
                yield at, text


def _no_spaces(case: dict, element, today) -> Bad:
    for path in case["paths"]:
        for item in element.xpath(path):
            text = item.text or "" if isinstance(item, etree._Element) else str(item)
            if text != text.strip():
                yield (item if isinstance(item, etree._Element) else element), text


def _regex_matches(case: dict, element, today) -> Bad:
    for path in case["paths"]:
        for at, text in _texts(element, path):
            if not re.search(case["regex"], text):
                yield at, text


def _date_now(case: dict, element, today) -> Bad:
    found = _day(element, case["date"], today)
    if found and found[1] > today:
        yield found[0], found[1].isoformat()


def _date_order(case: dict, element, today) -> Bad:
    less, more = _day(element, case["less"], today), _day(element, case["more"], today)
    if less and more and less[1] > more[1]:
        yield less[0], less[1].isoformat()


def _between_dates(case: dict, element, today) -> Bad:
    start, end = _day(element, case["start"], today), _day(element, case["end"], today)
    for at, text in _texts(element, case["date"]):
        if start and end and not start[1] <= dt.date.fromisoformat(text[:10]) <= end[1]:
            yield at, text


def _time_limit(case: dict, element, today) -> Bad:
    """A budget's period is a year at most: it ends before the same day of the next year has passed."""
    start, end = _day(element, case["start"], today), _day(element, case["end"], today)
    if start and end and end[1] > _a_year_after(start[1]):
        yield end[0], end[1].isoformat()


def _a_year_after(day: dt.date) -> dt.date:
    last = calendar.monthrange(day.year + 1, day.month)[1]
    return day.replace(year=day.year + 1, day=min(day.day, last))


def _numbers(element, path: str) -> Iterator[tuple[Any, str, Decimal | None]]:
    for at, text in _texts(element, path):
        try:
            yield at, text, Decimal(text)
        except InvalidOperation:
            yield at, text, None


def _range(case: dict, element, today) -> Bad:
    low, high = Decimal(str(case["min"])), Decimal(str(case["max"]))
    for path in case["paths"]:
        for at, text, number in _numbers(element, path):
            if number is None or not low <= number <= high:
                yield at, text


def _strict_sum(case: dict, element, today) -> Bad:
    numbers = [number or Decimal(0) for path in case["paths"] for _at, _text, number in _numbers(element, path)]
    if sum(numbers) != Decimal(str(case["sum"])):
        yield element, str(sum(numbers))


def _if_then(case: dict, element, today) -> Bad:
    if _truth(element, case["if"]) and not _truth(element, case["then"]):
        yield element, ""


def _one_or_all(case: dict, element, today) -> Bad:
    """Said once for the activity, or for every part that needs it."""
    if case["all"] == "sector":
        some = element.xpath("transaction/sector")
        if some and not element.xpath("sector"):
            yield from ((at, "") for at in element.xpath("transaction[not(sector)]"))
        return
    if element.xpath(case["one"]):
        return
    if case["all"] == "lang":
        yield from ((at, "") for at in element.iter("narrative") if XML_LANG not in at.attrib)
    else:
        wanted = (at for at in element.iter("value", "forecast") if at.getparent().tag in MONEY_PARENTS)
        yield from ((at, "") for at in wanted if case["all"] not in at.attrib)


MONEY_PARENTS = {"budget", "planned-disbursement", "transaction", "budget-item", "loan-status", "fss"}
CHECKS: dict[str, Callable[[dict, Any, dt.date], Bad]] = {
    "atleast_one": _atleast_one, "between_dates": _between_dates, "date_now": _date_now, "date_order": _date_order,
    "if_then": _if_then, "no_more_than_one": _no_more_than_one, "no_spaces": _no_spaces, "one_or_all": _one_or_all,
    "range": _range, "regex_matches": _regex_matches, "startswith": _startswith, "strict_sum": _strict_sum,
    "time_limit": _time_limit, "unique": _unique,
}  # fmt: skip
