"""Rows of repeats: how many there are, where each stands, adding and taking away.

An answer in a row is kept under a path with the row's number, ``member[2]/age``, as ODK Collect's submissions are kept;
``member[]`` is how many rows somebody asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tirek.surveys.forms.definition import Control, Definition
from tirek.surveys.xpath import BadExpression, Node, is_true, to_number

MOST_ROWS = 50
MOST_IN_ALL = 200
"""Rows of one repeat, and of all repeats of a form together."""
NUMBER = re.compile(r"\[(\d+)\]")
NAMES = re.compile(r"/[\w.\-/]+")

Places = Mapping[str, list[tuple[str, Node]]]
Value = Callable[[str, Node], Any]


def plain_path(path: str) -> str:
    """The place in the form, without numbers of rows."""
    return NUMBER.sub("", path)


def same_rows(one: str, other: str) -> bool:
    """Whether two places stand in the same rows as far as they share repeats."""
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if plain_path(a) != plain_path(b):
            return True
        if a != b:
            return False
    return True


def places(root: Node, repeats: Iterable[str]) -> tuple[dict[str, Node], dict[str, list[tuple[str, Node]]]]:
    """Every node by its place, and those of each place of the form."""
    wanted = set(repeats)
    found: dict[str, Node] = {}
    by_plain: dict[str, list[tuple[str, Node]]] = {}

    def look(node: Node, path: str, plain: str) -> None:
        seen: dict[str, int] = {}
        for child in node.children:
            seen[child.name] = seen.get(child.name, 0) + 1
            here, same = f"{path}/{child.name}".strip("/"), f"{plain}/{child.name}".strip("/")
            if same in wanted:
                here += f"[{seen[child.name]}]"
            found[here] = child
            by_plain.setdefault(same, []).append((here, child))
            look(child, here, same)

    look(root, "", "")
    return found, by_plain


class Rows:
    """The rows of one interview."""

    def __init__(self, definition: Definition, given: Mapping[str, str], fewest: int = 0):
        self.definition, self.given, self.fewest = definition, given, fewest
        self.repeats = frozenset(definition.repeats)
        self.made = 0
        self.decides = _deciding(definition)

    def wanted(self, place: str) -> int:
        """Rows that were asked for or answered; a repeat that nobody has touched has one, as in ODK Collect."""
        if f"{place}[]" in self.given:
            return min(int(self.given[f"{place}[]"] or 0), MOST_ROWS)
        head = f"{place}["
        numbers = [int(path[len(head) :].partition("]")[0] or 0) for path in self.given if path.startswith(head)]
        return min(max([1, *numbers]), MOST_ROWS)

    def grow(self, template: Node, parent: Node, path: str, plain: str) -> None:
        """Put a part of the form in its place: once, or as many times as it has rows."""
        same, here = f"{plain}/{template.name}".strip("/"), f"{path}/{template.name}".strip("/")
        repeat = self.definition.repeats.get(same)
        if repeat is None:
            self._copy(template, parent, here, same)
            return
        for number in range(1, (0 if repeat.count else self.wanted(here)) + 1):
            self._row(template, parent, f"{here}[{number}]", same)

    def _row(self, template: Node, parent: Node, path: str, plain: str) -> Node | None:
        if self.made >= MOST_IN_ALL:
            return None
        self.made += 1
        return self._copy(template, parent, path, plain)

    def _copy(self, template: Node, parent: Node, path: str, plain: str) -> Node:
        made = Node(template.name, template.value, parent)
        for child in template.children:
            self.grow(child, made, path, plain)
        return made

    def has(self, place: str, nodes: Mapping[str, Node]) -> int:
        """How many rows a repeat has."""
        number = 0
        while f"{place}[{number + 1}]" in nodes:
            number += 1
        return number

    def may_grow(self, place: str, nodes: Mapping[str, Node]) -> bool:
        return self.has(place, nodes) < MOST_ROWS and self.made < MOST_IN_ALL

    def counted(self, by_plain: Places, value: Value) -> bool:
        """Give each repeat that is counted by the form its rows; whether anything changed."""
        changed = False
        for plain, repeat in self.definition.repeats.items():
            if not repeat.count:
                continue
            for path, parent in _parents(plain, by_plain, self.root_of(by_plain)):
                has = [child for child in parent.children if child.name == repeat.name]
                wanted = min(self._count(repeat, parent, value), MOST_ROWS)
                changed |= self._fit(plain, path, parent, has, wanted)
        return changed

    def _fit(self, plain: str, path: str, parent: Node, has: list[Node], wanted: int) -> bool:
        for row in has[wanted:]:
            parent.children.remove(row)
            self.made -= 1
        template = _template(self.definition.template, plain)
        added = 0
        for number in range(len(has) + 1, wanted + 1):
            row = self._row(template, parent, f"{path}/{template.name}[{number}]".strip("/"), plain)
            added += row is not None
        return len(has) > wanted or added > 0

    def _count(self, repeat: Control, parent: Node, value: Value) -> int:
        try:
            number = to_number(value(repeat.count, _beside(parent, repeat.name)))
        except BadExpression:
            return self.fewest
        return max(int(number), self.fewest) if math.isfinite(number) else self.fewest

    def too_many(self, by_plain: Places, value: Value) -> bool:
        """Whether answers ask for more rows than a browser is given."""
        root = self.root_of(by_plain)
        asked = [
            self._count(repeat, parent, value)
            for plain, repeat in self.definition.repeats.items()
            if repeat.count
            for _path, parent in _parents(plain, by_plain, root)
        ]
        return any(number > MOST_ROWS for number in asked) or sum(asked) > MOST_IN_ALL

    def root_of(self, by_plain: Places) -> Node:
        return next(iter(by_plain.values()))[0][1].root

    def is_asked(self, repeat: Control, nodes: Mapping[str, Node], root: Node, value: Value) -> bool:
        """Whether a repeat is asked for at all: its rows decide, or what they would say if it has none."""
        parent = nodes.get(repeat.path.rpartition("/")[0], root)
        if not parent.asked:
            return False
        if not repeat.bind.relevant:
            return True
        try:
            return is_true(value(repeat.bind.relevant, _beside(parent, repeat.name)))
        except BadExpression:
            return True


def _beside(parent: Node, name: str) -> Node:
    """A place where a row would stand; the form does not know it."""
    node = Node(name)
    node.parent = parent
    return node


def _parents(plain: str, by_plain: Places, root: Node) -> list[tuple[str, Node]]:
    above = plain.rpartition("/")[0]
    return list(by_plain.get(above, [])) if above else [("", root)]


def _template(template: Node, plain: str) -> Node:
    node = template
    for name in plain.split("/"):
        node = next(child for child in node.children if child.name == name)
    return node


def _deciding(definition: Definition) -> frozenset[str]:
    """Questions whose answers decide how many rows there are, also through a calculation."""
    found: set[str] = set()
    texts = [repeat.count for repeat in definition.repeats.values() if repeat.count]
    while texts:
        for path in NAMES.findall(texts.pop()):
            plain = path.removeprefix(f"/{definition.root}").strip("/")
            if plain in definition.binds and plain not in found:
                found.add(plain)
                texts.append(definition.binds[plain].calculate)
    return frozenset(found)


def with_row(given: Mapping[str, str], repeat: str, rows: int) -> dict[str, str]:
    """The answers with one more row at the end of a repeat."""
    return {**given, f"{repeat}[]": str(rows + 1)}


def without_row(given: Mapping[str, str], repeat: str, number: int, rows: int) -> dict[str, str]:
    """The answers without one row; the rows after it move up."""
    kept: dict[str, str] = {}
    head = f"{repeat}["
    for path, value in given.items():
        row = path[len(head) :].partition("]")[0] if path.startswith(head) else ""
        if not row or int(row) < number:
            kept[path] = value
        elif int(row) > number:
            kept[f"{head}{int(row) - 1}{path[len(head) + len(row) :]}"] = value
    return kept | {f"{repeat}[]": str(max(rows - 1, 0))}
