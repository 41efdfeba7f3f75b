"""Applications of schools with the points of the panel."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.programmes.application_files import read_applications
from tirek.programmes.forms.selection import ApplicationsForm
from tirek.programmes.queries import candidates as queries
from tirek.programmes.queries.programmes import states_of
from tirek.programmes.services import selecting as services
from tirek.programmes.views.shared import may_manage, page, programme_or_404
from tirek.registry.downloads import respond
from tirek.registry.queries import institutions
from tirek.registry.queries.territories import local_name
from tirek_engines.errors import Refusal


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def applications(request: HttpRequest, slug: str) -> HttpResponse:
    """Which schools have applied, and how were they rated? A table of the panel brings them in, all rows or none."""
    programme, today = programme_or_404(slug), timezone.localdate()
    if not may_manage(request, programme):
        raise Http404
    form, faults = ApplicationsForm(request.POST or None, request.FILES or None), []
    if request.method == "POST" and form.is_valid():
        faults = _load(request, programme, form, today)
        if faults is None:
            return redirect("programmes:applications", slug)
    found = queries.applications(programme)
    states = states_of([a.org_no for a in found], on=today)
    rows = [
        {"application": a, "name": local_name(states[a.org_no]) if a.org_no in states else a.org_no,
         "code": states[a.org_no].institution.code if a.org_no in states else ""}
        for a in found
    ]  # fmt: skip
    rows.sort(key=lambda row: (-row["application"].points, str(row["name"])))
    if "download" in request.GET:
        columns = [
            ("school", _("Code")),
            ("name", _("School")),
            ("points", _("Points")),
            ("received", _("Received")),
            ("note", _("Note")),
        ]
        flat = [
            (r["code"], r["name"], r["application"].points, r["application"].received_on, r["application"].note)
            for r in rows
        ]
        return respond(f"{slug}-applications", request.GET["download"], columns, flat)
    context = page(
        request, programme, "selection", form=form, faults=faults or [], rows=rows,
        here_trail=[(_("Choice of schools"), reverse("programmes:selection", args=[slug]))],
    )  # fmt: skip
    return render(request, "programmes/applications.html", context, status=422 if form.errors or faults else 200)


def _load(request: HttpRequest, programme, form, today) -> list | None:
    """None when all rows are kept, else their faults."""
    schools = dict(
        institutions.states(on=today)
        .filter(org_no__gte=programme.org_lo, org_no__lte=programme.org_hi, institution__kind__in=queries.KINDS)
        .values_list("institution__code", "org_no")
    )
    upload = form.cleaned_data["file"]
    try:
        read = read_applications(upload.name, upload.read(), schools, today)
        if read.has_errors:
            return read.faults.frame().to_dicts()
        with transaction.atomic():
            for row in read.rows:
                services.rate_application(programme_id=programme.pk, by=request.user, now=timezone.now(), **row)
    except Refusal as refusal:
        form.add_error("file", refusal.message)
        return []
    messages.success(request, _("Applications kept: %(count)s.") % {"count": len(read.rows)})
    return None
