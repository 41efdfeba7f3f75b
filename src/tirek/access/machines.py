"""Programs that ask by themselves (OneRoster): OAuth 2.0 client credentials, each tied to one grant.

The grant's scope is enforced by the same row policies as a person's. Token and secret are stored as hashes.
"""

from __future__ import annotations

import hashlib

from django.utils import timezone
from oauth2_provider.models import AccessToken

from tirek.access.granted import scope_of_grant
from tirek.access.models import Grant, Machine
from tirek.access.scope import NOBODY, Scope, signing_in

API_SCOPE = "tirek.api"  # without it a token opens no address under /api/


def scope_of_token(request) -> Scope:
    """The scope of the request's bearer token; nobody's when the token is unknown, over, or its grant has ended.

    Sets ``request.machine``, ``request.grant`` and ``request.token_scopes`` (the OAuth scopes, a set of addresses).
    """
    request.machine, request.token_scopes = None, frozenset()
    found = _grant_and_scopes(request.headers["Authorization"].removeprefix("Bearer ").strip())
    if found is None:
        return NOBODY
    machine, grant, scopes = found
    request.machine, request.grant, request.token_scopes = machine, grant, scopes
    return scope_of_grant(grant)


def _grant_and_scopes(token: str) -> tuple[Machine, Grant, frozenset[str]] | None:
    now = timezone.now()
    digest = hashlib.sha256(token.encode()).hexdigest()
    with signing_in():
        row = (
            AccessToken.objects.filter(token_checksum=digest, expires__gt=now).values("application_id", "scope").first()
        )
        if row is None:
            return None
        machine = (
            Machine.objects.select_related("grant")
            .filter(
                application_id=row["application_id"],
                revoked_at=None,
                grant__user__is_active=True,
                grant__valid__contains=timezone.localdate(),
            )
            .first()
        )
    return (machine, machine.grant, frozenset(row["scope"].split())) if machine else None
