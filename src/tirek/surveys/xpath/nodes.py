"""The tree that expressions walk: one node a question, a group or a row of a list."""

from __future__ import annotations

from collections.abc import Iterator


class Node:
    """A named node with a text or with children. What is not asked reads as empty."""

    __slots__ = ("children", "is_relevant", "name", "parent", "value")

    def __init__(self, name: str, value: str = "", parent: Node | None = None):
        self.name, self.value, self.parent = name, value, parent
        self.children: list[Node] = []
        self.is_relevant = True
        if parent is not None:
            parent.children.append(self)

    @property
    def text(self) -> str:
        """Its answer; for a group all answers below, one after the other."""
        if not self.asked:
            return ""
        return "".join(child.text for child in self.children) if self.children else self.value

    @property
    def asked(self) -> bool:
        """Relevant itself and in every group around it."""
        node: Node | None = self
        while node is not None:
            if not node.is_relevant:
                return False
            node = node.parent
        return True

    @property
    def root(self) -> Node:
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def below(self) -> Iterator[Node]:
        """All nodes below, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.below()

    def path(self, *, numbered: frozenset[str] = frozenset()) -> str:
        """Where it stands below the root; rows of the repeats in ``numbered`` have their number."""
        above: list[Node] = []
        node: Node = self
        while node.parent is not None:
            above.append(node)
            node = node.parent
        plain = path = ""
        for one in reversed(above):
            plain = f"{plain}/{one.name}".strip("/")
            path = f"{path}/{one.name}".strip("/")
            if plain in numbered:
                path += f"[{one.place}]"
        return path

    @property
    def place(self) -> int:
        """Its number among those of its name, from 1."""
        same = [] if self.parent is None else [child for child in self.parent.children if child.name == self.name]
        return next((number for number, child in enumerate(same, start=1) if child is self), 1)
