"""Put a test on the scale of an earlier one: choose it, look at the common items, take out what has drifted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.assessment import leaving_out, work
from tirek.assessment.pages import item_charts, present
from tirek.assessment.queries import links as link_queries
from tirek.assessment.queries import results as queries
from tirek.assessment.services.linking import current_link, link_test, unlink
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek.registry import downloads
from tirek.storage import jobs
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_GET
def link(request: HttpRequest, code: str) -> HttpResponse:
    """On whose scale does the test stand, and how sure is that?"""
    found = held_or_404(request, code)
    current = current_link(found)
    if request.GET.get("download") and current is not None:
        return _download(found, current, request.GET["download"])
    calibration = queries.current_calibration(found)
    return render(request, "assessment/link.html", {
        "test": found,
        "title": queries.title_of(found),
        "trail": trail(found),
        "tabs": tabs(found, request, "link"),
        "calibration": calibration,
        "link": current,
        "job": queries.running_job(found), "failed": queries.failed_job(found),
        "base_title": f"{queries.title_of(current.base)}, {current.base.school_year.code}" if current else "",
        "checks": [present.check_words(check) for check in current.checks] if current else [],
        "chart": item_charts.drift(current.anchors) if current else None,
        "anchors": [row | {"words": present.anchor_words(row["state"])} for row in current.anchors] if current else [],
        "candidates": link_queries.candidates(found),
        "earlier": link_queries.earlier_links(found),
        "may_change": found.state != "published" and calibration is not None and calibration.state == "good"
        and queries.running_job(found) is None,
    })  # fmt: skip


def _download(test, current, form: str) -> HttpResponse:
    columns = [
        ("item", _("Item")), ("difference", _("Difference, logits")), ("se", _("Standard error")), ("low", _("From")),
        ("high", _("To")), ("robust_z", _("Robust z")), ("rmsd", _("Distance of the curves")),
        ("flagged", _("Drifts")), ("state", _("State")), ("because", _("Why")),
    ]  # fmt: skip
    said = [row | {"because": leaving_out.in_words(row.get("because") or "")} for row in current.anchors]
    rows = [tuple(row.get(name) for name, _head in columns) for row in said]
    return downloads.respond(f"{test.code}-common-items", form, columns, rows)


@gate(permission="assessment.manage")
@require_POST
def make(request: HttpRequest, code: str) -> HttpResponse:
    """Link the test to the chosen one."""
    found = held_or_404(request, code)
    base, _sep, matched = request.POST.get("base", "").partition(":")
    chosen = queries.test_by_code(base)
    return _do(request, code, base_id=chosen.pk if chosen else 0, matched_by=matched or "code", test_id=found.pk)


@gate(permission="assessment.manage")
@require_POST
def anchor(request: HttpRequest, code: str) -> HttpResponse:
    """Take a common item out of the link with a reason, or put it back."""
    found = held_or_404(request, code)
    current = current_link(found)
    if current is None:
        return redirect("assessment:link", code=code)
    out = {row["item"]: row["because"] for row in current.removed}
    item = request.POST.get("item", "")
    if request.POST.get("do") == "back":
        out.pop(item, None)
    else:
        out[item] = leaving_out.told(request.POST.get("reason", ""), request.POST.get("because", ""))
    return _do(request, code, base_id=current.base_id, matched_by=current.matched_by, test_id=found.pk, removed=out)


def _do(request: HttpRequest, code: str, **what) -> HttpResponse:
    found = queries.test_by_code(code)
    if queries.sheets_in(found) > work.MANY_SHEETS:
        title = _("Linking of %(test)s") % {"test": queries.title_of(found)}
        jobs.start_once(work.link, title=title, **what)
        return redirect("assessment:link", code=code)
    try:
        made = link_test(by=request.user, now=timezone.now(), **what)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        if made.state == "good":
            messages.success(
                request, _("The test stands on the earlier test’s scale. Look at the figures, then publish.")
            )
        else:
            messages.error(request, _("The link failed a check, so the test stays on a scale of its own."))
    return redirect(reverse("assessment:link", args=[code]))


@gate(permission="assessment.manage")
@require_POST
def undo(request: HttpRequest, code: str) -> HttpResponse:
    """Leave the test on a scale of its own."""
    found = held_or_404(request, code)
    if queries.sheets_in(found) > work.MANY_SHEETS:
        title = _("Linking of %(test)s") % {"test": queries.title_of(found)}
        jobs.start_once(work.leave_link, title=title, test_id=found.pk, code=found.code)
        return redirect("assessment:link", code=code)
    try:
        unlink(test_id=found.pk, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The test stands on a scale of its own again."))
    return redirect("assessment:link", code=code)
