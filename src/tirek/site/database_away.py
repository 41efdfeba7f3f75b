"""Was it the database that is away? Then it is nobody's mistake, and the visitor is told to come back."""

from __future__ import annotations

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

RETRY_SECONDS = 30
# connection lost, server stopping or starting, no connection free: https://www.postgresql.org/docs/current/errcodes-appendix.html
STATES = ("08", "57P", "53300")


def is_away(error: BaseException | None) -> bool:
    """Whether this error, or what it came from, says that no connection can be had or that it broke."""
    while error is not None:
        if isinstance(error, InterfaceError) or (isinstance(error, OperationalError) and _lost(error)):
            return True
        error = error.__context__
    return False


def _lost(error: Error) -> bool:
    """A refusal of a single statement (a deadlock, a lock not given) carries another state."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(STATES)


def come_back(request: HttpRequest) -> HttpResponse:
    """Asks neither database nor session, so no context processor either."""
    if request.path_info.startswith("/api/"):
        message = _("The database cannot be reached. Try again in half a minute.")
        response: HttpResponse = JsonResponse({"code": "unavailable", "message": message}, status=503)
    else:
        response = HttpResponse(render_to_string("errors/503.html"), status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
