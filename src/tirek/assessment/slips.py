"""Slips with codes on paper: a page of cards to be cut, in the language of the class."""

from __future__ import annotations

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.assessment.models import Sitting
from tirek.assessment.queries.results import title_of
from tirek.assessment.services.seats import Slip
from tirek.assessment.sitting.access_codes import paper_number
from tirek.documents.signs import printable
from tirek.documents.typesetting import typeset
from tirek.storage.sealed import json_bytes

__all__ = ["as_pdf", "paper_number"]


def as_pdf(sitting: Sitting, slips: list[Slip], *, language: str, address: str, now: dt.datetime) -> bytes:
    """A PDF of the slips. Call it with the language switched on. It is sent and kept nowhere."""
    title = _("Access codes: class %(class)s") % {"class": sitting.class_group or ""}
    data = {
        "language": language,
        "title": title,
        "subtitle": f"{title_of(sitting.test)} · {date_format(sitting.date, 'DATE_FORMAT')}",
        "how": _("Open %(address)s and enter the code. It opens this pupil’s seat only.") % {"address": address}
        if sitting.mode == "computer"
        else "",
        "secret": _("Give each pupil the own slip; destroy the rest after the sitting."),
        "labels": {"number": _("No."), "booklet": _("Booklet"), "paper": _("Number on the paper"), "code": _("Code")},
        "slips": [
            {
                "number": str(slip.number),
                "paper": slip.paper,
                "name": slip.name,
                "booklet": slip.booklet,
                "code": slip.code,
            }
            for slip in slips
        ],
    }
    return typeset("codes", json_bytes(printable(data)), now)
