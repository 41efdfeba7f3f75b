"""Sister programmes side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.indicators.definitions import indicator_of
from tirek.indicators.present import shown
from tirek.programmes.forms.programmes import ReportedForm
from tirek.programmes.queries import comparison as queries
from tirek.programmes.queries import programmes as programme_queries
from tirek.programmes.services import programmes as services
from tirek.programmes.views.shared import act, page, programme_or_404
from tirek.registry.downloads import respond
from tirek.registry.queries.territories import local_name


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def comparison(request: HttpRequest, slug: str) -> HttpResponse:
    """How do the sister programmes stand beside ours, by the same figures?"""
    programme = programme_or_404(slug)
    found = programme_queries.sisters(programme)
    lines = queries.lines(found, on=timezone.localdate())
    rows = [
        {
            "title": line.indicator.title, "unit": line.indicator.unit, "method": line.indicator.method,
            "cells": [(local_name(p), c, shown(str(c.value), line.indicator.unit) if c.value is not None else "")
                      for p, c in zip(found, line.cells, strict=True)],
        }
        for line in lines
    ]  # fmt: skip
    if "download" in request.GET:
        return _download(request, programme, found, lines)
    sisters = [p for p in found if p.is_sister]
    form = None
    if may(request.scope.role, "programmes.manage") and sisters:
        form = ReportedForm(
            request.POST or None, programmes=[(p.slug, local_name(p)) for p in sisters],
            indicators=[(code, indicator_of(code).title) for code in _codes(lines)],
        )  # fmt: skip
        if request.method == "POST" and form.is_valid() and _kept(request, form, sisters):
            return redirect("programmes:comparison", slug)
    context = page(request, programme, "comparison", rows=rows, found=[(p, local_name(p)) for p in found], form=form)
    return render(request, "programmes/comparison.html", context, status=422 if form and form.errors else 200)


def _codes(lines: list[queries.Line]) -> list[str]:
    return [line.indicator.code for line in lines]


def _kept(request: HttpRequest, form: ReportedForm, sisters) -> bool:
    data = dict(form.cleaned_data)
    chosen = next(p for p in sisters if p.slug == data.pop("programme"))
    return bool(
        act(
            request, services.report_figure, form, programme_id=chosen.pk, done=_("The figure is written down."), **data
        )
    )


def _download(request: HttpRequest, programme, found, lines) -> HttpResponse:
    columns = [("figure", _("Figure")), ("programme", _("Programme")), ("value", _("Value")), ("numerator", _("Above the line")),
               ("denominator", _("Below the line")), ("day", _("As of")), ("source", _("Source"))]  # fmt: skip
    flat = [
        (str(line.indicator.title), local_name(p), None if c.value is None else float(c.value), c.numerator, c.denominator, c.day, c.source)
        for line in lines
        for p, c in zip(found, line.cells, strict=True)
    ]  # fmt: skip
    return respond(f"{programme.slug}-sisters", request.GET["download"], columns, flat)
