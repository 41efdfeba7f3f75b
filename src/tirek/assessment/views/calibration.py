"""Calibrate, look at the checks, publish, withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.assessment import work
from tirek.assessment.decided import drafts
from tirek.assessment.forms.tests import WithdrawForm
from tirek.assessment.pages import present
from tirek.assessment.queries import results as queries
from tirek.assessment.services.calibration import calibration_job
from tirek.assessment.services.publication import publish_results, withdraw
from tirek.assessment.views.tests import held_or_404, tabs, test_or_404, trail
from tirek.registry import downloads
from tirek.storage import jobs
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_GET
def calibration(request: HttpRequest, code: str) -> HttpResponse:
    """Is the calibration good enough, and what would be published?"""
    found = test_or_404(code)
    current = queries.current_calibration(found)
    checks = [present.check_words(check) for check in current.checks] if current else []
    return render(request, "assessment/calibration.html", {
        "test": found,
        "title": queries.title_of(found),
        "trail": trail(found),
        "tabs": tabs(found, request, "calibration"),
        "progress": queries.progress_of(found, request.scope),
        "calibration": current,
        "checks": checks,
        "items": [
            {"estimate": e, "why": present.dropped_words(e.dropped_because)} for e in queries.item_estimates(current)
        ],
        "draft": drafts.preview(current),
        "job": queries.running_job(found), "failed": queries.failed_job(found),
        "may_publish": may(request.scope.role, "figures.publish"),
        "withdraw_form": WithdrawForm(),
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    """Start a calibration behind the page; a second press finds the first."""
    found = held_or_404(request, code)
    if queries.running_job(found) is None:
        title = _("Calibration of %(test)s") % {"test": queries.title_of(found)}
        jobs.start(calibration_job, title=title, test_id=found.pk)
    return redirect("assessment:calibration", code=code)


@gate(permission="figures.publish")
@require_POST
def publish(request: HttpRequest, code: str) -> HttpResponse:
    found = held_or_404(request, code)
    if request.POST.get("confirm") != "yes":
        messages.error(request, _("Tick the box to say that you have looked at the checks and the figures."))
        return redirect("assessment:calibration", code=code)
    if queries.sheets_in(found) > work.MANY_SHEETS:
        title = _("Publishing the results of %(test)s") % {"test": queries.title_of(found)}
        jobs.start_once(work.publish_test, title=title, test_id=found.pk)
        return redirect("assessment:calibration", code=code)
    try:
        publish_results(test_id=found.pk, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("assessment:calibration", code=code)
    messages.success(request, _("The results are published."))
    return redirect("assessment:test", code=code)


@gate(permission="figures.publish")
@require_POST
def withdraw_results(request: HttpRequest, code: str) -> HttpResponse:
    found = held_or_404(request, code)
    try:
        withdraw(test_id=found.pk, by=request.user, now=timezone.now(), because=request.POST.get("because", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The results are withdrawn. The journal keeps them with your reason."))
    return redirect("assessment:calibration", code=code)


@gate(permission="assessment.manage")
@require_GET
def data(request: HttpRequest, code: str) -> HttpResponse:
    """Answers without names, for those who compute for themselves."""
    found = test_or_404(code)
    columns, rows = drafts.pseudonymous_answers(found)
    return downloads.respond(f"{found.code}-answers", request.GET.get("download", "csv"), columns, rows)
