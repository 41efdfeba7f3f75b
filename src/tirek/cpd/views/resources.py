"""The catalogue of learning resources, open to everybody."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.cpd.forms.lessons import TextForm, as_files
from tirek.cpd.forms.resources import ResourceFilter, ResourceForm, SettleForm, TableForm
from tirek.cpd.queries import resources as queries
from tirek.cpd.refusals import may_here
from tirek.cpd.services import resources as services
from tirek.cpd.views.common import asked, can, keeps, paged, tell
from tirek.cpd.views.lessons import classes, send_file
from tirek.registry import downloads, words
from tirek.storage.tables import BadTable
from tirek_engines.errors import Refusal

HEADS = {
    "title": gettext_noop("Title"), "kind": gettext_noop("Kind"), "subject": gettext_noop("Subject"),
    "grades": gettext_noop("Classes"), "language": gettext_noop("Language"), "address": gettext_noop("Address"),
    "licence": gettext_noop("Licence"), "publisher": gettext_noop("Publisher"),
    "reviewed_by": gettext_noop("Who looked at it"), "reviewed_on": gettext_noop("Looked at on"),
}  # fmt: skip
EXAMPLE = (
    "Бөлшектер", "video", "mathematics", "5 6", "kk", "https://example.org/fractions", "cc-by", "Example", "A. Methodist",
    "2026-03-31",
)  # fmt: skip


@gate(public=True)
@require_GET
def catalogue(request):
    """What can pupils and teachers learn from?"""
    form = ResourceFilter(request.GET or None)
    given = asked(form)
    found = queries.resources(
        text=given.get("q", ""), broken=bool(given.get("broken")),
        **{name: given.get(name, "") for name in ("subject", "grade", "language", "kind")},
    )  # fmt: skip
    if request.GET.get("download"):
        columns = [(name, _(head)) for name, head in HEADS.items()]
        return downloads.respond("resources", request.GET["download"], columns, (_row(row) for row in found))
    page = paged(request, found)
    context = {
        "form": form, "page": page, "n": page.paginator.count, "may_enter": can(request, "growth.manage"),
        "rows": [{"resource": r, "subject": words.subject(r.subject), "grades": classes(r.grades)} for r in page],
    }  # fmt: skip
    return render(request, "cpd/resources/catalogue.html", context)


def _row(row) -> tuple:
    return (
        row.title, row.kind, row.subject, " ".join(map(str, row.grades)), row.language, row.address, row.licence,
        row.publisher, row.reviewed_by, row.reviewed_on.isoformat(),
    )  # fmt: skip


@gate(public=True)
@require_GET
def resource(request, code: str):
    return _page(request, _resource(code))


def _page(request, found, **bound):
    """One resource; ``bound`` are forms that were sent and refused."""
    may_manage = may_here("growth.manage", found.org_lo, found.org_hi)
    context = {
        "resource": found, "subject": words.subject(found.subject), "grades": classes(found.grades),
        "flags": queries.flags(found) if may_manage else [], "settle": SettleForm() if may_manage else None,
        "flag": TextForm(label=_("What happens?")) if request.user.is_authenticated and found.is_active else None,
    }  # fmt: skip
    return render(request, "cpd/resources/resource.html", context | bound, status=422 if bound else 200)


@gate(public=True)
@require_GET
def file(request, code: str, place: int):
    return send_file(_resource(code).files, place)


@gate()
@require_POST
def flag(request, code: str):
    found, form = _resource(code), TextForm(request.POST, label=_("What happens?"))
    if keeps(request, form, services.flag, code=code, done=_("Thank you. The office will look.")) is None:
        return _page(request, found, flag=form)
    return redirect("cpd:resource", code)


@gate(permission="growth.manage")
@require_POST
def settle(request, code: str):
    found, form = _resource(code), SettleForm(request.POST)
    if keeps(request, form, services.settle, code=code, done=_("Saved.")) is None:
        return _page(request, found, settle=form)
    return redirect("cpd:resource", code)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def enter(request):
    form = ResourceForm(request.POST or None, request.FILES or None, initial={"reviewed_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.enter(
                facts=form.facts(), files=as_files(form.cleaned_data["files"]), by=request.user, now=timezone.now()
            )
        except Refusal as refusal:
            tell(form, refusal)
        else:
            return redirect("cpd:resource", made.code)
    context = {"form": form, "title": _("A new learning resource")}
    return render(request, "cpd/resources/enter.html", context, status=422 if form.errors else 200)


@gate(permission="growth.manage")
@require_http_methods(["GET", "POST"])
def bring(request):
    """Many at once, from a table; with a fault nothing is entered."""
    form, faults, total = TableForm(request.POST or None, request.FILES or None), (), 0
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["table"]
        try:
            n = services.import_resources(name=sent.name, content=sent.read(), by=request.user, now=timezone.now())
        except BadTable as bad:
            faults, total = bad.faults[:100], bad.total
        except Refusal as refusal:
            tell(form, refusal)
        else:
            messages.success(
                request, ngettext("%(n)s resource is entered.", "%(n)s resources are entered.", n) % {"n": n}
            )
            return redirect("cpd:resources")
    context = {"form": form, "faults": faults, "total": total}
    return render(request, "cpd/resources/import.html", context, status=422 if form.errors or faults else 200)


@gate(permission="growth.manage")
@require_GET
def template(request, form: str):
    # machine names in both forms: the import reads them
    return downloads.respond("resources-template", form, [(name, name) for name in HEADS], [EXAMPLE])


def _resource(code: str):
    found = queries.resource(code)
    if found is None:
        raise Http404
    return found
