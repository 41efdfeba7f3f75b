"""Items come in from QTI files: upload, look, apply, take back."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from tirek.access.gates import gate
from tirek.assessment.bank.wording import in_language
from tirek.assessment.forms.bank import BankImportForm, ItemForm
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries import bank as queries
from tirek.assessment.services.bank_imports import (
    MOST_BYTES,
    apply_items,
    check_items,
    discard_items,
    plan_of,
    take_back_items,
)
from tirek_engines.errors import Refusal

ROWS = 25
SHOWN = 200


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """A door for files of items, and the files that came through it."""
    form = BankImportForm(request.POST or None, request.FILES or None, initial={"language": pages.language_of(request)})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        upload = data.pop("file")
        try:
            if upload.size > MOST_BYTES:  # before it is read into memory
                raise Refusal(_("The file is larger than 20 MB. Split it."), code="too_large")
            made = check_items(
                content=upload.read(), file_name=upload.name, by=request.user.pk, now=timezone.now(), **data
            )
        except Refusal as refusal:
            form.add_error("file", refusal.message)
        else:
            return redirect("assessment:bank_import", pk=made.pk)
    page = Paginator(queries.imports_in(request.scope), ROWS).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "tabs": pages.tabs("bank_imports"), "trail": pages.trail()[:1]}
    return render(request, "assessment/bank/imports.html", context)


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def one_import(request: HttpRequest, pk: int) -> HttpResponse:
    """What the file would change, and what is wrong with it; then apply it, put it aside, or take it back."""
    made = queries.import_by_id(request.scope, pk)
    if made is None:
        raise Http404
    if request.method == "POST":
        return _settled(request, made)
    rows = _rows(made, pages.language_of(request)) if made.state == "checked" else []
    return render(request, "assessment/bank/import.html", {
        "made": made, "rows": rows[:SHOWN], "n_more": max(0, len(rows) - SHOWN), "trail": pages.trail(),
        "n_changes": made.n_new + made.n_changed, "tabs": pages.tabs("bank_imports"),
    })  # fmt: skip


def _rows(made, language: str) -> list[dict]:
    order = {"new": 0, "changed": 1, "same": 2}
    kinds = dict(ItemForm.base_fields["kind"].choices)
    words = {"new": _("new"), "changed": _("changed"), "same": _("as it is in the bank")}
    return [
        {"row": row, "what": words[row.what], "stem": in_language(row.version.wordings, language).stem,
         "languages": list(row.version.wordings), "kind": kinds[row.facts.kind]}
        for row in sorted(plan_of(made).rows, key=lambda row: (order[row.what], row.code))
    ]  # fmt: skip


def _settled(request: HttpRequest, made) -> HttpResponse:
    by, now = request.user.pk, timezone.now()
    try:
        match request.POST.get("do"):
            case "discard":
                discard_items(import_id=made.pk)
                messages.info(request, _("The file was put aside. Nothing was changed."))
            case "apply":
                done = apply_items(import_id=made.pk, by=by, now=now)
                n = done.n_new + done.n_changed
                words = ngettext("%(n)s item is in the bank.", "%(n)s items are in the bank.", n)
                messages.success(request, words % {"n": n})
            case "take_back":
                back, stayed = take_back_items(import_id=made.pk, by=by, now=now)
                _say_back(request, back, stayed)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("assessment:bank_import", pk=made.pk)


def _say_back(request: HttpRequest, back: int, stayed: int) -> None:
    words = ngettext("%(n)s item was taken back.", "%(n)s items were taken back.", back)
    messages.success(request, words % {"n": back})
    if stayed:
        words = ngettext(
            "%(n)s item stays: it was changed again or taken into a test.",
            "%(n)s items stay: they were changed again or taken into a test.",
            stayed,
        )
        messages.warning(request, words % {"n": stayed})
