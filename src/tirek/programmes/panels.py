"""Panels of programmes: a school's "where we stand, what is next", the home page, a room's chain."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tirek.access.permissions import may
from tirek.programmes.queries import board as boards
from tirek.programmes.queries import glance
from tirek.programmes.queries import measures as measure_queries
from tirek.registry import pages, panels
from tirek.registry.queries.territories import local_name

TAB = "programme"


def _is_for(request, subject) -> bool:
    return bool(may(request.scope.role, "programmes.read") and request.scope.covers(subject.org_no))


def institution(request, subject):
    """Where the school stands in its programme, and what is missing for it to go on."""
    today = timezone.localdate()
    standings = glance.standings(subject.org_no, on=today)
    wanted = boards.requirements_of([one.participation for one in standings], on=today)
    measures = measure_queries.own(request.scope, on=today)
    if not standings and not measures:
        return None
    return "programmes/_institution.html", {
        "rows": [_where(one) | {"missing": _missing(wanted[one.participation.pk])} for one in standings],
        "code": subject.institution.code,
        "measures": measures,
        "today": today,
    }


def _missing(wanted) -> list:
    return [requirement for requirement in wanted if not requirement.is_met]


def _where(one: glance.Standing) -> dict:
    found = one.participation
    stage = local_name(found.stage) if found.stage else _("all stages passed")
    return {"where": one, "programme": found.programme, "name": local_name(found.programme), "stage": stage}


def home(request, subject):
    """Officers: programmes of the territory with what is late. A school: where it stands."""
    scope, today = request.scope, timezone.localdate()
    if not scope.role or not may(scope.role, "programmes.read") or scope.is_own:
        return None
    if scope.lo is not None and scope.lo == scope.hi:
        return _own_school(request, today)
    rows = [{"glance": one, "name": local_name(one.programme)} for one in glance.running(scope, on=today)]
    return ("programmes/_home.html", {"rows": rows}) if rows else None


def _own_school(request, today):
    standings = glance.standings(request.scope.lo, on=today)
    measures = measure_queries.own(request.scope, on=today)
    state = pages.own_state(request)
    if state is None or not (standings or measures):
        return None
    url = reverse("registry:institution_tab", args=[state.institution.code, TAB])
    late = sum(measure.due_date < today for measure in measures)
    rows = [_where(one) for one in standings]
    return "programmes/_home_school.html", {"rows": rows, "url": url, "measures": len(measures), "late": late}


def room(request, subject):
    """The way from the room's condition to what came of it."""
    if not request.user.is_authenticated or not may(request.scope.role, "rooms.read") or request.scope.is_own:
        return None
    if not request.scope.covers(subject.org_no):
        return None
    return "programmes/_room.html", {"room": subject}


def register() -> None:
    panels.register_tab(
        panels.Tab(
            "institution", TAB, gettext_lazy("Programme"), 10, _is_for,
            gettext_lazy("This institution takes part in no programme today."),
        )
    )  # fmt: skip
    panels.register("home", "programmes", 30, home)
    panels.register("institution", "programmes", 15, institution, tab=TAB)
    panels.register("room", "programmes", 60, room)
