"""One request, one transaction, one scope, and a gate that is closed unless it says otherwise."""

from __future__ import annotations

import logging
import re
import uuid
from dataclasses import replace
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from tirek.access.gates import Gate, door_of
from tirek.access.machines import API_SCOPE
from tirek.access.permissions import may
from tirek.access.queries import needs_second_factor, scope_of
from tirek.access.scope import NOBODY, SIGNING_IN, acting_as, because, become, statements_within

log = logging.getLogger("tirek.access")
PLAIN_ID = re.compile(r"[A-Za-z0-9-]{8,36}")
MOST_BYTES = 25 * 1024 * 1024  # whoever has not signed in; the largest public form takes a document of 20 MB
MOST_BYTES_SIGNED_IN = 1100 * 1024 * 1024  # an import's file (tirek.storage.uploads.LIMITS) and its form


class ScopeMiddleware:
    """Wrap the request in a transaction that knows who asks; an unexpected error rolls the view's work back."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        name, door = _where(request)
        request.door, request.scope, request.grant, request.grants = door, NOBODY, None, []
        if door is not None and door.bare:
            return self.get_response(request)
        known = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
        why, limit = because(url=name, request=_request_id(request)), statements_within(settings.STATEMENT_SECONDS)
        with why, limit, acting_as(SIGNING_IN if known else NOBODY):
            request.scope = scope_of(request) if known else NOBODY
            if _is_too_large(request):  # before anything reads it: a form is written to disk while it is read
                return _too_large(request)
            inside = (
                replace(SIGNING_IN, user_id=request.scope.user_id) if door is not None and door.keys else request.scope
            )
            if inside != NOBODY or known:
                become(inside)
            request._before_view = transaction.savepoint()
            return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("A zero character is in no name of ours, and the database takes none.")
        door: Gate | None = request.door
        if request.method == "POST" and _has_zero_character(request):
            raise BadRequest("A zero character is in no text of ours, and the database takes none.")
        if door is None:
            log.error("closed: %s has no gate", request.resolver_match.view_name or request.resolver_match.route)
            raise PermissionDenied(_("This address is closed: nobody has said who may open it."))
        if door.public:
            _leave_outside(request, door)
            return None
        if request.scope.user_id is None:
            return _sign_in_first(request)
        if getattr(request, "machine", None) is not None and not door.program:
            raise PermissionDenied(_("This address is for people, not for programs."))
        if _lacks_api_scope(request):
            raise PermissionDenied(_("The token lacks the scope %(scope)s, which /api/ needs.") % {"scope": API_SCOPE})
        if door.account:
            return None
        if _without_second_factor(request):
            return _go(request, reverse("mfa_activate_totp"))
        if request.grant is None:
            raise PermissionDenied(_("You have no role in force today. Ask the administrator who invited you."))
        if door.permission and not may(request.grant.role, door.permission):
            raise PermissionDenied(_("Your role does not allow this."))
        return None

    def process_exception(self, request, exception):
        """Undo what the view did, back to a usable transaction in the same scope: the error's page may read."""
        before_view = getattr(request, "_before_view", None)
        if before_view is not None:
            transaction.set_rollback(False)
            transaction.savepoint_rollback(before_view)


def _where(request) -> tuple[str, Gate | None]:
    """Name of the address and its gate. An address that does not exist runs in nobody's gate and ends in 404."""
    try:
        match = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return "", None
    return match.view_name or match.route, door_of(match)


def _is_too_large(request) -> bool:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not length.isascii() or not length.isdecimal() or int(length) > _most_bytes(request)


def _most_bytes(request) -> int:
    return MOST_BYTES if request.scope.user_id is None else MOST_BYTES_SIGNED_IN


def _too_large(request) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return JsonResponse({"code": "too_large", "message": _("This is larger than is accepted")}, status=413)
    page = render_to_string("access/too_large.html", {"most": _most_bytes(request)})
    return HttpResponse(page, status=413)


def _has_zero_character(request) -> bool:
    """In the fields of a form; a file's bytes are its own."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return False
    texts = (text for name, values in request.POST.lists() for text in (name, *values))
    return any("\x00" in text for text in texts) or any("\x00" in file.name for file in request.FILES.values())


def _request_id(request) -> str:
    """The proxy's id of the request when it looks like one, else ours."""
    given = request.headers.get("X-Request-ID", "")
    request.request_id = given if PLAIN_ID.fullmatch(given) else str(uuid.uuid4())
    return request.request_id


def _without_second_factor(request) -> bool:
    if getattr(request, "machine", None) is not None:
        return False
    if settings.DEMONSTRATION and request.user.is_demonstration:
        return False
    return needs_second_factor(request.user)


def _leave_outside(request, door: Gate) -> None:
    """On a page for everybody, whoever still lacks the second factor is nobody in particular."""
    if request.scope.user_id is not None and not door.keys and _without_second_factor(request):
        request.scope, request.grant, request.grants = NOBODY, None, []
        become(NOBODY)


def _lacks_api_scope(request) -> bool:
    """A program that was let in for rosters reads nothing else."""
    is_program = getattr(request, "machine", None) is not None
    return is_program and request.path_info.startswith("/api/") and API_SCOPE not in request.token_scopes


def _sign_in_first(request):
    if request.path_info.startswith("/api/") or request.headers.get("Authorization"):
        response = JsonResponse({"code": "sign_in_first", "message": _("Sign in, or send a valid token.")}, status=401)
        response["WWW-Authenticate"] = "Bearer"
        return response
    back = request.htmx.current_url_abs_path if getattr(request, "htmx", None) else request.get_full_path()
    if request.method != "GET" and not getattr(request, "htmx", None):
        back = ""
    return _go(request, reverse("account_login") + (f"?next={quote(back, safe='/')}" if back else ""))


def _go(request, address: str):
    """Elsewhere, also when only a part of the page was asked for."""
    return HttpResponseClientRedirect(address) if request.headers.get("HX-Request") else HttpResponseRedirect(address)
