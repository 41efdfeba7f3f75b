"""Strangers' photographs, drawn anew: at most 1600 pixels, upright, and nothing beside the picture."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from tirek_engines.errors import Refusal

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 80_000_000
LONGEST, LONGEST_SMALL = 1600, 320
QUALITY, QUALITY_SMALL = 82, 74
HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"heif"}
FORMATS = ("JPEG", "PNG", "WEBP")


class BadPhotograph(Refusal):
    """The file is no picture that can be kept."""

    code = "bad_photograph"


@dataclass(frozen=True)
class Picture:
    """The picture as it is kept, and a small one. ``place`` is longitude and latitude, where the file said so."""

    data: bytes
    small: bytes
    width: int
    height: int
    sent_sha256: str
    place: tuple[float, float] | None = None


def is_heif(data: bytes) -> bool:
    """The format of iPhones, by its bytes."""
    return data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS


def redraw(data: bytes, name: str) -> Picture:
    """Read a picture and draw it anew.

    Raises
    ------
    BadPhotograph
        Too large, no picture, broken, or of a format that cannot be read here; says what to do.
    """
    too_large(len(data), name)
    if not data:
        raise BadPhotograph(
            _("The file “%(name)s” is empty. Take the photograph again.") % {"name": name}, code="empty"
        )
    image = _opened(data, name)
    place = _place(image)
    try:
        whole = _flat(ImageOps.exif_transpose(image))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _broken(name) from error
    whole.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    little = whole.copy()
    little.thumbnail((LONGEST_SMALL, LONGEST_SMALL), Image.Resampling.LANCZOS)
    return Picture(
        _jpeg(whole, QUALITY), _jpeg(little, QUALITY_SMALL), whole.width, whole.height,
        hashlib.sha256(data).hexdigest(), place,
    )  # fmt: skip


def too_large(size: int, name: str) -> None:
    """Refuse before a file is read into memory."""
    if size > MOST_BYTES:
        raise BadPhotograph(
            _(
                "The photograph “%(name)s” has %(size)s MB; at most %(most)s MB are taken. The page for walks scales it by"
                " itself; elsewhere choose a smaller size in the camera and take it again."
            )
            % {"name": name, "size": -(-size // (1 << 20)), "most": MOST_BYTES >> 20},
            code="too_large",
        )


def _opened(data: bytes, name: str) -> Image.Image:
    if is_heif(data) and not _reads_heif():
        raise BadPhotograph(
            _(
                "“%(name)s” is a HEIC photograph, which this server cannot read. On the iPhone choose Settings, Camera,"
                " Formats, “Most compatible”, and take it again; or send it as JPEG."
            )
            % {"name": name},
            code="heic",
        )
    try:
        image = Image.open(io.BytesIO(data), formats=("HEIF",) if is_heif(data) else FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise BadPhotograph(
                _(
                    "The photograph “%(name)s” has too many pixels. Choose a smaller size in the camera and take it again."
                )
                % {"name": name},
                code="too_many_pixels",
            )
        image.load()
    except UnidentifiedImageError as error:
        raise BadPhotograph(
            _("The file “%(name)s” is not a photograph that can be read. Send a JPEG, PNG, WebP or HEIC picture.")
            % {"name": name},
            code="no_picture",
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise _broken(name) from error
    return image


def _broken(name: str) -> BadPhotograph:
    return BadPhotograph(
        _("The photograph “%(name)s” is damaged: a part of it is missing. Take it again. Nothing else was lost.")
        % {"name": name},
        code="broken_picture",
    )


def _reads_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _flat(image: Image.Image) -> Image.Image:
    """Without transparency, on white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        return ground.convert("RGB")
    return image.convert("RGB")


def _jpeg(image: Image.Image, quality: int) -> bytes:
    """Only the pixels: a new image has no EXIF, no profile, no comment."""
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    target = io.BytesIO()
    bare.save(target, "JPEG", quality=quality, optimize=True, progressive=True)
    return target.getvalue()


def _place(image: Image.Image) -> tuple[float, float] | None:
    """Longitude and latitude that the camera wrote, if it did and they can be."""
    try:
        told = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude = _degrees(told[2]) * (-1 if str(told.get(1, "N")).upper().startswith("S") else 1)
        longitude = _degrees(told[4]) * (-1 if str(told.get(3, "E")).upper().startswith("W") else 1)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError, SyntaxError, OSError):
        return None
    return (longitude, latitude) if -180 <= longitude <= 180 and -90 <= latitude <= 90 else None


def _degrees(parts) -> float:
    whole, minutes, seconds = (Fraction(float(part)).limit_denominator(10**7) for part in parts)
    return float(whole + minutes / 60 + seconds / 3600)
