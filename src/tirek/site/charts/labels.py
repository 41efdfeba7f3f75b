"""Where labels stand so that none covers a line or the edge, also on the narrowest screen.

Places across are per cent, letters are pixels: what fits on the narrowest screen fits on every other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

NARROWEST, LETTER, GAP = 320, 7.6, 5  # pixels: a chart on a small telephone, a wide letter, from line to label
LETTERS = NARROWEST // 7  # of running text that one line holds there
MOST = 5  # labels that are tried in every order; 5! * 2 ** 5 layouts


@dataclass(frozen=True)
class Place:
    """A label's row, counted from the top, and the side of its line on which it stands."""

    row: int
    side: str

    @property
    def anchor(self) -> str:
        return "start" if self.side == "right" else "end"

    @property
    def shift(self) -> int:
        return GAP if self.side == "right" else -GAP


def share_of(words: str) -> float:
    """Per cent of the narrowest chart that a label takes, with its gap."""
    return 100 * (LETTER * len(words) + GAP) / NARROWEST


def places(marks: Sequence[tuple[float, str]]) -> list[Place | None]:
    """A place for each mark (where across, label): a row each, no label across another's line, none beyond the edge.

    Where not all fit, the last one goes without a label: its line and its row in the table stay.
    """
    shown = list(marks[:MOST])
    while shown:
        found = _fitting(shown)
        if found is not None:
            return [*found, *[None] * (len(marks) - len(shown))]
        shown.pop()
    return [None] * len(marks)


def _fitting(marks: Sequence[tuple[float, str]]) -> list[Place] | None:
    for rows in permutations(range(len(marks))):
        for sides in product(("right", "left"), repeat=len(marks)):
            tried = [Place(row, side) for row, side in zip(rows, sides, strict=True)]
            if all(_is_free(n, marks, tried) for n in range(len(marks))):
                return tried
    return None


def _is_free(n: int, marks: Sequence[tuple[float, str]], tried: Sequence[Place]) -> bool:
    """Label ``n`` stays inside, and no line that comes from a row above passes through it."""
    x, words = marks[n]
    low, high = (x, x + share_of(words)) if tried[n].side == "right" else (x - share_of(words), x)
    if low < 0 or high > 100:
        return False
    above = [other for m, (other, _words) in enumerate(marks) if tried[m].row < tried[n].row]
    return not any(low <= other <= high for other in above)
