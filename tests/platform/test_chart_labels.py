"""Labels of charts never cover another's line, nor leave the chart, on the narrowest screen."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirek.site import charts
from tirek.site.charts.labels import GAP, LETTER, NARROWEST, places

BINS = [{"from": 300 + 20 * n, "to": 320 + 20 * n, "count": 1 + n} for n in range(20)]


def drawn(marks: list[dict], width: int = NARROWEST) -> tuple[list, list]:
    """Lines (x, top) and labels (x from, x to, y) in pixels of a chart that is ``width`` pixels wide."""
    root = ET.fromstring(charts.svg({"kind": "distribution", "title": "t", "bins": BINS, "marks": marks}))
    across = lambda el, name: float(el.attrib[name].rstrip("%")) * width / 100  # noqa: E731
    lines = [(across(el, "x1"), float(el.attrib["y1"])) for el in root.iter("line") if el.attrib["class"] == "whisker"]
    labels = []
    for el in (el for el in root.iter("text") if el.attrib["class"] == "over"):
        x, long = across(el, "x") + float(el.attrib["dx"]), LETTER * len(el.text)
        labels.append(
            (x, x + long, float(el.attrib["y"]))
            if el.attrib["text-anchor"] == "start"
            else (x - long, x, float(el.attrib["y"]))
        )
    return lines, labels


def crossings(lines: list, labels: list) -> int:
    return sum(low < x < high and top < y for x, top in lines for low, high, y in labels)


MARKS = st.lists(
    st.builds(dict, value=st.integers(250, 750), label=st.text("абвmк 0123456789", min_size=1, max_size=30)), max_size=6
)


@given(marks=MARKS, width=st.sampled_from([NARROWEST, 700, 1400]))
def test_no_label_is_crossed_or_cut(marks, width):
    lines, labels = drawn(marks, width)
    assert len(lines) == len(marks)  # every mark keeps its line
    assert crossings(lines, labels) == 0
    assert all(low >= -GAP and high <= width + GAP for low, high, _y in labels)
    assert len({y for _low, _high, y in labels}) == len(labels)


@pytest.mark.parametrize(("villages", "towns"), [(481, 506), (506, 481), (310, 690), (690, 310), (500, 500.5)])
def test_two_marks_are_always_named(villages, towns):
    """These were drawn across each other: a line from the first row went through the label in the second."""
    marks = [{"value": villages, "label": "ауылдар 481"}, {"value": towns, "label": "қалалар 506"}]
    lines, labels = drawn(marks)
    assert len(labels) == 2
    assert crossings(lines, labels) == 0


def test_a_label_without_room_goes_and_its_line_stays():
    assert places([(50.0, "a" * 60)]) == [None]
    assert places([(10.0, "short"), (50.0, "a" * 60)])[1] is None


@pytest.mark.parametrize(("low", "high"), [(-1.1, 1.0), (0.0, 0.4), (400, 600), (0.02, 0.05)])
def test_no_two_ticks_of_a_scale_say_the_same(low, high):
    rows = [{"label": "a", "value": low, "low": low, "high": high}]
    root = ET.fromstring(charts.svg({"kind": "dots", "title": "t", "decimals": 2, "rows": rows}))
    ticks = [el.text for el in root.iter("text") if el.attrib["class"] == "soft"]
    assert len(ticks) > 2
    assert len(set(ticks)) == len(ticks)


@given(years=st.integers(1, 12), first=st.integers(2000, 2030), below=st.booleans())
def test_moments_under_lines_do_not_touch(years, first, below):
    points = [{"label": f"{first + n}-{first + n + 1}", "value": 480 + n} for n in range(years)]
    name = "математика, 4-сынып оқушыларының нәтижесі" if below else "орта"
    spec = {"kind": "lines", "title": "t", "series": [{"label": name, "points": points}]}
    root = ET.fromstring(charts.svg(spec))
    shown = [el for el in root.iter("text") if "-20" in (el.text or "")]
    assert shown[-1].text == points[-1]["label"], "the last moment is always named"
    ends = []
    for el in shown:
        x, long = float(el.attrib["x"].rstrip("%")) * NARROWEST / 100, LETTER * len(el.text)
        low = x - {"start": 0, "middle": long / 2, "end": long}[el.attrib.get("text-anchor", "start")]
        ends.append((low, low + long))
    assert all(one[1] <= two[0] for one, two in pairwise(ends))
    assert all(low >= -0.01 and high <= NARROWEST + 0.01 for low, high in ends)


@pytest.mark.parametrize("kind", ["bars", "dots"])
def test_a_long_label_of_a_row_takes_as_many_lines_as_it_needs(kind):
    words = "Орташа нәтиже, 2023 ж. қыркүйек: қалған барлық мектептер"

    def texts(first: str) -> dict[str, float]:
        rows = [{"label": first, "value": 1.0}, {"label": "Short", "value": 2.0}]
        root = ET.fromstring(charts.svg({"kind": kind, "title": "t", "rows": rows}))
        return {el.text or "": float(el.attrib["y"]) for el in root.iter("text")}

    long = texts(words)
    lines = [line for line in long if line in words and len(line) > 4]
    assert " ".join(lines) == words
    assert len(lines) == 2
    assert max(7 * len(line) for line in lines) <= NARROWEST
    assert long["Short"] > texts("A")["Short"], "what follows is pushed down, not covered"
