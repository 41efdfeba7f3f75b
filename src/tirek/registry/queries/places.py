"""Places that a role can be given over, by code or by a part of the name: access asks, because it lies below."""

from __future__ import annotations

from django.utils import timezone

from tirek.access.places import Place
from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope
from tirek.registry.models import InstitutionState, Territory, TerritoryLevel
from tirek.registry.queries import institutions, labels, territories
from tirek.registry.queries.territories import local_name

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


def offered(kind: str, text: str, scope: Scope, limit: int) -> list[Place]:
    """Regions, districts or institutions that lie whole in the scope and match every word, in order of name."""
    on = timezone.localdate()
    if kind == ScopeKind.INSTITUTION:
        states = institutions.listed(scope, on=on, text=text)[:limit]
        return [
            Place(kind, s.institution.code, local_name(s), s.org_no, s.org_no, local_name(s.territory)) for s in states
        ]
    found = Territory.objects.filter(level=LEVELS[kind], valid__contains=on).select_related("parent")
    if not scope.is_country:
        found = found.filter(org_lo__gte=scope.lo, org_hi__lte=scope.hi) if scope.lo is not None else found.none()
    found = territories.called(found, text, parents_too=True)
    above = lambda t: local_name(t.parent) if kind == ScopeKind.DISTRICT and t.parent else ""  # noqa: E731
    places = list(found.order_by("sort_key", "id")[:limit])
    before = territories.formerly(places, text)
    return [Place(kind, t.code, local_name(t), t.org_lo, t.org_hi, above(t), before.get(t.pk, "")) for t in places]


def names_of(ranges: set[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Names of the territories and institutions that have just these numbers today: two queries for all."""
    on = timezone.localdate()
    single = {lo for lo, hi in ranges if lo == hi}
    starts = {lo for lo, hi in ranges if lo != hi}
    found = {(lo, lo): name for lo, name in labels.names_by_org_no(single, on=on).items()}
    around = Territory.objects.filter(org_lo__in=starts, valid__contains=on) if starts else []
    return found | {(t.org_lo, t.org_hi): local_name(t) for t in around if (t.org_lo, t.org_hi) in ranges}
