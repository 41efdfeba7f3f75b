"""Questions about users and grants."""

from __future__ import annotations

from django.utils import timezone

from tirek.access.models import Grant
from tirek.access.roles import ScopeKind
from tirek.access.scope import NOBODY, Scope, signing_in
from tirek.storage.database import APP, COUNTRY, OWN

ACTIVE_GRANT = "active_grant"


def grants_of(user) -> list[Grant]:
    """The user's grants in force today."""
    with signing_in():
        today = timezone.localdate()
        return list(Grant.objects.filter(user=user, valid__contains=today).order_by("id"))


def scope_of(request) -> Scope:
    """The scope of the request: the grant chosen in the session, else the first in force."""
    user = request.user
    if not user.is_authenticated:
        return NOBODY
    request.grants = grants_of(user)
    if not request.grants:
        return Scope(user_id=user.pk)
    chosen = request.session.get(ACTIVE_GRANT)
    grant = next((g for g in request.grants if g.pk == chosen), request.grants[0])
    request.grant = grant
    return scope_of_grant(grant)


def scope_of_grant(grant: Grant) -> Scope:
    kinds = {ScopeKind.COUNTRY: COUNTRY, ScopeKind.OWN: OWN}
    return Scope(
        database_role=kinds.get(grant.scope_kind, APP),
        lo=grant.org_lo,
        hi=grant.org_hi,
        user_id=grant.user_id,
        role=grant.role,
        label=grant.scope_label,
    )
