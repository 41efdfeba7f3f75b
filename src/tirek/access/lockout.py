"""Lock-out after failed sign-ins: django-axes, whose rows only the sign-in role sees."""

from __future__ import annotations

from axes.handlers.database import AxesDatabaseHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tirek.access.scope import signing_in


class ScopedHandler(AxesDatabaseHandler):
    """``AXES_HANDLER``."""

    def is_allowed(self, request, credentials=None):
        with signing_in():
            return super().is_allowed(request, credentials)

    def reset_attempts(self, **kwargs):
        with signing_in():
            return super().reset_attempts(**kwargs)

    def user_login_failed(self, sender, credentials, request=None, **kwargs):
        with signing_in():
            return super().user_login_failed(sender, credentials, request, **kwargs)

    def user_logged_in(self, sender, request, user, **kwargs):
        with signing_in():
            return super().user_logged_in(sender, request, user, **kwargs)

    def user_logged_out(self, sender, request, user, **kwargs):
        with signing_in():
            return super().user_logged_out(sender, request, user, **kwargs)


def attempted_name(request: HttpRequest, credentials: dict | None = None) -> str:
    """``AXES_USERNAME_CALLABLE``: the name that was tried, in one spelling, whoever asks."""
    tried = credentials or {}
    return (tried.get("username") or tried.get("login") or request.POST.get("login", "")).strip().lower()[:255]


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: dict | None = None):
    """``AXES_LOCKOUT_CALLABLE``: the page that says so. It does not say whether such a user exists."""
    from django.conf import settings

    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
