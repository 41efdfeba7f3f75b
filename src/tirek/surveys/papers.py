"""Posters and slips as PDF. They hold keys, so they are sent and kept nowhere."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.documents.signs import printable
from tirek.documents.typesetting import typeset
from tirek.registry.queries import labels
from tirek.storage.sealed import json_bytes
from tirek.surveys.models import Audience, Round, RoundSchool
from tirek.surveys.queries.forms import local_title
from tirek.surveys.services.codes import Slip


def poster_pdf(found: Round, school: RoundSchool, *, address: str, now: dt.datetime) -> bytes:
    """A4: the question in Kazakh and Russian, one square code, the address in letters."""
    parts = []
    for language in ("kk", "ru"):
        with translation.override(language):
            parts.append(_part(found, school, language))
    with translation.override("kk"):
        data = {
            "language": "kk",
            "title": parts[0]["title"],
            "check_address": address,
            "shown_address": address.partition("://")[2],
            "parts": parts,
            "qr_label": _("Code that leads to the questionnaire"),
        }
    return typeset("survey_poster", json_bytes(printable(data)), now)


def _part(found: Round, school: RoundSchool, language: str) -> dict:
    whom = {
        Audience.TEACHERS: _("A questionnaire for teachers"),
        Audience.PUPILS: _("A questionnaire for pupils"),
        Audience.PARENTS: _("A questionnaire for parents"),
    }
    names = labels.names_by_org_no([school.org_no], on=timezone.localdate())
    return {
        "language": language,
        "whom": whom[Audience(found.audience)],
        "title": local_title(found.form, language),
        "school": names.get(school.org_no, ""),
        "until": _("Until %(day)s") % {"day": date_format(found.closes_on, "DATE_FORMAT")},
        "how": _("Point the camera of your telephone here, or type the address into the browser."),
        "private": _(
            "No name is asked. Nobody at the school sees single answers; results are shown for five and more only."
        ),
    }


def slips_pdf(found: Round, slips: list[Slip], *, language: str, address: str, now: dt.datetime) -> bytes:
    """Slips to be cut, in the language switched on."""
    data = {
        "language": language,
        "title": _("Codes: %(title)s") % {"title": local_title(found.form, language)},
        "subtitle": _("Until %(day)s") % {"day": date_format(found.closes_on, "DATE_FORMAT")},
        "how": _("Open %(address)s and enter the code.") % {"address": address.partition("://")[2]},
        "once": _("The code opens one answer. It is tied to no name."),
        "secret": _("Cut the slips, mix them, and let each person draw one. Write down nowhere who has which."),
        "slips": [{"number": str(slip.number), "code": slip.code, "class": slip.class_label} for slip in slips],
        "labels": {"number": _("No.")},
    }
    return typeset("survey_slips", json_bytes(printable(data)), now)
