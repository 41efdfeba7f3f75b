"""Rooms and works on the pages of an institution and a room, and at home."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from tirek.access.permissions import may
from tirek.facilities.queries import indexes, rooms, walks, works
from tirek.registry import panels

WORST = 5


def institution(request, subject):
    """Index, worst rooms, when walked, works."""
    scope = request.scope
    if not scope.role or scope.is_own or not may(scope.role, "rooms.read") or not scope.covers(subject.org_no):
        return None
    if not subject.institution.rooms.exists():
        return None
    today, code = timezone.localdate(), subject.institution.code
    index = indexes.indexes_of([subject.org_no], on=today).get(subject.org_no)
    counts = works.state_counts(works.works_in(scope, org_lo=subject.org_no, org_hi=subject.org_no))
    return "facilities/_institution.html", {
        "index": index,
        "worst": _worst(subject.institution, index, today),
        "last": walks.last_walked([subject.org_no]).get(subject.org_no),
        "n_open": sum(counts.get(state, 0) for state in works.OPEN),
        "n_accepted": counts.get("accepted", 0),
        "may_walk": may(scope.role, "rooms.walk") and scope.lo == scope.hi,
        "url": reverse("facilities:school", args=[code]),
        "works_url": reverse("facilities:school_works", args=[code]),
    }


def _worst(of, index, today) -> list:
    if index is None:
        return []
    low = sorted((points, pk) for pk, points in index.rooms.items() if points is not None and points < 700)[:WORST]
    known = {room.pk: room for room in rooms.rooms_of(of, today)} if low else {}
    return [(known[pk], points) for points, pk in low if pk in known]


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
        own = walks.institution_of(scope)
        if own is None or not may(scope.role, "rooms.walk") or not own.rooms.exists():
            return None
        return "facilities/_home.html", {
            "may_walk": True,
            "open_walk": walks.open_walk(scope.lo),
            "last": walks.last_walked([scope.lo]).get(scope.lo),
            "n_waiting": works.waiting_for_school(scope.lo).count(),
            "works_url": reverse("facilities:school_works", args=[own.code]),
        }
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


def register() -> None:
    panels.register("institution", "rooms", 30, institution)
    panels.register("room", "rooms", 10, room)
    panels.register("home", "rooms", 30, home)
