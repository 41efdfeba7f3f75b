"""Pages of tasks: mine, one task, ask, and the notifications."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.registry.queries import labels
from tirek.storage import sealed
from tirek.tasks import queries, services
from tirek.tasks.forms import AnswerForm, AskForm, DueForm, NoteForm
from tirek.tasks.picker import pick
from tirek.tasks.present import present, present_notification
from tirek_engines.errors import Refusal

PAGE = 50


@gate()
@require_GET
def task_list(request):
    """Which tasks wait, the most urgent first."""
    which = request.GET.get("list", "mine")
    today = timezone.localdate()
    choices = {
        "mine": lambda: queries.my_tasks(request.scope),
        "to_accept": lambda: queries.to_accept(request.scope),
        "asked": lambda: queries.asked_by(request.scope),
        "all": lambda: queries.tasks_in(request.scope),
        "overdue": lambda: queries.tasks_in(request.scope, overdue_on=today),
    }
    if which not in choices:
        raise Http404
    page = Paginator(choices[which](), PAGE).get_page(request.GET.get("page"))
    names = labels.names_by_org_no([task.org_no for task in page], on=today)
    context = {
        "which": which,
        "page": page,
        "rows": [present(task, names, today) for task in page],
        "counts": queries.task_counts(request.scope, today),
        "may_ask": may(request.scope.role, "tasks.assign"),
    }
    return render(request, "tasks/list.html", context)


@gate()
@require_GET
def task(request, task_id: int):
    """What is asked, how it went, and what can be done now."""
    found = _task(task_id)
    return _show(request, found, AnswerForm())


@gate()
@require_POST
def answer(request, task_id: int):
    found = _task(task_id)
    form = AnswerForm(request.POST, request.FILES)
    if form.is_valid():
        if any(
            f.size > services.MAX_EVIDENCE_BYTES for f in form.cleaned_data["files"]
        ):  # before they are read into memory
            form.add_error("files", _("A file is larger than 20 MB. Send a smaller one."))
            return _show(request, found, form, status=422)
        files = [services.File(f.name, f.content_type or "", f.read()) for f in form.cleaned_data["files"]]
        refused = _try(request, services.submit, task_id=found.pk, note=form.cleaned_data["note"], files=files)
        if not refused:
            messages.success(request, _("Your answer is sent."))
            return redirect("tasks:task", task_id)
        form.add_error(None, refused)
    return _show(request, found, form, status=422)


@gate(permission="tasks.assign")
@require_POST
def judge(request, task_id: int, act: str):
    """Accept, return, withdraw, remind or move the date."""
    _task(task_id)
    form = (DueForm if act == "due" else NoteForm)(request.POST)
    if not form.is_valid():
        messages.error(request, _("The date is missing or not a date. Choose a day and try again."))
        return redirect("tasks:task", task_id)
    acts = {
        "accept": (services.accept, _("Accepted.")),
        "return": (services.return_for_work, _("Returned for more work.")),
        "cancel": (services.cancel, _("Withdrawn.")),
        "due": (services.move_due_date, _("The date is moved.")),
    }
    if act not in acts:
        raise Http404
    service, done = acts[act]
    refused = _try(request, service, task_id=task_id, **form.cleaned_data)
    messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or done)
    return redirect("tasks:task", task_id)


@gate(permission="tasks.assign")
@require_POST
def remind(request):
    """Remind of the ticked tasks, or of one."""
    ids = [int(value) for value in request.POST.getlist("task") if value.isdecimal() and len(value) < 19]
    try:
        count = services.remind(task_ids=ids, by=request.user, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        if count:
            messages.success(request, _("Reminders sent: %(count)s.") % {"count": count})
        else:
            messages.info(request, _("No reminder was sent: each was reminded within the last day, or is not open."))
    return redirect(request.POST.get("next") if request.POST.get("next", "").startswith("/tasks/") else "tasks:mine")


@gate(permission="tasks.assign")
@require_http_methods(["GET", "POST"])
def ask(request):
    """Ask institutions for something. Filtering and choosing post the same form, so nothing typed is lost."""
    picked = pick(request)
    is_sent = request.POST.get("act") == "ask"
    if request.htmx and not is_sent:
        return render(request, "tasks/_picked.html", {"picked": picked})
    form = AskForm(request.POST) if is_sent else AskForm(initial=request.POST.dict())
    if is_sent and form.is_valid():
        refused = _asked(request, form.cleaned_data, picked)
        if not refused:
            messages.success(request, _("It is asked. You see the answers under “Asked by me”."))
            return redirect("tasks:mine")
        form.add_error(None, refused)
    return render(request, "tasks/ask.html", {"form": form, "picked": picked}, status=422 if form.errors else 200)


def _asked(request, data: dict, picked) -> str:
    """The refusal's words, or nothing. What is chosen and not known goes to the service too: it says why not."""
    data = dict(data)
    role = data.pop("role")
    chosen = sorted(picked.chosen | picked.unknown)
    if picked.unknown and all(request.scope.covers(number) for number in picked.unknown):
        return _("Some of the chosen institutions are closed by now. Look at the choice again.")
    return _try(request, services.ask, org_nos=chosen, roles=[role] if role else [], **data)


@gate()
@require_GET
def evidence(request, task_id: int, evidence_id: int):
    """One file, as it was given."""
    found = queries.evidence(_task(task_id), evidence_id)
    if found is None:
        raise Http404
    response = HttpResponse(sealed.read(found.sha256), content_type=found.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{found.pk}"'
    return response


@gate()
@require_http_methods(["GET", "POST"])
def notifications(request):
    """What happened, the newest first; marking all as read is the only act."""
    if request.method == "POST":
        services.mark_read(user_id=request.user.pk, now=timezone.now())
        return redirect("tasks:notifications")
    page = Paginator(queries.notifications(request.user.pk), PAGE).get_page(request.GET.get("page"))
    return render(request, "tasks/notifications.html", {"page": page, "rows": [present_notification(n) for n in page]})


def _task(task_id: int):
    found = queries.task(task_id)
    if found is None:
        raise Http404
    return found


def _try(request, service, **arguments) -> str:
    """Run a service; the refusal's words, or nothing."""
    try:
        service(by=request.user, now=timezone.now(), **arguments)
    except Refusal as refusal:
        return refusal.message
    return ""


def _show(request, found, form, status: int = 200):
    today = timezone.localdate()
    names = labels.names_by_org_no([found.org_no], on=today)
    context = {
        "task": present(found, names, today),
        "steps": queries.history(found),
        "form": form,
        "due_form": DueForm(initial={"due_date": found.due_date}),
        "may_answer": services.is_asked(found, by=request.user),
        "may_judge": may(request.scope.role, "tasks.assign")
        and (found.asked_by_id == request.user.pk or request.scope.lo != request.scope.hi),
    }
    return render(request, "tasks/task.html", context, status=status)
