"""Released tasks for schools, and the button that releases one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.assessment.content_areas import area_name
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries.released import released_tasks
from tirek.assessment.services.releasing import release_items
from tirek.decisions import queries as journal
from tirek_engines.errors import Refusal


@gate(permission="assessment.read")
@require_GET
def released(request: HttpRequest) -> HttpResponse:
    """Which tasks may a school read and work with?"""
    rows = released_tasks(request.scope, (get_language() or "kk")[:2])
    for row in rows:
        row["area"] = area_name(row["item"].content_area)
    trail = [(_("Tests and results"), reverse("assessment:tests"))]
    return render(request, "assessment/bank/released.html", {"rows": rows, "trail": trail})


@gate(permission="figures.publish")
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an item's wording known, if the rules allow."""
    found = pages.item_or_404(request, pk)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that the item can never be made secret again."))
        return redirect("assessment:bank_item", pk=pk)
    try:
        decision = release_items(item_ids=[found.pk], by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        told = journal.explain(decision.number, found.code, "item").text
        (messages.success if decision.summary["released"] else messages.error)(request, told)
    return redirect("assessment:bank_item", pk=pk)
