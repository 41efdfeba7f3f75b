"""Appointment from the reserve, and mentoring."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.reserve import AppointForm, ClosingForm, MeetingForm, MentorForm
from tirek.cpd.queries import reserve as queries
from tirek.cpd.services import reserve_following as services
from tirek.cpd.views.common import attempt


@gate(permission="growth.certify")
@require_POST
def appoint(request, code: str):
    _run(request, AppointForm(request.POST), services.appoint, code, _("Appointed; the register has the employment."))
    return redirect("cpd:candidate", code)


@gate(permission="growth.manage")
@require_POST
def give_mentor(request, code: str):
    _run(request, MentorForm(request.POST), services.begin_mentoring, code, _("The mentoring begins."))
    return redirect("cpd:candidate", code)


@gate(permission="growth.read")
@require_GET
def mentoring(request):
    """Whom do I accompany?"""
    rows = queries.my_mentorings(request.user.pk)
    context = {"rows": rows, "meeting": MeetingForm(auto_id=False), "closing": ClosingForm(auto_id=False)}
    return render(request, "cpd/reserve/mentoring.html", context)


@gate(permission="growth.read")
@require_POST
def mentor_act(request, code: str, act: str):
    if act == "meeting":
        _run(request, MeetingForm(request.POST), services.record_meeting, code, _("The meeting is recorded."))
    elif act == "close":
        _run(request, ClosingForm(request.POST), services.close_mentoring, code, _("The mentoring is closed."))
    else:
        raise Http404
    return redirect("cpd:mentoring")


def _run(request, form, service, code: str, done: str) -> None:
    if not form.is_valid():
        for name, errors in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {' '.join(errors)}" if label else " ".join(errors))
        return
    attempt(request, service, code=code, done=done, **form.cleaned_data)
