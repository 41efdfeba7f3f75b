"""Questions about documents."""

from __future__ import annotations

import re

from tirek.access.scope import loading
from tirek.documents.models import Document


def documents_of(org_no: int):
    """Documents given out about an institution, the newest first."""
    return Document.objects.filter(org_no=org_no).order_by("-issued_at", "-id")


def document(number: str) -> Document | None:
    """The document if the asker may see it."""
    return Document.objects.filter(number=number).first()


def by_check_code(code: str) -> Document | None:
    """The document of a code, for anybody who holds it: who checks needs no account and sees only that it stands."""
    with loading():
        return Document.objects.filter(check_code=re.sub(r"[^A-Z2-7]", "", code.upper())).first()


def by_digest(sha256: str) -> Document | None:
    """The document of a PDF's digest."""
    with loading():
        return Document.objects.filter(pdf_sha256=sha256).first()
