"""The marks that charts are made of. ``x`` is per cent, ``y`` pixels; a number is written with a point in every language."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from django.utils.formats import number_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

Across = Callable[[float], float]


def dotted(value: float) -> str:
    """For an attribute: SVG knows no comma."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def text(x: float, y: float, words: object, look: str = "", anchor: str = "start", shift: float = 0) -> SafeString:
    return format_html(
        '<text class="{}" x="{}%" y="{}" dx="{}" text-anchor="{}">{}</text>',
        look, dotted(x), dotted(y), dotted(shift), anchor, words,
    )  # fmt: skip


def line(x1: float, y1: float, x2: float, y2: float, look: str) -> SafeString:
    return format_html(
        '<line class="{}" x1="{}%" y1="{}" x2="{}%" y2="{}"/>', look, dotted(x1), dotted(y1), dotted(x2), dotted(y2)
    )


def rect(x: float, y: float, width: float, height: float, look: str) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>',
        look,
        dotted(x),
        dotted(y),
        dotted(max(width, 0)),
        dotted(height),
    )


def circle(x: float, y: float, radius: float, look: str, words: str = "") -> SafeString:
    title = format_html("<title>{}</title>", words) if words else ""
    return format_html(
        '<circle class="{}" cx="{}%" cy="{}" r="{}">{}</circle>', look, dotted(x), dotted(y), radius, title
    )


def join(parts: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(conditional_escape(part) for part in parts))  # noqa: S308  (parts are already escaped)


def number(value: float | None, spec: dict) -> str:
    """In the reader's language, with the unit; empty when unknown."""
    if value is None:
        return ""
    words = plain(value, spec.get("decimals", 0))
    return f"{words}\u00a0{spec['unit']}" if spec.get("unit") else words


def plain(value: float, decimals: int = 0) -> str:
    value = round(value, decimals) or 0  # no minus before nought
    return number_format(value, decimal_pos=decimals, use_l10n=True, force_grouping=True)


def tick_words(ticks: Sequence[float], spec: dict) -> list[str]:
    """What stands at the ticks: with as many decimals as tell them apart, unless the chart says how many."""
    enough = next((n for n in range(4) if all(abs(tick - round(tick, n)) < 1e-9 for tick in ticks)), 4)
    return [plain(tick, spec.get("tick_decimals", enough)) for tick in ticks]


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from just below ``low`` to just above ``high``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return [0.0, 1.0]
    raw = ((high - low) or 1.0) / about
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 2.5, 5, 10) if size * m >= raw)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [round(step * n, 10) for n in range(first, last + 1)]
