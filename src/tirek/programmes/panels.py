"""Panels of programmes: a school's "where we stand, what is next", the home page, a room's chain."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.programmes.queries import board as boards
from tirek.programmes.queries import measures as measure_queries
from tirek.programmes.queries import needs as need_queries
from tirek.programmes.queries import programmes as queries
from tirek.registry import panels
from tirek.registry.queries.territories import local_name


def institution(request, subject):
    """Where the school stands in its programme, and what is next."""
    if not request.user.is_authenticated or not may(request.scope.role, "programmes.read"):
        return None
    today = timezone.localdate()
    present = [p for p in queries.of_institution(subject.org_no) if p.valid.upper is None or p.valid.upper > today]
    if not present or not request.scope.covers(subject.org_no):
        return None
    return "programmes/_institution.html", {
        "rows": [_where(p, today) for p in present],
        "code": subject.institution.code,
    }


def _where(p, today) -> dict:
    row = boards.rows_of(p.programme, [p], queries.stages(p.programme), on=today)[0]
    return {"row": row, "programme": p.programme, "name": local_name(p.programme),
            "stage": local_name(row.stage) if row.stage else _("all stages passed")}  # fmt: skip


def home(request, subject):
    """Officers: programmes of the territory with what is stuck. A school: where it stands."""
    if not request.user.is_authenticated or not may(request.scope.role, "programmes.read") or request.scope.is_own:
        return None
    today, scope = timezone.localdate(), request.scope
    if scope.lo is not None and scope.lo == scope.hi:
        present = [p for p in queries.of_institution(scope.lo) if p.valid.upper is None or p.valid.upper > today]
        own = measure_queries.own(scope, on=today)
        state = queries.states_of([scope.lo], on=today).get(scope.lo)
        if (not present and not own) or state is None:
            return None
        rows = [_where(p, today) for p in present]
        return "programmes/_institution.html", {
            "rows": rows,
            "code": state.institution.code,
            "measures": own[:5],
            "today": today,
        }
    running = [p for p in queries.listed(scope) if p.state in ("running", "support") and not p.is_sister][:4]
    if not running:
        return None
    rows = [
        {
            "programme": p, "name": local_name(p), "board": boards.board(p, scope, on=today) if p.places else None,
            "progress": measure_queries.progress(p, on=today), "needs": need_queries.counts(scope, p),
        }
        for p in running
    ]  # fmt: skip
    return "programmes/_home.html", {"rows": rows}


def room(request, subject):
    """The way from the room's condition to what came of it."""
    if not request.user.is_authenticated or not may(request.scope.role, "rooms.read") or request.scope.is_own:
        return None
    if not request.scope.covers(subject.org_no):
        return None
    return "programmes/_room.html", {"room": subject}


def register() -> None:
    panels.register("home", "programmes", 30, home)
    panels.register("institution", "programmes", 15, institution)
    panels.register("room", "programmes", 60, room)
