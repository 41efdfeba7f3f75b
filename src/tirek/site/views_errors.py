"""What is shown when a page cannot be. None of these asks the database: its transaction may be broken."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tirek.site.database_away import come_back, is_away


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path_info.startswith("/api/"):  # as its description promises
        words = str(exception or "") or _("Your role does not allow this.")
        return JsonResponse({"code": "forbidden", "message": words}, status=403)
    reason = str(exception or "")
    told = "" if reason == _("Your role does not allow this.") else reason  # the heading says that much
    return render(request, "errors/403.html", {"reason": told}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def our_fault(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    if is_away(error):
        return come_back(request, error)
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old, or came from elsewhere."""
    return render(request, "errors/csrf.html", status=403)
