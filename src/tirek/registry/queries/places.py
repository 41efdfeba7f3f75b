"""Places that a role can be given over, by code: access asks, because it lies below."""

from __future__ import annotations

from django.utils import timezone

from tirek.access.places import Place
from tirek.access.roles import ScopeKind
from tirek.registry.models import InstitutionState, Territory, TerritoryLevel

LEVELS = {ScopeKind.REGION: TerritoryLevel.REGION, ScopeKind.DISTRICT: TerritoryLevel.DISTRICT}


def place_by_code(kind: str, code: str) -> Place | None:
    """A region or district by its KATO code, an institution by its own code; as it is today."""
    if kind in LEVELS:
        found = Territory.objects.filter(level=LEVELS[kind], code=code).first()
        return found and Place(kind, found.code, found.name_kk, found.org_lo, found.org_hi)
    if kind != ScopeKind.INSTITUTION:
        return None
    states = InstitutionState.objects.filter(institution__code=code, valid__contains=timezone.localdate())
    state = states.first()
    return state and Place(kind, code, state.name_kk, state.org_no, state.org_no)
