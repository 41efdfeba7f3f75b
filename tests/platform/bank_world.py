"""Items for the tests of the bank."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from decimal import Decimal

from assessment_world import OFFICER
from django.utils import timezone

from tirek.access.scope import acting_as
from tirek.assessment.bank.facts import ItemFacts, VersionFacts, keep_picture
from tirek.assessment.bank.validity import PictureFacts
from tirek.assessment.bank.wording import wording
from tirek.assessment.models import BankItem
from tirek.assessment.services.bank import create_item, move_item

OPTIONS = "10\n11\n12\n13"


def facts(code: str = "B1", **changes) -> ItemFacts:
    given = {
        "subject": "mathematics",
        "grade": 4,
        "kind": "choice",
        "content_area": "number",
        "minutes": Decimal("1.5"),
    }
    return ItemFacts(code, **(given | changes))


def version(key: str = "C", why: str = "", options: str = OPTIONS, **stems: str) -> VersionFacts:
    stems = stems or {"kk": "7 + 5 неге тең?", "ru": "Чему равно 7 + 5?"}
    return VersionFacts({language: wording(stem, options) for language, stem in stems.items()}, key, why=why)


def make_item(code: str = "B1", *, by=OFFICER, ready: bool = True, **changes) -> BankItem:
    with acting_as(by):
        item = create_item(facts=facts(code, **changes), version=version(), by=None, now=timezone.now())
        return move_item(item_id=item.pk, state="ready") if ready else item


def png(width: int = 2, height: int = 2, *, note: bytes = b"") -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\0" + b"\xff\x00\x00" * min(width, 8) for _row in range(min(height, 8)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", note) if note else b""
    drawing = chunk(b"IHDR", head) + text + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + drawing


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 40" onload="alert(1)"><script>alert(1)</script>'
    b'<rect x="5" y="5" width="50" height="30" style="fill:none;stroke:black;background:url(http://x.example/a)"/>'
    b'<image href="http://x.example/a.png"/><text x="10" y="20">6</text></svg>'
)


def picture(data: bytes | None = None, **words: str) -> PictureFacts:
    media_type, digest = keep_picture(data or png())
    return PictureFacts("shape.png", digest, media_type, "", words or {"kk": "Шаршы", "ru": "Квадрат"})


ITEM = """<?xml version="1.0" encoding="UTF-8"?>
<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" identifier="{code}" title="t"
  adaptive="false" time-dependent="false" xml:lang="{language}">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier">
    <qti-correct-response><qti-value>{right}</qti-value></qti-correct-response></qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-item-body><p>{stem}</p><qti-choice-interaction response-identifier="RESPONSE" max-choices="1">
  <qti-simple-choice identifier="c1">{a}</qti-simple-choice><qti-simple-choice identifier="c2">{b}</qti-simple-choice>
  </qti-choice-interaction></qti-item-body></qti-assessment-item>"""


def qti_item(code: str = "Q1", language: str = "ru", stem: str = "Сколько?", right: str = "c2", a="1", b="2") -> bytes:
    return ITEM.format(code=code, language=language, stem=stem, right=right, a=a, b=b).encode()


def packed(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.xml", data)
    return target.getvalue()
