"""One answering of a form: what is asked now, what is calculated, what is wrong with an answer.

The same rules hold for a page in the browser, for the preview, and for checking what a telephone sent.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tirek.surveys.forms.definition import Bind, Control, Definition
from tirek.surveys.forms.rows import Rows, places, plain_path, same_rows
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
        Path of a question -> answer as OpenRosa writes it. In a row of a repeat the path has the row's number,
        ``member[2]/age``; ``member[]`` is how many rows there are.
    now
        The moment, with its zone: ``today()`` is its day.
    language
        Of choices that stand in calculated texts.
    seed
        What is drawn by lot is drawn the same for the same number.
    fewest_rows
        Of repeats that the form counts: 1 for a preview, so that they are seen.
    """

    def __init__(
        self,
        definition: Definition,
        answers: Mapping[str, str],
        now: dt.datetime,
        *,
        language: str = "",
        seed: int = 0,
        fewest_rows: int = 0,
    ):
        self.definition, self.now, self.seed = definition, now, seed
        self.language = language or (definition.languages[0] if definition.languages else "")
        self.given = dict(answers)
        self.set_by_form: dict[str, str] = {}
        self.root = Node(definition.template.name)
        self.rows = Rows(definition, self.given, fewest_rows)
        for child in definition.template.children:
            self.rows.grow(child, self.root, "", "")
        self.nodes: dict[str, Node] = {}
        self.by_plain: dict[str, list[tuple[str, Node]]] = {}
        self._begin_rows()
        self.settle()

    def _begin_rows(self) -> None:
        """Know the places that are new, and give them what the form sets when a row begins."""
        before = self.nodes
        self.nodes, self.by_plain = places(self.root, self.rows.repeats)
        fresh = {path for path, node in self.nodes.items() if before.get(path) is not node}
        for path in fresh & self.given.keys():
            if not self.nodes[path].children:
                self.nodes[path].value = self.given[path]
        for plain, bind in self.definition.binds.items():
            if bind.preload == "date":
                self._begin(plain, fresh, lambda _node: self.now.date().isoformat())
        sets = [one for one in self.definition.settings if not one.trigger]
        if sets and any(path in fresh for one in sets for path, _node in self.by_plain.get(one.path, ())):
            self._compute()
        for one in sets:
            self._begin(one.path, fresh, lambda node, one=one: to_text(self.value(one.value, node)))

    def _begin(self, plain: str, fresh: set[str], value: Callable[[Node], str]) -> None:
        for path, node in self.by_plain.get(plain, ()):
            if path in fresh and path not in self.given:
                with contextlib.suppress(BadExpression):
                    node.value = self.set_by_form[path] = _no_nan(value(node))

    def settle(self) -> None:
        """Calculate, decide what is asked and how many rows there are, until nothing changes any more."""
        for _pass in range(MOST_PASSES):
            self._compute()
            if not self.rows.counted(self.by_plain, self.value):
                return
            self._begin_rows()

    def _compute(self) -> None:
        rules = [
            (path, node, bind)
            for plain, bind in self.definition.binds.items()
            if bind.relevant or bind.calculate
            for path, node in self.by_plain.get(plain, ())
        ]
        drawn = self.lasting_places
        for _pass in range(MOST_PASSES):
            before = [(node.value, node.is_relevant) for _path, node, _bind in rules]
            for path, node, bind in rules:
                self._settle_one(node, bind, is_drawn=path in drawn and node.value != "")
            if before == [(node.value, node.is_relevant) for _path, node, _bind in rules]:
                return

    def _settle_one(self, node: Node, bind: Bind, *, is_drawn: bool) -> None:
        """An expression that cannot be computed here (the import has said so) changes nothing."""
        with contextlib.suppress(BadExpression):
            if bind.relevant:
                node.is_relevant = is_true(self.value(bind.relevant, node))
        with contextlib.suppress(BadExpression):
            if bind.calculate and node.asked and not is_drawn:
                node.value = to_text(self.value(bind.calculate, node))

    @property
    def lasting_places(self) -> set[str]:
        """What is drawn or measured once: it must be the same when one comes back."""
        return {path for plain in _drawn_once(self.definition) for path, _node in self.by_plain.get(plain, ())}

    def lasting(self) -> dict[str, str]:
        """Values that are to be kept with the answers, though nobody gave them."""
        drawn = {path: self.nodes[path].value for path in self.lasting_places if self.nodes[path].value}
        return drawn | {path: value for path, value in self.set_by_form.items() if path in self.nodes}

    def value(self, expression: str, node: Node):
        """The value of an expression at a node."""
        more = {"random": self._chance(expression, node)} if "random" in expression else {}
        context = Context(node=node, now=self.now, lists=self.definition.lists, label=self._choice_label, **more)
        return evaluate(expression, context)

    def _chance(self, expression: str, node: Node) -> Callable[[], float]:
        """Numbers by lot: others at each place, the same when one comes back."""
        place = node.path(numbered=self.rows.repeats)
        return random.Random(f"{self.seed} {expression} {place}").random  # noqa: S311

    def set(self, answers: Mapping[str, str]) -> None:
        """Take answers, and do what the form does when they change."""
        changed = []
        for path, value in answers.items():
            self.given[path] = value
            if path in self.nodes and self.nodes[path].value != value:
                self.nodes[path].value = value
                changed.append(path)
        self.settle()
        for path in changed:
            self._follow(path)

    def _follow(self, path: str) -> None:
        """Set what the form sets when this answer changes."""
        mine = [one for one in self.definition.settings if one.trigger == plain_path(path)]
        for one in mine:
            for place, node in self.by_plain.get(one.path, ()):
                if same_rows(path, place):
                    with contextlib.suppress(BadExpression):
                        node.value = self.given[place] = self.set_by_form[place] = _no_nan(
                            to_text(self.value(one.value, node))
                        )
        if mine:
            self.settle()

    def is_asked(self, control: Control) -> bool:
        if control.kind == "repeat":
            return self.rows.is_asked(control, self.nodes, self.root, self.value)
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
        rows: dict[str, Choice] = {}
        try:
            nodes = self.value(found.nodeset, self.nodes.get(control.path, self.root))
        except BadExpression:
            nodes = []
        for row in nodes if isinstance(nodes, list) else []:
            cells = {cell.name: cell.text for cell in row.children}
            value, label = cells.get(found.value_ref, ""), cells.get(found.label_ref, "")
            if found.is_itext:
                label = self.definition.texts.text(label).say(language)
            if value and row.asked:  # a row of a repeat in which nothing is written yet offers nothing
                rows.setdefault(value, Choice(value, label or value))
        return list(rows.values())

    def _choice_label(self, asked: Node, value: str) -> str:
        control = self.definition.question(asked.path())
        if control is None:
            return value
        control = control.placed(control.path, asked.path(numbered=self.rows.repeats))
        said = {choice.value: choice.label for choice in self.choices(control, self.language)}
        return ", ".join(said.get(word, word) for word in value.split()) if value not in said else said[value]

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
        fault = check_kind(control, node.value, [c.value for c in self.choices(control, language)])
        if fault:
            return Wrong(fault)
        constraint = control.bind.constraint
        if constraint and not is_true(self.value(constraint, node)):
            own = control.bind.constraint_message
            return Wrong("constraint", self.say(own, language, control.path) if own else "")
        if plain_path(control.path) in self.rows.decides and self.rows.too_many(self.by_plain, self.value):
            return Wrong("too_many_rows")
        return None

    def answers(self) -> dict[str, str]:
        """Every answer that counts: of what is asked and not empty."""
        return {
            path: node.value
            for path, node in self.nodes.items()
            if not node.children and node.value != "" and node.asked and not path.startswith("meta/")
        }


DRAWN = re.compile(r"\b(?:once|random|uuid)\s*\(")


def _drawn_once(definition: Definition) -> list[str]:
    return [path for path, bind in definition.binds.items() if DRAWN.search(bind.calculate)]


def _no_nan(text: str) -> str:
    return "" if text == "NaN" else text


def typed(control: Control, values: list[str], now: dt.datetime) -> str:
    """What a browser sent, as OpenRosa writes it. What cannot be an answer stays as it is, to be told."""
    texts = [value.replace("\r\n", "\n").strip() for value in values]
    if control.kind in ("select", "rank"):
        return " ".join(text for text in texts if text)
    text = texts[0] if texts else ""
    if (control.kind == "time" and HOURS.fullmatch(text)) or (control.kind == "dateTime" and MINUTES.fullmatch(text)):
        return f"{text}:00.000{now.isoformat()[-6:]}"
    if control.kind in ("integer", "decimal", "range"):
        text = text.replace("\u00a0", "").replace(" ", "").replace("−", "-")
        return text.replace(",", ".") if control.kind != "integer" else text
    return text


PICTURE = re.compile(r"[0-9a-f]{64}\.jpg")
HOURS, MINUTES = re.compile(r"\d\d:\d\d"), re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
"""What browsers send; OpenRosa has seconds and the zone."""
NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?")
WHOLE = re.compile(r"-?\d{1,9}")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")


def check_kind(control: Control, value: str, choices: Sequence[str]) -> str:
    """A code of what is wrong with an answer of this kind, or nothing."""
    checks: dict[str, Callable[[str], bool]] = {
        "integer": lambda v: WHOLE.fullmatch(v) is not None,
        "decimal": lambda v: NUMBER.fullmatch(v) is not None,
        "range": lambda v: _in_range(control, v),
        "date": _is_day,
        "time": lambda v: CLOCK.fullmatch(v) is not None,
        "dateTime": _is_moment,
        "select1": lambda v: v in choices,
        "select": lambda v: set(v.split()) <= set(choices),
        "rank": lambda v: sorted(v.split()) == sorted(choices),
        "upload": lambda v: PICTURE.fullmatch(v) is not None,
        "trigger": lambda v: v in ("OK", "yes"),
        "text": lambda v: len(v) <= MOST_CHARACTERS,
        "barcode": lambda v: len(v) <= MOST_CHARACTERS,
    }
    check = checks.get(control.kind)
    return (
        ""
        if check is None or check(value)
        else {"text": "too_long", "barcode": "too_long"}.get(control.kind, f"no_{control.kind}")
    )


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
