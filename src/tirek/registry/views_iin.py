"""An identification number in full: on purpose, with a reason, and recorded."""

from __future__ import annotations

import uuid

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import Kind, record_read
from tirek.registry.queries import people
from tirek.storage import secrets


class WhyForm(forms.Form):
    reason = forms.CharField(label=_("Why you need the number"), min_length=5, max_length=300)


@gate(permission="people.see_iin")
@require_POST
def show_iin(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the number once. It stands in no address and in no cache."""
    found = people.person(request.scope, public_id)
    if found is None or not found.iin_encrypted:
        raise Http404
    form = WhyForm(request.POST)
    iin = ""
    if form.is_valid():
        record_read(request, found, kind=Kind.IIN, reason=form.cleaned_data["reason"])
        iin = secrets.decrypt(found.iin_encrypted)
    context = {"person": found, "form": form, "iin": iin}
    response = render(request, "registry/iin.html", context, status=200 if iin else 422)
    response["Cache-Control"] = "no-store"
    return response
