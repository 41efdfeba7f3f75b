"""What the register's services refuse, and the checks that several of them share."""

from __future__ import annotations

import datetime as dt

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.access.scope import Scope
from tirek_engines.errors import Refusal

FURTHEST_AHEAD = dt.timedelta(days=400)
EARLIEST = dt.date(1900, 1, 1)


class RegistryRefusal(Refusal):
    code = "registry_refused"


class NotYours(RegistryRefusal):
    """The asker's role or territory does not reach so far."""

    code = "not_yours"
    http_status = 403


class WrongDate(RegistryRefusal):
    code = "wrong_date"


class Overlap(RegistryRefusal):
    """Something that may exist once at a time would exist twice."""

    code = "overlap"
    http_status = 409


class Closed(RegistryRefusal):
    """The institution is not open on the day."""

    code = "institution_closed"


class NotFound(RegistryRefusal):
    code = "not_found"
    http_status = 404


def shown(day: dt.date) -> str:
    """A day in a refusal's sentence, as the reader's language writes it."""
    return date_format(day, "DATE_FORMAT")


def check_right(by: Scope, permission: str, *org_nos: int) -> None:
    """The role may, and every institution lies in the asker's scope. Own records are never changed this way."""
    if not by.role or not may(by.role, permission) or by.is_own:
        raise NotYours(_("Your role does not allow this change. Ask the head of the institution or the department."))
    if not all(by.covers(org_no) for org_no in org_nos):
        raise NotYours(_("The institution lies outside your territory. Ask the department that answers for both."))


def check_date(day: dt.date, now: dt.datetime) -> None:
    if not EARLIEST <= day <= now.date() + FURTHEST_AHEAD:
        raise WrongDate(
            _("{day} is too far in the past or in the future. Check the year.").format(day=shown(day)),
            day=day.isoformat(),
        )


def check_open(period: DateRange, day: dt.date, name: str) -> None:
    """An institution's open period covers the day."""
    if day not in period:
        raise Closed(
            _("{name} is not open on {day}. Choose another day or another institution.").format(
                name=name, day=shown(day)
            )
        )


def starts(day: dt.date) -> DateRange:
    """From a day on."""
    return DateRange(day, None)


def ended(period: DateRange, day: dt.date) -> DateRange:
    """The period, ending before the day; a period that would be empty is refused."""
    if period.lower is not None and day <= period.lower:
        raise WrongDate(
            _("It began on {start}, so it cannot end on {day}. Choose a later day, or correct the beginning.").format(
                start=shown(period.lower), day=shown(day)
            ),
            start=period.lower.isoformat(), day=day.isoformat(),
        )  # fmt: skip
    return DateRange(period.lower, day)
