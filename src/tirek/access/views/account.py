"""One's own account."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tirek.access import queries_users as queries
from tirek.access.forms import AccountForm
from tirek.access.gates import gate
from tirek.access.queries import needs_second_factor
from tirek.access.services import accounts

YEAR = 365 * 24 * 60 * 60


@gate(account=True)
def account(request: HttpRequest) -> HttpResponse:
    """Language, password, second factor, roles, where one is signed in."""
    user = request.user
    context = {
        "form": AccountForm(initial={"language": user.language}),
        "sessions": queries.sessions_of(user.pk),
        "this_session": request.session.session_key,
        "has_second_factor": getattr(user, "has_second_factor", False),
        "second_factor_missing": needs_second_factor(user),
    }
    return render(request, "access/account.html", context)


@gate(account=True)
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    form = AccountForm(request.POST)
    response = redirect("access:account")
    if form.is_valid():
        code = form.cleaned_data["language"]
        accounts.set_language(user_id=request.user.pk, language=code)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, max_age=YEAR, samesite="Lax", secure=settings.HTTPS, httponly=True
        )
    return response


@gate(account=True)
@require_POST
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    count = accounts.sign_out_everywhere(user_id=request.user.pk, but=request.session.session_key)
    words = ngettext("%(count)s other session was ended.", "%(count)s other sessions were ended.", count)
    messages.success(request, words % {"count": count} if count else _("You are signed in only here."))
    return redirect("access:account")
