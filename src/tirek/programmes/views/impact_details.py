"""For experts: the comparison with its balance, everything behind the estimate, files, print; and power beforehand."""

from __future__ import annotations

import io
import zipfile

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.assessment.services.reports import give_out
from tirek.decisions import queries as journal
from tirek.programmes.forms.impact import PowerForm
from tirek.programmes.forms.selection import BecauseForm
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.pages import impact as pages
from tirek.programmes.pages import impact_files, impact_power
from tirek.programmes.queries import impact as queries
from tirek.programmes.views.impact import decision_or_404
from tirek.programmes.views.shared import may_manage, page, programme_or_404
from tirek.registry import downloads


@gate(public=True)
@require_GET
def comparison(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Who is compared with whom, and how alike were they?"""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, COMPARISON, number)
    manages = may_manage(request, programme)
    balance, names = queries.table(found, "balance"), pages.balance_names(found)
    columns = pages.balance_columns()
    reads = may(request.scope.role, "programmes.read")
    rows = pages.school_rows(found, request.scope, request.GET.get("only", "")) if reads else []
    if "download" in request.GET:
        if not reads:
            raise Http404
        return _schools_file(f"{slug}-{number}", request.GET["download"], rows)
    context = page(
        request, programme, "impact", decision=found, outcome=pages.outcome_words(pages.outcome_of(found)), rows=rows,
        counts=_counts(found), only=request.GET.get("only", ""), reads=reads, chart=pages.balance_chart(balance, names),
        balance=[zip(columns, row, strict=True) for row in pages.balance_rows(balance, names)], columns=columns,
        waves=pages.dated_waves(found),
        manages=manages, may_publish=manages and may(request.scope.role, "decisions.publish"), because=BecauseForm(),
        facts=found.summary, question=found.parameters["question"], results_known=found.parameters["results_known"],
        is_in_force=found.state == "published",
    )  # fmt: skip
    return render(request, "programmes/impact/comparison.html", context)


def _counts(found) -> list[tuple[str, str, int]]:
    """Reasons with how many schools have each, in general words."""
    kind = journal.kind_of(found.kind)
    counted: dict[str, int] = {}
    for row in queries.school_outcomes(found):
        counted[row["reason"]] = counted.get(row["reason"], 0) + 1
    return [(code, journal.reason_in_general(kind, code), counted[code]) for code in kind.reasons if code in counted]


def _schools_file(name: str, form: str, rows: list[dict]) -> HttpResponse:
    columns = [("school", _("Code")), ("name", _("School")), ("reason", _("Reason")), ("words", _("In words"))]
    return downloads.respond(name, form, columns, [(r["subject"], r["name"], r["reason"], r["text"]) for r in rows])


@gate(public=True)
@require_GET
def experts(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Everything behind the estimate."""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    context = page(
        request, programme, "impact", decision=found, report=pages.experts_report(found, programme),
        tables=impact_files.tables_of(found), has_panel=_may_have_panel(request, programme),
        may_print=may(request.scope.role, "programmes.read"),
    )  # fmt: skip
    return render(request, "programmes/impact/experts.html", context)


@gate(permission="programmes.read")
@require_GET
def schools(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """What became of each school of the asker's scope, and why does it count or not?"""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    rows = pages.school_rows(found, request.scope, request.GET.get("only", ""))
    if "download" in request.GET:
        return _schools_file(f"{slug}-{number}", request.GET["download"], rows)
    context = page(
        request, programme, "impact", decision=found, rows=rows, counts=_counts(found), only=request.GET.get("only", "")
    )
    return render(request, "programmes/impact/schools.html", context)


@gate(public=True)
@require_GET
def table(request: HttpRequest, slug: str, number: str, name: str) -> HttpResponse:
    """A sealed table as a file; those without schools are everybody's."""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    if name not in dict(impact_files.tables_of(found)):
        raise Http404
    frame = queries.table(found, name)
    columns = [(column, column) for column in frame.columns]
    return downloads.respond(f"{slug}-{number}-{name}", request.GET.get("form", "csv"), columns, frame.rows())


@gate(permission="programmes.read")
@require_GET
def folder(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """The panel of schools and the commands that compute the result again: `tirek impact` and R alike can read it."""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    if not _may_have_panel(request, programme):
        raise Http404
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, content in impact_files.folder_of(found).items():
            packed.writestr(path, content)
    response = HttpResponse(target.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{number}.zip"'
    return response


def _may_have_panel(request: HttpRequest, programme) -> bool:
    """Rows of schools are for those whose territory is the whole programme's."""
    scope = request.scope
    covered = scope.covers(programme.org_lo) and scope.covers(programme.org_hi)
    return bool(may(scope.role, "programmes.read") and covered)


@gate(permission="programmes.read")
@require_POST
def print_report(request: HttpRequest, slug: str, number: str) -> HttpResponse:
    """Either page as a numbered PDF in the reader's language."""
    programme = programme_or_404(slug)
    found = decision_or_404(request, programme, IMPACT, number)
    make = pages.experts_report if request.POST.get("which") == "experts" else pages.plain_report
    document = give_out(
        make(found, programme), base_address=f"{request.scheme}://{request.get_host()}", by=request.user,
        now=timezone.now(), org_no=programme.org_lo,
    )  # fmt: skip
    return redirect("documents:download", number=document.number)


@gate(permission="programmes.read")
@require_GET
def power(request: HttpRequest, slug: str) -> HttpResponse:
    """What could this programme find at all? Before it starts."""
    programme = programme_or_404(slug)
    form = PowerForm(request.GET if "treated" in request.GET else None, initial=impact_power.usual(programme))
    found = impact_power.of_design(form.cleaned_data) if form.is_bound and form.is_valid() else None
    if found is None and not form.is_bound:
        found = impact_power.of_design(impact_power.usual(programme))
    return render(request, "programmes/impact/power.html", page(request, programme, "impact", form=form, found=found))
