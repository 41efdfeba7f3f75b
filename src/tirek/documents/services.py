"""Give out a document, revoke it, and check that it can be made again."""

from __future__ import annotations

import base64
import datetime as dt
import secrets

from django.db import connection, transaction
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.documents.models import Document
from tirek.documents.signs import printable
from tirek.documents.typesetting import template_digest, typeset
from tirek.storage import sealed
from tirek_engines.errors import Refusal

CODE_BYTES = 10


class DocumentRefused(Refusal):
    code = "document_refused"
    http_status = 409


@transaction.atomic
def issue(
    *,
    template: str,
    title: str,
    content: dict,
    language: str,
    base_address: str,
    by: User | None,
    now: dt.datetime,
    org_no: int = 0,
    person_id: int | None = None,
    check_address: str = "",
) -> Document:
    """Seal the data, typeset what was sealed, seal the PDF.

    ``content`` is what the template shows beyond number, date, issuer and check, which are added here; its texts are in
    ``language`` already. ``check_address`` is where it is checked, when that is a page of its own.
    """
    number, code = _next_number(now), _new_code()
    with translation.override(language):
        data = content | {
            "number": number,
            "title": title,
            "language": language,
            "issued": formats.date_format(timezone.localtime(now), "DATE_FORMAT"),
            "issuer": content.get("issuer") or _("Tirek: support for schools"),
            "check_address": check_address or f"{base_address}/documents/check/{code}/",
            "labels": _labels(),
        }
    digest = sealed.seal(sealed.json_bytes(printable(data)))
    pdf = typeset(template, sealed.read(digest), now)
    return Document.objects.create(
        number=number, template=template, template_sha256=template_digest(template), language=language, title=title,
        org_no=org_no, person_id=person_id, data_sha256=digest, pdf_sha256=sealed.seal(pdf), check_code=code,
        issued_by_id=by.pk if by else None, issued_at=now,
    )  # fmt: skip


@transaction.atomic
def revoke(*, number: str, reason: str, by: User | None, now: dt.datetime) -> Document:
    """Say that a document no longer stands; whoever checks it is told since when and why."""
    document = Document.objects.select_for_update().filter(number=number).first()
    if document is None:
        raise DocumentRefused(_("There is no such document, or it is not yours to see."), code="document_absent")
    if document.revoked_at:
        raise DocumentRefused(_("This document is revoked already."))
    if not reason.strip():
        raise DocumentRefused(_("Say why the document is revoked: whoever checks it will read the reason."))
    document.revoked_at, document.revoked_by_id, document.revoked_reason = now, by.pk if by else None, reason
    document.save(update_fields=["revoked_at", "revoked_by_id", "revoked_reason"])
    return document


def verify(document: Document) -> list[str]:
    """Make the PDF again from the sealed data and compare; what differs, in words."""
    if template_digest(document.template) != document.template_sha256:
        return [_("The template has changed since this document was given out; its sealed PDF still stands.")]
    again = typeset(document.template, sealed.read(document.data_sha256), document.issued_at)
    if again != sealed.read(document.pdf_sha256):
        return [_("The PDF made again from the sealed data differs from the one given out.")]
    return []


def _next_number(now: dt.datetime) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select nextval('documents_number')")
        (number,) = cursor.fetchone()
    return f"DOC-{now.year}-{number:06d}"


def _new_code() -> str:
    return base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()


def _labels() -> dict[str, str]:
    return {
        "number": _("Document"),
        "issued": _("given out on"),
        "check": _("Check that this document stands:"),
        "qr": _("Code that leads to the check page"),
        "synthetic": _("Synthetic data: everything in this document is invented for demonstration."),
        "what": _("What"),
        "value": _("Value"),
    }
