"""Scores of the tests before and after: typed in, or from a file with every fault named by its row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import polars as pl
from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.models import Cohort, Participation, Score, Standing
from tirek.cpd.refusals import BadValue
from tirek.cpd.services.courses import locked_cohort
from tirek.registry.exchange.faults import Faults
from tirek.registry.exchange.reading import read_upload
from tirek.storage.tables import BadTable, Fault, shown
from tirek.storage.uploads import UploadRefused

HUNDREDTHS = 100
NUMBER, POINTS = "number", "points"
MOST_BYTES = 5_000_000
MOST_POINTS = Decimal(10_000)


@transaction.atomic
def save_scores(
    *, code: str, when: str, highest: Decimal, points: Mapping[int, Decimal | None], by: User, now: dt.datetime
) -> int:
    """Scores by number of the participation; None takes a score away. All or none."""
    cohort = locked_cohort(code)
    if not 0 < highest <= MOST_POINTS:
        raise BadValue(_("The highest score lies above 0 and up to 10,000."), code="bad_highest", field="highest")
    people = _people(cohort)
    wrong = [people[pk].person_name for pk, value in points.items() if value is not None and not 0 <= value <= highest]
    if wrong or points.keys() - people.keys():
        raise BadValue(
            _("These scores do not lie between 0 and the highest: %(names)s.") % {"names": ", ".join(wrong[:5])},
            code="score_outside", field="points",
        )  # fmt: skip
    with loading():
        gone = [pk for pk, value in points.items() if value is None]
        Score.objects.filter(participation_id__in=gone, when=when).delete()
        Score.objects.bulk_create(
            [
                Score(
                    participation_id=pk, org_no=people[pk].org_no, person_id=people[pk].person_id, when=when,
                    points=int(value * HUNDREDTHS), highest=int(highest * HUNDREDTHS),
                )
                for pk, value in points.items() if value is not None
            ],
            update_conflicts=True, unique_fields=["participation", "when"], update_fields=["points", "highest"],
        )  # fmt: skip
    return len(points) - len(gone)


def import_scores(
    *, code: str, when: str, highest: Decimal, name: str, content: bytes, by: User, now: dt.datetime
) -> int:
    """A file made from the template: columns ``number`` and ``points``. Raises `BadTable` with every fault; then nothing is saved."""
    cohort = locked_cohort(code)
    table = _table(name, content)
    people = _people(cohort)
    points: dict[int, Decimal | None] = {}
    faults: list[Fault] = []
    for row in table.iter_rows(named=True):
        found = _row(row, name, people, highest, points)
        if isinstance(found, Fault):
            faults.append(found)
    if faults:
        raise BadTable(faults)
    return save_scores(code=code, when=when, highest=highest, points=points, by=by, now=now)


def _table(name: str, content: bytes) -> pl.DataFrame:
    whole = lambda what, to_do: BadTable([Fault(name, None, "", "", what, to_do)])  # noqa: E731
    if len(content) > MOST_BYTES:
        raise whole(_("The file is larger than 5 MB."), _("Send only the template of this cohort."))
    try:
        tables = read_upload(name, content, Faults())
    except UploadRefused as refused:
        raise whole(refused.message, _("Use the template of this cohort.")) from None
    table = next((found for found in tables.values() if found.height), None)
    if table is None:
        raise whole(_("It has a header and no rows."), _("Use the template of this cohort."))
    missing = [column for column in (NUMBER, POINTS) if column not in table.columns]
    if missing:
        raise BadTable(
            [
                Fault(name, 1, column, "", _("The column is missing."), _("Use the template of this cohort."))
                for column in missing
            ]
        )
    return table


def _row(row: dict, name: str, people: Mapping[int, Participation], highest: Decimal, points: dict) -> Fault | None:
    def fault(column: str, what: str, to_do: str) -> Fault:
        return Fault(name, int(row["_row"]), column, shown(row[column]), what, to_do)

    number = (row[NUMBER] or "").strip()
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else None
    if pk not in people:
        return fault(NUMBER, _("Nobody in this cohort has this number."), _("Keep the numbers of the template."))
    if pk in points:
        return fault(NUMBER, _("This number stands in the file twice."), _("Leave one of the rows."))
    text = (row[POINTS] or "").strip().replace(",", ".")
    if not text:
        points[pk] = None
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return fault(POINTS, _("It is not a number."), _("Write the points, or leave the cell empty."))
    if not value.is_finite() or not 0 <= value <= highest:
        return fault(
            POINTS, _("It does not lie between 0 and %(highest)s.") % {"highest": highest}, _("Correct the score.")
        )
    points[pk] = value
    return None


def _people(cohort: Cohort) -> dict[int, Participation]:
    with loading():
        return {made.pk: made for made in Participation.objects.filter(cohort=cohort, standing=Standing.ENROLLED)}
