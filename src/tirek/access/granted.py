"""What one grant lets its holder see: a person's or a program's."""

from __future__ import annotations

from tirek.access.models import Grant
from tirek.access.own import own_person_ids
from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope
from tirek.storage.database import APP, COUNTRY, OWN


def scope_of_grant(grant: Grant, person_id: int | None = None) -> Scope:
    kinds = {ScopeKind.COUNTRY: COUNTRY, ScopeKind.OWN: OWN}
    return Scope(
        database_role=kinds.get(grant.scope_kind, APP),
        lo=grant.org_lo,
        hi=grant.org_hi,
        person_ids=own_person_ids(person_id, grant.role) if grant.scope_kind == ScopeKind.OWN else (),
        user_id=grant.user_id,
        role=grant.role,
        label=grant.scope_label,
    )
