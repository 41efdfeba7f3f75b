"""From chosen items to booklets: blocks that are alike, in a balanced design, with what it costs in minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from tirek.assessment.refusals import BadDesign
from tirek_engines.assessment.booklets import Design, cyclic_design, share_into_blocks


@dataclass(frozen=True)
class Chosen:
    """An item of the bank as it would come into a test."""

    pk: int
    code: str
    content_area: str
    minutes: float
    max_score: int
    difficulty: float | None = None
    is_anchor: bool = False


@dataclass(frozen=True)
class BookletPlan:
    name: str
    blocks: tuple[int, ...]
    items: tuple[Chosen, ...]

    @property
    def minutes(self) -> float:
        return sum(item.minutes for item in self.items)

    @property
    def points(self) -> int:
        return sum(item.max_score for item in self.items)

    @property
    def n_anchors(self) -> int:
        return sum(item.is_anchor for item in self.items)


@dataclass(frozen=True)
class Proposed:
    """Blocks and booklets; blocks are counted from 1 for people."""

    design: Design
    blocks: tuple[tuple[Chosen, ...], ...]
    booklets: tuple[BookletPlan, ...]

    @property
    def fewest_meetings(self) -> int:
        return int(self._apart().min()) if self.design.n_blocks > 1 else 0

    @property
    def most_meetings(self) -> int:
        return int(self._apart().max()) if self.design.n_blocks > 1 else 0

    def _apart(self) -> np.ndarray:
        return self.design.meetings[~np.eye(self.design.n_blocks, dtype=bool)]

    def block_of(self) -> dict[int, int]:
        return {item.pk: number for number, block in enumerate(self.blocks, start=1) for item in block}


def proposed(items: Sequence[Chosen], *, blocks: int, per_booklet: int, seed: int) -> Proposed:
    """Share the items into blocks and the blocks into booklets; the same seed gives the same."""
    if not items:
        raise BadDesign(_("Choose items first."))
    if per_booklet > blocks:
        raise BadDesign(_("A booklet cannot hold more blocks than there are."))
    if len(items) < blocks:
        message = _("%(items)s items cannot fill %(blocks)s blocks. Add items, or ask for fewer blocks.")
        raise BadDesign(message % {"items": len(items), "blocks": blocks})
    design = cyclic_design(blocks, per_booklet)
    if not design.is_connected:
        raise BadDesign(
            _("With these numbers some booklets would share no items, and no one scale could hold them. Put more blocks into a booklet.")
        )  # fmt: skip
    if blocks == per_booklet:  # everybody gets everything: one booklet says it
        design = Design(design.blocks_of[:1], blocks)
    block_of = share_into_blocks(
        blocks,
        minutes=np.array([item.minutes for item in items], dtype=np.float64),
        areas=[item.content_area for item in items],
        difficulties=np.array([np.nan if i.difficulty is None else i.difficulty for i in items], dtype=np.float64),
        seed=seed,
    )
    shared = tuple(tuple(item for item, b in zip(items, block_of, strict=True) if b == n) for n in range(blocks))
    booklets = tuple(
        BookletPlan(str(number), tuple(int(b) + 1 for b in row), tuple(item for b in row for item in shared[b]))
        for number, row in enumerate(design.blocks_of, start=1)
    )
    return Proposed(design, shared, booklets)
