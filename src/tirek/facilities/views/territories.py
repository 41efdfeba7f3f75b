"""Schools of a territory compared, and the run that computes their index."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.facilities.pages import present
from tirek.facilities.pages.places import territory_of
from tirek.facilities.queries import findings, territories
from tirek.facilities.work import index_rooms
from tirek.registry import downloads, pages
from tirek.registry.queries import institutions
from tirek.registry.queries import territories as places
from tirek.storage import jobs
from tirek_engines.errors import Refusal

PAGE = 100


@gate(permission="rooms.read")
@require_GET
def here(request: HttpRequest) -> HttpResponse:
    """The rooms of the asker's own place: an institution's, or a territory's."""
    scope = request.scope
    if not scope.is_own and scope.lo is not None and scope.lo == scope.hi:
        state = institutions.state_by_org_no(scope.lo, on=timezone.localdate())
        if state is not None:
            return redirect("facilities:school", code=state.institution.code)
    found = None if scope.is_own else places.of_scope(scope)
    if found is None:
        return render(request, "facilities/nowhere.html")
    return redirect("facilities:territory", code=found.code)


@gate(permission="rooms.read")
@require_GET
def territory(request: HttpRequest, code: str) -> HttpResponse:
    """How are the rooms of these schools, and where are they worst?"""
    today = timezone.localdate()
    found = territory_of(request, code)
    support = request.GET.get("support") == "1"
    rows = territories.school_rows(request.scope, found, on=today, support_only=support)
    if form := request.GET.get("download"):
        return _download(form, code, rows)
    total = len(rows)
    if found.level == "country":  # there only those that were walked through are listed
        total = territories.school_count(request.scope, found, on=today, support_only=support)
    summary = territories.summary(rows, total)
    order = request.GET.get("sort", "points")
    context = {
        "territory": found,
        "name": places.local_name(found),
        "trail": pages.trail(places.path(found, on=today)[:-1], today),
        "page": pages.paged(request, _ordered(rows, order), PAGE),
        "sort": order,
        "summary": summary,
        "chart": _chart(found, rows, today),
        "support": support,
        "run": territories.last_run(found, on=today),
        "draft": territories.last_run(found, on=today, state="draft"),
        "may_run": may(request.scope.role, "decisions.publish"),
        "low": findings.condition_rules(today, found.org_lo, found.org_hi).low_below,
        "reason_of": present.reason_of,
    }
    return render(request, "facilities/territory.html", context)


def _ordered(rows, order: str):
    keys = {
        "points": lambda row: (row.points is None, row.points or 0, row.name),
        "name": lambda row: row.sort_key,
        "low": lambda row: -(row.low or 0),
        "last": lambda row: (row.last is not None, row.last.toordinal() if row.last else 0),
    }
    key = keys.get(order.removeprefix("-"), keys["points"])
    return sorted(rows, key=key, reverse=order.startswith("-"))


def _chart(found, rows, today) -> dict | None:
    """Means of the parts of the territory that have schools with an index."""
    parts = territories.means_by_part(found, rows, on=today)
    if len(parts) < 2:
        return None
    return {
        "kind": "bars",
        "title": _("Mean index of the schools"),
        "words": _("Schools with an index only; 1000 is the best."),
        "rows": [{"label": name, "value": points, "n": n} for name, points, n in parts],
        "lowest": 0,
        "highest": 1000,
        "value_head": _("points"),
        "label_head": _("Territory"),
    }


def _download(form: str, code: str, rows) -> HttpResponse:
    columns = [
        ("code", _("Code")), ("name", _("Name")), ("territory", _("District or city")), ("points", _("Points")),
        ("rooms", _("Rooms")), ("walked", _("Rooms seen")), ("low", _("Rooms that need attention")),
        ("last_walk", _("Last walk")), ("decision", _("Decision")),
    ]  # fmt: skip
    lines = (
        (
            row.code, row.name, row.territory, row.points, row.rooms, row.walked, row.low,
            row.last.isoformat() if row.last else "", row.number,
        )
        for row in rows
    )  # fmt: skip
    return downloads.respond(f"rooms-{code}", form, columns, lines)


@gate(permission="decisions.publish")
@require_POST
def compute(request: HttpRequest, code: str) -> HttpResponse:
    """Start the run; it ends as a draft that a person looks at and publishes."""
    found = territory_of(request, code)
    title = _("Index of the rooms: %(name)s") % {"name": places.local_name(found)}
    try:
        job = jobs.start_once(index_rooms, title=title, code=found.code)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect(reverse("facilities:territory", args=[code]))
    return redirect("jobs:job", pk=job.pk)


@gate(permission="rooms.read")
@require_GET
def standards(request: HttpRequest) -> HttpResponse:
    """What should stand in a room of each kind, and since when?"""
    scope, today = request.scope, timezone.localdate()
    span = (scope.lo, scope.hi) if scope.lo is not None and not scope.is_own else (0, 2_147_483_647)
    context = territories.standards_of(today, *span) | {"today": today}
    return render(request, "facilities/standards.html", context)
