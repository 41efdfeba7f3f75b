"""From a template and its data to a PDF: the same data gives the same bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from functools import cache
from pathlib import Path

import segno
import typst

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "typst"
FONTS = HERE / "fonts"
STANDARDS = ["a-2a", "ua-1"]


def template_digest(name: str) -> str:
    """Digest of a template with the base it stands on."""
    digest = hashlib.sha256()
    for file in ("base.typ", f"{name}.typ"):
        digest.update((TEMPLATES / file).read_bytes())
    return digest.hexdigest()


def typeset(template: str, data: bytes, issued_at: dt.datetime, *, mathematics: bool = False) -> bytes:
    """A PDF/A-2a, PDF/UA-1 document.

    Parameters
    ----------
    template
        Name of a file in ``typst/`` without its ending.
    data
        JSON that the template reads; texts in it are already in the document's language.
    issued_at
        Becomes the PDF's only clock.
    mathematics
        Whether the template may fall back on Typst's own fonts, for signs that ours lack.
    """
    return _compiler(mathematics).compile(
        input=TEMPLATES / f"{template}.typ",
        format="pdf",
        sys_inputs={"data": data.decode(), "qr": _qr(json.loads(data).get("check_address", ""))},
        pdf_standards=STANDARDS,
        timestamp=int(issued_at.timestamp()),
    )


@cache
def _compiler(mathematics: bool = False) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=mathematics, font_paths=[str(FONTS)])
    return typst.Compiler(root=str(TEMPLATES), font_paths=fonts)


def _qr(address: str) -> str:
    """The address as an SVG square, or nothing."""
    if not address:
        return ""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()
