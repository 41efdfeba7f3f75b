"""Curves over a scale, with what was observed as dots on them, and persons behind as a histogram."""

from __future__ import annotations

import itertools

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tirek.site.charts.marks import Across, circle, join, line, nice_ticks, number, plain, rect, text

HIGH, TOP, FOOT = 200, 12, 44
LEFT, RIGHT = 9.0, 99.0
KEY_ROW = 20


def draw_curves(spec: dict) -> tuple[SafeString, int]:
    across, down, xs, ys = _scales(spec)
    floor = TOP + HIGH
    parts = [_persons(spec["bins"], across, floor)] if spec.get("bins") else []
    for tick in ys:
        parts.append(line(LEFT, down(tick), RIGHT, down(tick), "grid"))
        parts.append(text(LEFT - 1.5, down(tick) + 4, plain(tick, spec.get("tick_decimals", 1)), "soft", "end"))
    for tick in xs:
        parts.append(text(across(tick), floor + 18, plain(tick, spec.get("x_decimals", 0)), "soft", "middle"))
    parts.append(text((LEFT + RIGHT) / 2, floor + 36, spec.get("x_label", ""), "soft", "middle"))
    for n, series in enumerate(spec["series"], start=1):
        points = [(across(x), down(y)) for x, y in series["points"]]
        parts += [line(*a, *b, f"line s{n}") for a, b in itertools.pairwise(points)]
        parts += [_observed(series, dot, n, across, down, spec) for dot in series.get("dots", [])]
    key = [_key(series, n, floor + FOOT) for n, series in enumerate(spec["series"], start=1)]
    return join(parts + key), floor + FOOT + 6 + KEY_ROW * len(key)


def _key(series: dict, n: int, y: int) -> SafeString:
    place = y + KEY_ROW * n - 12
    return join([line(0, place - 4, 4, place - 4, f"line s{n}"), text(6, place, series["label"], f"s{n}")])


def _observed(series: dict, dot: tuple, n: int, across: Across, down: Across, spec: dict) -> SafeString:
    x, y = dot[0], dot[1]
    words = f"{series['label']}, {plain(x, 1)}: {number(y, spec)}"
    return circle(across(x), down(y), 4, f"dot s{n}", words)


def _persons(bins: list[dict], across: Across, floor: int) -> SafeString:
    most = max((b["count"] for b in bins), default=0) or 1
    wide = [(b, across(b["from"]), across(b["to"]), HIGH * b["count"] / most) for b in bins]
    return join([rect(a, floor - high, z - a - 0.2, high, "band") for _b, a, z, high in wide])


def _scales(spec: dict) -> tuple[Across, Across, list[float], list[float]]:
    points = [p for s in spec["series"] for p in s["points"]]
    low, high = min(x for x, _y in points), max(x for x, _y in points)
    values = [y for _x, y in points] + [d[1] for s in spec["series"] for d in s.get("dots", [])]
    ys = nice_ticks(spec.get("lowest", min([0.0, *values])), spec.get("highest", max(values)), 4)
    across: Across = lambda x: LEFT + (RIGHT - LEFT) * (min(max(x, low), high) - low) / ((high - low) or 1)  # noqa: E731
    down: Across = lambda y: TOP + HIGH * (1 - (y - ys[0]) / (ys[-1] - ys[0]))  # noqa: E731
    return across, down, [t for t in nice_ticks(low, high, 6) if low <= t <= high], ys


def table_of_curves(spec: dict) -> tuple[list[str], list[list[str]]]:
    """What was observed beside what is expected; curves without dots at every fourth point."""
    heads = [_("Curve"), spec.get("x_label") or _("Place"), spec.get("value_head") or _("Value"), _("Observed")]
    rows = []
    for series in spec["series"]:
        for x, y in series["points"][::4]:
            near = min(series.get("dots", []), key=lambda dot: abs(dot[0] - x), default=None)
            seen = number(near[1], spec) if near is not None and abs(near[0] - x) < 0.25 else ""
            rows.append([str(series["label"]), plain(x, 1), number(y, spec), seen])
    if not any(row[3] for row in rows):
        return heads[:3], [row[:3] for row in rows]
    return heads, rows
