"""Giving and ending roles."""

from __future__ import annotations

import datetime

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import AccountAction, Grant, User
from tirek.access.places import Place
from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope
from tirek.access.services.rights import NotYours, check_gift, check_subject, inside, note
from tirek_engines.errors import Refusal

Action = AccountAction.Action


class EmptyPeriod(Refusal):
    """A grant that would never be in force."""

    code = "empty_period"


def give_grant(
    *,
    by: Scope,
    user: User,
    role: str,
    kind: str,
    place: Place | None,
    starts: datetime.date,
    ends: datetime.date | None,
    reason: str,
) -> Grant:
    """Give a role over a place for a half-open period. "Own records" hang on the user's own institution."""
    check_subject(by, user)
    if kind == ScopeKind.OWN:
        place = Place(kind, "", "", user.org_no, user.org_no)
    check_gift(by, role, kind, place)
    if ends is not None and ends <= starts:
        raise EmptyPeriod(_("The role must end after it begins."))
    country = kind == ScopeKind.COUNTRY
    grant = Grant.objects.create(
        user=user,
        role=role,
        scope_kind=kind,
        scope_code="" if country else place.code,
        scope_label=place.label or str(ScopeKind(kind).label),
        org_lo=None if country else place.lo,
        org_hi=None if country else place.hi,
        valid=DateRange(starts, ends),
        given_by_id=by.user_id,
        reason=reason,
    )
    note(by, user, Action.GIVE, reason)
    return grant


def end_grant(*, by: Scope, grant: Grant, reason: str, on: datetime.date | None = None) -> None:
    """End a role today (or on a day): the period is cut, the row stays."""
    check_subject(by, grant.user)
    if not inside(by, grant.org_lo, grant.org_hi):
        raise NotYours(_("This role lies outside your own territory."))
    day = on or timezone.localdate()
    starts = grant.valid.lower
    grant.valid = DateRange(starts, max(day, starts)) if day > starts else DateRange(empty=True)
    Grant.objects.filter(pk=grant.pk).update(valid=grant.valid)
    note(by, grant.user, Action.END, reason)
