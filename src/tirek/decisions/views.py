"""Pages of decisions: the list, one decision, why, and where it is decided."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read
from tirek.decisions import queries, services, subjects
from tirek.decisions.kinds import UnknownKind, all_kinds, kind_of
from tirek.decisions.where import where_decided
from tirek.decisions.work import verify_decision
from tirek.storage import jobs
from tirek.storage.sealed import SealBroken
from tirek_engines.errors import Refusal

PAGE = 50


@gate(permission="decisions.read")
@require_GET
def runs(request):
    """Which decisions were made, by kind and state."""
    found = queries.decisions()
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "kinds": {k.code: k.title for k in all_kinds()},
        "states": queries.STATES,
        "kind": kind,
        "state": state,
        "filtered": bool(kind or state),
    }
    return render(request, "decisions/runs.html", context)


@gate(public=True)
@require_GET
def where(request):
    """Which line of code decides what, under which clause."""
    return render(request, "decisions/where.html", {"found": where_decided()})


@gate(public=True)
@require_GET
def run(request, number: str):
    """What was decided, when, by whom, from what."""
    decision = _decision(number)
    checks = list(queries.verifications(decision)[:5])
    entitled = _entitled(request, decision)
    outcomes = list(queries.outcomes(decision)[:20])
    context = {
        "decision": decision,
        "inputs": _files(decision.inputs),
        "outputs": _files(decision.outputs),
        "kind": _kind(decision.kind),
        "counts": _counts(decision),
        "chain": queries.chain(decision),
        "checks": checks,
        "differences": _differences(checks, entitled),
        "entitled": entitled,
        "outcomes": list(zip(outcomes, subjects.labels([(o.subject_kind, o.subject) for o in outcomes]), strict=True)),
        "may_publish": decision.state == "draft" and _may(request, "decisions.publish", decision),
        "may_withdraw": decision.state in ("draft", "published") and _may(request, "decisions.publish", decision),
    }
    return render(request, "decisions/run.html", context)


@gate()
@require_GET
def why(request, number: str, subject: str):
    """Why did this subject get what it got?"""
    try:
        found = queries.explain(number, subject, request.GET.get("kind"))
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal
    record_many_read(request, rows=1, query=f"why {found.number}: {found.subject_kind} {found.subject}")
    subject = subjects.label(found.subject_kind, found.subject)
    return render(request, "decisions/why.html", {"why": found, "subject": subject})


@gate(permission="decisions.read")
@require_GET
def sealed_file(request, number: str, name: str):
    """A sealed input or output as it was stored, for those whose territory holds the whole decision."""
    decision = _decision(number)
    if not _entitled(request, decision):
        raise PermissionDenied
    try:
        data, kind = queries.sealed_bytes(decision, name)
    except SealBroken as broken:
        return render(request, "decisions/broken.html", {"decision": decision, "broken": broken}, status=409)
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal
    types = {"parquet": "application/vnd.apache.parquet", "json": "application/json"}
    response = HttpResponse(data, content_type=types.get(kind, "application/octet-stream"))
    response["Content-Disposition"] = f'attachment; filename="{decision.number}-{name}.{kind}"'
    return response


@gate(permission="decisions.read")
@require_POST
def verify(request, number: str):
    """Start the recomputation; the page of the job shows how far it is."""
    decision = _decision(number)
    if not _entitled(request, decision):
        raise PermissionDenied
    following = reverse("decisions:run", args=[decision.number])
    title = _("Verifying %(number)s") % {"number": decision.number}
    job = jobs.start_once(verify_decision, title=title, number=decision.number, following=following)
    return redirect("jobs:job", pk=job.pk)


@gate(permission="decisions.publish")
@require_POST
def publish(request, number: str):
    """Publish the draft, if its inputs are what they were."""
    decision = _decision(number)
    try:
        services.publish(decision.number, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(number)s is published.") % {"number": decision.number})
    return redirect("decisions:run", number=decision.number)


@gate(permission="decisions.publish")
@require_POST
def withdraw(request, number: str):
    """Take the decision back, with a reason."""
    decision = _decision(number)
    try:
        services.withdraw(decision.number, by=request.user, now=timezone.now(), because=request.POST.get("because", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(number)s is withdrawn. It stays readable.") % {"number": decision.number})
    return redirect("decisions:run", number=decision.number)


def _decision(number: str):
    try:
        return queries.decision(number)
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal


def _files(seals: dict) -> list[tuple[str, str, dict]]:
    """Name, what is in it, seal. Tuples: a template's ``.items`` would be the file of that name."""
    return [(name, subjects.file_words(name), seal) for name, seal in seals.items()]


def _kind(code: str):
    try:
        return kind_of(code)
    except UnknownKind:
        return None


def _counts(decision) -> list[dict]:
    """How often each reason was given to each kind of subject; its sentence without anybody's numbers."""
    kind = _kind(decision.kind)
    order = list(subjects.MANY)
    found = sorted(queries.outcome_counts(decision), key=lambda row: order.index(row[0]) if row[0] in order else 99)
    return [
        {
            "whom": subjects.many(subject_kind),
            "reason": queries.reason_in_general(kind, reason) if kind else reason,
            "n": n,
        }
        for subject_kind, reason, n in found
    ]


def _differences(checks: list, entitled: bool) -> list[dict]:
    if not checks or checks[0].agrees or not entitled:
        return []
    try:
        return checks[0].differences
    except SealBroken:
        return []


def _entitled(request, decision) -> bool:
    """Sealed files hold everybody's rows: only for those whose territory holds them all."""
    return _may(request, "decisions.read", decision)


def _may(request, permission: str, decision) -> bool:
    scope = request.scope
    covered = scope.covers(decision.org_lo) and scope.covers(decision.org_hi)
    return bool(scope.role) and may(scope.role, permission) and covered
