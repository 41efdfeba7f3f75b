"""One field for institutions and people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read
from tirek.registry.queries import institutions, territories
from tirek.registry.queries import search as people
from tirek.registry.views_people import rows_of

LIMIT = 10


@gate()
@require_GET
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Territories, institutions and people that match; people only for who may search them."""
    asked = request.GET.get("q", "").strip()[:200]
    people_too = bool(request.scope.role) and may(request.scope.role, "people.search")
    places = territories.found_by_name(asked, on=timezone.localdate(), limit=LIMIT)
    before = territories.formerly(places, asked)
    states = list(institutions.listed(on=timezone.localdate(), text=asked)[: LIMIT + 1]) if asked else []
    found = people.people(request.scope, asked, limit=LIMIT + 1) if asked and people_too else []
    if found:
        record_many_read(request, rows=len(found), query="search")
    context = {
        "q": asked,
        "places": [(place, before.get(place.pk, "")) for place in places],
        "states": states[:LIMIT],
        "more_states": len(states) > LIMIT,
        "rows": rows_of(found[:LIMIT]),
        "more_people": len(found) > LIMIT,
        "people_too": people_too,
    }
    return render(request, "site/search.html", context)
