"""Was it the database that is away? Then it is nobody's mistake, and the visitor is told to come back."""

from __future__ import annotations

import time

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from tirek.storage.watched import is_silence, somebody_waits

RETRY_SECONDS = 30
SPARE_SECONDS = 2.0  # while the database keeps silent, one visitor in so long waits for it; the others are told at once
# connection lost, server stopping or starting, no connection free: https://www.postgresql.org/docs/current/errcodes-appendix.html
STATES = ("08", "57P", "53300")


class DatabaseAwayMiddleware:
    """A page waits seconds for a database that keeps silent, and for one seen silent just now not at all."""

    silent_at = float("-inf")

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if time.monotonic() - DatabaseAwayMiddleware.silent_at < SPARE_SECONDS:
            return come_back(request)
        with somebody_waits():
            return self.get_response(request)


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


def come_back(request: HttpRequest, error: BaseException | None = None) -> HttpResponse:
    """Asks neither database nor session, so no context processor either."""
    if is_silence(error):
        DatabaseAwayMiddleware.silent_at = time.monotonic()
    if request.path_info.startswith("/api/"):
        message = _("The database cannot be reached. Try again in half a minute.")
        response: HttpResponse = JsonResponse({"code": "unavailable", "message": message}, status=503)
    else:
        again = request.get_full_path() if request.method == "GET" else ""
        page = render_to_string("errors/503.html", {"again": again, "seconds": RETRY_SECONDS})
        response = HttpResponse(page, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
