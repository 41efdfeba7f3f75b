"""What a poster's link opens."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.surveys.models import RoundSchool
from tirek.surveys.queries import answering as queries
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services.codes import check_round_open


def look_at_poster(*, key: str, now: dt.datetime) -> RoundSchool:
    """The school and round of a poster, if it can be answered today."""
    with loading():
        school = queries.school_of_poster(key)
        if school is None or not school.round.has_poster:
            raise NotAnswerable(
                _("This link opens nothing any more. Ask the school for a new poster."), code="unknown", http_status=404
            )
        check_round_open(school.round, now)
        if school.round.version.faults:
            raise NotAnswerable(
                _("This questionnaire is answered with the program ODK Collect only."), code="collect_only"
            )
    return school
