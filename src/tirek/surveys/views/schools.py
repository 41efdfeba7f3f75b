"""A school's side of a round: the poster, slips with codes, Collect's address, how many have answered."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read
from tirek.registry.queries import labels
from tirek.surveys import papers
from tirek.surveys.page_forms import SlipsForm
from tirek.surveys.queries import forms as form_queries
from tirek.surveys.queries import rounds as queries
from tirek.surveys.queries.drawn import drawn_people
from tirek.surveys.services import codes
from tirek.surveys.views.rounds import seen_or_404
from tirek_engines.errors import Refusal

LANGUAGES = ("kk", "ru")


def _school(request: HttpRequest, code: str, org_no: int):
    found = seen_or_404(request, code)
    school = queries.school_of(found, org_no) if request.scope.covers(org_no) else None
    if school is None:
        raise Http404
    return found, school


def may_invite(request: HttpRequest) -> bool:
    scope = request.scope
    return not scope.is_own and (may(scope.role, "surveys.invite") or may(scope.role, "surveys.manage"))


@gate(permission="surveys.read")
@never_cache
@require_GET
def school_page(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """What the coordinator hands out, and how many have answered."""
    found, school = _school(request, code, org_no)
    language = (get_language() or "kk")[:2]
    names = labels.names_by_org_no([org_no], on=timezone.localdate())
    invites = may_invite(request)
    drawn = drawn_people(found, org_no) if invites else None
    if drawn is not None and drawn.is_persons:
        record_many_read(request, rows=len(drawn.names), query=f"drawn for questionnaire {found.code} at {org_no}")
    context = {
        "round": found,
        "school": school,
        "title": form_queries.local_title(found.form, language),
        "name": names.get(org_no, ""),
        "rate": queries.rates(found, [school])[0],
        "may_invite": invites and found.state == "open",
        "form": SlipsForm(initial={"count": school.invited or 1}),
        "collect": _collect_address(request, school) if invites and found.state == "open" else "",
        "poster": _poster_address(request, school) if invites and found.state == "open" and found.has_poster else "",
        "drawn": drawn,
        "is_wide": request.scope.lo != request.scope.hi,
    }
    return render(request, "surveys/rounds/school.html", context)


def _poster_address(request: HttpRequest, school) -> str:
    return request.build_absolute_uri(reverse("surveys:poster", args=[queries.poster_key(school.pk, school.series)]))


def _collect_address(request: HttpRequest, school) -> str:
    token = queries.collect_token(school.pk, school.series)
    return request.build_absolute_uri(reverse("surveys:collect_list", args=[token])).removesuffix("/formList")


def _paper_language(request: HttpRequest, both: bool = False) -> str:
    wanted = request.GET.get("in") or request.POST.get("in") or (get_language() or "kk")[:2]
    return wanted if wanted in LANGUAGES else "kk"


@gate(permission="surveys.read")
@never_cache
@require_GET
def poster_pdf(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """The poster: A4, in Kazakh and Russian."""
    found, school = _school(request, code, org_no)
    if not may_invite(request) or found.state != "open" or not found.has_poster:
        raise Http404
    pdf = papers.poster_pdf(found, school, address=_poster_address(request, school), now=timezone.now())
    return _pdf(pdf, f"{found.code}-{org_no}-poster")


@gate(permission="surveys.read")
@never_cache
@require_POST
def slips_pdf(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """Slips with codes, to be cut and handed out without looking. Printed again they are the same."""
    found, _row = _school(request, code, org_no)
    form = SlipsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say how many slips are to be printed."))
        return redirect("surveys:school", code, org_no)
    try:
        slips = codes.printed_slips(
            round_id=found.pk, org_no=org_no, by=request.user, now=timezone.now(), **form.cleaned_data
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("surveys:school", code, org_no)
    language = _paper_language(request)
    with translation.override(language):
        address = request.build_absolute_uri(reverse("surveys:enter"))
        pdf = papers.slips_pdf(found, slips, language=language, address=address, now=timezone.now())
    return _pdf(pdf, f"{found.code}-{org_no}-codes")


def _pdf(pdf: bytes, name: str) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@gate(permission="surveys.read")
@require_POST
def renew(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """Withdraw a poster's link and Collect's address, and make new ones."""
    found, _row = _school(request, code, org_no)
    try:
        codes.renew_links(round_id=found.pk, org_no=org_no, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The old links open nothing any more. Print the poster again."))
    return redirect("surveys:school", code, org_no)
