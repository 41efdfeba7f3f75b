"""After a split: which rooms does the institution that was split off use?"""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.facilities.pages.places import school_frame
from tirek.facilities.queries import carried, rooms
from tirek.facilities.services import carrying
from tirek.registry.queries import labels
from tirek_engines.errors import Refusal


class HandingForm(forms.Form):
    to = forms.TypedChoiceField(label=gettext_lazy("To which institution?"), coerce=int)
    rooms = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Rooms"), coerce=int, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Their inventory and open works go with them; what was seen in them stays readable there."),
    )  # fmt: skip

    def __init__(self, *args, to=(), rooms=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices, self.fields["rooms"].choices = to, rooms


@gate(permission="works.manage")
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, code: str) -> HttpResponse:
    """Choose the rooms that go to the institution that was split off."""
    context = school_frame(request, code, "school")
    institution, today = context["institution"], context["today"]
    splits = [step for step in carried.taken_from(institution, today) if request.scope.covers(step.after.org_no)]
    if not splits:
        raise Http404
    names = labels.names_by_org_no([step.after.org_no for step in splits], on=today)
    form = HandingForm(
        request.POST or None,
        to=[(step.after_id, names.get(step.after.org_no, step.after.code)) for step in splits],
        rooms=[(one.pk, _room(one)) for one in rooms.rooms_of(institution, today)],
    )
    if form.is_bound and form.is_valid():
        try:
            n = carrying.hand_rooms_over(
                from_id=institution.pk, to_id=form.cleaned_data["to"], room_ids=form.cleaned_data["rooms"],
                by=request.user, now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(
                request, ngettext("%(n)s room is handed over.", "%(n)s rooms are handed over.", n) % {"n": n}
            )
            return redirect("facilities:school", code=code)
    return render(request, "facilities/hand_over.html", context | {"form": form}, status=422 if form.errors else 200)


def _room(one) -> str:
    return _("%(number)s, %(building)s: %(purpose)s") % {
        "number": one.number, "building": one.building.name, "purpose": one.get_purpose_display(),
    }  # fmt: skip
