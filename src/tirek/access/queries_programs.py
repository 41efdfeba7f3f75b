"""Questions about programs."""

from __future__ import annotations

from tirek.access import places
from tirek.access.models import Machine
from tirek.access.scope import Scope


def programs(scope: Scope) -> list[Machine]:
    found = list(scope.limit(Machine.objects.select_related("grant").order_by("revoked_at", "name")))
    places.name_all(machine.grant for machine in found)
    return found


def program(scope: Scope, pk: int) -> Machine | None:
    return scope.limit(Machine.objects.select_related("grant", "grant__user").filter(pk=pk, revoked_at=None)).first()
