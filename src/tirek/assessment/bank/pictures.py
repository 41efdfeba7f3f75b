"""Pictures that strangers send: only what draws is kept, nothing that tells of the sender or could run.

PNG and JPEG are cut to their drawing parts (W3C PNG third edition sec. 5.6; ITU-T T.81 annex B); SVG is rebuilt from a
list of known elements and attributes.
"""

from __future__ import annotations

import re
import struct
import zlib
from xml.etree import ElementTree

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from tirek_engines.errors import Refusal

MOST_BYTES = 500_000
MOST_PIXELS = 4_000
MOST_ELEMENTS = 5_000
SVG = "http://www.w3.org/2000/svg"
KEPT_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"pHYs", b"gAMA", b"sRGB", b"cHRM"}
ELEMENTS = {
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
    "tspan", "use", "symbol", "marker", "clipPath", "mask", "pattern", "linearGradient", "radialGradient", "stop",
}  # fmt: skip
ATTRIBUTES = {
    "id", "class", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "points", "fx",
    "fy", "viewBox", "preserveAspectRatio", "transform", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width",
    "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "stroke-miterlimit",
    "opacity", "font-family", "font-size", "font-style", "font-weight", "text-anchor", "dominant-baseline", "dx", "dy",
    "rotate", "letter-spacing", "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform",
    "spreadMethod", "patternUnits", "patternTransform", "clip-path", "clip-rule", "clipPathUnits", "mask", "maskUnits",
    "marker-start", "marker-mid", "marker-end", "markerWidth", "markerHeight", "refX", "refY", "orient", "markerUnits",
    "display", "visibility", "color", "version", "baseProfile",
}  # fmt: skip
OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|[a-z]+:|expression|@import|\\", re.IGNORECASE)


class BadPicture(Refusal):
    """The picture cannot be shown to pupils."""

    code = "bad_picture"


def cleaned(data: bytes) -> tuple[str, bytes]:
    """Media type and the drawing parts of a picture. Raises `BadPicture`."""
    if len(data) > MOST_BYTES:
        raise BadPicture(_("The picture is larger than 500 kB. Make it smaller."), code="too_large")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", _png(data)
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg", _jpeg(data)
    if b"<svg" in data[:4096]:
        return "image/svg+xml", _svg(data)
    raise BadPicture(_("This is neither a PNG nor a JPEG nor an SVG picture."), code="unknown_picture")


def _broken() -> BadPicture:
    return BadPicture(_("The picture is damaged. Save it again and send it once more."), code="broken_picture")


def _measured(width: int, height: int) -> None:
    if not (0 < width <= MOST_PIXELS and 0 < height <= MOST_PIXELS):
        raise BadPicture(_("The picture is wider or higher than 4,000 pixels. Make it smaller."), code="too_large")


def _png(data: bytes) -> bytes:
    kept, place = [data[:8]], 8
    names = []
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        end = place + 12 + length
        if end > len(data) or zlib.crc32(name + body) != struct.unpack(">I", data[end - 4 : end])[0]:
            raise _broken()
        if name in KEPT_CHUNKS:
            kept.append(data[place:end])
            names.append(name)
        if name == b"IHDR":
            _measured(*struct.unpack(">II", body[:8]))
        place = end
        if name == b"IEND":
            break
    if not names or names[0] != b"IHDR" or names[-1] != b"IEND" or b"IDAT" not in names:
        raise _broken()
    return b"".join(kept)


def _jpeg(data: bytes) -> bytes:
    kept, place, is_measured = [data[:2]], 2, False
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            raise _broken()
        marker = data[place + 1]
        if marker == 0xFF:  # fill bytes
            place += 1
            continue
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        body = data[place : place + 2 + length]
        if length < 2 or len(body) < 2 + length:
            raise _broken()
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", body[5:9])
            _measured(width, height)
            is_measured = True
        if marker == 0xDA:  # the drawing itself follows, to the end of the picture
            end = data.rfind(b"\xff\xd9")
            if end < place or not is_measured:
                raise _broken()
            return b"".join([*kept, data[place : end + 2]])
        if not (0xE1 <= marker <= 0xEF and marker != 0xEE) and marker != 0xFE:  # no camera's notes, no comments
            kept.append(body)
        place += 2 + length
    raise _broken()


def _svg(data: bytes) -> bytes:
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        message = _("The SVG picture cannot be read safely. Export it again as plain SVG, without a DTD.")
        raise BadPicture(message, code="broken_picture") from None
    if root.tag not in ("svg", f"{{{SVG}}}svg"):
        raise _broken()
    if sum(1 for _each in root.iter()) > MOST_ELEMENTS:
        raise BadPicture(_("The SVG picture has more than 5,000 parts. Make it simpler."), code="too_large")
    if not root.get("viewBox") and not (root.get("width") and root.get("height")):
        raise BadPicture(_("The SVG picture has no size. Export it with its width and height."), code="broken_picture")
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(_rebuilt(root), encoding="utf-8", xml_declaration=False)


def _rebuilt(element: ElementTree.Element) -> ElementTree.Element:
    name = element.tag.rpartition("}")[2]
    made = ElementTree.Element(f"{{{SVG}}}{name}", {k: v for k, v in element.attrib.items() if _harmless(k, v)})
    for key in ("href", "{http://www.w3.org/1999/xlink}href"):
        if element.get(key, "").startswith("#"):
            made.set("href", element.get(key, ""))
    for declaration in element.get("style", "").split(";"):
        key, colon, value = (part.strip() for part in declaration.partition(":"))
        if colon and _harmless(key, value):
            made.set(key, value)
    made.text, made.tail = element.text, element.tail
    for child in element:
        if isinstance(child.tag, str) and child.tag.rpartition("}")[2] in ELEMENTS:
            made.append(_rebuilt(child))
    return made


def _harmless(name: str, value: str) -> bool:
    return name in ATTRIBUTES and (not OUTSIDE.search(value) or name in ("d", "points"))
