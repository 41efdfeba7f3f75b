"""What readers still have from earlier publications: a number that was shown and has not changed hides nobody today."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.indicators.cells import Cell
from tirek.indicators.definitions import SETTLEMENT, Indicator, all_indicators

SCHEMA = {
    "indicator": pl.String, "definition": pl.String, "number": pl.String, "snapshot": pl.String, "level": pl.String,
    "territory": pl.String, "settlement": pl.String, "kind": pl.String, "numerator": pl.Int64, "denominator": pl.Int64,
    "suppressed": pl.Boolean,
}  # fmt: skip
Key = tuple[str, str, str, str]
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Earlier:
    """Numbers that earlier publications show, their hidden cells, and the sealed tables that these were counted on.

    ``frame`` has `SCHEMA`: of each figure and place what was shown last, and the places that its neighbouring publications
    hide. ``tables`` opens a snapshot by its digest; ``snapshot`` is the digest of the one that is published now.
    """

    frame: pl.DataFrame
    tables: Callable[[str], Tables]
    snapshot: str

    def shown(self, indicator: Indicator) -> dict[Key, tuple[int, int]]:
        rows = self.frame.filter(~pl.col("suppressed"), indicator=indicator.code)
        return {_key(row): (row["numerator"] or 0, row["denominator"] or 0) for row in rows.iter_rows(named=True)}

    def hidden(self, members: Sequence[Indicator]) -> dict[str, set[Key]]:
        """By snapshot: cells that publications of these definitions, as they are worded now, hide."""
        digests = [member.digest for member in members]
        found: dict[str, set[Key]] = {}
        for row in self.frame.filter(pl.col("suppressed"), pl.col("definition").is_in(digests)).iter_rows(named=True):
            found.setdefault(row["snapshot"], set()).add(_key(row))
        return dict(sorted(found.items()))


def _key(row: Mapping[str, str]) -> Key:
    return row["level"], row["territory"], row["settlement"], row["kind"]


def related(indicator: Indicator) -> list[Indicator]:
    """The figures whose publications tell something about this one's cells: those about the same people."""
    group = indicator.counts_together or indicator.follows
    if not group:
        return [indicator]
    return [other for other in all_indicators() if group in (other.counts_together, other.follows)]


def same_count(mine: Sequence[Cell], member: Indicator, earlier: Earlier, which: str) -> NDArray[np.bool_]:
    """Of which cells a reader has one of a figure's counts, from this figure or from another that shows the same count."""
    counted = getattr(member, which)
    found = np.zeros(len(mine), bool)
    for other in related(member):
        for name in ("numerator", "denominator"):
            if getattr(other, name) is not counted or (other is member and name != which):
                continue
            shown = earlier.shown(other)
            place = 0 if name == "numerator" else 1
            found |= [c.key in shown and shown[c.key][place] == (getattr(c, which) or 0) for c in mine]
    return found | _parts_told(mine, member, earlier, which)


def _parts_told(mine: Sequence[Cell], member: Indicator, earlier: Earlier, which: str) -> NDArray[np.bool_]:
    """Counts by kind of settlement that a share tells: its numerator is one part of its denominator."""
    told: dict[tuple[str, str], set[int]] = {}
    for other in related(member):
        if other.splits == SETTLEMENT and other.denominator is getattr(member, which):
            for (level, place, _settlement, kind), (part, whole) in earlier.shown(other).items():
                if not kind:
                    told[level, place] = {part, whole - part}
    return np.array(
        [bool(c.settlement) and (getattr(c, which) or 0) in told.get((c.level, c.territory), ()) for c in mine], bool
    )
