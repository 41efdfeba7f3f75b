"""The institution or territory of a page, within the asker's scope, with its trail and tabs."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.registry import pages
from tirek.registry.queries import institutions, territories


def school_frame(request: HttpRequest, code: str, here: str = "") -> dict:
    """What every page of an institution's rooms shows; one that lies outside the scope is not there."""
    today = timezone.localdate()
    state = None if request.scope.is_own else institutions.state_or_last(code, on=today)
    if state is None or not request.scope.covers(state.org_no):
        raise Http404
    known = state.institution
    path = territories.path_of(known.org_no, on=today) or [state.territory]
    return {
        "institution": known,
        "state": state,
        "name": territories.local_name(state),
        "today": today,
        "trail": [*pages.trail(path, today), (territories.local_name(state), pages.institution_url(code, today))],
        "tabs": _tabs(code, here),
        "is_home": request.scope.lo == request.scope.hi == known.org_no,
        "may_walk": may(request.scope.role, "rooms.walk") and request.scope.lo == request.scope.hi == known.org_no,
        "may_manage": may(request.scope.role, "works.manage"),
        "may_accept": may(request.scope.role, "works.accept"),
        "may_change_register": may(request.scope.role, "registry.change"),
    }


def _tabs(code: str, here: str) -> list[tuple[str, str, bool]]:
    names = [("school", _("Rooms")), ("walks", _("Walks")), ("school_works", _("Works"))]
    return [(label, reverse(f"facilities:{name}", args=[code]), name == here) for name, label in names]


def territory_of(request: HttpRequest, code: str):
    """A territory that lies in the scope."""
    found = territories.by_code(code, on=timezone.localdate())
    if (
        found is None
        or request.scope.is_own
        or not (request.scope.covers(found.org_lo) and request.scope.covers(found.org_hi))
    ):
        raise Http404
    return found
