"""From the text of an expression to its tree. The tree is plain tuples: (kind, parts…)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tirek_engines.errors import Refusal

MOST_CHARACTERS = 20_000
MOST_DEPTH = 60
TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d*)?|\.\d+)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<sign>::|//|\.\.|<=|>=|!=|[()\[\],/|+\-=<>*@.$])
    | (?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    )""",
    re.VERBOSE,
)
LEVELS = (("or",), ("and",), ("=", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "div", "mod"))
WORDS = {"or", "and", "div", "mod"}
AXES = {"child", "parent", "self", "descendant", "descendant-or-self", "ancestor", "attribute"}

Tree = tuple[Any, ...]


class BadExpression(Refusal):
    """An expression of a form cannot be read."""

    code = "bad_expression"


@lru_cache(maxsize=4096)
def parse(text: str) -> Tree:
    """The tree of an expression. Raises `BadExpression` with the place where it goes wrong."""
    if len(text) > MOST_CHARACTERS:
        raise BadExpression(f"The expression has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read.")
    reader = _Reader(text, _tokens(text))
    tree = reader.level(0)
    if reader.kind != "end":
        raise reader.wrong()
    return tree


def functions_in(tree: Tree) -> Iterator[str]:
    """Names of the functions that an expression calls."""
    if tree and tree[0] == "call":
        yield tree[1]
    for part in tree:
        if isinstance(part, tuple):
            yield from functions_in(part)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, place = [], 0
    end = len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            raise BadExpression(f"“{text.strip()[:200]}” cannot be read from “{text[place : place + 20].strip()}” on.")
        found.append((str(match.lastgroup), match[match.lastgroup or 0], match.start(match.lastgroup or 0)))
        place = match.end()
    return [*found, ("end", "", len(text))]


class _Reader:
    def __init__(self, text: str, tokens: list[tuple[str, str, int]]):
        self.text, self.tokens, self.at, self.depth = text, tokens, 0, 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def value(self) -> str:
        return self.tokens[self.at][1] if self.kind in ("sign", "name") else ""

    def wrong(self) -> BadExpression:
        place = self.tokens[self.at][2]
        near = self.text[place : place + 20].strip()
        where = f"at “{near}”" if near else "at its end"
        return BadExpression(f"“{self.text.strip()[:200]}” cannot be understood {where}.")

    def take(self, value: str) -> bool:
        if self.value != value:
            return False
        self.at += 1
        return True

    def want(self, value: str) -> None:
        if not self.take(value):
            raise self.wrong()

    def level(self, number: int) -> Tree:
        """Operators from the loosest to the tightest, each from left to right."""
        if number == len(LEVELS):
            return self.negated()
        self.depth += 1
        if self.depth > MOST_DEPTH * len(LEVELS):
            raise BadExpression("The expression is nested too deeply. Use a calculate question for a part of it.")
        left = self.level(number + 1)
        while self.value in LEVELS[number] and (self.kind == "sign" or self.value in WORDS):
            operator = self.value
            self.at += 1
            left = ("operator", operator, left, self.level(number + 1))
        self.depth -= 1
        return left

    def negated(self) -> Tree:
        if self.take("-"):
            return ("minus", self.negated())
        left = self.path()
        while self.take("|"):
            left = ("union", left, self.path())
        return left

    def path(self) -> Tree:
        kind, text, _place = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return ("number", float(text))
        if kind == "text":
            self.at += 1
            return ("text", text[1:-1])
        if self.take("("):
            inner = self.level(0)
            self.want(")")
            return self.steps_after(self.filtered(inner))
        if kind == "name" and self.tokens[self.at + 1][1] == "(" and text not in ("node", "text"):
            return self.steps_after(self.filtered(self.call(text)))
        return self.location()

    def call(self, name: str) -> Tree:
        self.at += 1
        self.want("(")
        arguments: list[Tree] = []
        while not self.take(")"):
            if arguments:
                self.want(",")
            arguments.append(self.level(0))
        return ("call", name, tuple(arguments))

    def filtered(self, inner: Tree) -> Tree:
        predicates = self.predicates()
        return ("filter", inner, predicates) if predicates else inner

    def predicates(self) -> tuple[Tree, ...]:
        found = []
        while self.take("["):
            found.append(self.level(0))
            self.want("]")
        return tuple(found)

    def steps_after(self, start: Tree) -> Tree:
        steps: list[Tree] = []
        while self.value in ("/", "//"):
            self.slash(steps)
            steps.append(self.step())
        return ("path", start, tuple(steps)) if steps else start

    def slash(self, steps: list[Tree]) -> None:
        if self.take("//"):
            steps.append(("descendant-or-self", "node()", ()))
        else:
            self.want("/")

    def location(self) -> Tree:
        steps: list[Tree] = []
        start: Tree = ("here",)
        if self.value in ("/", "//"):
            start = ("root",)
            if self.value == "/" and not self.begins_step(1):
                self.at += 1
                return ("path", start, ())
            self.slash(steps)
        steps.append(self.step())
        found = self.steps_after(("path", start, tuple(steps)))
        if found[1][0] == "path":  # the steps before and after the first belong together
            return ("path", found[1][1], (*found[1][2], *found[2]))
        return found

    def begins_step(self, ahead: int) -> bool:
        kind, value, _place = self.tokens[self.at + ahead]
        return kind == "name" or value in ("*", ".", "..", "@")

    def step(self) -> Tree:
        if self.take(".."):
            return ("parent", "node()", self.predicates())
        if self.take("."):
            return ("self", "node()", self.predicates())
        axis = "attribute" if self.take("@") else "child"
        if self.kind == "name" and self.tokens[self.at + 1][1] == "::":
            axis = self.value
            if axis not in AXES:
                raise self.wrong()
            self.at += 2
        if self.take("*"):
            return (axis, "*", self.predicates())
        if self.kind != "name":
            raise self.wrong()
        name = self.value
        self.at += 1
        if name in ("node", "text") and self.take("("):
            self.want(")")
            name = "node()"
        return (axis, name.rpartition(":")[2], self.predicates())
