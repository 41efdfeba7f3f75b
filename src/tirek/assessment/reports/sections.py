"""A report as plain data: the same sections on the page and in the PDF. Texts are whole sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.formats import number_format


@dataclass
class Section:
    """A heading with what stands under it, in this order: words, list, chart, facts, table, closing words."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    chart: dict[str, Any] | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    anchor: str = ""


@dataclass
class Report:
    """Title, the answer in one figure and in words, and the sections behind it."""

    title: str
    subtitle: str
    lead: str
    lead_note: str
    sections: list[Section]
    synthetic: bool = False

    def content(self) -> dict[str, Any]:
        """As a document's template takes it."""
        found = asdict(self)
        found.pop("title")
        return found


def whole(value: float | None) -> str:
    """A number of points without decimals."""
    return "—" if value is None else number_format(round(value), decimal_pos=0, use_l10n=True, force_grouping=True)


def decimal(value: float | None, places: int = 2) -> str:
    if value is None or value != value:
        return "—"
    return number_format(round(value, places) or 0, decimal_pos=places, use_l10n=True, force_grouping=True)


def percent(value: float | None) -> str:
    return "—" if value is None or value != value else f"{number_format(round(100 * value), decimal_pos=0)}\u00a0%"


def between(low: float | None, high: float | None, show=whole) -> str:
    """An interval in a cell of a table."""
    return "—" if low is None or high is None else f"{show(low)} – {show(high)}"


def dots(title: str, words: str, rows: Sequence[dict], head: str, value_head: str, **more) -> dict:
    """Means with their intervals, as the site's charts and the PDF draw them."""
    return {
        "kind": "dots", "title": title, "words": words, "label_head": head, "value_head": value_head,
        "rows": [row | {"text": "" if row.get("few") else whole(row["value"])} for row in rows], **more,
    }  # fmt: skip


def strips(title: str, words: str, rows: Sequence[dict], head: str) -> dict:
    """Shares that add up to everybody, a row a group."""
    return {"kind": "strip", "title": title, "words": words, "label_head": head, "rows": list(rows)}
