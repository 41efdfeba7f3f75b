"""Answer sheets that a scanner read: numbers on papers, and the door for the scanner's rows."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment import work
from tirek.assessment.files.uploads import MOST_BYTES
from tirek.assessment.forms.sittings import ScannedForm
from tirek.assessment.queries import seats as queries
from tirek.assessment.queries.results import title_of
from tirek.assessment.queries.tests import design_of
from tirek.assessment.services.answers import check_answers, receive_answers
from tirek.assessment.sitting.access_codes import paper_number
from tirek.assessment.views.answers import start_checking
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek.registry import downloads
from tirek_engines.errors import Refusal


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def scanned(request: HttpRequest, code: str) -> HttpResponse:
    """A scanner's file: checked first, as any file of answers."""
    found = held_or_404(request, code)
    form = ScannedForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _received(found, form)
            return redirect("assessment:checked", code=code, pk=made.pk)
        except Refusal as refusal:
            form.add_error("file", refusal.message)
    return render(request, "assessment/sittings/scanned.html", {
        "test": found, "title": title_of(found), "trail": trail(found), "tabs": tabs(found, request, "answers"), "form": form,
        "example": _example(found),
    })  # fmt: skip


def _received(test, form: ScannedForm):
    upload = form.cleaned_data["file"]
    if upload.size > MOST_BYTES:
        raise Refusal(_("The file is larger than 50 MB. Split it."), code="too_large")
    given = {"test_id": test.pk, "content": upload.read(), "file_name": upload.name, "options": form.options()}
    if upload.size <= work.LARGE_FILE:
        return check_answers(**given)
    made = receive_answers(**given)
    start_checking(made)
    return made


def _example(test) -> dict:
    booklet, items = next(iter(design_of(test).booklets.items()), ("A", ("1",)))
    return {"booklet": booklet, "answers": ("ABCD" * len(items))[: len(items)], "paper": paper_number(1204, 7)}


@gate(permission="assessment.manage")
@require_GET
def papers(request: HttpRequest, code: str) -> HttpResponse:
    """The numbers to print on papers: who gets which, and which booklet. With names, so it is a list of pupils."""
    found = held_or_404(request, code)
    rows = [
        (paper_number(sitting, number), booklet, "", str(group or ""), name)
        for sitting, number, booklet, group, name in queries.papers_of(found)
    ]
    record_many_read(request, rows=len(rows), query=f"papers: {found.code}", export=True)
    columns = [
        ("paper", "paper"),
        ("booklet", "booklet"),
        ("answers", "answers"),
        ("#class", "#class"),
        ("#name", "#name"),
    ]
    return downloads.respond(f"{found.code}-papers", request.GET.get("download", "xlsx"), columns, rows)
