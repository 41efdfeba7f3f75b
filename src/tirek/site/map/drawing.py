"""The map of a scope: units of the country, or points inside one unit. Always beside the table that says the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tirek.site.map.simplify import place

MARGIN = 0.04
LETTER, LINE = 6.9, 15.0  # pixels of a name: a letter's width, on the average, and a line's height
WIDTH = (
    328  # pixels for which names are placed: a telephone of 360 less its margins; names keep their size on wider ones
)


@dataclass(frozen=True)
class Spot:
    """A district or an institution: where, its name, its page; ``weight`` from 0 to 1 sets the size."""

    longitude: float
    latitude: float
    name: str
    url: str
    weight: float = 0.3
    note: str = ""


@dataclass(frozen=True)
class Unit:
    iso: str
    name: str
    url: str = ""
    note: str = ""
    here: bool = False


@dataclass
class Drawing:
    width: float
    height: float
    units: list[dict] = field(default_factory=list)
    spots: list[dict] = field(default_factory=list)


@cache
def outlines() -> dict[str, dict]:
    return json.loads(Path(__file__).with_name("outlines.json").read_text())


def country(units: Sequence[Unit]) -> Drawing:
    """All units whose outline is known; cities last, so that they lie on top."""
    known = [(unit, outlines()[unit.iso]) for unit in units if unit.iso in outlines()]
    drawing, move = _frame([shape["box"] for _, shape in known] or [shape["box"] for shape in outlines().values()])
    known.sort(key=lambda pair: -pair[1]["box"][2] * pair[1]["box"][3])
    for unit, shape in known:
        drawing.units.append({"unit": unit, "path": shape["coarse"], "transform": move.text})
    return drawing


def region(iso: str, spots: Sequence[Spot]) -> Drawing | None:
    """One unit with its points, the heaviest named first; a name without room is shown when its point is asked for.

    The named come first: what is asked for is then drawn on top.
    """
    shape = outlines().get(iso)
    boxes = [shape["box"]] if shape else [_box(spots)] if spots else []
    if not boxes:
        return None
    drawing, move = _frame(boxes)
    if shape:
        drawing.units.append({"unit": Unit(iso, ""), "path": shape["fine"], "transform": move.text})
    points = [_point(spot, move) for spot in sorted(spots, key=lambda s: -s.weight)]
    taken = [(x - radius, y - radius, x + radius, y + radius) for _, x, y, radius in points]
    for own, (spot, x, y, radius) in enumerate(points):
        across, down = round(100 * x / drawing.width, 2), round(100 * y / drawing.height, 2)
        label = _label(x, y, radius, spot.name, drawing, taken, own)
        drawing.spots.append({"spot": spot, "x": across, "y": down, "r": round(radius, 1)} | label)
    drawing.spots.sort(key=lambda found: found["asked"])
    return drawing


class _Move:
    """From the outlines' units to the drawing's."""

    def __init__(self, left: float, top: float, scale: float):
        self.left, self.top, self.scale = left, top, scale

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    @property
    def text(self) -> str:
        return f"scale({self.scale:.4f}) translate({-self.left:.2f} {-self.top:.2f})"


def _frame(boxes: list[list[float]]) -> tuple[Drawing, _Move]:
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    width = max(b[0] + b[2] for b in boxes) - left
    height = max(b[1] + b[3] for b in boxes) - top
    pad = MARGIN * max(width, height)
    scale = WIDTH / (width + 2 * pad)
    return Drawing(WIDTH, round((height + 2 * pad) * scale, 1)), _Move(left - pad, top - pad, scale)


def _box(spots: Sequence[Spot]) -> list[float]:
    placed = [place(spot.longitude, spot.latitude) for spot in spots]
    xs, ys = [x for x, _ in placed], [y for _, y in placed]
    pad = 2.0
    return [min(xs) - pad, min(ys) - pad, max(xs) - min(xs) + 2 * pad, max(ys) - min(ys) + 2 * pad]


def _point(spot: Spot, move: _Move) -> tuple[Spot, float, float, float]:
    x, y = move(*place(spot.longitude, spot.latitude))
    return spot, x, y, 4 + 7 * max(0.0, min(1.0, spot.weight)) ** 0.5


def _label(x: float, y: float, radius: float, name: str, drawing: Drawing, taken: list, own: int) -> dict:
    """Right of the point, else left, above, below: the first place that is free and inside. Shifts are pixels.

    ``taken`` holds every point, its own at ``own``, and the names placed so far. Without a free place the name is only
    for asking: towards the middle, where it is inside.
    """
    wide, high = LETTER * len(name), LINE
    places = [
        (radius + 4, 4.0, "start"), (-radius - 4, 4.0, "end"), (0.0, -radius - 5, "middle"), (0.0, radius + 13, "middle"),
        (radius, radius + 9, "start"), (-radius, radius + 9, "end"), (radius, -radius - 2, "start"), (-radius, -radius - 2, "end"),
    ]  # fmt: skip
    for dx, dy, anchor in places:
        left = x + dx - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        box = (left, y + dy - 11, left + wide, y + dy - 11 + high)
        inside = box[0] >= 0 and box[2] <= drawing.width and box[1] >= 0 and box[3] <= drawing.height
        if inside and not any(_meet(box, other) for n, other in enumerate(taken) if n != own):
            taken.append(box)
            return {"dx": round(dx, 1), "dy": round(dy, 1), "anchor": anchor, "asked": False}
    third = min(2, int(3 * x / drawing.width))
    above = y > drawing.height / 2
    dy = -radius - 5 if above else radius + 13
    return {"dx": 0, "dy": round(dy, 1), "anchor": ("start", "middle", "end")[max(0, third)], "asked": True}


def _meet(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
