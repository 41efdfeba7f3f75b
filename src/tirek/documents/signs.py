"""Signs that the documents' font has: one that it lacks must not stop a whole batch of documents from being printed."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any
from unicodedata import category

from tirek.documents.typesetting import FONTS

LOOKALIKES = {
    "\u2212": "–",
    "\u2192": "–",
    "\u221a": "sqrt",
    "\u2248": "~",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u03c0": "pi",
}
MISSING = "?"


def printable(content: Any) -> Any:
    """The same without marks that are not seen, with every sign that our font lacks replaced."""
    if isinstance(content, str):
        seen = (c for c in content if category(c) != "Cf")  # marks that turn or join what stands beside them
        return "".join(c if _in_font(ord(c)) else LOOKALIKES.get(c, MISSING) for c in seen)
    if isinstance(content, dict):
        return {key: printable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [printable(value) for value in content]
    return content


def _in_font(number: int) -> bool:
    starts, ends = _coverage()
    place = bisect_right(starts, number) - 1
    return number in (0x0A, 0x20, 0xA0) or (place >= 0 and number <= ends[place])


@cache
def _coverage() -> tuple[list[int], list[int]]:
    """Ranges of signs that both the regular and the bold font have."""
    rows = [line.split("-") for line in (FONTS / "coverage.txt").read_text().split()]
    return [int(row[0], 16) for row in rows], [int(row[1], 16) for row in rows]
