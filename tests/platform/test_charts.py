"""Charts: every kind draws, in well-formed SVG, in every language, with the same numbers in its table."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from django.utils.translation import override

from tirek.site import charts
from tirek.site.charts.marks import nice_ticks
from tirek.site.views_design import _charts


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
@pytest.mark.parametrize("number", range(6))
def test_each_kind_draws_the_same_in_every_language(number, language):
    with override(language):
        spec = _charts()[number]
        root = ET.fromstring(charts.svg(spec))
        heads, rows = charts.table(spec)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    for mark in root.iter():
        for name in ("x", "x1", "x2", "width", "cx", "y", "height"):
            assert "," not in mark.attrib.get(name, "")
    assert rows
    assert all(len(row) == len(heads) for row in rows)


def test_too_few_is_said_and_not_drawn():
    spec = {
        "kind": "dots",
        "title": "t",
        "rows": [{"label": "A", "value": 5.0, "low": 4.0, "high": 6.0}, {"label": "B", "few": True}],
    }
    with override("en"):
        drawing = charts.svg(spec)
        _heads, rows = charts.table(spec)
    assert "too few to say" in drawing
    assert drawing.count("<circle") == 1
    assert rows[1][1] == "too few to say"


def test_words_from_elsewhere_cannot_become_marks():
    spec = {"kind": "bars", "title": "t", "rows": [{"label": "<script>alert(1)</script>", "value": 1}]}
    assert "<script" not in charts.svg(spec)


def test_bars_begin_at_zero():
    spec = {"kind": "bars", "title": "t", "rows": [{"label": "A", "value": 50}, {"label": "B", "value": 100}]}
    widths = [float(r.attrib["width"].rstrip("%")) for r in ET.fromstring(charts.svg(spec)).iter("rect")]
    assert widths[1] == pytest.approx(2 * widths[0])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (460.2, 517.9), (-3, 3), (5, 5), (0, 0.003), (1e6, 9e6)])
def test_ticks_are_round_and_enclose(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 12
