"""Appointment from the reserve, and mentoring."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.reserve import AppointForm, ClosingForm, MeetingForm, MentorForm
from tirek.cpd.queries import reserve as queries
from tirek.cpd.services import reserve_following as services
from tirek.cpd.views.common import keeps
from tirek.cpd.views.reserve import candidate_here, candidate_page


@gate(permission="growth.certify")
@require_POST
def appoint(request, code: str):
    found, form = candidate_here(request, code), AppointForm(request.POST, auto_id="appoint_%s")
    if keeps(request, form, services.appoint, code=code, done=_("Appointed; the register has the employment.")) is None:
        return candidate_page(request, found, appoint=form)
    return redirect("cpd:candidate", code)


@gate(permission="growth.manage")
@require_POST
def give_mentor(request, code: str):
    found, form = candidate_here(request, code), MentorForm(request.POST, auto_id="mentor_%s")
    if keeps(request, form, services.begin_mentoring, code=code, done=_("The mentoring begins.")) is None:
        return candidate_page(request, found, mentor=form)
    return redirect("cpd:candidate", code)


@gate(permission="growth.read")
@require_GET
def mentoring(request):
    """Whom do I accompany?"""
    return _mentoring_page(request)


def _mentoring_page(request, code: str = "", **bound):
    """Everybody whom the asker accompanies; ``bound`` is a form that was sent for one of them and refused."""
    rows = queries.my_mentorings(request.user.pk)
    for row in rows:
        own = row["candidate"].code
        row["meeting"], row["closing"] = _meeting(own), _closing(own)
        row |= bound if own == code else {}
    context = {"rows": rows, "n": len(rows)}
    return render(request, "cpd/reserve/mentoring.html", context, status=422 if bound else 200)


def _meeting(code: str, data=None) -> MeetingForm:
    return MeetingForm(data, initial={"day": timezone.localdate()}, auto_id=f"{code}-meeting-%s")


def _closing(code: str, data=None) -> ClosingForm:
    return ClosingForm(data, auto_id=f"{code}-closing-%s")


@gate(permission="growth.read")
@require_POST
def mentor_act(request, code: str, act: str):
    """Record a meeting, or say what came of the mentoring."""
    if act == "meeting":
        meeting = _meeting(code, request.POST)
        if keeps(request, meeting, services.record_meeting, code=code, done=_("The meeting is recorded.")) is None:
            return _mentoring_page(request, code, meeting=meeting)
    elif act == "close":
        closing = _closing(code, request.POST)
        if keeps(request, closing, services.close_mentoring, code=code, done=_("The mentoring is closed.")) is None:
            return _mentoring_page(request, code, closing=closing)
    else:
        raise Http404
    return redirect("cpd:mentoring")
