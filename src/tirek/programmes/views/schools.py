"""One school in a programme: where it stands, what is next, how it got here."""

from __future__ import annotations

import contextlib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.roles import HEADS
from tirek.access.scope import Scope, loading
from tirek.programmes.forms.programmes import ConfirmForm, LeaveForm, NoteForm
from tirek.programmes.queries import board as boards
from tirek.programmes.queries import needs as need_queries
from tirek.programmes.queries import programmes as queries
from tirek.programmes.queries.programmes import Participation, Programme
from tirek.programmes.queries.sponsors import money as sponsor_money
from tirek.programmes.services import leaving, stages
from tirek.programmes.views.shared import act, file_of, page, programme_or_404
from tirek.registry.queries import institutions
from tirek.registry.queries.territories import local_name
from tirek.storage import sealed


def _school_or_404(request: HttpRequest, slug: str, code: str) -> tuple[Programme, Participation, object]:
    programme = programme_or_404(slug)
    institution = institutions.by_code(code)
    found = queries.participation_of(programme, institution.org_no) if institution else None
    if found is None or institution is None or not request.scope.covers(institution.org_no):
        raise Http404
    return programme, found, institution


@gate(permission="programmes.read")
@require_GET
def school(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Where do we stand, and what is next?"""
    programme, found, institution = _school_or_404(request, slug, code)
    return _show(request, programme, found, institution)


def _show(request, programme, found, institution, form=None, at: str = "", status: int = 200) -> HttpResponse:
    today, here = timezone.localdate(), request.scope
    all_stages = queries.stages(programme)
    row = _row(here, programme, found, all_stages, today)
    state = row.state or institutions.last_state(institution.pk)
    name = local_name(state) if state else institution.code
    may_confirm = found.valid.upper is None and (
        may(here.role, "programmes.manage") or (here.role in HEADS and here.lo == here.hi == found.org_no)
    )
    context = page(
        request, programme, "board", row=row, school_name=name, institution=institution, participation=found,
        track=_track(all_stages, found), steps=_history(found), form=form or ConfirmForm(), at=at, may_confirm=may_confirm,
        needs=need_queries.counts(here, programme, found.org_no), note_form=NoteForm(prefix="back"),
        accepted=need_queries.accepted_in_order(found.org_no)[:5], earlier=_earlier(all_stages, found),
        may_move=may(here.role, "programmes.manage"), others=_others(found),
        money=sponsor_money.left_with_school(programme.pk, found.org_no)
        if found.left_because and may(here.role, "sponsors.manage") else [],
    )  # fmt: skip
    return render(request, "programmes/school.html", context, status=status)


def _row(scope: Scope, programme: Programme, found: Participation, all_stages, today) -> boards.Row:
    """A teacher sees where the own school stands, though not the records that it rests on."""
    with loading() if scope.is_own else contextlib.nullcontext():
        return boards.rows_of(programme, [found], all_stages, on=today)[0]


def _track(all_stages, found: Participation) -> list[tuple[str, str]]:
    """Stages as steps: done, now, later."""
    if found.stage is None:
        return [(local_name(s), "done") for s in all_stages]
    here = found.stage.position
    return [
        (local_name(s), "done" if s.position < here else "now" if s.position == here else "later") for s in all_stages
    ]


def _history(found: Participation) -> list[dict]:
    """What happened, newest first, in words."""
    rows = []
    for step in queries.steps(found):
        stage = local_name(step.stage) if step.stage else ""
        words = f"{step.get_kind_display().capitalize()}: {stage}" if stage else step.get_kind_display().capitalize()
        rows.append({"when": timezone.localtime(step.at), "what": words, "note": step.note, "who": step.by_name})
    return rows


def _earlier(all_stages, found: Participation) -> list:
    if found.valid.upper is not None:
        return []
    limit = found.stage.position if found.stage else len(all_stages) + 1
    return [(s.code, local_name(s)) for s in all_stages if s.position < limit]


def _others(found: Participation) -> list[Participation]:
    """Other times of this school in programmes."""
    return [p for p in queries.of_institution(found.org_no) if p.pk != found.pk]


@gate(permission="programmes.read")
@require_POST
def confirm(request: HttpRequest, slug: str, code: str, requirement: str) -> HttpResponse:
    """Confirm a requirement with evidence, or take a confirmation back."""
    programme, found, institution = _school_or_404(request, slug, code)
    if request.POST.get("act") == "withdraw":
        act(request, stages.withdraw_confirmation, participation_id=found.pk, requirement=requirement,
            note=request.POST.get("note", ""), done=_("The confirmation is taken back."))  # fmt: skip
        return redirect("programmes:school", slug, code)
    form = ConfirmForm(request.POST, request.FILES)
    if form.is_valid():
        data = form.cleaned_data
        if act(request, stages.confirm, form, participation_id=found.pk, requirement=requirement, note=data["note"],
               file=file_of(data["file"]), done=_("It is confirmed.")):  # fmt: skip
            return redirect("programmes:school", slug, code)
    return _show(request, programme, found, institution, form, requirement, status=422)


@gate(permission="programmes.read")
@require_GET
def evidence(request: HttpRequest, slug: str, code: str, confirmation_id: int) -> HttpResponse:
    """A file that was given as evidence."""
    _programme, found, _institution = _school_or_404(request, slug, code)
    kept = queries.evidence(found, confirmation_id)
    if kept is None:
        raise Http404
    response = HttpResponse(sealed.read(kept.sha256), content_type=kept.media_type)
    response["Content-Disposition"] = f'attachment; filename="evidence-{kept.pk}"'
    return response


@gate(permission="programmes.manage")
@require_POST
def go_back(request: HttpRequest, slug: str, code: str, stage: str) -> HttpResponse:
    """Open an earlier stage again."""
    _programme, found, _institution = _school_or_404(request, slug, code)
    form = NoteForm(request.POST, prefix="back")
    note = form.cleaned_data["note"] if form.is_valid() else ""
    wanted = request.POST.get("stage", stage)
    act(
        request,
        stages.go_back,
        participation_id=found.pk,
        stage_code=wanted,
        note=note,
        done=_("The stage is open again."),
    )
    return redirect("programmes:school", slug, code)


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """A school leaves: why, when, and what becomes of what it has begun."""
    programme, found, institution = _school_or_404(request, slug, code)
    form = LeaveForm(request.POST or None, initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        left = act(
            request, leaving.leave, form, participation_id=found.pk, done=_("The school has left the programme."),
            **form.cleaned_data,
        )  # fmt: skip
        if left:
            return redirect("programmes:school", slug, code)
    open_needs = list(need_queries.needs(request.scope, programme=programme, org_no=found.org_no, state="open"))
    answered = need_queries.links([n.pk for n in open_needs])
    state = institutions.last_state(institution.pk)
    context = page(
        request, programme, "board", form=form, institution=institution, participation=found,
        school_name=local_name(state) if state else institution.code, open_needs=len(open_needs), answered=len(answered),
        money=sponsor_money.left_with_school(programme.pk, found.org_no) if may(request.scope.role, "sponsors.manage") else [],
    )  # fmt: skip
    return render(request, "programmes/leave.html", context, status=422 if form.errors else 200)


@gate(permission="programmes.manage")
@require_POST
def follow_mergers(request: HttpRequest, slug: str) -> HttpResponse:
    """Follow the register's mergers."""
    programme = programme_or_404(slug)
    act(request, leaving.follow_mergers, programme_id=programme.pk, done=_("The mergers of the register are followed."))
    return redirect("programmes:board", slug)
