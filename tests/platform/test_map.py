"""Names on the map of a region: none lies on another or on a point, and one without room waits to be asked for."""

from __future__ import annotations

import pytest

from tirek.site.demo.places import TURKISTAN_UNITS
from tirek.site.map import drawing

UNITS = [(kk, ru, en, x, y, weight) for kk, ru, en, x, y, _is_city, weight in TURKISTAN_UNITS]


def drawn(names: int):
    spots = [drawing.Spot(row[3], row[4], row[names], "#", row[-1] / 12) for row in UNITS]
    return drawing.region("KZ-61", spots)


def box(item: dict, found) -> tuple[float, float, float, float]:
    wide = drawing.LETTER * len(item["spot"].name)
    x = item["x"] * found.width / 100 + item["dx"] - {"start": 0, "middle": wide / 2, "end": wide}[item["anchor"]]
    y = item["y"] * found.height / 100 + item["dy"] - 11
    return x, y, x + wide, y + drawing.LINE


def point(item: dict, found) -> tuple[float, float, float, float]:
    x, y, r = item["x"] * found.width / 100, item["y"] * found.height / 100, item["r"]
    return x - r, y - r, x + r, y + r


def meet(a, b) -> bool:
    return a[0] < b[2] - 0.2 and b[0] < a[2] - 0.2 and a[1] < b[3] - 0.2 and b[1] < a[3] - 0.2


@pytest.mark.parametrize("language", [0, 1, 2])
def test_names_that_are_shown_keep_clear_of_names_and_points(language):
    found = drawn(language)
    named = [item for item in found.spots if not item["asked"]]
    assert len(named) >= len(UNITS) // 2
    for one in named:
        for other in found.spots:
            if other is not one:
                assert not meet(box(one, found), point(other, found)), (one["spot"].name, other["spot"].name)
        for other in named:
            assert other is one or not meet(box(one, found), box(other, found))


def test_every_point_can_be_asked_for_its_name_inside_the_map_and_those_come_last():
    found = drawn(1)
    asked = [item["asked"] for item in found.spots]
    assert any(asked)
    assert asked == sorted(asked)
    assert len(found.spots) == len(UNITS)
    for item in found.spots:
        left, top, right, bottom = box(item, found)
        assert left >= 0
        assert right <= found.width
        assert top >= 0
        assert bottom <= found.height


def test_the_heaviest_is_named_before_its_neighbours():
    near = [
        drawing.Spot(68.0, 43.0, "A light district", "#", 0.1),
        drawing.Spot(68.0, 43.0, "A heavy district", "#", 1.0),
    ]
    found = drawing.region("KZ-61", near)
    assert next((item["spot"].name, item["asked"]) for item in found.spots) == ("A heavy district", False)
