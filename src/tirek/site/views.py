"""The front page, home, and the reader's choices of language, appearance and role."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from tirek.access.gates import gate
from tirek.access.queries import ACTIVE_GRANT
from tirek.registry.panels import panels
from tirek.site.context import LANGUAGES, THEMES
from tirek.site.glossary import in_language
from tirek.site.navigation import address

YEAR = 365 * 24 * 60 * 60


@gate(public=True)
def front(request: HttpRequest) -> HttpResponse:
    """What this is, for whoever has not signed in."""
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "site/front.html", {"public_figures": address("indicators:public")})


@gate()
def home(request: HttpRequest) -> HttpResponse:
    """What is asked of me, then what my scope looks like."""
    return render(request, "site/home.html", {"panels": panels("home", request, request.scope)})


@gate(public=True)
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "site/help.html")


@gate(public=True)
def glossary_page(request: HttpRequest) -> HttpResponse:
    """The words of the field, in the reader's language."""
    return render(request, "site/glossary.html", {"terms": in_language(get_language() or "kk")})


@gate(public=True)
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("language")
    if code not in dict(LANGUAGES):
        raise Http404
    return _remember(_back(request), settings.LANGUAGE_COOKIE_NAME, code)


@gate(public=True)
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme and theme not in THEMES:
        raise Http404
    return _remember(_back(request), "theme", theme)


@gate()
@require_POST
def choose_role(request: HttpRequest) -> HttpResponse:
    """Work under another of one's own grants; its scope holds from the next request on."""
    chosen = request.POST.get("grant", "")
    if chosen not in {str(grant.pk) for grant in request.grants}:
        raise Http404
    request.session[ACTIVE_GRANT] = int(chosen)
    return redirect("home")


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the reader came from, if it is ours."""
    url = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(url if ours else "/")


def _remember(response: HttpResponse, name: str, value: str) -> HttpResponse:
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=settings.HTTPS, httponly=True)
    return response
