"""The audit: what was changed, who looked at whom, who signed in. Within the auditor's own scope."""

from __future__ import annotations

import csv

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tirek.access import queries_audit as queries
from tirek.access.audit_words import people_named, places_named
from tirek.access.forms import AuditFilter
from tirek.access.gates import gate
from tirek.access.queries_narrowed import Narrowed, may_search, narrowed
from tirek.access.services.reads import record_many_read
from tirek.storage.tables import safe

ROWS = 50
EXPORT_ROWS = 10_000


@gate(permission="audit.read")
def changes_page(request: HttpRequest) -> HttpResponse:
    """Every change of every audited row, field by field."""
    form = AuditFilter(request.GET, tables=queries.tables(), by_name=may_search(request.scope))
    asked, choice = _asked(request, form)
    if request.GET.get("download") == "csv":
        return _changes_csv(request, asked)
    number = _page_number(request)
    found = queries.changes(asked, offset=(number - 1) * ROWS, limit=ROWS + 1)
    if found:
        record_many_read(request, rows=len(found[:ROWS]), query="audit: changes")
    context = {
        "form": form,
        "choice": choice,
        "changes": found[:ROWS],
        "names": queries.names(found),
        "people": people_named(change.person_id for change in found),
        "places": places_named(change.org_no for change in found),
        "number": number,
        "next": number + 1 if len(found) > ROWS else None,
        "previous": number - 1 if number > 1 else None,
    }
    return render(request, "access/changes.html", context)


@gate(permission="audit.read")
def reads_page(request: HttpRequest) -> HttpResponse:
    """Who looked at whose record, at which list, at which identification number and why."""
    form = AuditFilter(request.GET, by_name=may_search(request.scope))
    del form.fields["table"]
    asked, choice = _asked(request, form)
    rows = queries.reads(request.scope, asked)
    if request.GET.get("download") == "csv":
        return _reads_csv(request, rows)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    if page.object_list:
        record_many_read(request, rows=len(page.object_list), query="audit: looks")
    context = {
        "form": form,
        "choice": choice,
        "page": page,
        "names": queries.names(page.object_list),
        "people": people_named(row.person_id for row in page.object_list),
        "places": places_named(row.org_no for row in page.object_list),
    }
    return render(request, "access/reads.html", context)


@gate(permission="audit.read")
def sign_ins_page(request: HttpRequest) -> HttpResponse:
    """Sign-ins of the users of one's own scope, and failed attempts on their names."""
    page = Paginator(queries.sign_ins(request.scope), ROWS).get_page(request.GET.get("page"))
    return render(request, "access/sign_ins.html", {"page": page})


def _asked(request: HttpRequest, form: AuditFilter) -> tuple[queries.Filter, Narrowed]:
    """What is asked for, and what is still to be chosen. People that are offered are a look at people, too."""
    data = form.cleaned_data if form.is_valid() else {}
    choice = narrowed(request.scope, data)
    if choice.searched:
        record_many_read(request, rows=choice.searched, query="audit: search")
    return queries.filter_of(data | {"person": choice.person, "org_no": choice.org_no}), choice


def _page_number(request: HttpRequest) -> int:
    """Deep pages are for the export: every page reads all the pages before it."""
    given = request.GET.get("page", "1")
    return min(max(int(given), 1), 200) if given.isdecimal() else 1


def _changes_csv(request: HttpRequest, asked: queries.Filter) -> HttpResponse:
    response, write = _file("changes.csv")
    write([_("when"), _("who"), _("as"), _("what"), _("number"), _("change"), _("field"), _("before"), _("after"),
           _("where"), _("request")])  # fmt: skip
    found = queries.changes(asked, offset=0, limit=EXPORT_ROWS)
    names = queries.names(found)
    for change in found:
        about = [change.at.isoformat(), names.get(change.user_id, change.user_id or ""), change.role, change.table]
        for line in change.differences:
            write([*about, change.object_id, change.label, line.label, line.before, line.after, change.where,
                   change.request_id])  # fmt: skip
    record_many_read(request, rows=len(found), query="audit: changes", export=True)
    return response


def _reads_csv(request: HttpRequest, rows) -> HttpResponse:
    response, write = _file("looks.csv")
    write([_("when"), _("who"), _("as"), _("kind"), _("person"), _("rows"), _("page"), _("asked for"), _("reason")])
    found = list(rows[:EXPORT_ROWS])
    names = queries.names(found)
    for row in found:
        write([row.at.isoformat(), names.get(row.user_id, row.user_id), row.role, row.get_kind_display(), row.person_id,
               row.rows, row.page, row.query, row.reason])  # fmt: skip
    record_many_read(request, rows=len(found), query="audit: looks", export=True)
    return response


def _file(name: str):
    """A CSV that spreadsheets open as text: a cell that would be a formula is quoted."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")
    writer = csv.writer(response)
    return response, lambda cells: writer.writerow([_harmless(cell) for cell in cells])


def _harmless(cell) -> object:
    return "" if cell is None else safe(str(cell))
