"""Many intervals side by side in the order of their values: whether they overlap is what is to be seen, not who stands where."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tirek.site.charts.marks import Across, circle, join, line, nice_ticks, number, plain, text

DEPTH, TOP, SCALE = 260, 22, 9.0
"""Pixels of the drawing and above it; per cent of the width for the numbers of the scale."""
MOST_DOTS = 150


def draw_caterpillar(spec: dict) -> tuple[SafeString, int]:
    rows = spec["rows"]
    values = [v for r in rows for v in (r["low"], r["high"])] + [spec["reference"]["value"]]
    ticks = nice_ticks(min(values), max(values), 5)
    down: Across = lambda value: TOP + DEPTH * (ticks[-1] - value) / (ticks[-1] - ticks[0])  # noqa: E731
    parts = [join([line(SCALE, down(t), 100, down(t), "grid"), _tick(t, down(t), spec)]) for t in ticks]
    middle = down(spec["reference"]["value"])
    parts += [line(SCALE, middle, 100, middle, "whisker dashed"), text(SCALE, 12, spec["reference"]["label"], "soft")]
    step = (100 - SCALE) / max(len(rows), 1)
    placed = [(row, SCALE + step * (k + 0.5)) for k, row in enumerate(rows)]
    placed.sort(key=lambda one: bool(one[0].get("own")))  # the reader's own lies on top
    parts += [_interval(row, x, down, len(rows)) for row, x in placed]
    return join(parts), TOP + DEPTH + 10


def _tick(value: float, y: float, spec: dict) -> SafeString:
    return text(SCALE, y + 4, plain(value, spec.get("tick_decimals", 0)), "soft", "end", shift=-6)


def _interval(row: dict, x: float, down: Across, n: int) -> SafeString:
    is_own = bool(row.get("own"))
    bar = line(x, down(row["low"]), x, down(row["high"]), "whisker own" if is_own else "whisker faint")
    if not is_own and n > MOST_DOTS:
        return bar
    dot = circle(x, down(row["value"]), 6 if is_own else 1.5, "dot" if is_own else "dot grey", row.get("label", ""))
    return join([bar, dot])


def table_of_intervals(spec: dict) -> tuple[list[str], list[list[str]]]:
    """Counts by band, and the reader's own: a list of all would be the league table that this is not."""
    found: dict[float, int] = {}
    size = spec["band"]
    for row in spec["rows"]:
        start = size * (row["value"] // size)
        found[start] = found.get(start, 0) + 1
    rows = [
        [_("%(low)s to %(high)s") % {"low": plain(start), "high": plain(start + size)}, plain(found[start])]
        for start in sorted(found)
    ]
    rows += [
        [row["label"], f"{number(row['value'], spec)} ({number(row['low'], spec)} – {number(row['high'], spec)})"]
        for row in spec["rows"]
        if row.get("own")
    ]
    return [spec["value_head"], spec["label_head"]], rows
