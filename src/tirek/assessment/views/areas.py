"""The content areas of the bank: which there are, in three languages, and how many items each has."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.assessment.content_areas import areas as all_areas
from tirek.assessment.forms.areas import AreaForm, NamesForm
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries import bank as queries
from tirek.assessment.services import areas as services
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def areas(request: HttpRequest) -> HttpResponse:
    """Which areas may an item have, and what are they called?"""
    form = AreaForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_area(code=form.cleaned_data["code"], subject=form.cleaned_data["subject"], names=form.names())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The area is there. Items can have it from now on."))
            return redirect("assessment:bank_areas")
    counts = queries.items_by_area(request.scope)
    rows = [
        {"area": area, "n": counts.get(area.code, 0)}
        for area in sorted(all_areas().values(), key=lambda area: (area.subject, area.name))
    ]
    return render(request, "assessment/bank/areas.html", {
        "form": form, "rows": rows, "tabs": pages.tabs("bank_areas"), "trail": pages.trail(),
        "spoken": pages.LANGUAGE_NAMES,
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def area(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an area of ours other names, or take it away while no item has it."""
    found = queries.area_by_id(pk)
    if found is None or not services.may_change(found):
        raise Http404
    form = NamesForm(request.POST or None, initial={f"name_{c}": getattr(found, f"name_{c}") for c in pages.LANGUAGES})
    try:
        if request.POST.get("do") == "remove":
            services.remove_area(area_id=pk)
            messages.success(request, _("The area is taken away."))
            return redirect("assessment:bank_areas")
        if request.method == "POST" and form.is_valid():
            services.rename_area(area_id=pk, names=form.names())
            messages.success(request, _("The names are kept."))
            return redirect("assessment:bank_areas")
    except Refusal as refusal:
        form.add_error(None, refusal.message) if form.is_bound else messages.error(request, refusal.message)
    return render(request, "assessment/bank/area.html", {"form": form, "area": found, "trail": pages.trail()})
