"""Drawn rooms in place of photographs: nobody's school, and marked so in the picture itself."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 900
WALLS = {"good": "#f2eede", "fair": "#e6dfca", "poor": "#d2c8ad", "unusable": "#b5ab93"}
FLOORS = {"good": "#cfa873", "fair": "#b99a6e", "poor": "#9c815c", "unusable": "#7a6548"}
WORD = "SYNTHETIC"


@cache
def room_picture(condition: str, variant: int, is_equipped: bool = False) -> bytes:
    """A JPEG of a room in a condition; equipped ones have desks and a panel on the wall."""
    image = Image.new("RGB", (WIDTH, HEIGHT), WALLS[condition])
    pen = ImageDraw.Draw(image)
    pen.polygon([(0, HEIGHT), (WIDTH, HEIGHT), (930, 600), (270, 600)], fill=FLOORS[condition])
    pen.polygon([(0, 0), (270, 170), (270, 600), (0, HEIGHT)], fill=_darker(WALLS[condition], 12))
    pen.polygon([(WIDTH, 0), (930, 170), (930, 600), (WIDTH, HEIGHT)], fill=_darker(WALLS[condition], 20))
    pen.line([(270, 170), (930, 170), (930, 600), (270, 600), (270, 170)], fill="#6f6a5c", width=3)
    _window(pen, 60 + 20 * variant, condition)
    if is_equipped:
        pen.rectangle((430, 250, 770, 450), fill="#1f2b36", outline="#0e1318", width=8)
        pen.rectangle((450, 268, 750, 432), fill="#3f88b5")
        for n in range(3):
            _desk(pen, 330 + 190 * n, 620 + 12 * variant)
    else:
        _desk(pen, 420 + 30 * variant, 640)
    if condition in ("poor", "unusable"):
        _cracks(pen, variant)
    _mark(pen)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()


def _darker(colour: str, by: int) -> tuple[int, int, int]:
    parts = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
    return (max(parts[0] - by, 0), max(parts[1] - by, 0), max(parts[2] - by, 0))


def _window(pen: ImageDraw.ImageDraw, left: int, condition: str) -> None:
    glass = "#4a4f55" if condition == "unusable" else "#a9d4ef"
    pen.polygon([(left, 250), (left + 120, 290), (left + 120, 500), (left, 560)], fill=glass, outline="#6f6a5c")
    pen.line([(left + 60, 270), (left + 60, 530)], fill="#6f6a5c", width=4)


def _desk(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    pen.polygon([(left, top), (left + 150, top), (left + 170, top + 40), (left - 20, top + 40)], fill="#b07a3c")
    for x in (left - 10, left + 158):
        pen.line([(x, top + 40), (x, top + 130)], fill="#6d481f", width=8)


def _cracks(pen: ImageDraw.ImageDraw, variant: int) -> None:
    x = 620 + 40 * variant
    pen.line([(x, 170), (x + 20, 240), (x - 15, 300), (x + 25, 380), (x, 440)], fill="#4d4638", width=5)
    pen.ellipse((820, 190, 910, 270), fill="#a3966f")
    pen.polygon([(330, 700), (420, 680), (470, 740), (360, 770)], fill="#5f4d34")


def _mark(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((0, HEIGHT - 64, WIDTH, HEIGHT), fill="#131a21")
    pen.text((24, HEIGHT - 50), WORD, fill="#ffd332", font=ImageFont.load_default(size=34))
