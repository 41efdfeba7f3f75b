"""Works: the board, one work, its steps and its acceptance."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.facilities.forms.works import BackForm, CancelForm, OpenForm, PhotographForm, StepForm
from tirek.facilities.pages import board
from tirek.facilities.pages.places import school_frame
from tirek.facilities.queries import photographs, rooms, works
from tirek.facilities.services import acceptance
from tirek.facilities.services import photographs as photograph_services
from tirek.facilities.services import works as services
from tirek.storage import pictures, sealed
from tirek.tasks.services import MAX_EVIDENCE_BYTES, File
from tirek_engines.errors import Refusal


@gate(permission="rooms.read")
@require_GET
def board_page(request: HttpRequest) -> HttpResponse:
    """Which works are stuck, and at which step?"""
    if request.scope.is_own:
        return render(request, "facilities/nowhere.html")
    state = request.GET.get("state", "open")
    if state != "open" and state not in works.STATES:
        raise Http404
    if form := request.GET.get("download"):
        return board.download(request.scope, form)
    return render(request, "facilities/board.html", board.context(request, state))


@gate(permission="rooms.read")
@require_GET
def school_works(request: HttpRequest, code: str) -> HttpResponse:
    """What is on its way to this institution, and what must it do itself?"""
    context = school_frame(request, code, "school_works")
    found = list(works.works_of_school(context["institution"].org_no))
    waiting = {work.pk for work in works.waiting_for_school(context["institution"].org_no)}
    context |= {
        "waiting": [work for work in found if work.pk in waiting],
        "others": [work for work in found if work.pk not in waiting],
    }
    return render(request, "facilities/school_works.html", context)


@gate(permission="works.manage")
@require_http_methods(["GET", "POST"])
def open_work(request: HttpRequest, code: str) -> HttpResponse:
    """Plan a work in one of the institution's rooms."""
    context = school_frame(request, code, "school_works")
    found = rooms.rooms_of(context["institution"], context["today"])
    named = [(room.pk, f"{room.number} · {room.get_purpose_display()}") for room in found]
    form = OpenForm(request.POST or None, rooms=named, initial={"room": request.GET.get("room", "")})
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            work = services.open_work(
                room_id=data["room"], title=data["title"], items=form.items(), need_code=data["need_code"],
                earmark_code=data["earmark_code"], by=request.user, now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The work is planned."))
            return redirect("facilities:work", work_id=work.pk)
    return render(request, "facilities/open_work.html", context | {"form": form}, status=422 if form.errors else 200)


@gate(permission="rooms.read")
@require_GET
@never_cache
def work(request: HttpRequest, work_id: int) -> HttpResponse:
    """How far is this work, and what comes next?"""
    return _show(request, work_id)


def _show(request: HttpRequest, work_id: int, status: int = 200, **forms) -> HttpResponse:
    found = _work(work_id)
    context = school_frame(request, found.institution.code, "school_works")
    context |= board.of_work(found, request.scope.role, context["today"], request.user.pk)
    context |= {
        "pictures": photographs.of_works([found.pk])[found.pk],
        "step_form": forms.get("step_form") or StepForm(initial={"day": context["today"]}),
        "photograph_form": forms.get("photograph_form") or PhotographForm(initial={"stage": context["stage_wanted"]}),
        "back_form": forms.get("back_form") or BackForm(steps=context["earlier"]),
        "cancel_form": forms.get("cancel_form") or CancelForm(),
    }
    return render(request, "facilities/work.html", context, status=status)


@gate(permission="works.accept")
@require_POST
def step(request: HttpRequest, work_id: int) -> HttpResponse:
    """Move the work on; the school confirms a delivery by it."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    form = StepForm(request.POST, request.FILES)
    if form.is_valid():
        if any((file.size or 0) > MAX_EVIDENCE_BYTES for file in form.cleaned_data["documents"]):
            form.add_error("documents", _("A file is larger than 20 MB. Send a smaller one."))
            return _show(request, work_id, 422, step_form=form)
        papers = [File(file.name, file.content_type or "", file.read()) for file in form.cleaned_data["documents"]]
        try:
            services.advance(
                work_id=work_id, to=request.POST.get("to", ""), day=form.cleaned_data["day"], documents=papers,
                note=form.cleaned_data["note"], by=request.user, now=timezone.now(),
            )  # fmt: skip
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The work has moved on."))
            return redirect("facilities:work", work_id=work_id)
    return _show(request, work_id, 422, step_form=form)


@gate(permission="works.manage")
@require_POST
def back(request: HttpRequest, work_id: int) -> HttpResponse:
    """Send the work back to an earlier step."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    form = BackForm(request.POST, steps=board.earlier_steps(found))
    return _given_up(request, work_id, form, "back_form", services.step_back, _("The work is sent back."))


@gate(permission="works.manage")
@require_POST
def cancel(request: HttpRequest, work_id: int) -> HttpResponse:
    """Give the work up."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    form = CancelForm(request.POST)
    return _given_up(
        request, work_id, form, "cancel_form", services.cancel, _("The work is cancelled. It stays readable.")
    )


def _given_up(request, work_id: int, form, name: str, service, done: str) -> HttpResponse:
    if form.is_valid():
        try:
            service(work_id=work_id, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, done)
            return redirect("facilities:work", work_id=work_id)
    return _show(request, work_id, 422, **{name: form})


@gate(permission="works.accept")
@require_POST
def add_photographs(request: HttpRequest, work_id: int) -> HttpResponse:
    """Photographs of before or after; one that cannot be kept is named, the others are kept."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    form = PhotographForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, work_id, 422, photograph_form=form)
    kept, faults, now = 0, [], timezone.now()
    for file in form.cleaned_data["files"]:
        try:
            pictures.too_large(file.size or 0, file.name)
            sent = photograph_services.SentPhotograph(uuid.uuid4(), file.name[-100:], file.read(), now)
            photograph_services.keep_of_work(
                work_id=work_id, stage=form.cleaned_data["stage"], sent=sent, by=request.user, now=now
            )
            kept += 1
        except Refusal as refusal:
            faults.append(refusal.message)
    if kept:
        words = ngettext("%(n)s photograph is kept.", "%(n)s photographs are kept.", kept) % {"n": kept}
        messages.success(request, words)
    for fault in faults:
        messages.error(request, fault)
    return redirect("facilities:work", work_id=work_id)


@gate(permission="works.accept")
@require_POST
def accept(request: HttpRequest, work_id: int) -> HttpResponse:
    """Give one's own acceptance; the second person's closes the work."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    released = {uuid.UUID(text) for text in request.POST.getlist("released") if board.is_uuid(text)}
    try:
        done = acceptance.accept(
            work_id=work_id,
            note=request.POST.get("note", "")[:2000],
            released=released,
            by=request.user,
            now=timezone.now(),
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        is_done = done.state == "accepted"
        messages.success(
            request,
            _("The work is accepted. Its items stand in the room's inventory.")
            if is_done
            else _("Your acceptance is recorded. A second, different person must accept it too."),
        )
    return redirect("facilities:work", work_id=work_id)


@gate(permission="rooms.read")
@require_GET
def paper(request: HttpRequest, work_id: int, document_id: int) -> HttpResponse:
    """A paper of a step, as it was given."""
    found = _work(work_id)
    school_frame(request, found.institution.code)
    document = works.document(found, document_id)
    if document is None:
        raise Http404
    response = HttpResponse(sealed.read(document.sha256), content_type=document.media_type)
    response["Content-Disposition"] = f'attachment; filename="W-{found.pk}-{document.pk}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _work(work_id: int):
    found = works.work(work_id)
    if found is None:
        raise Http404
    return found
