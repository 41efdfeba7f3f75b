"""Charts as SVG in the page: drawn here, coloured by the page, so that dark mode and print cost nothing.

A chart is a plain dict that an app below hands to ``<c-chart :spec="…" />``:

``kind``
    "bars" (rows: label, value, low, high, n, few, look; amounts and shares, from zero), "dots" (the same rows; means, on a
    scale of their own; bounds: values with a faint line), "distribution" (bins: from, to, count; marks: value, label), "lines" (series: label, points: label,
    value, low, high, few, scale: points of different scales are not joined), "item_map" (bins of persons as above; items: label, value), "strip" (rows: label, parts:
    label, share), "caterpillar" (rows in order: value, low, high, own, label; band) or "curves" (series: label, points: pairs (x, y), dots: pairs that were observed; bins of persons behind).
``title``, ``words``
    the question, and what the chart says, in one sentence each.
``decimals``, ``unit``, ``reference`` ({value, label}), ``lowest``, ``highest``, ``tick_decimals``, ``x_label``,
``label_head``, ``value_head``, ``source``, ``download``
    as needed.

Places across are per cent and places down are pixels: letters keep their size on a telephone.
"""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from tirek.site.charts import bars, caterpillar, curves, lines, spread

DRAWERS = {
    "bars": bars.draw_bars,
    "dots": bars.draw_dots,
    "strip": bars.draw_strip,
    "distribution": spread.draw_distribution,
    "item_map": spread.draw_item_map,
    "lines": lines.draw_lines,
    "curves": curves.draw_curves,
    "caterpillar": caterpillar.draw_caterpillar,
}
TABLES = {
    "bars": bars.table_of_rows,
    "dots": bars.table_of_rows,
    "strip": bars.table_of_strip,
    "distribution": spread.table_of_bins,
    "item_map": spread.table_of_items,
    "lines": lines.table_of_series,
    "curves": curves.table_of_curves,
    "caterpillar": caterpillar.table_of_intervals,
}


def svg(spec: dict) -> SafeString:
    """The drawing alone, with its words as its accessible name."""
    inside, height = DRAWERS[spec["kind"]](spec)
    words = spec.get("words") or spec["title"]
    return format_html('<svg width="100%" height="{}" role="img" aria-label="{}">{}</svg>', height, words, inside)


def table(spec: dict) -> tuple[list[str], list[list[str]]]:
    """The same numbers as a table: heads and rows."""
    return TABLES[spec["kind"]](spec)
