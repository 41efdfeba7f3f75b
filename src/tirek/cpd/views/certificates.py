"""Pages of certificates: the list, one, its check by anybody, and what programs read."""

from __future__ import annotations

import json

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.limits import limited
from tirek.access.services.reads import record_many_read
from tirek.cpd.badges import credential as badges
from tirek.cpd.badges import keys
from tirek.cpd.forms.certification import ReasonForm
from tirek.cpd.queries import certificates as queries
from tirek.cpd.services import certificates as services
from tirek.cpd.views.common import base_address, can, keeps, paged
from tirek.registry import downloads
from tirek.registry.queries import labels

COLUMNS = (
    ("number", gettext_noop("Number")), ("name", gettext_noop("Name")), ("school", gettext_noop("Institution")),
    ("course", gettext_noop("Course")), ("hours", gettext_noop("Hours")), ("completed_on", gettext_noop("Completed on")),
    ("decision", gettext_noop("Decision")), ("revoked_on", gettext_noop("Revoked on")), ("why", gettext_noop("Why")),
)  # fmt: skip


@gate(permission="growth.read")
@require_GET
def certificates(request):
    """Which certificates were given out here?"""
    state, text, cohort = (
        request.GET.get("state", ""),
        request.GET.get("q", "").strip()[:100],
        request.GET.get("cohort", ""),
    )
    found = queries.certificates(
        request.scope, state=state if state in queries.STATES else "", text=text, cohort=cohort
    )
    today = timezone.localdate()
    if request.GET.get("download"):
        rows = list(found)
        record_many_read(request, rows=len(rows), query="certificates", export=True)
        names = labels.names_by_org_no([c.org_no for c in rows], on=today)
        columns = [(name, _(head)) for name, head in COLUMNS]
        return downloads.respond("certificates", request.GET["download"], columns, (_row(c, names) for c in rows))
    page = paged(request, found)
    if page.object_list:
        record_many_read(request, rows=len(page.object_list), query="certificates")
    names = labels.names_by_org_no([c.org_no for c in page], on=today)
    context = {
        "page": page, "rows": [{"certificate": c, "school": names.get(c.org_no, "")} for c in page], "state": state, "q": text,
        "cohort": cohort,
    }  # fmt: skip
    return render(request, "cpd/certificates/list.html", context)


def _row(c, names: dict) -> tuple:
    return (
        c.number, c.person_name, names.get(c.org_no, ""), c.name_kk, c.hours, c.completed_on.isoformat(), c.decision_number,
        c.revoked_at.date().isoformat() if c.revoked_at else "", c.revoked_reason,
    )  # fmt: skip


@gate(permission="growth.read")
@require_GET
def certificate(request, number: str):
    """One certificate: what it says, and what can be done with it."""
    return _page(request, _found(number), ReasonForm())


def _page(request, found, form):
    """One certificate, with the form to revoke it or to give it out anew."""
    record_many_read(request, rows=1, query=f"certificate {found.number}")
    address = base_address(request)
    context = {
        "certificate": found, "after": queries.successor(found), "may_manage": can(request, "growth.manage"),
        "check_address": f"{address}/growth/check/{found.check_code}/",
        "credential_address": badges.address_of(address, found.check_code), "form": form,
    }  # fmt: skip
    return render(request, "cpd/certificates/certificate.html", context, status=422 if form.errors else 200)


@gate(permission="growth.manage")
@require_POST
def change(request, number: str, act: str):
    """Revoke it, or give it out anew with the name as the register has it now."""
    found, form = _found(number), ReasonForm(request.POST)
    if act == "revoke":
        done = _("Revoked. Whoever checks it reads why.")
        made = keeps(request, form, services.revoke, number=found.number, done=done)
    elif act == "reissue":
        done = _("Given out anew. The earlier one is revoked.")
        address = base_address(request)
        made = keeps(request, form, services.reissue, number=found.number, base_address=address, done=done)
    else:
        raise Http404
    return _page(request, found, form) if made is None else redirect("cpd:certificate", made.number)


@gate(public=True)
@limited("certificate", times=60, seconds=60)
@require_GET
def check(request):
    """Does a certificate stand? By the code of its QR, or by its number."""
    asked = request.GET.get("code", "").replace("/", " ").strip()[:40]
    return redirect("cpd:checked", asked) if asked else render(request, "cpd/certificates/check.html")


@gate(public=True)
@limited("certificate", times=60, seconds=60)
@require_GET
def checked(request, code: str):
    found = queries.checked(code)
    answer = render(
        request, "cpd/certificates/checked.html", {"found": found, "by_code": bool(found and found.code)},
        status=200 if found else 404,
    )  # fmt: skip
    answer["X-Robots-Tag"] = "noindex"
    return answer


@gate(public=True)
@limited("credential", times=120, seconds=60)
@require_GET
def credential(request, code: str):
    """The signed credential, byte for byte as it was given out, for who holds the code."""
    found = queries.credential_bytes(code)
    if found is None:
        raise Http404
    answer = HttpResponse(found, content_type="application/vc+ld+json")
    answer["Content-Disposition"] = f'inline; filename="badge-{code}.json"'
    answer["Access-Control-Allow-Origin"] = "*"
    answer["X-Robots-Tag"] = "noindex"
    return answer


@gate(public=True)
@limited("credential", times=120, seconds=60)
@require_GET
def status_list(request, number: int):
    """Which credentials are revoked, as a signed list that names nobody."""
    if not queries.is_list(number):
        raise Http404
    found = badges.status_list(number, queries.revoked_indexes(number), base_address(request), timezone.now())
    return _json(found, "application/vc+ld+json")


@gate(public=True)
@require_GET
def issuer(request):
    """Who signs."""
    return _json(badges.profile(base_address(request)), "application/json")


@gate(public=True)
@require_GET
def did(request):
    """By which key the signatures are checked."""
    return _json(keys.did_document(base_address(request)), "application/did+json")


def _json(value: dict, media_type: str) -> HttpResponse:
    answer = HttpResponse(json.dumps(value, ensure_ascii=False), content_type=media_type)
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _found(number: str):
    found = queries.certificate(number)
    if found is None:
        raise Http404
    return found
