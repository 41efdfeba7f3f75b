"""Standard setting: a panel's booklet, its rounds, what came of them, and the levels in force."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.assessment import work
from tirek.assessment.forms.panels import JudgementForm, PanelForm
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import data
from tirek.assessment.reports import panel as feedback
from tirek.assessment.services import panels as services
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek.storage import jobs
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def standards(request: HttpRequest, code: str) -> HttpResponse:
    """Where does each level begin? The panel at work, or a new one; and the levels set before."""
    test = held_or_404(request, code)
    panel = data.open_panel(test)
    calibration = data.good_calibration(test)
    context = {
        "test": test, "title": queries.title_of(test), "trail": trail(test), "panel": panel, "calibration": calibration,
        "tabs": tabs(test, request, "standards"),
        "closed": data.closed_panels(test), "may_close": may(request.scope.role, "figures.publish"),
    }  # fmt: skip
    if panel is None or calibration is None:
        return _new(request, test, context)
    scaled = data.scaled_items(calibration)
    pages = feedback.pages_of(panel, scaled)
    form = JudgementForm(request.POST or None, panel=panel, items=scaled.items, pages=len(pages))
    if request.method == "POST" and not form.is_turning and form.is_valid():
        try:
            services.judge(panel_id=panel.pk, panellist=form.cleaned_data["panellist"], values=form.values())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The judgements are kept."))
            return redirect("assessment:standards", code=code)
    rounds = feedback.rounds_of(panel, scaled, calibration)
    return render(request, "assessment/panels/panel.html", context | {
        "pages": pages, "form": form, "rounds": rounds, "levels": data.level_names(panel),
        "job": queries.running_job(test), "failed": queries.failed_job(test),
    })  # fmt: skip


def _new(request: HttpRequest, test, context: dict) -> HttpResponse:
    form = PanelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.open_panel(test_id=test.pk, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            return redirect("assessment:standards", code=test.code)
    return render(request, "assessment/panels/new.html", context | {"form": form})


def _panel_or_404(request: HttpRequest, code: str):
    panel = data.open_panel(held_or_404(request, code))
    if panel is None:
        raise Http404
    return panel


@gate(permission="assessment.manage")
@require_POST
def step(request: HttpRequest, code: str) -> HttpResponse:
    """Next round, a panellist left out, or the panel given up."""
    panel, wanted = _panel_or_404(request, code), request.POST.get("do")
    try:
        if wanted == "next":
            services.next_round(panel_id=panel.pk)
        elif wanted == "leave_out":
            services.leave_out(panel_id=panel.pk, panellist=request.POST.get("panellist", ""))
        elif wanted == "give_up":
            services.give_up(panel_id=panel.pk, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("assessment:standards", code=code)


@gate(permission="figures.publish")
@require_POST
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Set the cut scores: a decision that anybody can have explained and recomputed."""
    panel = _panel_or_404(request, code)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that the panel has finished its last round."))
        return redirect("assessment:standards", code=code)
    if queries.sheets_in(panel.test) > work.MANY_SHEETS:
        title = _("Levels of %(test)s") % {"test": queries.title_of(panel.test)}
        jobs.start_once(work.set_levels, title=title, panel_id=panel.pk, test_id=panel.test_id)
        return redirect("assessment:standards", code=code)
    try:
        done = services.close_panel(panel_id=panel.pk, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The levels are set by decision %(number)s.") % {"number": done.decision_number})
    return redirect("assessment:standards", code=code)


@gate(permission="assessment.manage")
@require_GET
def booklet(request: HttpRequest, code: str) -> HttpResponse:
    """The ordered item booklet alone, for printing."""
    test = held_or_404(request, code)
    panel, calibration = data.open_panel(test), data.good_calibration(test)
    if panel is None or calibration is None:
        raise Http404
    pages = feedback.pages_of(panel, data.scaled_items(calibration))
    return render(request, "assessment/panels/booklet.html", {"test": test, "title": queries.title_of(test),
                  "trail": trail(test), "pages": pages, "panel": panel})  # fmt: skip
