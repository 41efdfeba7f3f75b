"""Cells of a figure: which there are, how their sums hang together, what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import polars as pl

from tirek.decisions.rules import RuleSet
from tirek.indicators.definitions import Indicator
from tirek_engines.disclosure.lines import Difference, suppress_lines

SCHEMA = {
    "level": pl.String, "territory": pl.String, "settlement": pl.String, "kind": pl.String,
    "org_lo": pl.Int64, "org_hi": pl.Int64, "numerator": pl.Int64, "denominator": pl.Int64, "value": pl.String,
    "se": pl.String, "low": pl.String, "high": pl.String, "persons": pl.Int64, "suppressed": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One number: a territory, perhaps a kind of settlement or of institution, and what is counted there.

    ``value``, ``se``, ``low`` and ``high`` are decimal digits as published. ``persons`` is what small groups are judged by
    when the numbers come from a decision.
    """

    level: str
    territory: str
    org_lo: int
    org_hi: int
    settlement: str = ""
    kind: str = ""
    numerator: int | None = None
    denominator: int | None = None
    value: str = ""
    se: str = ""
    low: str = ""
    high: str = ""
    persons: int | None = None
    suppressed: bool = False
    parent: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.level, self.territory, self.settlement, self.kind


@dataclass(frozen=True)
class Hiding:
    """How small groups are hidden: fewer persons than ``minimum``; audited against all sums together, or line by line."""

    minimum: int
    all_sums_together: bool

    @classmethod
    def by(cls, rules: RuleSet) -> Hiding:
        """As the rules say. Figures sealed before the audit was a rule are verified without it."""
        name = "all_sums_together"
        return cls(rules.value("minimal_group"), rules.has(name) and rules.value(name))


def with_values(cells: Sequence[Cell], indicator: Indicator) -> list[Cell]:
    """Divide, last and in Decimal."""
    return [replace(cell, value=_text(indicator.value(cell.numerator or 0, cell.denominator))) for cell in cells]


def _text(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")


def suppressed(cells: Sequence[Cell], indicator: Indicator, hiding: Hiding) -> list[Cell]:
    """Hide small groups, and what would give them away. A hidden cell keeps nothing of its numbers."""
    counted = [persons_of(cell, indicator) for cell in cells]
    if not any(counted):
        return list(cells)
    counts = np.array(counted, dtype=np.int64)
    hidden = suppress_lines(
        counts,
        lines_of(cells),
        minimum=hiding.minimum,
        differences=differences_of(indicator),
        all_sums_together=hiding.all_sums_together,
    )
    return [blank(cell) if hide else cell for cell, hide in zip(cells, hidden, strict=True)]


def blank(cell: Cell) -> Cell:
    return replace(
        cell, suppressed=True, numerator=None, denominator=None, value="", se="", low="", high="", persons=None
    )


def persons_of(cell: Cell, indicator: Indicator) -> list[int]:
    if indicator.from_decision is not None:
        return [] if cell.persons is None else [cell.persons]
    top, below = cell.numerator or 0, cell.denominator or 0
    found = [{"numerator": top, "denominator": below}[name] for name in indicator.persons]
    return [*found, below - top] if indicator.part_of_whole else found


def differences_of(indicator: Indicator, first: int = 0) -> list[Difference]:
    """Which of `persons_of`, numbered from ``first``, are whole, part and rest."""
    names = indicator.persons
    if indicator.from_decision is not None or not indicator.part_of_whole or set(names) != {"numerator", "denominator"}:
        return []
    return [(first + names.index("denominator"), first + names.index("numerator"), first + len(names))]


def lines_of(cells: Sequence[Cell]) -> list[list[int]]:
    """Sums that a reader can make: territories within their parent, and break-downs within their territory."""
    place = {cell.key: i for i, cell in enumerate(cells)}
    lines: dict[tuple, list[int]] = {}
    for i, cell in enumerate(cells):
        above = {"district": "region", "region": "country"}.get(cell.level)
        total = place.get((above or "", cell.parent, cell.settlement, cell.kind))
        if total is not None:
            lines.setdefault(("within", cells[total].key), [total]).append(i)
        whole = place.get((cell.level, cell.territory, "", ""))
        if whole is not None and (cell.settlement or cell.kind):
            name = "settlement" if cell.settlement else "kind"
            lines.setdefault((name, cells[whole].key), [whole]).append(i)
    return list(lines.values())


def frame_of(cells: Sequence[Cell]) -> pl.DataFrame:
    """What is sealed and downloaded: exactly what is shown."""
    rows = [[getattr(cell, name) for name in SCHEMA] for cell in cells]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
