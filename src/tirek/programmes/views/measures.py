"""Plans of measures: overdue first, one measure with its history, loading a plan from a file."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.programmes.forms.measures import ImportForm, MeasureFilter, MeasureForm, ReportForm, WordForm
from tirek.programmes.measure_files import HEADS, read_measures
from tirek.programmes.queries import measures as queries
from tirek.programmes.services import measures as services
from tirek.programmes.views.shared import act, file_of, may_manage, numbers, page, programme_or_404
from tirek.registry.downloads import respond
from tirek.registry.queries import institutions
from tirek.storage import sealed
from tirek_engines.errors import Refusal

ROWS = 100


@gate(permission="programmes.read")
@require_GET
def measures(request: HttpRequest, slug: str) -> HttpResponse:
    """What of the plan is late, what waits, what is done?"""
    programme, today = programme_or_404(slug), timezone.localdate()
    form = MeasureFilter(request.GET or None, sections=queries.sections(programme))
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = queries.filtered(
        queries.measures(programme, on=today), state=asked.get("state", ""), section=asked.get("section", ""),
        text=asked.get("text", ""),
    )  # fmt: skip
    if "download" in request.GET:
        return _download(request, programme, found)
    context = page(
        request, programme, "measures", form=form, page=Paginator(found, ROWS).get_page(request.GET.get("page")),
        progress=queries.progress(programme, on=today), filtered=any(asked.values()),
    )  # fmt: skip
    return render(request, "programmes/measures.html", context)


def _download(request: HttpRequest, programme, found) -> HttpResponse:
    """The plan in the columns that it may be loaded from again, and what became of each measure."""
    columns = [*((name, str(head)) for name, head in HEADS.items()), ("state", _("State")), ("done_on", _("Done on"))]
    rows = [
        (
            m.number, m.section, m.title, m.owner_code, m.owner_name, m.starts_on, m.due_date,
            None if m.budget_tiyn is None else float(Decimal(m.budget_tiyn) / 100), m.source, m.wanted,
            m.get_state_display(), m.done_on,
        )
        for m in found
    ]  # fmt: skip
    return respond(f"{programme.slug}-measures", request.GET["download"], columns, rows)


@gate(permission="programmes.manage")
@require_GET
def empty_form(request: HttpRequest, slug: str) -> HttpResponse:
    """A spreadsheet with the columns of a plan and no rows."""
    programme_or_404(slug)
    return respond("measures", "xlsx", [(name, str(head)) for name, head in HEADS.items()], [])


def _managed_or_404(request: HttpRequest, slug: str):
    programme = programme_or_404(slug)
    if not may_manage(request, programme):
        raise Http404
    return programme


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """One more measure."""
    programme = _managed_or_404(request, slug)
    form = MeasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = act(request, services.add_measures, form, programme_id=programme.pk, rows=[form.values()])
        if made:
            messages.success(request, _("Measure %(number)s is in the plan.") % {"number": made[0].number})
            return redirect("programmes:measures", slug)
    context = page(request, programme, "measures", form=form, here_trail=_here(slug))
    return render(request, "programmes/measure_form.html", context, status=422 if form.errors else 200)


def _here(slug: str) -> list[tuple[str, str]]:
    return [(_("Plan of measures"), reverse("programmes:measures", args=[slug]))]


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def load(request: HttpRequest, slug: str) -> HttpResponse:
    """A plan from a file: all of its rows or none, and each fault at its row."""
    programme, faults = _managed_or_404(request, slug), []
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        found = institutions.states(on=timezone.localdate()).filter(
            org_no__gte=programme.org_lo, org_no__lte=programme.org_hi
        )
        try:
            read = read_measures(upload.name, upload.read(), dict(found.values_list("institution__code", "org_no")))
        except Refusal as refusal:
            form.add_error("file", refusal.message)
        else:
            faults = read.faults.frame().to_dicts()
            if not read.has_errors:
                made = act(request, services.add_measures, form, programme_id=programme.pk, rows=read.rows)
                if made:
                    messages.success(request, _("Measures added to the plan: %(count)s.") % {"count": len(made)})
                    return redirect("programmes:measures", slug)
    context = page(request, programme, "measures", form=form, faults=faults, here_trail=_here(slug))
    return render(request, "programmes/measure_import.html", context, status=422 if form.errors or faults else 200)


@gate(permission="programmes.manage")
@require_POST
def remind(request: HttpRequest, slug: str) -> HttpResponse:
    """Remind the owners of the ticked measures, or of one."""
    programme = _managed_or_404(request, slug)
    done = act(request, services.remind, programme_id=programme.pk, numbers=numbers(request.POST.getlist("measure")))
    if done:
        sent, others = done
        if sent:
            messages.success(request, _("Reminded: %(count)s.") % {"count": sent})
        if others:
            messages.info(
                request,
                _("Not reminded: %(count)s. These are ended, were reminded within the last day, or no institution of the"
                  " register owns them.") % {"count": others},
            )  # fmt: skip
    return redirect("programmes:measures", slug)


def _measure_or_404(slug: str, number: int):
    programme = programme_or_404(slug)
    found = queries.measure(programme, number)
    if found is None:
        raise Http404
    return programme, found


@gate(permission="programmes.read")
@require_GET
def measure(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One measure: what, who, by when, how it stands."""
    programme, found = _measure_or_404(slug, number)
    return _show(request, programme, found)


def _show(request: HttpRequest, programme, found, form=None, status: int = 200) -> HttpResponse:
    steps = list(queries.steps(found))
    last = next((s for s in steps if s.kind == "reported"), None)
    context = page(
        request, programme, "measures", measure=found, steps=steps, form=form or ReportForm(), word=WordForm(),
        here_trail=_here(programme.slug), may_report=services.may_report(found) and may(request.scope.role, "programmes.read"),
        own_report=last is not None and last.by_id == request.user.pk,
        is_late=found.state in ("planned", "under_way", "reported") and found.due_date < timezone.localdate(),
    )  # fmt: skip
    return render(request, "programmes/measure.html", context, status=status)


@gate(permission="programmes.manage")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Change a measure; its history keeps what it was."""
    programme, found = _measure_or_404(slug, number)
    if not may_manage(request, programme):
        raise Http404
    form = MeasureForm(request.POST or None, initial=MeasureForm.initial_of(found))
    if request.method == "POST" and form.is_valid():
        changed = act(
            request,
            services.change_measure,
            form,
            measure_id=found.pk,
            values=form.values(),
            done=_("The measure is changed."),
        )
        if changed:
            return redirect("programmes:measure", slug, number)
    context = page(request, programme, "measures", form=form, measure=found, here_trail=_here(slug))
    return render(request, "programmes/measure_form.html", context, status=422 if form.errors else 200)


ACTS = {
    "begin": (services.begin, False), "accept": (services.accept, True), "return": (services.return_measure, True),
    "cancel": (services.cancel, True), "reopen": (services.reopen, True),
}  # fmt: skip


@gate(permission="programmes.read")
@require_POST
def move(request: HttpRequest, slug: str, number: int, step: str) -> HttpResponse:
    """Begin, report, accept, return, cancel, open again."""
    programme, found = _measure_or_404(slug, number)
    if step == "report":
        form = ReportForm(request.POST, request.FILES)
        if form.is_valid():
            data = form.cleaned_data
            if act(request, services.report, form, measure_id=found.pk, note=data["note"], file=file_of(data["file"]),
                   done=_("Your report is sent.")):  # fmt: skip
                return redirect("programmes:measure", slug, number)
        return _show(request, programme, found, form, status=422)
    if step not in ACTS:
        raise Http404
    service, has_note = ACTS[step]
    note = {"note": request.POST.get("note", "")} if has_note else {}
    act(request, service, measure_id=found.pk, done=_("Done."), **note)
    return redirect("programmes:measure", slug, number)


@gate(permission="programmes.read")
@require_GET
def evidence(request: HttpRequest, slug: str, number: int, step_id: int) -> HttpResponse:
    """A file that came with a report; seen by whoever may see the owner's records."""
    _programme, found = _measure_or_404(slug, number)
    kept = queries.step(found, step_id)
    if kept is None:
        raise Http404
    response = HttpResponse(sealed.read(kept.sha256), content_type=kept.media_type)
    response["Content-Disposition"] = f'attachment; filename="evidence-{kept.pk}"'
    return response
