"""One room with its history, its photographs, its inventory."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.facilities.forms.works import WriteOffForm
from tirek.facilities.pages import present
from tirek.facilities.pages.places import school_frame
from tirek.facilities.queries import findings, indexes, photographs, rooms, works
from tirek.facilities.services import inventory
from tirek.facilities.services import photographs as photograph_services
from tirek.storage import sealed
from tirek_engines.errors import Refusal


@gate(permission="rooms.read")
@require_GET
@never_cache
def room(request: HttpRequest, room_id: int) -> HttpResponse:
    """How is this room, how was it, and what was done about it?"""
    context = _frame(request, room_id)
    found, today = context["room"], context["today"]
    index = indexes.indexes_of([found.org_no], on=today).get(found.org_no)
    seen = findings.room_findings([found.org_no], today, indexes={found.org_no: index} if index else {})
    known = next((one for one in seen if one.room_id == found.pk), None)
    reason, numbers = index.room_reasons.get(found.pk, ("", {})) if index else ("", {})
    pictures = photographs.of_room(found.pk)
    context |= {
        "index": index,
        "points": index.rooms.get(found.pk) if index else None,
        "reason": present.reason_of(reason, numbers),
        "known": known,
        "missing": present.missing_words(known.missing) if known else [],
        "findings": findings.history_of_room(found),
        "walk_pictures": [one for one in pictures if one.stage == "walk"][:24],
        "works": [
            {"work": work, "pictures": stages}
            for work, stages in _with_pictures(works.works_of_room(found.pk), pictures)
        ],
        "inventory": rooms.inventory_of(found),
    }
    if pictures:
        record_many_read(request, rows=len(pictures), query=f"photographs of room {found.pk}")
    return render(request, "facilities/room.html", context)


def _with_pictures(found, pictures):
    for work in found:
        own = [one for one in pictures if one.work_id == work.pk]
        yield work, {stage: [one for one in own if one.stage == stage] for stage in ("before", "after")}


def _frame(request: HttpRequest, room_id: int) -> dict:
    found = rooms.room(room_id)
    if found is None:
        raise Http404
    return school_frame(request, found.institution.code, "school") | {"room": found}


@gate(permission="rooms.read")
@require_GET
@never_cache
def photograph(request: HttpRequest, uuid, small: bool = False) -> HttpResponse:
    """One photograph, to those who may see its row."""
    found = photographs.photograph(uuid)
    if found is None:
        raise Http404
    try:
        data = sealed.read(found.small_sha256 if small else found.sha256)
    except sealed.SealBroken as broken:
        raise Http404(broken.message) from broken
    response = HttpResponse(data, content_type="image/jpeg")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = f'inline; filename="room-{found.uuid}.jpg"'
    return response


@gate(permission="works.accept")
@require_POST
def withdraw(request: HttpRequest, uuid) -> HttpResponse:
    """Take a photograph back, for instance because people can be recognised in it."""
    found = photographs.photograph(uuid)
    if found is None:
        raise Http404
    try:
        photograph_services.withdraw_photograph(
            uuid=uuid, because=request.POST.get("because", ""), by=request.user, now=timezone.now()
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The photograph is taken back; its picture is deleted."))
    back = request.POST.get("next", "")
    if back.startswith("/rooms/"):
        return redirect(back)
    return redirect("facilities:room", room_id=found.room_id) if found.room_id else redirect("facilities:here")


@gate(permission="works.accept")
@require_http_methods(["GET", "POST"])
def write_off(request: HttpRequest, item_id: int) -> HttpResponse:
    """Write pieces of an item off."""
    item = rooms.inventory_item(item_id)
    if item is None:
        raise Http404
    context = _frame(request, item.room_id)
    form = WriteOffForm(request.POST or None, initial={"count": item.left, "day": context["today"]})
    if form.is_bound and form.is_valid():
        try:
            inventory.write_off(item_id=item.pk, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("Written off. The entry stays in the room's history."))
            return redirect("facilities:room", room_id=item.room_id)
    context |= {"item": item, "item_name": present.item_name(item.item_code, item.name), "form": form}
    return render(request, "facilities/write_off.html", context, status=422 if form.errors else 200)
