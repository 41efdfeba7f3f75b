"""An institution's rooms: how they are, its walks, what a walk found."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.facilities.pages import present
from tirek.facilities.pages.places import school_frame
from tirek.facilities.queries import carried, findings, indexes, rooms, walks, works
from tirek.facilities.services import findings as finding_services
from tirek.facilities.services import proposals
from tirek.facilities.services import walks as walk_services
from tirek.registry import downloads
from tirek.storage.counting import counts_of
from tirek_engines.errors import Refusal


@gate(permission="rooms.read")
@require_GET
def school(request: HttpRequest, code: str) -> HttpResponse:
    """How are the rooms of this institution?"""
    context = school_frame(request, code, "school")
    org_no, today = context["institution"].org_no, context["today"]
    index, draft = indexes.with_draft(org_no, on=today)
    known = {org_no: index} if index else {}
    found = {one.room_id: one for one in findings.room_findings([org_no], today, indexes=known)}
    rules = findings.condition_rules(today, org_no, org_no)
    rows = present.room_rows(rooms.rooms_of(context["institution"], today), index, found, rules.low_below)
    if form := request.GET.get("download"):
        return _download(form, code, rows)
    context |= {
        "index": index,
        "reason": present.reason_of(index.reason, index.numbers) if index else "",
        "draft": draft,
        "rows": rows,
        "last": walks.last_walked([org_no]).get(org_no),
        "open_walk": walks.open_walk(org_no),
        **counts_of(n_waiting=works.waiting_for_school(org_no), n_proposals=walks.open_proposals(org_no)),
        "low": rules.low_below,
        "went_on": carried.went_on_in(org_no, today),
        "may_hand_over": context["may_manage"] and any(
            request.scope.covers(step.after.org_no) for step in carried.taken_from(context["institution"], today)
        ),
    }  # fmt: skip
    return render(request, "facilities/school.html", context)


def _download(form: str, code: str, rows) -> HttpResponse:
    columns = [
        ("building", _("Building")), ("number", _("Room")), ("purpose", _("Purpose")), ("places", _("Places")),
        ("points", _("Points")), ("condition", _("Condition")), ("seen_on", _("Seen on")), ("missing", _("Missing")),
    ]  # fmt: skip
    lines = (
        (
            row.room.building.name, row.room.number, row.room.get_purpose_display(), row.room.places, row.points,
            row.condition, row.seen_on.isoformat() if row.seen_on else "", "; ".join(row.missing),
        )
        for row in rows
    )  # fmt: skip
    return downloads.respond(f"rooms-{code}", form, columns, lines)


@gate(permission="rooms.read")
@require_GET
def walk_list(request: HttpRequest, code: str) -> HttpResponse:
    """When were the rooms walked through, and by whom?"""
    context = school_frame(request, code, "walks")
    context["walks"] = walks.walks_of(context["institution"].org_no)
    return render(request, "facilities/walks.html", context)


@gate(permission="rooms.read")
@require_GET
def open_walk(request: HttpRequest, code: str) -> HttpResponse:
    """The walk that is under way, to look it over and close it."""
    context = school_frame(request, code, "walks")
    found = walks.open_walk(context["institution"].org_no)
    if found is None:
        messages.info(request, _("No walk is under way. It begins with the first room that a phone sends."))
        return redirect("facilities:walks", code=code)
    return redirect("facilities:walk", code=code, walk_id=found.pk)


@gate(permission="rooms.read")
@require_GET
def walk(request: HttpRequest, code: str, walk_id: int) -> HttpResponse:
    """What did this walk find, and may it be closed?"""
    context = school_frame(request, code, "walks")
    found = walks.walk(walk_id, context["institution"].org_no)
    if found is None:
        raise Http404
    current = findings.current_of(found)
    pictures = walks.photographs_of_walk(found)
    conflicts = walks.conflicts(current)
    split = {head.place for heads in conflicts for head in heads}
    context |= {
        "walk": found,
        "rows": [_row(one, pictures) for one in current if one.place not in split],
        "conflicts": [[_row(head, pictures, own_only=True) for head in heads] for heads in conflicts],
        "n_rooms": len({one.place for one in current}),
        "not_walked": walks.rooms_not_walked(found) if found.closed_at is None else [],
        "proposals": walks.proposals_of(found),
        "n_pictures": sum(len(rows) for rows in pictures.values()),
    }
    return render(request, "facilities/walk.html", context)


def _row(one, pictures, *, own_only: bool = False) -> dict:
    """A finding with the photographs of its room; of two that do not agree, each with those of its own phone."""
    counted = [(present.item_name(item), number) for item, number in sorted(one.counts.items())]
    found = pictures.get(one.place, [])
    if own_only:
        found = [picture for picture in found if picture.finding_id == one.pk or picture.finding.device == one.device]
    return {"finding": one, "counted": counted, "pictures": found}


@gate(permission="rooms.walk")
@require_POST
def resolve(request: HttpRequest, code: str, walk_id: int) -> HttpResponse:
    """Take one of two findings of a room."""
    school_frame(request, code)
    try:
        chosen = uuid.UUID(request.POST.get("chosen", ""))
    except ValueError:
        messages.error(request, _("Choose one of the two."))
        return redirect("facilities:walk", code=code, walk_id=walk_id)
    place = request.POST.get("place", "")[:40]
    return _tried(
        request, code, walk_id, _("Decided. The other version stays readable in the history."),
        lambda: finding_services.resolve(
            walk_id=walk_id, place=place, chosen=chosen, by=request.user, now=timezone.now()
        ),
    )  # fmt: skip


@gate(permission="rooms.walk")
@require_POST
def close(request: HttpRequest, code: str, walk_id: int) -> HttpResponse:
    """Close the walk."""
    school_frame(request, code)
    return _tried(
        request, code, walk_id, _("The walk is closed. The index of the rooms was computed anew."),
        lambda: walk_services.close_walk(
            walk_id=walk_id, note=request.POST.get("note", "")[:2000], by=request.user, now=timezone.now()
        ),
    )  # fmt: skip


@gate(permission="registry.change")
@require_POST
def decide(request: HttpRequest, code: str, proposal_id: int) -> HttpResponse:
    """Accept or reject what a walk proposes to the register."""
    context = school_frame(request, code)
    is_accepted = request.POST.get("act") == "accept"
    now = timezone.now()
    try:
        if is_accepted:
            done = proposals.accept_proposal(proposal_id=proposal_id, by=request.user, now=now)
        else:
            because = request.POST.get("because", "")
            done = proposals.reject_proposal(proposal_id=proposal_id, because=because, by=request.user, now=now)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("facilities:walks", code=context["institution"].code)
    messages.success(
        request, _("The register is changed.") if is_accepted else _("Rejected. The register stays as it is.")
    )
    return redirect("facilities:walk", code=code, walk_id=done.walk_id)


def _tried(request, code: str, walk_id: int, done: str, act) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect("facilities:walk", code=code, walk_id=walk_id)
