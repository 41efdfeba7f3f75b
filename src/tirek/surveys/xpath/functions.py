"""The functions that forms call: XPath's own and OpenRosa's. Each gets the context and its arguments unevaluated."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from tirek.surveys.xpath.evaluate import (
    FUNCTIONS,
    Context,
    Value,
    evaluate,
    is_true,
    nodes_of,
    to_moment,
    to_number,
    to_text,
)
from tirek.surveys.xpath.nodes import Node
from tirek.surveys.xpath.parse import BadExpression, Tree, parse

MOST_REGEX = 300
"""A pattern is held against no longer text: a slow pattern must not hold up the server."""
MANY = 99


def slow_pattern(pattern: str) -> bool:
    """Whether a pattern repeats what repeats already, which can take for ever."""
    return re.search(r"\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,)", pattern) is not None


def _text(context: Context, tree: Tree) -> str:
    return to_text(evaluate(tree, context))


def _number(context: Context, tree: Tree) -> float:
    return to_number(evaluate(tree, context))


def _texts(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda context, *trees: function(*(_text(context, tree) for tree in trees))


def _numbers(function: Callable[..., float]) -> Callable[..., Value]:
    def called(context: Context, *trees: Tree) -> float:
        values = [_number(context, tree) for tree in trees]
        if any(not math.isfinite(value) for value in values):
            return math.nan
        try:
            return float(function(*values))
        except (ValueError, OverflowError, ZeroDivisionError, TypeError):
            return math.nan

    return called


def _if(context: Context, condition: Tree, then: Tree, otherwise: Tree) -> Value:
    return evaluate(then if is_true(evaluate(condition, context)) else otherwise, context)


def _coalesce(context: Context, *trees: Tree) -> Value:
    found = ""
    for tree in trees:
        found = _text(context, tree)
        if found:
            break
    return found


def _once(context: Context, tree: Tree) -> Value:
    kept = context.node.value
    return kept if kept else _text(context, tree)


def _selected_at(text: str, place: str) -> str:
    words, number = text.split(), to_number(place)
    return words[int(number)] if math.isfinite(number) and 0 <= number < len(words) else ""


def _all_numbers(context: Context, trees: tuple[Tree, ...]) -> list[float]:
    found: list[float] = []
    for tree in trees:
        value = evaluate(tree, context)
        found += (
            [to_number(node.text) for node in value if node.text != ""]
            if isinstance(value, list)
            else [to_number(value)]
        )
    return found


def _sum(context: Context, tree: Tree) -> Value:
    return math.fsum(to_number(node.text) for node in nodes_of(tree, context) if node.text != "")


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Value]:
    def called(context: Context, *trees: Tree) -> Value:
        values = _all_numbers(context, trees)
        return choose(values) if values and not any(math.isnan(v) for v in values) else math.nan

    return called


def _position(context: Context, *trees: Tree) -> Value:
    if not trees:
        return float(context.position)
    nodes = nodes_of(trees[0], context)
    if not nodes or nodes[0].parent is None:
        return 1.0
    same = [node for node in nodes[0].parent.children if node.name == nodes[0].name]
    return float(next(place for place, node in enumerate(same, start=1) if node is nodes[0]))


def _join(context: Context, between: Tree, *trees: Tree) -> Value:
    parts: list[str] = []
    for tree in trees:
        value = evaluate(tree, context)
        parts += [node.text for node in value] if isinstance(value, list) else [to_text(value)]
    return _text(context, between).join(parts)


def _concat(context: Context, *trees: Tree) -> Value:
    parts: list[str] = []
    for tree in trees:
        value = evaluate(tree, context)
        parts += [node.text for node in value] if isinstance(value, list) else [to_text(value)]
    return "".join(parts)


def _substr(text: str, start: str, end: str = "") -> str:
    first = int(to_number(start)) if start else 0
    return text[first : int(to_number(end))] if end else text[first:]


def _substring(text: str, start: str, length: str = "") -> str:
    first = round(to_number(start)) - 1
    return text[max(first, 0) : max(first + round(to_number(length)), 0)] if length else text[max(first, 0) :]


def _regex(text: str, pattern: str) -> bool:
    if slow_pattern(pattern):
        raise BadExpression(f"The pattern {pattern} repeats what repeats already; it could run for ever.")
    try:
        return re.fullmatch(pattern, text[:MOST_REGEX]) is not None
    except re.error as error:
        raise BadExpression(f"The pattern {pattern} cannot be read: {error}.") from None


def _round(value: float, places: float = 0) -> float:
    scale = 10.0 ** int(places)
    return math.floor(value * scale + 0.5) / scale


def _date(context: Context, tree: Tree) -> Value:
    value = evaluate(tree, context)
    if isinstance(value, float):
        return dt.date(1970, 1, 1) + dt.timedelta(days=math.floor(value)) if math.isfinite(value) else ""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    found = to_moment(to_text(value))
    return found.date() if isinstance(found, dt.datetime) else found if found is not None else ""


def _date_time(context: Context, tree: Tree) -> Value:
    value = evaluate(tree, context)
    found = value if isinstance(value, dt.date) else to_moment(to_text(value))
    if found is None:
        return ""
    return found if isinstance(found, dt.datetime) else dt.datetime(found.year, found.month, found.day, tzinfo=dt.UTC)


STRFTIME = {"Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "M": "%M", "S": "%S", "b": "%b", "a": "%a"}


def _format_date(context: Context, tree: Tree, pattern: Tree) -> Value:
    value = evaluate(tree, context)
    found = value if isinstance(value, dt.date) else to_moment(to_text(value))
    if found is None:
        return ""
    short = {"n": str(found.month), "e": str(found.day), "h": str(getattr(found, "hour", 0)), "3": "000"}
    signs = _text(context, pattern)

    def said(match: re.Match[str]) -> str:
        sign = match[1]
        if sign in short:
            return short[sign]
        return found.strftime(STRFTIME[sign]) if sign in STRFTIME else ""

    return re.sub(r"%(.)", said, signs)


def _instance(context: Context, tree: Tree) -> Value:
    name = _text(context, tree)
    if name not in context.lists:
        raise BadExpression(f"There is no list {name}.")
    top = Node("")
    top.children = [context.lists[name]]
    return [top]


def _current(context: Context) -> Value:
    return [context.start or context.node]


def _choice_name(context: Context, value: Tree, question: Tree) -> Value:
    """The question is given as a text that is a path, as OpenRosa has it."""
    said = _text(context, value)
    asked = nodes_of(parse(_text(context, question)), context) if context.label else []
    return context.label(asked[0], said) if context.label and asked else said


def _indexed_repeat(context: Context, wanted: Tree, *rows: Tree) -> Value:
    """The answer in a row that is named by its number: question, repeat, number, and further repeats within."""
    outside = replace(context, node=(context.start or context.node).root, start=None)
    if len(rows) % 2:
        raise BadExpression("The function indexed-repeat() is given a repeat without its number.")
    inside: Node | None = None
    for repeat, number in zip(rows[::2], rows[1::2], strict=True):
        nth = _number(context, number)
        around = inside
        found = [one for one in _anywhere(repeat, context, outside) if around is None or _lies_in(one, around)]
        inside = found[int(nth) - 1] if math.isfinite(nth) and 1 <= nth <= len(found) else None
        if inside is None:
            return ""
    return next(([one] for one in _anywhere(wanted, context, outside) if inside and _lies_in(one, inside)), "")


def _anywhere(tree: Tree, context: Context, outside: Context) -> list[Node]:
    """A whole path in every row; a path from here as it is."""
    return nodes_of(tree, outside if tree[0] == "path" and tree[1] == ("root",) else context)


def _lies_in(node: Node, around: Node) -> bool:
    here: Node | None = node
    while here is not None and here is not around:
        here = here.parent
    return here is not None


PARK_MILLER, GREATEST = 16807, 2_147_483_647


def _randomize(context: Context, tree: Tree, seed: Tree | None = None) -> Value:
    """A list in an order by lot, as the specification of ODK XForms says it: Fisher and Yates with Park and Miller's numbers."""
    nodes = list(nodes_of(tree, context))
    given = _number(context, seed) if seed is not None else math.floor(context.random() * GREATEST)
    state = int(math.fmod(math.floor(given), GREATEST)) if math.isfinite(given) else 0
    state += GREATEST - 1 if state <= 0 else 0
    for place in range(len(nodes) - 1, 0, -1):
        state = state * PARK_MILLER % GREATEST
        other = int((state - 1) / (GREATEST - 1) * (place + 1))
        nodes[place], nodes[other] = nodes[other], nodes[place]
    return nodes


def _boolean_from_string(text: str) -> bool:
    return text in ("1", "true")


def _translate(text: str, old: str, new: str) -> str:
    return text.translate({ord(sign): new[place] if place < len(new) else None for place, sign in enumerate(old)})


def _checklist(context: Context, fewest: Tree, most: Tree, *trees: Tree) -> Value:
    low, high = _number(context, fewest), _number(context, most)
    n = sum(is_true(evaluate(tree, context)) for tree in trees)
    return (low < 0 or n >= low) and (high < 0 or n <= high)


def _count(context: Context, tree: Tree) -> Value:
    return float(sum(node.asked for node in nodes_of(tree, context)))


def _boolean(context: Context, tree: Tree) -> Value:
    return is_true(evaluate(tree, context))


FUNCTIONS |= {
    "if": (3, 3, _if),
    "coalesce": (1, MANY, _coalesce),
    "once": (1, 1, _once),
    "selected": (2, 2, _texts(lambda text, one: one.strip() in text.split())),
    "is-selected": (2, 2, _texts(lambda text, one: one.strip() in text.split())),
    "selected-at": (2, 2, _texts(_selected_at)),
    "count-selected": (1, 1, _texts(lambda text: float(len(text.split())))),
    "jr:choice-name": (2, 2, _choice_name),
    "indexed-repeat": (3, 7, _indexed_repeat),
    "randomize": (1, 2, _randomize),
    "true": (0, 0, lambda context: True),
    "false": (0, 0, lambda context: False),
    "not": (1, 1, lambda context, tree: not is_true(evaluate(tree, context))),
    "boolean": (1, 1, _boolean),
    "boolean-from-string": (1, 1, _texts(_boolean_from_string)),
    "checklist": (3, MANY, _checklist),
    "number": (1, 1, _number),
    "int": (1, 1, _numbers(math.trunc)),
    "round": (1, 2, _numbers(_round)),
    "floor": (1, 1, _numbers(math.floor)),
    "ceiling": (1, 1, _numbers(math.ceil)),
    "abs": (1, 1, _numbers(abs)),
    "pow": (2, 2, _numbers(lambda a, b: a**b)),
    "sqrt": (1, 1, _numbers(math.sqrt)),
    "exp": (1, 1, _numbers(math.exp)),
    "log": (1, 1, _numbers(math.log)),
    "log10": (1, 1, _numbers(math.log10)),
    "pi": (0, 0, lambda context: math.pi),
    "sum": (1, 1, _sum),
    "min": (1, MANY, _extreme(min)),
    "max": (1, MANY, _extreme(max)),
    "count": (1, 1, _count),
    "count-non-empty": (1, 1, lambda context, tree: float(sum(node.text != "" for node in nodes_of(tree, context)))),
    "position": (0, 1, _position),
    "last": (0, 0, lambda context: float(context.size)),
    "string": (1, 1, _text),
    "concat": (0, MANY, _concat),
    "join": (1, MANY, _join),
    "substr": (2, 3, _texts(_substr)),
    "substring": (2, 3, _texts(_substring)),
    "substring-before": (2, 2, _texts(lambda text, mark: text.partition(mark)[0] if mark in text else "")),
    "substring-after": (2, 2, _texts(lambda text, mark: text.partition(mark)[2])),
    "string-length": (
        0,
        1,
        lambda context, *trees: float(len(_text(context, trees[0]) if trees else context.node.text)),
    ),
    "normalize-space": (1, 1, _texts(lambda text: " ".join(text.split()))),
    "translate": (3, 3, _texts(_translate)),
    "contains": (2, 2, _texts(lambda text, part: part in text)),
    "starts-with": (2, 2, _texts(lambda text, part: text.startswith(part))),
    "ends-with": (2, 2, _texts(lambda text, part: text.endswith(part))),
    "regex": (2, 2, _texts(_regex)),
    "today": (0, 0, lambda context: context.now.date()),
    "now": (0, 0, lambda context: context.now),
    "date": (1, 1, _date),
    "date-time": (1, 1, _date_time),
    "decimal-date-time": (1, 1, lambda context, tree: to_number(_date_time(context, tree))),
    "format-date": (2, 2, _format_date),
    "format-date-time": (2, 2, _format_date),
    "instance": (1, 1, _instance),
    "current": (0, 0, _current),
    "random": (0, 0, lambda context: context.random()),
    "uuid": (0, 1, lambda context, *trees: str(uuid.uuid4())),
}
