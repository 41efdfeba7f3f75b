"""The exchange pages: sources, upload, an import with its differences and faults, mappings, exports."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.queries import names_of
from tirek.access.services.reads import record_many_read
from tirek.registry.exchange import alike, exports, faults, kept, queries, services, work
from tirek.registry.exchange.fields import recognised
from tirek.registry.exchange.forms import SourceChangeForm, SourceForm, UploadForm, profile_columns, profile_rows
from tirek.registry.exchange.oneroster.writing import package
from tirek.registry.exchange.reading import read_upload
from tirek.registry.queries.people import people_in_scope
from tirek.storage.jobs import settle_lost
from tirek.storage.queries import job_of
from tirek.storage.uploads import LIMITS, UploadRefused
from tirek_engines.errors import Refusal

TABS = ("alike", "differences", "faults", "history")
ACTIONS = ("new", "changed", "moved", "missing", "unchanged")
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         "parquet": "application/vnd.apache.parquet", "zip": "application/zip"}  # fmt: skip


@gate(permission="exchange.read")
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    imports = queries.recent_imports(limit=20)
    names = names_of({i.created_by for i in imports})
    for found in imports:
        found.who = names.get(found.created_by, "")
    return render(request, "exchange/overview.html", {
        "sources": queries.sources(), "imports": imports, "may_import": _may(request, "exchange.import"),
        "may_export": _may(request, "exchange.export"),
    })  # fmt: skip


@gate(permission="exchange.import")
@require_http_methods(["GET", "POST"])
def new_source(request: HttpRequest) -> HttpResponse:
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        source = form.save(commit=False)
        source.created_by = request.scope.user_id
        source.save()
        return redirect("exchange:source", code=source.code)
    return render(request, "exchange/source_form.html", {"form": form})


@gate(permission="exchange.import")
@require_http_methods(["GET", "POST"])
def change_source(request: HttpRequest, code: str) -> HttpResponse:
    """What a source may speak of and how far its files are believed. Its code and kind stay: its imports hang on them."""
    found = _source(code)
    form = SourceChangeForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(
            request, _("The source is changed. Files checked before keep what was found; check them again.")
        )
        return redirect("exchange:source", code=code)
    return render(request, "exchange/source_form.html", {"form": form, "source": found})


@gate(permission="exchange.read")
@require_http_methods(["GET", "POST"])
def source(request: HttpRequest, code: str) -> HttpResponse:
    found = _source(code)
    form = UploadForm(request.POST or None, request.FILES or None, source=found)
    if request.method == "POST":
        _need(request, "exchange.import")
        if form.is_valid():
            try:
                return _uploaded(request, found, form.cleaned_data)
            except Refusal as refusal:
                form.add_error("file", refusal.message)
    return render(request, "exchange/source.html", {
        "source": found, "form": form, "imports": queries.recent_imports(found), "profiles": queries.latest_profiles(found),
        "row_kinds": list(exports.RowKind.choices) if found.kind == "table" else [],
        "may_import": _may(request, "exchange.import"),
    })  # fmt: skip


def _uploaded(request: HttpRequest, source, data: dict) -> HttpResponse:
    file = data["file"]
    if file.size > LIMITS.file_bytes:  # before it is read into memory
        raise UploadRefused(_("The file is larger than is accepted. Split it."), code="too_large")
    found = services.upload(
        source=source, file_name=file.name, data=file.read(), row_kind=data.get("row_kind") or "", as_of=data["as_of"]
    )
    work.start(work.check, found=found, title=_("Checking %(file)s") % {"file": found.file_name})
    return redirect("exchange:import", pk=found.pk)


@gate(permission="exchange.read")
@require_GET
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    found = _import(pk)
    waiting = found.counts.get("undecided", 0) if found.is_open else 0
    tab = request.GET.get("tab") if request.GET.get("tab") in TABS else _first_tab(found, waiting)
    job = job_of(found.job_id, request.user.pk)
    context = {
        "import": found, "tab": tab, "job": settle_lost(job) if job else None, "may_import": _may(request, "exchange.import"),
        "who": names_of({found.created_by, found.applied_by, found.undone_by}), "things": _things(found),
        "refusal": services.refusal_of(found), "waiting": waiting, "decided": len(found.decisions), "tabs": _tabs(tab, waiting or found.decisions),
    }  # fmt: skip
    if found.forgotten_at is None and found.counts:
        parts = {"alike": _alike, "differences": _differences, "faults": _faults}
        context |= parts[tab](request, found) if tab in parts else {}
    return render(request, "exchange/import.html", context)


def _first_tab(found, waiting: int) -> str:
    """What its reader has to see first: what was refused, for its faults."""
    if found.refusal and found.counts.get("errors"):
        return "faults"
    return "alike" if waiting else "differences"


def _tabs(current: str, has_alike) -> list[tuple[str, str, bool]]:
    names = {
        "alike": _("Possible duplicates"),
        "differences": _("Differences"),
        "faults": _("Faults"),
        "history": _("History"),
    }
    return [(names[name], f"?tab={name}", name == current) for name in TABS if has_alike or name != "alike"]


def _alike(request: HttpRequest, found) -> dict:
    """Rows that look like people the register knows, both sides of each."""
    number = _page(request)
    pairs, total = alike.page(found, number)
    if pairs:
        record_many_read(request, rows=len(pairs), query=f"import {found.pk}: possible duplicates")
    return {"pairs": pairs, "total": total, "page": number, "pages": max(1, -(-total // alike.PAGE))}


def _things(found) -> list[tuple[str, list[tuple[str, int]]]]:
    things = found.counts.get("things", {})
    return [(thing, [(action, actions.get(action, 0)) for action in ACTIONS]) for thing, actions in things.items()]


def _differences(request: HttpRequest, found) -> dict:
    action = request.GET.get("action", "")
    action = action if action in ACTIONS else ""
    number = _page(request)
    rows, total = queries.difference_page(found, action=action, number=number)
    return {"rows": rows, "total": total, "action": action, "actions": ACTIONS, "page": number,
            "pages": max(1, -(-total // queries.PAGE))}  # fmt: skip


def _faults(request: HttpRequest, found) -> dict:
    table = services.faults_of(found)
    number = _page(request)
    rows = faults.in_our_language(table.slice((number - 1) * queries.PAGE, queries.PAGE)).to_dicts()
    return {"faults": rows, "total": table.height, "page": number, "pages": max(1, -(-table.height // queries.PAGE))}


@gate(permission="exchange.import")
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """apply, undo, discard or check again; each after a page that asks."""
    found = _import(pk)
    titles = {
        "apply": _("Applying import %(n)d"),
        "undo": _("Taking back import %(n)d"),
        "check": _("Checking import %(n)d"),
    }
    endings = services.endings_of(found) if action == "apply" else 0
    agreed = request.POST.get("endings", "")
    if action != "check" and (request.POST.get("confirmed") != "yes" or (endings and agreed != str(endings))):
        return render(request, "exchange/confirm.html", {
            "import": found, "action": action, "things": _things(found), "endings": endings,
            "is_asked_again": request.POST.get("confirmed") == "yes",
        })  # fmt: skip
    try:
        if action == "discard":
            services.discard(import_id=pk)
            messages.success(request, _("The import was discarded."))
            return redirect("exchange:source", code=found.source.code)
        if action not in titles:
            raise Http404
        steps = {"apply": work.apply, "undo": work.undo, "check": work.check}
        more = {"endings": endings} if endings else {}
        work.start(steps[action], found=found, title=titles[action] % {"n": pk}, **more)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("exchange:import", pk=pk)


@gate(permission="exchange.import")
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """What was chosen row by row on the page, or one answer for all that wait."""
    found = _import(pk)
    choices, all_as = alike.choices(request.POST), request.POST.get("all", "")
    if not choices and all_as not in ("same", "new", "open"):
        messages.error(request, _("Choose for at least one row."))
        return redirect("exchange:import", pk=pk)
    title = _("Checking import %(n)d") % {"n": pk}
    try:
        work.start(work.decide, found=found, title=title, choices=choices, all_as=all_as)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("exchange:import", pk=pk)


@gate(permission="exchange.read")
@require_GET
def fault_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """The faults as faults.csv, or the upload as a spreadsheet with its faulty cells marked."""
    found = _import(pk)
    table = faults.in_our_language(services.faults_of(found))
    if ending == "csv":
        return _download(faults.faults_csv(table, bom=True), "faults.csv", "csv")
    _need(request, "exchange.import")
    try:
        tables = read_upload(found.file_name, kept.read(found), faults.Faults())
    except Refusal:
        tables = {}
    return _download(faults.marked_spreadsheet(tables, table), f"import-{pk}-faults.xlsx", "xlsx")


@gate(permission="exchange.import")
@require_http_methods(["GET", "POST"])
def mapping(request: HttpRequest, code: str, row_kind: str) -> HttpResponse:
    """The editor of a mapping. A saved mapping is a new version; the columns of the last upload are offered."""
    found = _source(code)
    if row_kind not in exports.RowKind.values:
        raise Http404
    last = found.profiles.filter(row_kind=row_kind).order_by("-version").first()
    offered = _offered_columns(found, row_kind)
    if request.method == "POST":
        saved = services.save_profile(source=found, row_kind=row_kind, columns=profile_columns(row_kind, request.POST))
        messages.success(request, _("The mapping was saved as version %(n)d.") % {"n": saved.version})
        return redirect("exchange:mapping", code=code, row_kind=row_kind)
    columns = last.columns if last else recognised(row_kind, offered)
    return render(request, "exchange/mapping.html", {
        "source": found, "row_kind": dict(exports.RowKind.choices)[row_kind], "rows": profile_rows(row_kind, columns),
        "offered": offered, "profile": last,
    })  # fmt: skip


def _offered_columns(source, row_kind: str) -> list[str]:
    last = source.imports.filter(row_kind=row_kind).order_by("-pk").first()
    if last is None:
        return []
    try:
        tables = read_upload(last.file_name, kept.read(last), faults.Faults())
    except Refusal:
        return []
    return [c for c in next(iter(tables.values())).columns if not c.startswith("_")] if tables else []


@gate(permission="exchange.export")
@require_GET
def export_page(request: HttpRequest) -> HttpResponse:
    return render(request, "exchange/export.html", {
        "row_kinds": [(k, label) for k, label in exports.RowKind.choices if k in exports.QUERIES], "formats": exports.FORMATS,
    })  # fmt: skip


@gate(permission="exchange.export")
@require_GET
def export_file(request: HttpRequest) -> HttpResponse:
    row_kind, ending = request.GET.get("rows", ""), request.GET.get("format", "")
    if row_kind == "oneroster":
        record_many_read(request, rows=people_in_scope(), query="export: oneroster", export=True)
        data = package(demographics=request.GET.get("demographics") == "yes")
        return _download(data, "oneroster-1.2.zip", "zip")
    if row_kind not in exports.QUERIES or ending not in exports.FORMATS:
        raise Http404
    frame = exports.table(row_kind)
    if row_kind in exports.OF_PEOPLE:
        record_many_read(request, rows=frame.height, query=f"export: {row_kind}", export=True)
    data = exports.as_file(frame, row_kind, ending, bom=request.GET.get("bom") == "yes")
    return _download(data, f"{row_kind}.{ending}", ending)


def _download(data: bytes, name: str, ending: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=TYPES[ending], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _source(code: str):
    found = next((s for s in queries.sources() if s.code == code), None)
    if found is None:
        raise Http404
    return found


def _import(pk: int):
    found = queries.import_of(pk)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 8 else 1


def _may(request: HttpRequest, permission: str) -> bool:
    return bool(request.grant) and may(request.grant.role, permission)


def _need(request: HttpRequest, permission: str) -> None:
    from django.core.exceptions import PermissionDenied

    if not _may(request, permission):
        raise PermissionDenied(_("Your role does not allow this."))
