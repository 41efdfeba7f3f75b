"""Few series over few moments, each named at its end. Gaps stay gaps."""

from __future__ import annotations

import math
from itertools import pairwise

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tirek.site.charts.labels import share_of
from tirek.site.charts.marks import Across, circle, join, line, nice_ticks, number, text, tick_words

HIGH, TOP, FOOT = 190, 12, 44
LEFT, RIGHT, WIDE = 10.0, 74.0, 97.0  # per cent; names stand to the right, or below where they are too long for it
KEY_ROW = 20


def draw_lines(spec: dict) -> tuple[SafeString, int]:
    labels = [str(point["label"]) for point in spec["series"][0]["points"]]
    values = _values(spec)
    ticks = nice_ticks(min(values), max(values)) if values else [0.0, 1.0]
    down: Across = lambda value: TOP + HIGH * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))  # noqa: E731
    names = {n: f"{s['label']} {number(_last(s), spec)}" for n, s in enumerate(spec["series"]) if _last(s) is not None}
    is_below = any(share_of(words) > 100 - RIGHT for words in names.values())
    right = min(WIDE, 100 - share_of(labels[-1]) / 2) if is_below else RIGHT
    parts = []
    for tick, words in zip(ticks, tick_words(ticks, spec), strict=True):
        parts.append(line(LEFT, down(tick), right, down(tick), "grid"))
        parts.append(text(LEFT - 1.5, down(tick) + 4, words, "soft", "end"))
    parts += _moments(labels, right)
    step = (right - LEFT) / max(1, len(labels) - 1)
    parts += [_series(series, n, step, down, spec) for n, series in enumerate(spec["series"])]
    if is_below:
        return join([*parts, *_key(names)]), TOP + HIGH + FOOT - 6 + KEY_ROW * len(names)
    ends = _ends(spec["series"], down)
    parts += [text(RIGHT + 2, ends[n] + 4, words, f"strong s{n + 1}") for n, words in names.items()]
    return join(parts), TOP + HIGH + FOOT - 12


def _moments(labels: list[str], right: float) -> list[SafeString]:
    """Under the lines: the last always, the others as far as none touches another or leaves the picture."""
    step = (right - LEFT) / max(1, len(labels) - 1)
    extents = []
    for n, label in enumerate(labels):
        wide = share_of(label)
        low = min(max(0.0, LEFT + n * step - wide / 2), 100 - wide)
        extents.append((low, low + wide))
    every = next(n for n in range(1, len(labels) + 1) if _are_apart(extents[::-1][::n][::-1]))
    found = []
    for n in range(len(labels) - 1, -1, -every):
        (low, high), x = extents[n], LEFT + n * step
        place = (0.0, "start") if low == 0 else (100.0, "end") if high == 100 else (x, "middle")
        found.append(text(place[0], TOP + HIGH + 22, labels[n], "soft", place[1]))
    return found[::-1]


def _are_apart(extents: list[tuple[float, float]]) -> bool:
    return all(high <= low for (_low, high), (low, _high) in pairwise(extents))


def _key(names: dict[int, str]) -> list[SafeString]:
    found = []
    for row, (n, words) in enumerate(names.items(), start=1):
        y = TOP + HIGH + FOOT - 10 + KEY_ROW * row - 4
        found += [line(0, y - 4, 4, y - 4, f"line s{n + 1}"), text(6, y, words, f"strong s{n + 1}")]
    return found


def _known(point: dict) -> bool:
    return not point.get("few") and point.get("value") is not None


def _values(spec: dict) -> list[float]:
    points = [point for series in spec["series"] for point in series["points"] if _known(point)]
    found = [v for p in points for v in (p["value"], p.get("low"), p.get("high")) if v is not None]
    return found + [spec[k] for k in ("lowest", "highest") if spec.get(k) is not None]


def _series(series: dict, n: int, step: float, down: Across, spec: dict) -> SafeString:
    parts: list[SafeString] = []
    before: tuple[float, float] | None = None
    scale = None
    for place, point in enumerate(series["points"]):
        if not _known(point):
            before = None
            continue
        x, y = LEFT + place * step, down(point["value"])
        if before and point.get("scale") == scale:
            parts.append(line(*before, x, y, f"line s{n + 1}"))
        if point.get("low") is not None:
            parts.append(line(x, down(point["low"]), x, down(point["high"]), "whisker"))
        words = f"{series['label']}, {point['label']}: {number(point['value'], spec)}"
        parts.append(circle(x, y, 4, f"dot s{n + 1}", words))
        before, scale = (x, y), point.get("scale")
    return join(parts)


def _last(series: dict) -> float | None:
    return next((p["value"] for p in reversed(series["points"]) if _known(p)), None)


def _ends(all_series: list[dict], down: Across, room: float = 17) -> dict[int, float]:
    """Where the names stand: at the lines' ends, moved apart so that none covers another."""
    placed: dict[int, float] = {}
    last = -math.inf
    for y, n in sorted((down(_last(s)), n) for n, s in enumerate(all_series) if _last(s) is not None):
        last = placed[n] = max(y, last + room)
    return placed


def table_of_series(spec: dict) -> tuple[list[str], list[list[str]]]:
    heads = [spec.get("label_head") or _("Group"), *[str(p["label"]) for p in spec["series"][0]["points"]]]
    rows = [[str(s["label"]), *[_cell(point, spec) for point in s["points"]]] for s in spec["series"]]
    return heads, rows


def _cell(point: dict, spec: dict) -> str:
    return _("too few to say") if point.get("few") else number(point.get("value"), spec)
