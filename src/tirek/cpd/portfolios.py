"""A portfolio as a document: the same facts as its page, in the reader's language."""

from __future__ import annotations

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from tirek.cpd.models import Topic
from tirek.cpd.queries.portfolio import Portfolio
from tirek.documents.signs import printable
from tirek.documents.typesetting import typeset
from tirek.registry.queries.territories import local_name
from tirek.storage.sealed import json_bytes


def as_pdf(name: str, found: Portfolio, *, practice: dict, synthetic: bool, now: dt.datetime) -> bytes:
    """Made for one download and kept nowhere. ``practice`` is what is shared: as `practice_panels.of_person` gives it."""
    topics = dict(Topic.choices)
    sections = [
        {
            "title": _("Courses"),
            "columns": [_("Course"), _("Provider"), _("Completed on"), _("Hours")],
            "right": [3],
            "rows": [
                [
                    local_name(row.cohort.course),
                    local_name(row.cohort.course.provider),
                    _day(row.completed_on),
                    str(row.hours),
                ]
                for row in found.completed
            ],
        },
        {
            "title": _("Hours by year"),
            "columns": [_("Year"), _("Hours")],
            "right": [1],
            "rows": [[str(year), str(hours)] for year, hours in found.hours_by_year],
        },
        {
            "title": _("Hours by topic"),
            "columns": [_("Topic"), _("Hours")],
            "right": [1],
            "rows": [[str(topics.get(topic, topic)), str(hours)] for topic, hours in found.hours_by_topic],
        },
        {
            "title": _("Certificates"),
            "columns": [_("Number"), _("Given out on"), _("State")],
            "rows": [
                [row.number, _day(row.issued_at.date()), _("revoked") if row.revoked_at else _("stands")]
                for row in found.certificates
            ],
        },
        {
            "title": _("Categories"),
            "columns": [_("Category"), _("From"), _("Until"), _("Decision")],
            "rows": [
                [
                    row.get_category_display(),
                    _day(row.from_date),
                    _day(row.until_date) if row.until_date else "—",
                    row.decision_number,
                ]
                for row in found.categories
            ],
        },
    ]
    sections += _shared(practice)
    data = {
        "language": (get_language() or "kk")[:2], "title": _("Portfolio of a teacher"), "subtitle": name,
        "issuer": _("Tirek: support for schools"), "number": "", "issued": _day(now.date()), "synthetic": synthetic,
        "lead": str(found.hours), "lead_note": _("hours of completed courses"),
        "sections": [section for section in sections if section["rows"]],
        "labels": _labels(),
    }  # fmt: skip
    return typeset("report", json_bytes(printable(data)), now)


def _shared(practice: dict) -> list[dict]:
    """Lessons, open lessons and awards, and what became of applications for the reserve."""
    return [
        {
            "title": _("Lessons in the library"),
            "columns": [_("Title"), _("Version"), _("Published"), _("Used in class")],
            "right": [1, 3],
            "rows": [
                [row.title, str(row.edition), _day(row.published_at.date()), str(row.use_n)]
                for row in practice["lessons"]
            ],
        },
        {
            "title": _("Open lessons and visits"),
            "columns": [_("Title"), _("Day"), _("Minutes")],
            "right": [2],
            "rows": [[row.visit.title, _day(row.visit.day), str(row.minutes)] for row in practice["visits"]],
        },
        {
            "title": _("Awards"),
            "columns": [_("Award"), _("Awarded on"), pgettext("signed paper", "Order")],
            "rows": [[local_name(row.award), _day(row.awarded_on), row.act] for row in practice["awards"]],
        },
        {
            "title": _("Leaders’ reserve"),
            "columns": [_("Competition"), _("State"), _("Decision")],
            "rows": [
                [local_name(row.competition), row.get_state_display(), row.decision_number or "—"]
                for row in practice["reserve"]
            ],
        },
    ]


def _labels() -> dict[str, str]:
    return {
        "number": _("Document"),
        "issued": _("made on"),
        "check": "",
        "qr": "",
        "what": _("What"),
        "value": _("Value"),
        "synthetic": _("Synthetic data: everything in this document is invented for demonstration."),
    }


def _day(day: dt.date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
