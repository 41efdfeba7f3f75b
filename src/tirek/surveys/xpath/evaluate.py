"""The value of an expression: a number, a text, a truth, a day or moment, or nodes."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tirek.surveys.xpath.nodes import Node
from tirek.surveys.xpath.parse import BadExpression, Tree, parse

EPOCH = dt.date(1970, 1, 1)
DAY_SECONDS = 86_400
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:T.*)?")
MOST_NODES = 200_000
"""Steps that one evaluation may take: a form cannot keep the server busy."""

Function = tuple[int, int, Callable[..., Any]]
FUNCTIONS: dict[str, Function] = {}
"""Fewest and most arguments, and the function; filled by ``functions``."""

Value = float | str | bool | dt.date | dt.datetime | list


@dataclass(frozen=True)
class Context:
    """Where an expression stands.

    ``lists`` are the secondary instances by id; ``label`` gives the label of a choice of a question (``jr:choice-name``).
    """

    node: Node
    now: dt.datetime
    lists: Mapping[str, Node] = field(default_factory=dict)
    label: Callable[[Node, str], str] | None = None
    random: Callable[[], float] = lambda: 0.5
    start: Node | None = None
    position: int = 1
    size: int = 1
    budget: list[int] = field(default_factory=lambda: [MOST_NODES])

    def spend(self, steps: int) -> None:
        """Count what is looked at; a form that looks at too much is refused."""
        self.budget[0] -= steps
        if self.budget[0] < 0:
            raise BadExpression("The expression looks at too much. Make its lists shorter.")

    def at(self, node: Node, position: int = 1, size: int = 1) -> Context:
        self.spend(1)
        return replace(self, node=node, position=position, size=size, start=self.start or self.node)


def evaluate(expression: str | Tree, context: Context) -> Value:
    """The value of an expression at a node."""
    tree = parse(expression) if isinstance(expression, str) else expression
    kind = tree[0]
    if kind in ("number", "text"):
        return tree[1]
    if kind == "operator":
        return _operator(tree, context)
    if kind == "minus":
        return -to_number(evaluate(tree[1], context))
    if kind == "call":
        return _call(tree, context)
    if kind in ("path", "filter", "union", "here", "root"):
        return nodes_of(tree, context)
    raise BadExpression(f"{kind} is not understood.")


def nodes_of(tree: Tree, context: Context) -> list[Node]:
    """The nodes that a path means."""
    kind = tree[0]
    if kind == "here":
        return [context.node]
    if kind == "root":
        top = Node("")
        top.children = [(context.start or context.node).root]  # inside a list too, / is the form
        return [top]
    if kind == "union":
        left, right = nodes_of(tree[1], context), nodes_of(tree[2], context)
        return [*left, *(node for node in right if not any(node is other for other in left))]
    if kind == "filter":
        return _kept(_as_nodes(evaluate(tree[1], context)), tree[2], context)
    if kind != "path":
        return _as_nodes(evaluate(tree, context))
    found = nodes_of(tree[1], context)
    own = _own_rows(context) if tree[1][0] == "root" else {}
    for place, (axis, name, predicates) in enumerate(tree[2], start=1):
        mine = own.get((place, name)) if axis == "child" and not predicates and place < len(tree[2]) else None
        if mine is not None and any(mine.parent is one for one in found):
            found = [mine]  # as JavaRosa: a whole path inside a row means that row
            continue
        own = {} if place > 1 else own
        reached = []
        for one in found:
            looked = _step(one, axis, name)
            context.spend(len(looked) + 1)
            reached += _kept(looked, predicates, context)
        found = reached
    return found


def _own_rows(context: Context) -> dict[tuple[int, str], Node]:
    """What stands around the place of the expression, by depth (the form is 1) and name."""
    node: Node | None = context.start or context.node
    above: list[Node] = []
    while node is not None:
        above.append(node)
        node = node.parent
    return {(depth, one.name): one for depth, one in enumerate(reversed(above), start=1)}


def _as_nodes(value: Value) -> list[Node]:
    if not isinstance(value, list):
        raise BadExpression("A value stands where a list of questions is needed.")
    return value


def _step(node: Node, axis: str, name: str) -> list[Node]:
    if axis == "child":
        found = node.children
    elif axis == "self":
        found = [node]
    elif axis == "parent":
        found = [node.parent] if node.parent is not None else []
    elif axis == "descendant":
        found = list(node.below())
    elif axis == "descendant-or-self":
        found = [node, *node.below()]
    elif axis == "ancestor":
        found = []
        above = node.parent
        while above is not None:
            found.append(above)
            above = above.parent
    else:  # attributes: forms have none that are answers
        found = []
    return [one for one in found if name in ("*", "node()") or one.name == name]


def _kept(nodes: list[Node], predicates: tuple[Tree, ...], context: Context) -> list[Node]:
    for predicate in predicates:
        kept = []
        for place, node in enumerate(nodes, start=1):
            value = evaluate(predicate, context.at(node, place, len(nodes)))
            if (value == place) if isinstance(value, float) and not isinstance(value, bool) else is_true(value):
                kept.append(node)
        nodes = kept
    return nodes


def _call(tree: Tree, context: Context) -> Value:
    found = FUNCTIONS.get(tree[1])
    if found is None:
        raise BadExpression(f"The function {tree[1]}() is not known here.")
    fewest, most, function = found
    if not fewest <= len(tree[2]) <= most:
        raise BadExpression(f"The function {tree[1]}() is given {len(tree[2])} values.")
    return function(context, *tree[2])


def _operator(tree: Tree, context: Context) -> Value:
    _kind, sign, left_tree, right_tree = tree
    if sign in ("and", "or"):
        left = is_true(evaluate(left_tree, context))
        if left == (sign == "or"):
            return left
        return is_true(evaluate(right_tree, context))
    left, right = evaluate(left_tree, context), evaluate(right_tree, context)
    if sign in ("=", "!="):
        return _equal(left, right) == (sign == "=")
    a, b = to_number(left), to_number(right)
    if sign in ARITHMETIC:
        return ARITHMETIC[sign](a, b)
    return COMPARE[sign](a, b)


def _divided(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if not a or math.isnan(a) else math.copysign(math.inf, a)


def _remainder(a: float, b: float) -> float:
    return math.fmod(a, b) if b and math.isfinite(a) and math.isfinite(b) else math.nan


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "div": _divided,
    "mod": _remainder,
}
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def _equal(left: Any, right: Any) -> bool:
    """As JavaRosa compares: truths as truths, numbers as numbers, everything else as texts; no node is the empty text."""
    if isinstance(left, bool) or isinstance(right, bool):
        return is_true(left) == is_true(right)
    for many, other in ((left, right), (right, left)):
        if isinstance(many, list) and len(many) > 1:
            return any(_equal(node.text, other) for node in many)
    if isinstance(left, float) or isinstance(right, float):
        return to_number(left) == to_number(right)
    return to_text(left) == to_text(right)


def to_text(value: Any) -> str:
    """A value as an answer is written."""
    if isinstance(value, list):
        return value[0].text if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def to_number(value: Any) -> float:
    """A day is its number since 1970; a text that is no number is NaN."""
    if isinstance(value, list):
        return to_number(value[0].text if value else "")
    if isinstance(value, dt.datetime):
        return value.timestamp() / DAY_SECONDS
    if isinstance(value, dt.date):
        return float((value - EPOCH).days)
    if isinstance(value, (bool, int, float)):
        return float(value)
    text = value.strip()
    if DAY.fullmatch(text):
        found = to_moment(text)
        return to_number(found) if found is not None else math.nan
    if not re.fullmatch(r"-?(?:\d+(?:\.\d*)?|\.\d+)", text):
        return math.nan
    return float(text)


def to_moment(text: str) -> dt.date | dt.datetime | None:
    """A day or a moment as ISO 8601 writes them."""
    try:
        if "T" in text:
            found = dt.datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def is_true(value: Any) -> bool:
    """A number that is not zero, a text or nodes that are not empty."""
    if isinstance(value, list):
        return bool(value) and value[0].text != ""
    if isinstance(value, float):
        return bool(value) and not math.isnan(value)
    return bool(value)
