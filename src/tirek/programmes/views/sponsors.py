"""Pages of sponsors' money: all sponsors, and one sponsor's question: what became of our money?"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.roles import Role
from tirek.access.scope import loading
from tirek.ledger.money import tenge_plain
from tirek.programmes.queries import sponsors as queries
from tirek.programmes.queries.sponsors.iati_file import file_of
from tirek.programmes.services import sponsors as services
from tirek.programmes.views.shared import page, programme_or_404
from tirek.registry.downloads import respond
from tirek.registry.queries.territories import local_name
from tirek.storage import sealed
from tirek_engines.errors import Refusal


@gate(permission="sponsors.read")
@require_GET
def sponsors(request: HttpRequest) -> HttpResponse:
    """Who gives, how much came, what was accepted and paid, what is overdue?"""
    if request.scope.role == Role.SPONSOR:
        own = queries.sponsor_of_user(request.user.pk)
        return redirect("programmes:sponsor", own.code) if own else render(request, "programmes/sponsors/none.html")
    today = timezone.localdate()
    known = list(queries.sponsors(request.scope))
    agreements = queries.agreements_of_each(known)
    pledges = queries.pledge_rows([a for some in agreements.values() for a in some], today)
    sums = queries.totals_of_each(agreements, today, pledges)
    rows = [(one, local_name(one), sums[one.pk]) for one in known]
    if "download" in request.GET:
        return _sponsors_file(request, rows)
    names = ("agreed", "received", "accepted", "paid", "overdue")
    context = {
        "rows": rows, "sums": {name: sum(getattr(totals, name) for _one, _name, totals in rows) for name in names},
        "overdue": queries.overdue_pledges(pledges),
        "may_manage": may(request.scope.role, "sponsors.manage"),
    }  # fmt: skip
    return render(request, "programmes/sponsors/list.html", context)


def _sponsors_file(request: HttpRequest, rows) -> HttpResponse:
    columns = [
        ("code", _("Code")), ("bin", _("BIN")), ("name", _("Sponsor")), ("agreed_kzt", _("Agreed, tenge")),
        ("received_kzt", _("Received, tenge")), ("accepted_kzt", _("Accepted, tenge")), ("paid_kzt", _("Paid, tenge")),
        ("overdue_kzt", _("Overdue, tenge")),
    ]  # fmt: skip
    lines = [
        (one.code, one.bin, name, *map(tenge_plain, (t.agreed, t.received, t.accepted, t.paid, t.overdue)))
        for one, name, t in rows
    ]
    return respond("sponsors", request.GET["download"], columns, lines)


def _seen(request: HttpRequest, code: str):
    """The sponsor with the agreements that the asker may see; for everybody else, those shown to everybody."""
    found = queries.sponsor(code) if request.scope.role and may(request.scope.role, "sponsors.read") else None
    if found is not None:
        return found, queries.agreements_of(found), False
    with loading():
        found = queries.sponsor(code)
        agreements = queries.agreements_of(found, public_only=True) if found else []
    if not agreements:
        raise Http404
    return found, agreements, True


@gate(public=True)
@require_GET
@never_cache
def sponsor(request: HttpRequest, code: str) -> HttpResponse:
    """What became of our money?"""
    found, agreements, is_public = _seen(request, code)
    today = timezone.localdate()
    if is_public:
        with loading():  # what is shown to everybody is read for everybody
            context = _about(found, agreements, today)
    else:
        context = _about(found, agreements, today)
        context |= {"steps": queries.steps_of(found), "people": queries.users_of(found)}
    can = not is_public and may(request.scope.role, "sponsors.manage") and request.scope.covers(found.org_lo)
    context |= {"is_public": is_public, "may_manage": can, "today": today}
    return render(request, "programmes/sponsors/sponsor.html", context)


def _about(found, agreements, today) -> dict:
    became, pledges = queries.became_of(agreements, today), queries.pledge_rows(agreements, today)
    return {
        "sponsor": found, "name": local_name(found), "agreements": [(a, local_name(a.programme)) for a in agreements],
        "totals": queries.totals(agreements, today, pledges), "became": became, "schools": dict(became.schools),
        "pledges": pledges,
    }  # fmt: skip


@gate(permission="sponsors.read")
@require_POST
def statement(request: HttpRequest, code: str) -> HttpResponse:
    """The page as a PDF of this day, in the language asked for."""
    found, agreements, is_public = _seen(request, code)
    if is_public:
        raise Http404
    try:
        made = services.issue_statement(
            sponsor=found, agreements=agreements, language=request.POST.get("language", get_language() or "kk")[:2],
            base_address=request.build_absolute_uri("/").rstrip("/"), by=request.user, now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal
    response = HttpResponse(sealed.read(made.pdf_sha256), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.code}-{made.number}.pdf"'
    return response


@gate(permission="sponsors.read")
@require_GET
def paper(request: HttpRequest, code: str, agreement_id: int) -> HttpResponse:
    """The signed agreement as it was given."""
    _found, agreements, is_public = _seen(request, code)
    chosen = next((a for a in agreements if a.pk == agreement_id and a.sha256), None)
    if is_public or chosen is None:
        raise Http404
    response = HttpResponse(sealed.read(chosen.sha256), content_type=chosen.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = f'attachment; filename="agreement-{chosen.pk}"'
    return response


@gate(public=True)
@require_GET
@never_cache
def photograph(request: HttpRequest, code: str, uuid) -> HttpResponse:
    """A room before or after the work, if it was released for showing."""
    _found, agreements, _public = _seen(request, code)
    with loading():
        shown = queries.photograph_of(agreements, uuid, small="full" not in request.GET)
    if shown is None:
        raise Http404
    response = HttpResponse(shown[0], content_type=shown[1])
    response["X-Content-Type-Options"] = "nosniff"
    return response


@gate(permission="programmes.read")
@require_GET
def iati(request: HttpRequest, slug: str) -> HttpResponse:
    """Is the programme's IATI file fit to be published, and if not, which field is to be mended?"""
    programme = programme_or_404(slug)
    reporter = request.GET.get("reporter", "")[:80]
    try:
        made, refused = file_of(programme, reporter=reporter, now=timezone.now()), ""
    except Refusal as refusal:
        made, refused = None, refusal.message
    if made is not None and "download" in request.GET and not made.faults:
        response = HttpResponse(made.data, content_type="application/xml")
        response["Content-Disposition"] = f'attachment; filename="{programme.slug}-iati.xml"'
        return response
    context = page(request, programme, "iati", made=made, refused=refused, reporter=reporter)
    return render(request, "programmes/sponsors/iati.html", context)
