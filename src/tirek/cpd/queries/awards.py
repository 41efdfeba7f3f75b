"""Awards, nominations where they wait, and the register of who was awarded."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from tirek.access.scope import Scope
from tirek.cpd.models import NOMINATED_NOW, AwardKind, Nomination, NominationState, NominationStep


def kinds(*, only_now: bool = False) -> list[AwardKind]:
    found = AwardKind.objects.order_by("-is_active", "name_kk", "id")
    return list(found.filter(is_active=True) if only_now else found)


def nominations(scope: Scope, *, state: str = "", award: str = "", text: str = "") -> QuerySet[Nomination]:
    """Those under way (the oldest first), or in one state."""
    found = scope.limit(Nomination.objects.select_related("award"))
    found = found.filter(state=state) if state else found.filter(state__in=NOMINATED_NOW)
    if award:
        found = found.filter(award__code=award)
    for word in text.split():
        found = found.filter(Q(code__iexact=word) | Q(person_name__icontains=word))
    return found.order_by("-awarded_on", "nominated_at", "id")


def awarded(scope: Scope, **filters) -> QuerySet[Nomination]:
    return nominations(scope, state=NominationState.AWARDED, **filters)


def awarded_since(scope: Scope, day: dt.date) -> QuerySet[Nomination]:
    return awarded(scope).filter(awarded_on__gt=day)


def nomination(code: str) -> Nomination | None:
    return Nomination.objects.select_related("award", "person").filter(code=code).first()


def steps(of: Nomination) -> QuerySet[NominationStep]:
    return of.steps.order_by("id")


def of_person(person_id: int) -> list[Nomination]:
    """Awards of one person, for the portfolio."""
    found = Nomination.objects.filter(person_id=person_id, state=NominationState.AWARDED)
    return list(found.select_related("award").order_by("-awarded_on"))
