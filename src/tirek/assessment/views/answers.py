"""Answers come in: sittings, the template, checking a file, applying it."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment import work
from tirek.assessment.files import faults as fault_files
from tirek.assessment.files.uploads import MOST_BYTES
from tirek.assessment.forms.tests import AnswersForm, SittingsForm
from tirek.assessment.queries import results as queries
from tirek.assessment.queries import seats as seat_queries
from tirek.assessment.queries.tests import design_of
from tirek.assessment.services.answers import apply_answers, check_answers, discard_import, receive_answers
from tirek.assessment.services.seats import deal_all_seats
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.views.tests import held_or_404, tabs, test_or_404, trail
from tirek.registry import downloads
from tirek.storage import jobs
from tirek_engines.errors import Refusal

SHOWN_FAULTS = 100


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def answers(request: HttpRequest, code: str) -> HttpResponse:
    """How many answers are in, and a door for more."""
    found = test_or_404(code)
    form = AnswersForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            if upload.size > MOST_BYTES:  # before it is read into memory
                raise Refusal(_("The file is larger than 50 MB. Split it."), code="too_large")
            made = _received(held_or_404(request, code), upload)
            return redirect("assessment:checked", code=code, pk=made.pk)
        except Refusal as refusal:
            form.add_error("file", refusal.message)
    return render(request, "assessment/answers.html", _answers_context(request, found, form))


def _received(test, upload):
    """The file kept and checked: a small one at once, a large one behind the page."""
    given = {"test_id": test.pk, "content": upload.read(), "file_name": upload.name}
    if upload.size <= work.LARGE_FILE:
        return check_answers(**given)
    made = receive_answers(**given)
    _start(work.check_file, made)
    return made


def _start(what, made) -> None:
    titles = {work.check_file: _("Checking %(file)s"), work.apply_file: _("Applying %(file)s")}
    jobs.start_once(what, title=titles[what] % {"file": made.file_name}, import_id=made.pk)


def start_checking(made) -> None:
    """Check a large file behind the page."""
    _start(work.check_file, made)


def _answers_context(request: HttpRequest, found, form) -> dict:
    return {
        "test": found,
        "title": queries.title_of(found),
        "trail": trail(found),
        "tabs": tabs(found, request, "answers"),
        "progress": queries.progress_of(found, request.scope),
        "imports": queries.imports_of(found),
        "form": form,
        "sittings_form": SittingsForm(initial={"date": timezone.localdate()}),
        "job": queries.running_job(found),
        "n_empty": seat_queries.sittings_without_seats(found, request.scope),
        "n_open": len(seat_queries.open_on_computers(found, request.scope)),
    }


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def checked(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What the file would do and what is wrong with it; then apply it, or leave it."""
    found = test_or_404(code)
    made = _import_or_404(found, pk)
    if request.method == "POST":
        return _settle(request, code, made)
    faults = [fault for fault in made.faults if not fault["warning"]]
    return render(request, "assessment/checked.html", {
        "test": found,
        "title": queries.title_of(found),
        "trail": trail(found),
        "tabs": tabs(found, request, "answers"),
        "made": made,
        "job": queries.job_about(import_id=made.pk),
        "faults": faults[:SHOWN_FAULTS],
        "warnings": [fault for fault in made.faults if fault["warning"]],
        "n_more": max(0, made.n_faults - SHOWN_FAULTS),
        "n_bad": made.n_rows - made.n_good,
    })  # fmt: skip


def _settle(request: HttpRequest, code: str, made) -> HttpResponse:
    try:
        if request.POST.get("do") == "discard":
            discard_import(import_id=made.pk)
            messages.info(request, _("The file was put aside. Nothing was changed."))
            return redirect("assessment:answers", code=code)
        if request.POST.get("do") == "check" or made.n_rows > work.MANY_SHEETS:
            _start(work.check_file if made.state == "received" else work.apply_file, made)
            return redirect("assessment:checked", code=code, pk=made.pk)
        done = apply_answers(import_id=made.pk)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("assessment:checked", code=code, pk=made.pk)
    words = ngettext("%(n)s answer sheet is in.", "%(n)s answer sheets are in.", done.n_good)
    messages.success(request, words % {"n": done.n_good})
    return redirect("assessment:answers", code=code)


@gate(permission="assessment.manage")
@require_GET
def faults(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The faults as CSV, or the file itself as a spreadsheet with its faults marked."""
    made = _import_or_404(test_or_404(code), pk)
    if request.GET.get("download") == "xlsx":
        content, kind, name = fault_files.marked(made), downloads.TYPES["xlsx"], f"{made.file_name}-faults.xlsx"
    else:
        content, kind, name = fault_files.as_csv(made), downloads.TYPES["csv"], "faults.csv"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _import_or_404(test, pk: int):
    made = queries.import_of(test, pk)
    if made is None:
        raise Http404
    return made


@gate(permission="assessment.manage")
@require_GET
def template(request: HttpRequest, code: str) -> HttpResponse:
    """A table to be filled in: the pupils of the sittings, a column an item."""
    found = test_or_404(code)
    items = list(design_of(found).items)
    only = design_of(found).only_booklet or ""
    rows = [
        (str(row.person.public_id), only, str(row.class_group or ""), row.person_name, *[""] * len(items))
        for row in queries.expected_pupils(found)
    ]
    record_many_read(request, rows=len(rows), query=f"answers template: {found.code}", export=True)
    columns = [("pupil", "pupil"), ("booklet", "booklet"), ("#class", "#class"), ("#name", "#name")]
    columns += [(item, item) for item in items]
    return downloads.respond(f"{found.code}-answers", request.GET.get("download", "xlsx"), columns, rows)


@gate(permission="assessment.manage")
@require_POST
def open_sittings(request: HttpRequest, code: str) -> HttpResponse:
    """A sitting for every class of the grade."""
    found = held_or_404(request, code)
    form = SittingsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the date of the sittings and say whether they are on paper or on computers."))
        return redirect("assessment:answers", code=code)
    given = form.cleaned_data
    if given["deal"] and queries.pupils_of_grade(found) > work.MANY_SHEETS:
        title = _("Sittings of %(test)s") % {"test": queries.title_of(found)}
        what = {"test_id": found.pk, "code": code, "date": given["date"].isoformat(), "mode": given["mode"]}
        jobs.start_once(work.open_sittings, title=title, **what)
        return redirect("assessment:answers", code=code)
    try:
        n = open_all_sittings(test_id=found.pk, date=given["date"], mode=given["mode"])
        seats = deal_all_seats(test_id=found.pk) if given["deal"] else 0
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, work.opened_in_words(n, seats))
    return redirect("assessment:answers", code=code)
