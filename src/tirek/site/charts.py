"""Charts as SVG in the page: drawn here, coloured by the page, so that dark mode and print cost nothing.

A chart is a plain dict that an app below hands to ``<c-chart :spec="…" />``:

``kind``
    "bars" (rows: label, value, low, high, n, few, look, href), "distribution" (bins: from, to, count; marks: value,
    label), "lines" (series: label, points: label, value, low, high, few), "item_map" (bins of persons as above; items:
    label, value) or "strip" (rows: label, parts: label, share).
``title``, ``words``
    the question, and what the chart says, in one sentence each.
``decimals``, ``unit``, ``reference`` ({value, label}), ``lowest``, ``highest``, ``source``, ``download``, ``columns``
    as needed. Bars begin at zero unless values are below it.

Places across are per cent and places down are pixels: letters keep their size on a telephone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.utils.formats import number_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

BAR_ROW, BAR_HIGH = 46, 16
PLOT_HIGH, FOOT, HEAD = 190, 44, 22
VALUE_ROOM = 88.0  # per cent of the width that bars may fill, so that the number has room


def svg(spec: dict) -> SafeString:
    """The drawing alone, with its words as its accessible name."""
    inside, height = DRAWERS[spec["kind"]](spec)
    return format_html(
        '<svg width="100%" height="{}" role="img" aria-label="{}">{}</svg>', height, spec.get("words") or spec["title"], inside
    )


def number(value: float, spec: dict) -> str:
    """In the reader's language, with the unit."""
    text = number_format(value, decimal_pos=spec.get("decimals", 0), use_l10n=True, force_grouping=True)
    return f"{text}\u00a0{spec['unit']}" if spec.get("unit") else text


def table(spec: dict) -> tuple[list[str], list[list[str]]]:
    """The same numbers as a table: heads and rows."""
    return TABLES[spec["kind"]](spec)


# --- bars -----------------------------------------------------------------------------------------------------------


def _bars(spec: dict) -> tuple[SafeString, int]:
    rows = spec["rows"]
    across = _across(spec, [r for r in rows if not r.get("few")])
    height = len(rows) * BAR_ROW + 8 + (FOOT - 20 if spec.get("reference") else 0)
    parts = [_bar(row, top * BAR_ROW, across, spec) for top, row in enumerate(rows)]
    if spec.get("reference"):
        parts.append(_reference(spec, across, height))
    parts.append(format_html('<line class="axis" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/>', across(0), len(rows) * BAR_ROW))
    return _join(parts), height


def _bar(row: dict, top: int, across, spec: dict) -> SafeString:
    label = format_html('<text x="0" y="{}">{}</text>', top + 15, row["label"])
    y = top + 21
    if row.get("few"):
        return label + format_html('<text class="soft" x="{}%" dx="4" y="{}">{}</text>', across(0), y + 13, _("too few to say"))
    left, right = sorted((across(0), across(row["value"])))
    look = "look" if row.get("look") else "grey" if row.get("grey") else ""
    bar = format_html('<rect class="bar {}" x="{}%" y="{}" width="{}%" height="{}"/>', look, left, y, _r(right - left), BAR_HIGH)
    end = max(right, across(row["high"])) if row.get("high") is not None else right
    whisker = _whisker(row, y + BAR_HIGH / 2, across) if row.get("high") is not None else ""
    text = format_html('<text class="strong" x="{}%" dx="8" y="{}">{}</text>', end, y + 13, number(row["value"], spec))
    return label + bar + whisker + text


def _whisker(row: dict, y: float, across) -> SafeString:
    low, high = across(row["low"]), across(row["high"])
    return format_html(
        '<line class="halo" x1="{0}%" x2="{1}%" y1="{2}" y2="{2}"/><line class="whisker" x1="{0}%" x2="{1}%" y1="{2}" y2="{2}"/>'
        '<line class="whisker" x1="{0}%" x2="{0}%" y1="{3}" y2="{4}"/><line class="whisker" x1="{1}%" x2="{1}%" y1="{3}" y2="{4}"/>',
        low, high, y, y - 4, y + 4,
    )  # fmt: skip


def _reference(spec: dict, across, height: int) -> SafeString:
    reference = spec["reference"]
    x = across(reference["value"])
    anchor = "start" if x < 35 else "end" if x > 65 else "middle"
    words = f"{reference['label']} {number(reference['value'], spec)}"
    return format_html(
        '<line class="whisker dashed" x1="{0}%" x2="{0}%" y1="0" y2="{1}"/><text class="soft" x="{0}%" y="{2}" text-anchor="{3}">{4}</text>',
        x, height - 20, height - 5, anchor, words,
    )  # fmt: skip


def _across(spec: dict, rows: Iterable[dict]):
    values = [v for r in rows for v in (r.get("value"), r.get("low"), r.get("high")) if v is not None]
    values += [spec["reference"]["value"]] if spec.get("reference") else []
    lowest = min([spec.get("lowest", 0), 0, *values])
    highest = max([spec.get("highest", 0), 0, *values]) or 1
    span = (highest - lowest) or 1
    return lambda value: _r(VALUE_ROOM * (value - lowest) / span)


def _bars_table(spec: dict) -> tuple[list[str], list[list[str]]]:
    with_interval = any(r.get("low") is not None for r in spec["rows"])
    with_n = any(r.get("n") is not None for r in spec["rows"])
    heads = [spec.get("label_head") or _("Group"), spec.get("value_head") or _("Value")]
    heads += [_("From"), _("To")] if with_interval else []
    heads += [_("Number")] if with_n else []
    rows = []
    for r in spec["rows"]:
        cells = [r["label"], _("too few to say") if r.get("few") else number(r["value"], spec)]
        cells += [_cell(r.get(k), spec) if not r.get("few") else "" for k in ("low", "high")] if with_interval else []
        cells += [number_format(r["n"], 0, force_grouping=True) if r.get("n") is not None else ""] if with_n else []
        rows.append(cells)
    return heads, rows


# --- distribution and item map ----------------------------------------------------------------------------------------


def _distribution(spec: dict) -> tuple[SafeString, int]:
    bins, marks = spec["bins"], spec.get("marks", [])
    head = HEAD + 18 * max(0, len(marks) - 1)
    return _histogram(spec, bins, marks, head) + _ticks(spec, bins, head + PLOT_HIGH), head + PLOT_HIGH + FOOT


def _histogram(spec: dict, bins: list[dict], marks: list[dict], head: int) -> SafeString:
    place, most = _place(bins), max((b["count"] for b in bins), default=1) or 1
    parts = []
    for b in bins:
        high = PLOT_HIGH * b["count"] / most
        left, right = place(b["from"]), place(b["to"])
        parts.append(format_html(
            '<rect class="bar" x="{}%" y="{}" width="{}%" height="{}"/>', left, _r(head + PLOT_HIGH - high), _r(right - left - 0.25), _r(high)
        ))  # fmt: skip
    parts.append(format_html('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>', head + PLOT_HIGH))
    for row, mark in enumerate(marks):
        x = place(mark["value"])
        anchor, shift = ("end", -5) if x > 50 else ("start", 5)
        parts.append(format_html(
            '<line class="whisker" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/><text x="{0}%" dx="{3}" y="{4}" text-anchor="{5}">{6}</text>',
            x, 4 + 18 * row, head + PLOT_HIGH, shift, 15 + 18 * row, anchor, mark["label"],
        ))  # fmt: skip
    return _join(parts)


def _ticks(spec: dict, bins: list[dict], y: int) -> SafeString:
    place, low, high = _place(bins), bins[0]["from"], bins[-1]["to"]
    parts = []
    for value in nice_ticks(low, high):
        x = place(value)
        anchor = "start" if x < 3 else "end" if x > 97 else "middle"
        text = number_format(value, decimal_pos=spec.get("tick_decimals", 0), use_l10n=True, force_grouping=True)
        parts.append(format_html('<text class="soft" x="{}%" y="{}" text-anchor="{}">{}</text>', x, y + 17, anchor, text))
    parts.append(format_html('<text class="soft" x="50%" y="{}" text-anchor="middle">{}</text>', y + 36, spec.get("x_label", "")))
    return _join(parts)


def _distribution_table(spec: dict) -> tuple[list[str], list[list[str]]]:
    rows = [[_cell(b["from"], spec), _cell(b["to"], spec), number_format(b["count"], 0, force_grouping=True)] for b in spec["bins"]]
    return [_("From"), _("To"), _("Number")], rows


def _item_map(spec: dict) -> tuple[SafeString, int]:
    """Persons above the line, items below it, on one scale."""
    bins, items = spec["bins"], sorted(spec["items"], key=lambda item: item["value"])
    place, base = _place(bins), 8 + PLOT_HIGH
    high, parts = {}, [_histogram(spec, bins, [], 8)]
    columns = 60
    for item in items:
        column = round(place(item["value"]) / 100 * columns)
        row = high[column] = high.get(column, 0) + 1
        parts.append(format_html(
            '<circle class="dot second" cx="{}%" cy="{}" r="4"><title>{}: {}</title></circle>',
            _r(column / columns * 100), base + 4 + row * 10, item["label"], _cell(item["value"], spec),
        ))  # fmt: skip
    bottom = base + 14 + 10 * max(high.values(), default=0)
    parts.append(format_html('<text class="soft" x="0" y="20">{}</text>', spec.get("persons_label") or _("Persons")))
    parts.append(format_html('<text class="soft" x="0" y="{}">{}</text>', bottom, spec.get("items_label") or _("Items")))
    return _join(parts) + _ticks(spec, bins, bottom), bottom + FOOT


def _item_map_table(spec: dict) -> tuple[list[str], list[list[str]]]:
    items = sorted(spec["items"], key=lambda item: -item["value"])
    return [_("Item"), _("Difficulty")], [[item["label"], _cell(item["value"], spec)] for item in items]


def _place(bins: list[dict]):
    low, high = bins[0]["from"], bins[-1]["to"]
    return lambda value: _r(min(100.0, max(0.0, 100 * (value - low) / ((high - low) or 1))))


# --- lines ------------------------------------------------------------------------------------------------------------


def _lines(spec: dict) -> tuple[SafeString, int]:
    """Few series over few moments, each named at its end. Gaps stay gaps."""
    labels = [point["label"] for point in spec["series"][0]["points"]]
    values = [v for s in spec["series"] for p in s["points"] if not p.get("few") for v in (p.get("value"), p.get("low"), p.get("high")) if v is not None]
    ticks = nice_ticks(min([*values, spec.get("lowest", math.inf)]), max([*values, spec.get("highest", -math.inf)]))
    bottom, top = ticks[0], ticks[-1]
    across = lambda i: _r(10 + 66 * i / max(1, len(labels) - 1))  # noqa: E731
    down = lambda v: _r(12 + PLOT_HIGH * (1 - (v - bottom) / ((top - bottom) or 1)))  # noqa: E731
    parts = []
    for tick in ticks:
        y, text = down(tick), number_format(tick, decimal_pos=spec.get("tick_decimals", 0), use_l10n=True, force_grouping=True)
        parts.append(format_html('<line class="grid" x1="10%" x2="76%" y1="{0}" y2="{0}"/><text class="soft" x="8.5%" y="{1}" text-anchor="end">{2}</text>', y, y + 4, text))
    for i, label in enumerate(labels):
        parts.append(format_html('<text class="soft" x="{}%" y="{}" text-anchor="middle">{}</text>', across(i), PLOT_HIGH + 34, label))
    ends = _spread([(down(_last(s)), n) for n, s in enumerate(spec["series"]) if _last(s) is not None])
    for n, series in enumerate(spec["series"]):
        parts.append(_line(series, n + 1, across, down, spec, ends.get(n)))
    return _join(parts), PLOT_HIGH + FOOT


def _line(series: dict, n: int, across, down, spec: dict, end: float | None) -> SafeString:
    parts, before = [], None
    for i, point in enumerate(series["points"]):
        if point.get("few") or point.get("value") is None:
            before = None
            continue
        x, y = across(i), down(point["value"])
        if before:
            parts.append(format_html('<line class="line s{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>', n, *before, x, y))
        if point.get("low") is not None:
            parts.append(format_html('<line class="whisker" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>', x, down(point["low"]), down(point["high"])))
        words = f"{series['label']}, {point['label']}: {number(point['value'], spec)}"
        parts.append(format_html('<circle class="dot s{}" cx="{}%" cy="{}" r="4"><title>{}</title></circle>', n, x, y, words))
        before = x, y
    if end is not None:
        parts.append(format_html('<text class="strong s{}" x="78%" y="{}">{} {}</text>', n, end + 4, series["label"], number(_last(series), spec)))
    return _join(parts)


def _last(series: dict) -> float | None:
    return next((p["value"] for p in reversed(series["points"]) if not p.get("few") and p.get("value") is not None), None)


def _spread(ends: list[tuple[float, int]], room: float = 17) -> dict[int, float]:
    """Labels at the lines' ends, moved apart so that none covers another."""
    placed: dict[int, float] = {}
    last = -math.inf
    for y, n in sorted(ends):
        last = placed[n] = max(y, last + room)
    return placed


def _lines_table(spec: dict) -> tuple[list[str], list[list[str]]]:
    heads = [spec.get("label_head") or _("Group"), *[p["label"] for p in spec["series"][0]["points"]]]
    rows = [[s["label"], *[_("too few to say") if p.get("few") else _cell(p.get("value"), spec) for p in s["points"]]] for s in spec["series"]]
    return heads, rows


# --- strips of probability ----------------------------------------------------------------------------------------------


def _strip(spec: dict) -> tuple[SafeString, int]:
    parts = []
    for top, row in enumerate(spec["rows"]):
        y, left = top * BAR_ROW + 21, 0.0
        parts.append(format_html('<text x="0" y="{}">{}</text>', y - 6, row["label"]))
        for n, part in enumerate(row["parts"]):
            wide = 100 * part["share"]
            parts.append(format_html('<rect class="part p{}" x="{}%" y="{}" width="{}%" height="{}"/>', n + 1, _r(left), y, _r(wide), BAR_HIGH + 4))
            if wide > 14:
                parts.append(format_html('<text class="on p{}" x="{}%" dx="4" y="{}">{} {}\u00a0%</text>', n + 1, _r(left), y + 15, part["label"], round(wide)))
            left += wide
    return _join(parts), len(spec["rows"]) * BAR_ROW + 4


def _strip_table(spec: dict) -> tuple[list[str], list[list[str]]]:
    heads = [spec.get("label_head") or _("Group"), *[p["label"] for p in spec["rows"][0]["parts"]]]
    return heads, [[r["label"], *[f"{round(100 * p['share'])}\u00a0%" for p in r["parts"]]] for r in spec["rows"]]


# --- helps --------------------------------------------------------------------------------------------------------------


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from just below ``low`` to just above ``high``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return [0.0, 1.0]
    span = (high - low) or 1.0
    raw = span / about
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(step * n, 10) for n in range(first, last + 1)]


def _cell(value: float | None, spec: dict) -> str:
    return "" if value is None else number(value, spec)


def _r(value: float) -> str | float:
    return _Number(round(value, 2))


class _Number(float):
    """Written with a point in every language: SVG knows no comma."""

    def __html__(self) -> str:
        return f"{float(self):.2f}".rstrip("0").rstrip(".")


def _join(parts: Iterable) -> SafeString:
    return mark_safe("".join(escape(part) for part in parts))  # noqa: S308  (each part was escaped when it was made)


DRAWERS = {"bars": _bars, "distribution": _distribution, "item_map": _item_map, "lines": _lines, "strip": _strip}
TABLES = {
    "bars": _bars_table, "distribution": _distribution_table, "item_map": _item_map_table, "lines": _lines_table,
    "strip": _strip_table,
}  # fmt: skip
