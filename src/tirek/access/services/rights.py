"""Whom an administrator may administer, and what he may give. The row policies say the same a second time."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import AccountAction, Grant, User
from tirek.access.permissions import may
from tirek.access.places import Place
from tirek.access.roles import SCOPES_OF_ROLE, ScopeKind
from tirek.access.scope import Scope, signing_in
from tirek_engines.errors import Refusal


class NotYours(Refusal):
    """Asked to administer somebody, or to give something, beyond one's own scope."""

    code = "not_yours"
    http_status = 403


def check_administrator(by: Scope) -> None:
    if by.user_id is None or not by.role or not may(by.role, "users.manage"):
        raise NotYours(_("Only an administrator does this."))


def inside(by: Scope, lo: int | None, hi: int | None) -> bool:
    """Whether a range lies inside the administrator's; no range at all is the country's."""
    if by.is_country:
        return True
    return lo is not None and hi is not None and by.covers(lo) and by.covers(hi)


def check_subject(by: Scope, user: User) -> None:
    """Not oneself, and nobody who has more than the administrator himself."""
    check_administrator(by)
    if user.pk == by.user_id:
        raise NotYours(_("Nobody administers his own account. Ask another administrator."))
    with signing_in():  # those that begin later count: a password set today opens them then
        goes_on = Q(valid__upper_inf=True) | Q(valid__endswith__gt=timezone.localdate())
        grants = list(Grant.objects.filter(goes_on, user=user, valid__isempty=False))
    if not (by.is_country or by.covers(user.org_no)) or not all(inside(by, g.org_lo, g.org_hi) for g in grants):
        raise NotYours(_("This user belongs to a wider or another territory than yours."))


def check_gift(by: Scope, role: str, kind: str, place: Place | None) -> None:
    """The role goes with the kind of scope, and the scope lies inside the giver's."""
    check_administrator(by)
    if kind not in SCOPES_OF_ROLE.get(role, set()):
        raise NotYours(_("This role is not given over such a scope."), code="scope_of_role", role=role, kind=kind)
    if kind == ScopeKind.COUNTRY and not by.is_country:
        raise NotYours(_("Only an administrator of the country gives a role over the country."))
    if place is None:
        raise NotYours(_("There is no such territory or institution."), code="no_such_place")
    if not inside(by, place.lo, place.hi):
        raise NotYours(_("{place} does not lie inside your own territory.").format(place=place.label))


def note(by: Scope, subject: User, action: str, reason: str) -> None:
    """Leave a trace of what was done to an account."""
    with signing_in():
        AccountAction.objects.create(
            subject=subject, by_id=by.user_id, action=action, reason=reason[:300], org_no=subject.org_no
        )
