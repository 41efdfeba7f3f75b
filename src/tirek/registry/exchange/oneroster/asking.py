"""What a OneRoster client may ask of a collection: filter, sort, orderBy, limit, offset, fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tirek.registry.exchange.oneroster.spec import FILES

DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
CONDITION = re.compile(r"\s*([A-Za-z.]+)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*")
LOGIC = re.compile(r"(AND|OR)\s*", re.IGNORECASE)
OPERATORS = {"=": "=", "!=": "is distinct from", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
LISTS = ("grades", "subjects", "subjectCodes", "periods", "termSourcedIds", "agentSourcedIds")
# names in JSON -> columns in CSV, where they differ
JSON_NAMES = {
    "parent.sourcedId": "parentSourcedId", "org.sourcedId": "orgSourcedId", "school.sourcedId": "schoolSourcedId",
    "course.sourcedId": "courseSourcedId", "class.sourcedId": "classSourcedId", "user.sourcedId": "userSourcedId",
    "terms.sourcedId": "termSourcedIds", "agents.sourcedId": "agentSourcedIds", "primaryOrg.sourcedId": "primaryOrgSourcedId",
    "schoolYear.sourcedId": "schoolYearSourcedId",
}  # fmt: skip


class BadRequest(Exception):
    """The question cannot be answered; ``minor`` is the standard's code for why."""

    def __init__(self, minor: str, description: str, status: int = 400):
        super().__init__(description)
        self.minor, self.description, self.status = minor, description, status


@dataclass
class Question:
    """A page of a collection: SQL conditions with their values, order, and which fields to give."""

    name: str
    where: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    order: str = '"sourcedId"'
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    fields: tuple[str, ...] = ()

    def add(self, condition: str, **values: object) -> None:
        self.where.append(condition)
        self.values |= values

    @property
    def conditions(self) -> str:
        return " and ".join(f"({c})" for c in self.where) or "true"


def question(name: str, query) -> Question:
    """Read a request's query parameters for the collection of this CSV name."""
    asked = Question(name, limit=_number(query, "limit", DEFAULT_LIMIT, 1), offset=_number(query, "offset", 0, 0))
    asked.limit = min(asked.limit, MAX_LIMIT)
    if query.get("filter"):
        _filter(asked, query["filter"])
    if query.get("sort"):
        direction = query.get("orderBy", "asc").lower()
        if direction not in ("asc", "desc"):
            raise BadRequest("invaliddata", "orderBy must be asc or desc.")
        asked.order = f'"{_column(name, query["sort"], "invalid_sort_field")}" {direction}, "sourcedId"'
    asked.fields = tuple(f.strip() for f in query.get("fields", "").split(",") if f.strip())
    return asked


def _number(query, name: str, default: int, low: int) -> int:
    text = query.get(name, "")
    if text == "":
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < low:
        raise BadRequest("invaliddata", f"{name} must be a whole number of at least {low}.")
    return int(text)


def _column(name: str, text: str, minor: str) -> str:
    column = JSON_NAMES.get(text, text)
    if column not in FILES[name].columns or column == "password":
        raise BadRequest(minor, f"{text} is not a field of this collection.")
    return column


def _filter(asked: Question, text: str) -> None:
    """One condition, or several joined by AND or by OR; values stand in single quotes."""
    place, sql = 0, ""
    while True:
        match = CONDITION.match(text, place)
        if match is None:
            raise BadRequest("invalid_filter_field", "The filter must read field='value', joined by AND or OR.")
        sql += _condition(asked, *match.groups())
        place = match.end()
        if place == len(text):
            break
        logic = LOGIC.match(text, place)
        if logic is None:
            raise BadRequest("invalid_filter_field", "Conditions are joined by AND or OR.")
        sql += f" {logic[1].lower()} "
        place = logic.end()
    asked.where.append(sql)


def _condition(asked: Question, field_name: str, operator: str, value: str) -> str:
    column = _column(asked.name, field_name, "invalid_filter_field")
    key = f"f{len(asked.values)}"
    value = value.replace("''", "'")
    if operator == "~":
        asked.values[key] = value.lower()
        return f'position(%({key})s in lower("{column}")) > 0'
    asked.values[key] = value
    if column in LISTS and operator in ("=", "!="):
        found = f"%({key})s = any(string_to_array(replace(\"{column}\", ', ', ','), ','))"
        return found if operator == "=" else f"not coalesce({found}, false)"
    return f'"{column}" {OPERATORS[operator]} %({key})s'
