"""The booklets of a test: as pupils will see them, and as a PDF to be printed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment.bank import paper
from tirek.assessment.forms.tests import OpenTasksForm
from tirek.assessment.pages.bank import LANGUAGE_NAMES, language_of
from tirek.assessment.queries import bank as queries
from tirek.assessment.queries import results as result_queries
from tirek.assessment.services.tests import open_tasks_on
from tirek.assessment.views.bank import PICTURE_POLICY
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek.storage import sealed
from tirek_engines.errors import Refusal

PRINTED_IN = ("kk", "ru")


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def booklets(request: HttpRequest, code: str) -> HttpResponse:
    """Which booklets are there, how long is each, which items do they share, and when may everybody read them?"""
    found = held_or_404(request, code)
    form = OpenTasksForm(request.POST or None, initial={"day": found.tasks_open_on})
    if request.method == "POST" and form.is_valid():
        try:
            open_tasks_on(test_id=found.pk, day=form.cleaned_data["day"], now=timezone.now())
        except Refusal as refusal:
            form.add_error("day", refusal.message)
        else:
            messages.success(request, _("The day is kept."))
            return redirect("assessment:booklets", code=code)
    rows = []
    for booklet, places in queries.booklets_of(found):
        timed = [place.item.version.item.minutes for place in places if place.item.version]
        rows.append({
            "booklet": booklet, "n": len(places), "points": sum(place.item.max_score for place in places),
            "minutes": sum(timed) if len(timed) == len(places) else None,
            "blocks": list(dict.fromkeys(place.block for place in places if place.block)),
        })  # fmt: skip
    return render(request, "assessment/bank/booklets.html", {
        "test": found, "title": result_queries.title_of(found), "trail": trail(found), "rows": rows,
        "tabs": tabs(found, request, "booklets"), "opening": form if queries.has_own_tasks(found) else None,
        "are_open": found.tasks_open_on is not None and found.tasks_open_on <= timezone.localdate(), "printed_in": [(c, LANGUAGE_NAMES[c]) for c in PRINTED_IN],
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_GET
def booklet(request: HttpRequest, code: str, booklet: str) -> HttpResponse:
    """A booklet as pupils see it; that somebody looked is written down."""
    found, name, places = _booklet_or_404(request, code, booklet)
    language = request.GET.get("language")
    language = language if language in LANGUAGE_NAMES else language_of(request)
    tasks = paper.printed(places, language)
    record_many_read(request, rows=len(tasks), query=f"tasks of booklet {name} of {found.code}")
    return render(request, "assessment/bank/booklet.html", {
        "test": found, "title": result_queries.title_of(found), "name": name, "language": language,
        "trail": [*trail(found), (_("Booklets"), reverse("assessment:booklets", args=[found.code]))], "tasks": tasks,
        "spoken": [(label, f"?language={c}", c == language) for c, label in LANGUAGE_NAMES.items()],
        "printed_in": [(c, LANGUAGE_NAMES[c]) for c in PRINTED_IN],
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_GET
def pdf(request: HttpRequest, code: str, booklet: str) -> HttpResponse:
    """The booklet for the printer."""
    found, name, places = _booklet_or_404(request, code, booklet)
    language = request.GET.get("language", PRINTED_IN[0])
    if language not in PRINTED_IN:
        raise Http404
    try:
        content = paper.pdf(
            title=getattr(found, f"title_{language}"), booklet=name, language=language,
            tasks=paper.printed(places, language), synthetic=found.is_synthetic, now=timezone.now(),
        )  # fmt: skip
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("assessment:booklets", code=code)
    record_many_read(request, rows=len(places), query=f"booklet {name} of {found.code} as PDF, {language}", export=True)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.code}-{name}-{language}.pdf"'
    return response


def _booklet_or_404(request: HttpRequest, code: str, booklet: str):
    found = held_or_404(request, code)
    for held, places in queries.booklets_of(found):
        if held.code == booklet:
            return found, held.code, places
    raise Http404


@gate(permission="assessment.manage")
@require_GET
def picture(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A picture of one of the test's tasks."""
    found = queries.picture_in(held_or_404(request, code), pk)
    if found is None:
        raise Http404
    response = HttpResponse(sealed.read(found.sha256), content_type=found.media_type)
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response
