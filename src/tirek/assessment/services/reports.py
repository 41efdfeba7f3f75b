"""Give reports out as documents: numbered, sealed, to be checked by whoever holds them."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.assessment.models import Release, ReportGiven
from tirek.assessment.reports.data import standards_of
from tirek.assessment.reports.sections import Report
from tirek.documents import services as documents
from tirek.documents.models import Document

TEMPLATE = "monitoring"


def give_out(
    report: Report, *, base_address: str, by: User | None, now: datetime, org_no: int, person_id: int | None = None,
    release: Release | None = None,
) -> Document:  # fmt: skip
    """The report's PDF in the reader's language. The caller has checked that the asker may see the report.

    ``person_id`` is whose own record the document is: the child of a parent's report, the teacher of a class's. With
    ``release`` it is remembered what the report was made from, so that it can be revoked when that no longer stands.
    """
    with loading():
        document = documents.issue(
            template=TEMPLATE,
            title=report.title,
            content=report.content(),
            language=(get_language() or "kk")[:2],
            base_address=base_address,
            by=by,
            now=now,
            org_no=org_no,
            person_id=person_id,
        )
        if release is not None:
            has_levels = standards_of(release) is not None
            ReportGiven.objects.create(
                release=release, document=document, has_levels=has_levels, org_no=org_no, person_id=person_id
            )
        return document
