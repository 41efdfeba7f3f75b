"""How values are spread: a histogram with marks, and persons and items on one scale."""

from __future__ import annotations

from collections import Counter

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tirek.site.charts.labels import Place, places, share_of
from tirek.site.charts.marks import Across, circle, join, line, nice_ticks, number, plain, rect, text, tick_words

HIGH, FOOT, MARK_ROW = 190, 44, 18
COLUMNS = 60  # of dots under the line of an item map


def draw_distribution(spec: dict) -> tuple[SafeString, int]:
    across = _scale(spec["bins"])
    marks = [(across(mark["value"]), str(mark["label"])) for mark in spec.get("marks", [])]
    found = places(marks)
    head = 4 + MARK_ROW * max(1, sum(place is not None for place in found))
    parts = [_histogram(spec["bins"], across, head)]
    parts += [_mark(x, words, place, head) for (x, words), place in zip(marks, found, strict=True)]
    return join([*parts, _axis(spec, across, head + HIGH)]), head + HIGH + FOOT


def _mark(x: float, words: str, place: Place | None, head: int) -> SafeString:
    """A line through the histogram with its label; without a free place for it, the line alone."""
    if place is None:
        return line(x, head, x, head + HIGH, "whisker")
    top = 4 + MARK_ROW * place.row
    label = text(x, top + 11, words, "over", place.anchor, place.shift)
    return join([line(x, top, x, head + HIGH, "whisker"), label])


def draw_item_map(spec: dict) -> tuple[SafeString, int]:
    """Persons above the line, items below it: whether the test was right for those who sat it."""
    across, head = _scale(spec["bins"]), 24
    parts = [_histogram(spec["bins"], across, head)]
    depth: Counter[int] = Counter()
    for item in sorted(spec["items"], key=lambda item: item["value"]):
        column = round(across(item["value"]) / 100 * COLUMNS)
        words = f"{item['label']}: {number(item['value'], spec)}"
        parts.append(circle(100 * column / COLUMNS, head + HIGH + 10 + 10 * depth[column], 4, "dot second", words))
        depth[column] += 1
    bottom = head + HIGH + 10 + 10 * max(depth.values(), default=1)
    parts.append(text(0, 14, spec.get("persons_label") or _("Persons"), "soft"))
    parts.append(text(0, bottom + 8, spec.get("items_label") or _("Items"), "soft"))
    return join([*parts, _axis(spec, across, bottom + 10)]), bottom + 10 + FOOT


def _histogram(bins: list[dict], across: Across, head: int) -> SafeString:
    most = max((b["count"] for b in bins), default=0) or 1
    parts = []
    for b in bins:
        high, left = HIGH * b["count"] / most, across(b["from"])
        parts.append(rect(left, head + HIGH - high, across(b["to"]) - left - 0.25, high, "bar"))
    return join([*parts, line(0, head + HIGH, 100, head + HIGH, "axis")])


def _axis(spec: dict, across: Across, y: int) -> SafeString:
    low, high = spec["bins"][0]["from"], spec["bins"][-1]["to"]
    parts = []
    ticks = [tick for tick in nice_ticks(low, high) if low <= tick <= high]
    for value, words in zip(ticks, tick_words(ticks, spec), strict=True):
        x = across(value)
        half = share_of(words) / 2
        place = (0.0, "start") if x < half else (100.0, "end") if x > 100 - half else (x, "middle")
        parts.append(text(place[0], y + 17, words, "soft", place[1]))
    return join([*parts, text(50, y + 36, spec.get("x_label", ""), "soft", "middle")])


def _scale(bins: list[dict]) -> Across:
    low, high = bins[0]["from"], bins[-1]["to"]
    return lambda value: min(100.0, max(0.0, 100 * (value - low) / ((high - low) or 1)))


def table_of_bins(spec: dict) -> tuple[list[str], list[list[str]]]:
    rows = [[number(b["from"], spec), number(b["to"], spec), plain(b["count"])] for b in spec["bins"]]
    return [_("From"), _("To"), _("Number")], rows


def table_of_items(spec: dict) -> tuple[list[str], list[list[str]]]:
    items = sorted(spec["items"], key=lambda item: -item["value"])
    return [_("Item"), _("Difficulty")], [[str(item["label"]), number(item["value"], spec)] for item in items]
