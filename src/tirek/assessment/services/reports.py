"""Give reports out as documents: numbered, sealed, to be checked by whoever holds them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from functools import cache
from typing import Any

from django.utils.translation import get_language

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.assessment.models import Release, ReportGiven
from tirek.assessment.reports.data import standards_of
from tirek.assessment.reports.sections import Report
from tirek.documents import services as documents
from tirek.documents.models import Document
from tirek.documents.typesetting import FONTS

TEMPLATE = "monitoring"
LOOKALIKES = {
    "\u2212": "–",
    "\u2192": "–",
    "\u221a": "sqrt",
    "\u2248": "~",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u03c0": "pi",
}
MISSING = "?"


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
            content=printable(report.content()),
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


def printable(content: Any) -> Any:
    """The same with every sign that our font lacks replaced: a task's wording must not stop a report from being printed."""
    if isinstance(content, str):
        return "".join(c if _in_font(ord(c)) else LOOKALIKES.get(c, MISSING) for c in content)
    if isinstance(content, dict):
        return {key: printable(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [printable(value) for value in content]
    return content


def _in_font(number: int) -> bool:
    starts, ends = _coverage()
    place = bisect_right(starts, number) - 1
    return number in (0x0A, 0x20, 0xA0) or (place >= 0 and number <= ends[place])


@cache
def _coverage() -> tuple[list[int], list[int]]:
    """Ranges of signs that both the regular and the bold font have."""
    rows = [line.split("-") for line in (FONTS / "coverage.txt").read_text().split()]
    return [int(row[0], 16) for row in rows], [int(row[1], 16) for row in rows]
