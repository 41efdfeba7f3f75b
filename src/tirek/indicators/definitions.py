"""What a figure is: definitions that apps register in ``AppConfig.ready``.

A definition says which rows of a snapshot count, with whole numbers above and below the line. Ibis is imported only where
a figure is computed: expressions are built by functions that are given the snapshot's tables.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tirek_engines.errors import BrokenContract, Refusal

SETTLEMENT, KIND = "settlement", "kind"
LEVELS = ("country", "region", "district")


class UnknownIndicator(Refusal):
    """No app has registered this indicator."""

    code = "unknown_indicator"
    http_status = 404


@dataclass(frozen=True)
class FromDecision:
    """A figure whose numbers were decided: the published, rounded values of a decision's outcomes.

    ``cells`` is ``"module:function"``, called with the decision and its outcomes (dicts with ``subject_kind``,
    ``subject``, ``org_no``, ``result``); it returns `tirek.indicators.cells.Cell` objects. Only decisions of the kind with
    these ``parameters`` count. ``about`` and ``day`` name two more of the decision's own parameters: what it is about (a
    test), which tells its figure from another's of the same day, and the day that its numbers hold for.
    """

    kind: str
    cells: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    day: str = ""


@dataclass(frozen=True)
class Indicator:
    """One definition.

    Parameters
    ----------
    code, version
        Name, and a number that grows whenever what is counted changes; published figures name both.
    title, unit, method, source
        For readers, translated lazily.
    rows
        Function of the snapshot's tables (name -> Ibis table) giving a row for each thing counted, with ``org_no``.
        Territory, kind of settlement and kind of institution are joined on by ``org_no``.
    numerator, denominator
        Functions of that table giving whole numbers to be summed. No denominator: a plain count.
    scale, decimals
        The value is ``scale * numerator / denominator``, rounded half up: divided last, in Decimal.
    persons
        Which of "numerator" and "denominator" count persons: not shown when small.
    part_of_whole
        The numerator is a part of the denominator: those who are left over are not shown when few, either.
    counts_together
        Name of a group of figures that count the same people: what one of them must hide, all of them hide.
    part_of
        Code of the figure of that group of which this one counts a part: the rest is not shown when few, either.
    follows
        Name of such a group whose hidden cells are hidden here too, while this figure's own counts hide nothing there.
    splits
        "settlement": the numerator is one part of that break-down of the group's count, hidden where the break-down is.
    dimensions
        Break-downs beside the territory: "settlement", "kind".
    better
        "more", "less" or "" for neither: the order of a list.
    """

    code: str
    title: Any
    unit: Any
    method: Any
    source: Any
    version: int = 1
    rows: Callable[[Mapping[str, Any]], Any] | None = None
    numerator: Callable[[Any], Any] | None = None
    denominator: Callable[[Any], Any] | None = None
    scale: int = 1
    decimals: int = 0
    persons: tuple[str, ...] = ()
    part_of_whole: bool = False
    counts_together: str = ""
    part_of: str = ""
    follows: str = ""
    splits: str = ""
    dimensions: tuple[str, ...] = (SETTLEMENT, KIND)
    topic: Any = ""
    better: str = ""
    from_decision: FromDecision | None = None

    def value(self, numerator: int, denominator: int | None) -> Decimal | None:
        """The published value; None where there is nothing to divide by."""
        if self.denominator is None:
            return Decimal(numerator) * self.scale
        if not denominator:
            return None
        step = Decimal(1).scaleb(-self.decimals)
        return (Decimal(numerator) * self.scale / Decimal(denominator)).quantize(step, ROUND_HALF_UP)

    def definition(self) -> str:
        """The definition as it is written in the code: shown to readers, and part of its digest."""
        parts = [self.rows, self.numerator, self.denominator]
        return "\n".join(inspect.getsource(part).strip() for part in dict.fromkeys(p for p in parts if p is not None))

    @property
    def digest(self) -> str:
        facts = (self.code, self.version, self.definition(), self.scale, self.decimals, self.persons, self.dimensions)
        return hashlib.sha256(repr(facts).encode()).hexdigest()


_indicators: dict[str, Indicator] = {}


def register(indicator: Indicator) -> Indicator:
    """Add a definition; incomplete or doubled ones are our mistake."""
    if indicator.code in _indicators and _indicators[indicator.code] is not indicator:
        raise BrokenContract("indicator.code", indicator.code, "a code that no other indicator has")
    computed = indicator.rows is not None and indicator.numerator is not None
    if computed == (indicator.from_decision is not None):
        raise BrokenContract("indicator", indicator.code, "either rows and a numerator, or a decision")
    _indicators[indicator.code] = indicator
    return indicator


def unregister(code: str) -> None:
    """Take a definition out again: for tests that bring their own."""
    _indicators.pop(code, None)


def indicator_of(code: str) -> Indicator:
    try:
        return _indicators[code]
    except KeyError:
        known = ", ".join(sorted(_indicators))
        raise UnknownIndicator(f"There is no figure “{code}”. There are: {known}.", indicator=code) from None


def all_indicators() -> Iterator[Indicator]:
    return iter(sorted(_indicators.values(), key=lambda indicator: indicator.code))
