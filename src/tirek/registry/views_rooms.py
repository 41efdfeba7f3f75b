"""Recording, changing and closing the buildings and rooms of an institution."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.gates import gate
from tirek.registry.forms_arrivals import Ending
from tirek.registry.forms_places import BuildingForm, NewBuilding, NewRoom, RoomForm
from tirek.registry.queries import institutions
from tirek.registry.services import rooms
from tirek.registry.views_changes import own_frame, tried


@gate(permission="registry.change")
def add_building(request: HttpRequest, code: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    pk = context["institution"].pk
    save = lambda facts, **how: rooms.add_building(institution_id=pk, facts=facts, **how)  # noqa: E731
    return _page(
        request, context, NewBuilding(request.POST or None), save, _("Add a building"), _("The building is added.")
    )


@gate(permission="registry.change")
def change_building(request: HttpRequest, code: str, building: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    found = _building(context, building)
    form = BuildingForm(request.POST or None, initial=_known(found, BuildingForm))
    save = lambda facts, **how: rooms.change_building(building_id=found.pk, facts=facts, **how)  # noqa: E731
    return _page(request, context, form, save, _("Change the building"), _("The change is saved."))


@gate(permission="registry.change")
def close_building(request: HttpRequest, code: str, building: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    found = _building(context, building)
    count = institutions.rooms(context["institution"].pk, on=context["on"]).filter(building=found).count()
    context["warning"] = _("%(name)s and its %(n)s rooms are no longer used from that day on. The history stays.") % {
        "name": found.name,
        "n": count,
    }
    save = lambda facts, **how: rooms.close_building(building_id=found.pk, **facts, **how)  # noqa: E731
    return _page(
        request, context, Ending(request.POST or None), save, _("Close the building"), _("The building is closed.")
    )


@gate(permission="registry.change")
def add_room(request: HttpRequest, code: str, building: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    found = _building(context, building)
    save = lambda facts, **how: rooms.add_room(building_id=found.pk, facts=facts, **how)  # noqa: E731
    return _page(request, context, NewRoom(request.POST or None), save, _("Add a room"), _("The room is added."))


@gate(permission="registry.change")
def change_room(request: HttpRequest, code: str, building: str, number: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    found = _room(context, building, number)
    form = RoomForm(request.POST or None, initial=_known(found, RoomForm))
    save = lambda facts, **how: rooms.change_room(room_id=found.pk, facts=facts, **how)  # noqa: E731
    return _page(request, context, form, save, _("Change the room"), _("The change is saved."))


@gate(permission="registry.change")
def close_room(request: HttpRequest, code: str, building: str, number: str) -> HttpResponse:
    context = own_frame(request, code, "rooms")
    found = _room(context, building, number)
    context["warning"] = _("Room %(number)s is no longer used from that day on. The history stays.") % {
        "number": number
    }
    save = lambda facts, **how: rooms.close_room(room_id=found.pk, **facts, **how)  # noqa: E731
    return _page(request, context, Ending(request.POST or None), save, _("Close the room"), _("The room is closed."))


def _page(request: HttpRequest, context: dict, form: forms.Form, save: Callable, title: str, done: str) -> HttpResponse:
    """The form, or after it was taken the list of rooms."""
    if form.is_bound and form.is_valid():
        facts = dict(form.cleaned_data)
        when = {"from_date": facts.pop("from_date")} if "from_date" in facts else {}
        common = {"by": request.scope, "now": timezone.now()} | when
        if tried(request, form, lambda: save(facts, **common)):
            messages.success(request, done)
            return redirect("registry:rooms", code=context["institution"].code)
    return render(request, "registry/room_form.html", context | {"form": form, "title": title, "submit": title})


def _building(context: dict, code: str):
    found = institutions.buildings(context["institution"].pk, on=context["on"]).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _room(context: dict, building: str, number: str):
    found = institutions.rooms(context["institution"].pk, on=context["on"])
    room = found.filter(building__code=building, number=number).first()
    if room is None:
        raise Http404
    return room


def _known(thing, form: type[forms.Form]) -> dict:
    return {name: getattr(thing, name) for name in form.base_fields}
