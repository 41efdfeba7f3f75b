"""Rooms and works on the pages of an institution and a room, and at home."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from tirek.access.permissions import may
from tirek.facilities.queries import indexes, walks, works
from tirek.registry import pages, panels


def institution(request, subject):
    """The index of the rooms, when they were walked, works: above the register's list of them."""
    scope = request.scope
    if not scope.role or scope.is_own or not may(scope.role, "rooms.read") or not scope.covers(subject.org_no):
        return None
    today, code = timezone.localdate(), subject.institution.code
    counts = works.state_counts(works.works_in(scope, org_lo=subject.org_no, org_hi=subject.org_no))
    return "facilities/_institution.html", {
        "index": indexes.indexes_of([subject.org_no], on=today, with_rooms=False).get(subject.org_no),
        "last": walks.last_walked([subject.org_no]).get(subject.org_no),
        "n_open": sum(counts.get(state, 0) for state in works.OPEN),
        "n_accepted": counts.get("accepted", 0),
        "may_walk": may(scope.role, "rooms.walk") and scope.lo == scope.hi,
        "url": reverse("facilities:school", args=[code]),
        "works_url": reverse("facilities:school_works", args=[code]),
    }


def room(request, subject):
    """The way to the room's history."""
    scope = request.scope
    if not scope.role or scope.is_own or not may(scope.role, "rooms.read") or not scope.covers(subject.org_no):
        return None
    index = indexes.indexes_of([subject.org_no], on=timezone.localdate()).get(subject.org_no)
    return "facilities/_room.html", {"room": subject, "points": index.rooms.get(subject.pk) if index else None}


def home(request, subject):
    """The school's turn; officers: what is stuck."""
    scope = request.scope
    if not scope.role or scope.is_own or not may(scope.role, "rooms.read"):
        return None
    today = timezone.localdate()
    if scope.lo is not None and scope.lo == scope.hi:
        return _own_institution(request)
    if not may(scope.role, "works.manage"):
        return None
    found = works.works_in(scope, open_only=True)
    allowed = works.days_allowed(today, scope.lo or 0, scope.hi or 2_147_483_647)
    rows = works.on_board(found, allowed, today)
    if not rows:
        return None
    return "facilities/_home.html", {
        "is_office": True,
        "n_open": len(rows),
        "n_late": sum(row.late > 0 for row in rows),
    }


def _own_institution(request):
    state = pages.own_state(request) if may(request.scope.role, "rooms.walk") else None
    turn = walks.turn_of(request.scope.lo) if state is not None else None
    if turn is None or not turn.has_rooms:
        return None
    url = reverse("facilities:school_works", args=[state.institution.code])
    return "facilities/_home.html", {
        "may_walk": True, "open_walk": turn.is_walking, "last": turn.last, "n_waiting": turn.n_waiting, "works_url": url,
    }  # fmt: skip


def register() -> None:
    panels.register("institution", "rooms", 30, institution, tab="rooms")
    panels.register("room", "rooms", 10, room)
    panels.register("home", "rooms", 30, home)
