"""One answering of a form: what is asked now, what is calculated, what is wrong with an answer.

The same rules hold for a page in the browser, for the preview, and for checking what a telephone sent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tirek.surveys.forms.definition import Bind, Control, Definition
from tirek.surveys.xpath import BadExpression, Context, Node, evaluate, is_true, to_text

MOST_PASSES = 8
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Wrong:
    """Why an answer is not taken: a code of ours, and the form's own words if it has any."""

    code: str
    message: str = ""


class Interview:
    """The form with answers in it.

    Parameters
    ----------
    definition
        The form.
    answers
        Path of a question -> answer as OpenRosa writes it.
    now
        The moment, with its zone: ``today()`` is its day.
    """

    def __init__(self, definition: Definition, answers: Mapping[str, str], now: dt.datetime):
        self.definition, self.now = definition, now
        self.root = _copy(definition.template)
        self.nodes = dict(_paths(self.root))
        for path, value in answers.items():
            if path in self.nodes and not self.nodes[path].children:
                self.nodes[path].value = value
        self._defaults(answers)
        self.settle()

    def _defaults(self, answers: Mapping[str, str]) -> None:
        for path, bind in self.definition.binds.items():
            if path in self.nodes and path not in answers and bind.preload == "date":
                self.nodes[path].value = self.now.date().isoformat()

    def settle(self) -> None:
        """Calculate and decide what is asked until nothing changes any more."""
        rules = [(self.nodes[path], bind) for path, bind in self.definition.binds.items() if path in self.nodes]
        for _pass in range(MOST_PASSES):
            before = [(node.value, node.is_relevant) for node, _bind in rules]
            for node, bind in rules:
                self._settle_one(node, bind)
            if before == [(node.value, node.is_relevant) for node, _bind in rules]:
                return

    def _settle_one(self, node: Node, bind: Bind) -> None:
        """An expression that cannot be computed here (the import has said so) changes nothing."""
        with contextlib.suppress(BadExpression):
            if bind.relevant:
                node.is_relevant = is_true(self.value(bind.relevant, node))
        with contextlib.suppress(BadExpression):
            if bind.calculate and node.asked:
                node.value = to_text(self.value(bind.calculate, node))

    def value(self, expression: str, node: Node):
        """The value of an expression at a node."""
        context = Context(node=node, now=self.now, lists=self.definition.lists, label=self._choice_label)
        return evaluate(expression, context)

    def set(self, answers: Mapping[str, str]) -> None:
        for path, value in answers.items():
            if path in self.nodes:
                self.nodes[path].value = value
        self.settle()

    def is_asked(self, control: Control) -> bool:
        node = self.nodes.get(control.path)
        return node is None or node.asked

    def answer(self, path: str) -> str:
        node = self.nodes.get(path)
        return node.value if node is not None else ""

    def is_required(self, control: Control) -> bool:
        required = control.bind.required
        if required in ("", "false()"):
            return False
        return required == "true()" or is_true(self.value(required, self.nodes[control.path]))

    def say(self, text, language: str, path: str = "") -> str:
        """A label with the answers that stand in it."""
        node = self.nodes.get(path, self.root)
        return text.say(language, lambda expression: self._shown(expression, node))

    def _shown(self, expression: str, node: Node) -> str:
        try:
            return to_text(self.value(expression, node))
        except BadExpression:
            return "…"

    def choices(self, control: Control, language: str) -> list[Choice]:
        """What can be chosen now."""
        found = control.choices
        if found is None:
            return []
        if not found.nodeset:
            return [Choice(value, text.say(language)) for value, text in found.fixed]
        rows = []
        try:
            nodes = self.value(_without_order(found.nodeset), self.nodes[control.path])
        except BadExpression:
            nodes = []
        for row in nodes if isinstance(nodes, list) else []:
            cells = {cell.name: cell.value for cell in row.children}
            value, label = cells.get(found.value_ref, ""), cells.get(found.label_ref, "")
            if found.is_itext:
                label = self.definition.texts.text(label).say(language)
            rows.append(Choice(value, label or value))
        return rows

    def _choice_label(self, path: str, value: str) -> str:
        short = path.strip().removeprefix(f"/{self.definition.root}").strip("/")
        control = self.definition.question(short)
        if control is None:
            return value
        language = self.definition.languages[0] if self.definition.languages else ""
        return next((choice.label for choice in self.choices(control, language) if choice.value == value), value)

    def wrong(self, control: Control, language: str) -> Wrong | None:
        """What is wrong with the answer as it is: missing though needed, or against the form's own rule."""
        node = self.nodes[control.path]
        if not node.asked:
            return None
        if node.value == "":
            if not self.is_required(control):
                return None
            own = control.bind.required_message
            return Wrong("required", self.say(own, language, control.path) if own else "")
        fault = check_kind(control, node.value, {c.value for c in self.choices(control, language)})
        if fault:
            return Wrong(fault)
        constraint = control.bind.constraint
        if constraint and not is_true(self.value(constraint, node)):
            own = control.bind.constraint_message
            return Wrong("constraint", self.say(own, language, control.path) if own else "")
        return None

    def answers(self) -> dict[str, str]:
        """Every answer that counts: of what is asked and not empty."""
        return {
            path: node.value
            for path, node in self.nodes.items()
            if not node.children and node.value != "" and node.asked and not path.startswith("meta/")
        }


def _without_order(nodeset: str) -> str:
    """``randomize(list)`` is shown in the list's order: everybody sees the same page twice."""
    found = re.fullmatch(r"\s*randomize\((.*?)(?:,[^,()]*)?\)\s*", nodeset, re.DOTALL)
    return found[1] if found else nodeset


def _copy(node: Node, parent: Node | None = None) -> Node:
    made = Node(node.name, node.value, parent)
    for child in node.children:
        _copy(child, made)
    return made


def _paths(node: Node, path: str = "") -> Iterable[tuple[str, Node]]:
    for child in node.children:
        here = f"{path}/{child.name}".strip("/")
        yield here, child
        yield from _paths(child, here)


def typed(control: Control, values: list[str]) -> str:
    """What a browser sent, as OpenRosa writes it. What cannot be an answer stays as it is, to be told."""
    texts = [value.replace("\r\n", "\n").strip() for value in values]
    if control.kind in ("select", "rank"):
        return " ".join(text for text in texts if text)
    text = texts[0] if texts else ""
    if control.kind in ("integer", "decimal", "range"):
        text = text.replace("\u00a0", "").replace(" ", "").replace("−", "-")
        return text.replace(",", ".") if control.kind != "integer" else text
    return text


NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
WHOLE = re.compile(r"-?\d{1,9}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def check_kind(control: Control, value: str, choices: set[str]) -> str:
    """A code of what is wrong with an answer of this kind, or nothing."""
    checks: dict[str, Callable[[str], bool]] = {
        "integer": lambda v: WHOLE.fullmatch(v) is not None,
        "decimal": lambda v: NUMBER.fullmatch(v) is not None,
        "range": lambda v: _in_range(control, v),
        "date": _is_day,
        "time": lambda v: CLOCK.fullmatch(v) is not None,
        "dateTime": _is_moment,
        "select1": lambda v: v in choices,
        "select": lambda v: set(v.split()) <= choices,
        "rank": lambda v: set(v.split()) <= choices,
        "trigger": lambda v: v in ("OK", "yes"),
        "text": lambda v: len(v) <= MOST_CHARACTERS,
    }
    check = checks.get(control.kind)
    return "" if check is None or check(value) else {"text": "too_long"}.get(control.kind, f"no_{control.kind}")


def _in_range(control: Control, value: str) -> bool:
    if NUMBER.fullmatch(value) is None or control.limits is None:
        return False
    low, high, step = (float(limit) if NUMBER.fullmatch(limit) else None for limit in control.limits)
    number = float(value)
    if low is not None and high is not None and not min(low, high) <= number <= max(low, high):
        return False
    steps = (number - (low or 0)) / step if step else 0
    return abs(steps - round(steps)) < 1e-9


def _is_day(value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10


def _is_moment(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return "T" in value


__all__ = ["BadExpression", "Choice", "Interview", "Wrong", "check_kind", "typed"]
