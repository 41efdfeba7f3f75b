"""The chain of one room: condition, voices, need, earmark, work, acceptance, later result."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.programmes.pages import chain as pages
from tirek.programmes.queries import chain as queries
from tirek.programmes.views.shared import trail


@gate(permission="rooms.read")
@require_GET
def room(request: HttpRequest, room_id: int) -> HttpResponse:
    """What was found in this room, what was asked for, who paid, what was done, and what came of it?"""
    found = queries.room(room_id) if room_id < 2**62 else None
    if found is None or not request.scope.covers(found.org_no) or request.scope.is_own:
        raise Http404
    chain = queries.chain(found, on=timezone.localdate())
    return render(request, "programmes/chain.html", {"chain": chain, "trail": trail()} | pages.shown(chain))
