"""Rows that are compared: bars from zero, means as dots, strips of probability."""

from __future__ import annotations

import textwrap

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tirek.site.charts.labels import LETTERS, share_of
from tirek.site.charts.marks import Across, circle, join, line, nice_ticks, number, plain, rect, text, tick_words

ROW, HIGH, LABEL_LINE = 46, 16, 15
ROOM = 86.0  # per cent of the width for the scale at most, so that the number beside it has room
LEAST = 50.0
REFERENCE_FOOT = 26


def draw_bars(spec: dict) -> tuple[SafeString, int]:
    tops, depth = _tops(spec["rows"])
    across = _from_zero(spec)
    parts = [_bar(row, top, across, spec) for row, top in zip(spec["rows"], tops, strict=True)]
    if spec.get("reference"):
        parts.append(_reference(spec, across, depth))
    parts.append(line(across(0), 0, across(0), depth, "axis"))
    return join(parts), depth + (REFERENCE_FOOT if spec.get("reference") else 6)


def _lines(row: dict) -> list[str]:
    """A label in as many lines as it takes on the narrowest screen."""
    return textwrap.wrap(str(row["label"]), LETTERS) or [""]


def _tops(rows: list[dict]) -> tuple[list[int], int]:
    """Where each row begins, and where the last one ends."""
    tops = [0]
    for row in rows:
        tops.append(tops[-1] + ROW + LABEL_LINE * (len(_lines(row)) - 1))
    return tops[:-1], tops[-1]


def _label(row: dict, top: int, look: str = "") -> tuple[SafeString, int]:
    """The label's lines, and how far they push down what follows."""
    lines = _lines(row)
    shown = [text(0, top + LABEL_LINE * n, words, look) for n, words in enumerate(lines)]
    return join(shown), LABEL_LINE * (len(lines) - 1)


def _bar(row: dict, top: int, across: Across, spec: dict) -> SafeString:
    label, more = _label(row, top + 15)
    y = top + 21 + more
    if row.get("few"):
        return join([label, text(across(0), y + 13, _("too few to say"), "soft", shift=4)])
    left, right = sorted((across(0), across(row["value"])))
    parts = [label, rect(left, y, right - left, HIGH, f"bar {_look(row)}")]
    end = right
    if row.get("high") is not None:
        end = max(right, across(row["high"]))
        parts.append(_whisker(across(row["low"]), across(row["high"]), y + HIGH / 2))
    return join([*parts, _beside(end, y + 13, row, spec)])


def _beside(end: float, y: float, row: dict, spec: dict) -> SafeString:
    """The number at its mark; where a line across all rows could run through it, in a column of its own."""
    words = number(row["value"], spec)
    if spec.get("reference"):
        return text(100, y, words, "strong", "end")
    return text(end, y, words, "strong", shift=8)


def _room(spec: dict) -> float:
    """Per cent of the width that the scale takes: what the widest number leaves."""
    widest = max((share_of(number(r["value"], spec)) for r in spec["rows"] if not r.get("few")), default=0.0)
    return max(LEAST, min(ROOM, 100 - widest))


def _whisker(low: float, high: float, y: float) -> SafeString:
    ends = [line(x, y - 4, x, y + 4, "whisker") for x in (low, high)]
    return join([line(low, y, high, y, "halo"), line(low, y, high, y, "whisker"), *ends])


def _look(row: dict) -> str:
    return "second" if row.get("look") else "grey" if row.get("grey") else ""


def _reference(spec: dict, across: Across, depth: int) -> SafeString:
    reference = spec["reference"]
    x = across(reference["value"])
    anchor = "start" if x < 35 else "end" if x > 65 else "middle"
    words = f"{reference['label']} {number(reference['value'], spec)}"
    return join([line(x, 0, x, depth + 4, "whisker dashed"), text(x, depth + 18, words, "soft", anchor)])


def _values(spec: dict) -> list[float]:
    rows = [r for r in spec["rows"] if not r.get("few")]
    found = [v for r in rows for v in (r["value"], r.get("low"), r.get("high")) if v is not None]
    found += [spec["reference"]["value"]] if spec.get("reference") else []
    return found + [spec[k] for k in ("lowest", "highest") if spec.get(k) is not None]


def _from_zero(spec: dict) -> Across:
    values = [0.0, *_values(spec)]
    low, high, room = min(values), max(values), _room(spec)
    return lambda value: room * (value - low) / ((high - low) or 1)


def draw_dots(spec: dict) -> tuple[SafeString, int]:
    """Means with their intervals: no bar, because a mean's length means nothing."""
    (tops, depth), values = _tops(spec["rows"]), _values(spec)
    ticks = nice_ticks(min(values), max(values), 4) if values else []
    room = _room(spec)
    across: Across = lambda value: room * (value - ticks[0]) / (ticks[-1] - ticks[0])  # noqa: E731
    parts = [line(across(t), 0, across(t), depth, "grid") for t in ticks]
    parts += [line(across(b), 0, across(b), depth, "whisker faint dashed") for b in spec.get("bounds", ())]
    if spec.get("reference"):
        parts.append(_reference(spec, across, depth))
    parts += [_dot(row, top, across, spec) for row, top in zip(spec["rows"], tops, strict=True)]
    foot = depth + (REFERENCE_FOOT if spec.get("reference") else 0) + 16
    for n, (tick, words) in enumerate(zip(ticks, tick_words(ticks, spec), strict=True)):
        parts.append(text(across(tick), foot, words, "soft", "middle" if n else "start"))
    return join(parts), foot + 6


def _dot(row: dict, top: int, across: Across, spec: dict) -> SafeString:
    label, more = _label(row, top + 16, "over")
    y = top + 30 + more
    if row.get("few"):
        return join([label, text(0, y + 5, _("too few to say"), "soft over")])
    x = across(row["value"])
    low, high = (across(row[k]) if row.get(k) is not None else x for k in ("low", "high"))
    interval = line(low, y, high, y, f"range {_look(row)}")
    words = text(100, y + 4.5, number(row["value"], spec), "strong", "end")  # a column: no line of the scale crosses it
    return join([label, interval, circle(x, y, 5.5, f"dot {_look(row)}"), words])


def table_of_rows(spec: dict) -> tuple[list[str], list[list[str]]]:
    """Columns only for what some row has."""
    has = {key: any(row.get(key) is not None for row in spec["rows"]) for key in ("low", "high", "n")}
    heads = {"low": _("From"), "high": _("To"), "n": _("Number")}
    keys = [key for key in heads if has[key]]
    rows = [[str(row["label"]), *_cells(row, keys, spec)] for row in spec["rows"]]
    return [spec.get("label_head") or _("Group"), spec.get("value_head") or _("Value"), *[heads[k] for k in keys]], rows


def _cells(row: dict, keys: list[str], spec: dict) -> list[str]:
    if row.get("few"):
        return [_("too few to say"), *["" for _key in keys]]
    rest = [plain(row["n"]) if key == "n" and row.get("n") is not None else number(row.get(key), spec) for key in keys]
    return [number(row["value"], spec), *rest]


def draw_strip(spec: dict) -> tuple[SafeString, int]:
    """How probable each outcome is; a part too narrow for words is told by the table."""
    parts = []
    for n, row in enumerate(spec["rows"]):
        y, left = n * ROW + 21, 0.0
        parts.append(text(0, y - 6, row["label"]))
        for place, part in enumerate(row["parts"], start=1):
            wide = 100 * part["share"]
            parts.append(rect(left, y, wide, HIGH + 4, f"part p{place}"))
            if wide > 14:
                parts.append(text(left, y + 15, f"{part['label']} {round(wide)}\u00a0%", f"on p{place}", shift=4))
            left += wide
    return join(parts), len(spec["rows"]) * ROW + 4


def table_of_strip(spec: dict) -> tuple[list[str], list[list[str]]]:
    heads = [spec.get("label_head") or _("Group"), *[str(part["label"]) for part in spec["rows"][0]["parts"]]]
    rows = [[str(row["label"]), *[f"{round(100 * p['share'])}\u00a0%" for p in row["parts"]]] for row in spec["rows"]]
    return heads, rows
