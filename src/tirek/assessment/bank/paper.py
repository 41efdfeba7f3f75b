"""A booklet as data that pages and the printed PDF show: the same tasks in the same order, never a key."""

from __future__ import annotations

import base64
import datetime as dt
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import typst
from django.utils import translation
from django.utils.translation import gettext as _

from tirek.assessment.bank.wording import WITH_OPTIONS, Wording, in_language, wordings_of
from tirek.documents.typesetting import typeset
from tirek.storage import sealed
from tirek.storage.sealed import json_bytes
from tirek_engines.errors import Refusal

MM_PER_PIXEL = 25.4 / 96
MOST_WIDE_MM, MOST_HIGH_MM = 150.0, 90.0
OPEN_LINES = 4


class NotPrinted(Refusal):
    """A task holds what cannot be put on paper."""

    code = "not_printed"


@dataclass(frozen=True)
class Printed:
    """A task of a booklet in one language; a task that has no words in it is shown by its code."""

    number: int
    code: str
    kind: str
    max_score: int
    wording: Wording
    pictures: tuple
    is_translated: bool

    @property
    def has_lines(self) -> bool:
        return self.kind == "open"

    @property
    def is_short(self) -> bool:
        return self.kind in ("number", "word")


def printed(places: Sequence, language: str) -> list[Printed]:
    """The tasks of a booklet; ``places`` carry items with their bank versions, where there are any."""
    return [_printed(number, place.item, language) for number, place in enumerate(places, start=1)]


def _printed(number: int, item, language: str) -> Printed:
    version = item.version
    if version is None:
        words = getattr(item, f"wording_{language}", "") or item.wording_kk or item.wording_ru
        return Printed(number, item.code, "", item.max_score, Wording(words), (), bool(words))
    wordings = wordings_of(version.content)
    pictures = tuple(p for p in version.pictures.all() if p.language in ("", language))
    kind = version.item.kind
    return Printed(
        number, item.code, kind, item.max_score, in_language(wordings, language), pictures, language in wordings
    )


def pdf(
    *, title: str, booklet: str, language: str, tasks: Sequence[Printed], synthetic: bool, now: dt.datetime
) -> bytes:
    """The booklet as a PDF in its language."""
    with translation.override(language):
        data = {
            "title": title,
            "subtitle": _("Booklet %(name)s") % {"name": booklet},
            "language": language,
            "issuer": _("Tirek: support for schools"),
            "foot": f"{title} · {booklet}",
            "synthetic": _("Synthetic data: everything in this document is invented for demonstration.")
            if synthetic
            else "",
            "instructions": _(
                "Read each task. Mark the box of the right option, each of them where several are right, or write your answer on the line."
            ),
            "labels": {
                "name": _("Name"), "class": _("Class"), "code": _("Code"), "answer": _("Answer:"),
                "end": _("End of the booklet"),
            },
            "tasks": [_task(task, language) for task in tasks],
        }  # fmt: skip
    try:
        return typeset("booklet", json_bytes(data), now, mathematics=True)
    except typst.TypstError as error:
        message = _("The booklet cannot be typeset, often because of a sign that no font here has: %(error)s")
        raise NotPrinted(message % {"error": str(error)[:200]}) from None


def _task(task: Printed, language: str) -> dict:
    head = _("Task %(number)s") % {"number": task.number}
    if task.max_score > 1:
        head = _("Task %(number)s (%(points)s points)") % {"number": task.number, "points": task.max_score}
    return {
        "head": head,
        "stem": (task.wording.stem or task.code).split("\n"),
        "options": [{"letter": letter, "text": text} for letter, text in task.wording.lettered]
        if task.kind in WITH_OPTIONS
        else [],
        "pictures": [_picture(picture, language) for picture in task.pictures],
        "lines": OPEN_LINES if task.has_lines else 0,
        "short": task.is_short,
    }


def _picture(picture, language: str) -> dict:
    data = sealed.read(picture.sha256)
    width, height = _size(picture.media_type, data)
    wide = min(width * MM_PER_PIXEL, MOST_WIDE_MM, MOST_HIGH_MM * width / height)
    if picture.media_type == "image/svg+xml":
        svg = data.decode()
    else:
        held = base64.b64encode(data).decode()
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
            f' height="{height:g}"><image width="{width:g}" height="{height:g}"'
            f' href="data:{picture.media_type};base64,{held}"/></svg>'
        )
    words = getattr(picture, f"words_{language}") or picture.words_kk or picture.words_ru or picture.name
    return {"svg": svg, "width_mm": round(wide, 1), "words": words}


def _size(media_type: str, data: bytes) -> tuple[float, float]:
    """Width and height in pixels of a picture that was cleaned when it came in."""
    if media_type == "image/png":
        return struct.unpack(">II", data[16:24])
    if media_type == "image/jpeg":
        place = 2
        while not 0xC0 <= data[place + 1] <= 0xCF or data[place + 1] in (0xC4, 0xC8, 0xCC):
            place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
        height, width = struct.unpack(">HH", data[place + 5 : place + 9])
        return width, height
    head = data[: data.index(b">") + 1].decode()
    box = re.search(r'viewBox="([^"]+)"', head)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", box.group(1))] if box else []
    if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0:
        return numbers[2], numbers[3]
    sides = [re.search(rf'\b{name}="([\d.]+)', head) for name in ("width", "height")]
    width, height = (float(side.group(1)) if side and float(side.group(1)) > 0 else 300.0 for side in sides)
    return width, height
