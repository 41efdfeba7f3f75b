"""What does each school add? What does the gap between town and village go with?"""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.scope import loading
from tirek.assessment.queries.results import title_of
from tirek.programmes import work_evaluation
from tirek.programmes.forms.evaluation import ChoiceOfTest
from tirek.programmes.kinds_evaluation import GAP, VALUE_ADDED
from tirek.programmes.pages import gap as gap_pages
from tirek.programmes.pages import value_added as added_pages
from tirek.programmes.queries import evaluation as queries
from tirek.programmes.queries.pupils import pairs_to_follow, releases_with_pupils
from tirek.programmes.views.shared import trail
from tirek.registry import downloads
from tirek.storage import jobs

PAGE = 25


def run_or_404(request: HttpRequest, kind: str, number: str):
    """A run by its number; drafts and withdrawn ones only for those who may make them there."""
    found = queries.runs(kind).filter(number=number).first()
    if found is None or (found.state in ("draft", "withdrawn") and not _manages(request, found)):
        raise Http404
    return found


def _manages(request: HttpRequest, run) -> bool:
    scope = request.scope
    return may(scope.role, "programmes.manage") and scope.covers(run.org_lo) and scope.covers(run.org_hi)


def _releases(request: HttpRequest) -> list:
    """Publications with pupils' results of tests that lie wholly in the asker's territory."""
    scope = request.scope
    if not may(scope.role, "programmes.manage"):
        return []
    with loading():
        return [r for r in releases_with_pupils() if scope.covers(r.test.org_lo) and scope.covers(r.test.org_hi)]


def _listed(kind: str, request: HttpRequest) -> list:
    runs = queries.runs(kind).filter(state__in=("draft", "published"))
    return [run for run in runs if run.state == "published" or _manages(request, run)]


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def value_added(request: HttpRequest) -> HttpResponse:
    """Of which tests is it known what schools add? And, for the office: compute another."""
    pairs = [
        (
            f"{a.test.code} {b.test.code}",
            _("%(before)s, then %(after)s") % {"before": _titled(a.test), "after": _titled(b.test)},
        )
        for a, b in pairs_to_follow(_releases(request))
    ]
    form = (
        ChoiceOfTest(request.POST or None, choices=pairs, label=_("Which tests follow each other?")) if pairs else None
    )
    if request.method == "POST" and form is not None and form.is_valid():
        before, after = form.cleaned_data["test"].split(" ")
        job = jobs.start_once(work_evaluation.value_added, title=_("What schools add"), before=before, after=after)
        return redirect("jobs:job", pk=job.pk)
    rows = [
        {"run": run, "words": added_pages.headline(run.summary), "titles": added_pages.titles(run)}
        for run in _listed(VALUE_ADDED, request)
    ]
    context = {"trail": trail(), "rows": rows, "form": form, "manages": may(request.scope.role, "programmes.manage")}
    return render(
        request, "programmes/evaluation/value_added.html", context, status=422 if form and form.errors else 200
    )


def _titled(test) -> str:
    return f"{title_of(test)} ({test.school_year.code})"


@gate(permission="programmes.read")
@require_GET
def value_added_run(request: HttpRequest, number: str) -> HttpResponse:
    """One run: the intervals of all, and in words the schools of the asker's scope."""
    run = run_or_404(request, VALUE_ADDED, number)
    only = request.GET.get("only", "")
    rows = added_pages.school_rows(run, request.scope, only)
    if "download" in request.GET:
        return _file(run, rows, request.GET["download"])
    own = {rows[0]["org_no"]: rows[0]["name"]} if len(rows) == 1 and not only else {}
    return render(request, "programmes/evaluation/value_added_run.html", _context(request, run, added_pages) | {
        "rows": rows, "only": only, "page": Paginator(rows, PAGE).get_page(request.GET.get("page")), "counts": added_pages.counts(run), "how": added_pages.in_words(run.summary),
        "titles": added_pages.titles(run), "chart": added_pages.caterpillar(queries.school_outcomes(run), own),
        "spread": added_pages.decimal(run.summary["spread"], 1), "own": rows[0] if own and rows else None,
    })  # fmt: skip


def _context(request: HttpRequest, run, pages) -> dict[str, Any]:
    return {
        "decision": run, "facts": run.summary, "headline": pages.headline(run.summary), "does_not_say": pages.does_not_say(),
        "manages": request.user.is_authenticated and _manages(request, run), "trail": trail(),
    }  # fmt: skip


def _file(run, rows: list[dict[str, Any]], form: str) -> HttpResponse:
    names = ("pupils", "reached", "expected", "difference", "share", "effect", "low", "high")
    kind = added_pages.journal.kind_of(run.kind)
    columns = [("school", _("Code")), ("name", _("School")), ("reason", _("Reason")), ("words", _("In words"))]
    columns += [(name, str(kind.numbers[name])) for name in names]
    table = [(r["subject"], r["name"], r["reason"], r["text"], *(r["numbers"].get(n) for n in names)) for r in rows]
    return downloads.respond(f"value-added-{run.number}", form, columns, table)


@gate(permission="programmes.read")
@require_http_methods(["GET", "POST"])
def gaps(request: HttpRequest) -> HttpResponse:
    """Of which tests is the gap between town and village split? And, for the office: split another."""
    tests = [(release.test.code, _titled(release.test)) for release in _releases(request)]
    form = ChoiceOfTest(request.POST or None, choices=tests, label=_("Results of which test?")) if tests else None
    if request.method == "POST" and form is not None and form.is_valid():
        job = jobs.start_once(
            work_evaluation.gap, title=_("Gap between town and village"), test=form.cleaned_data["test"]
        )
        return redirect("jobs:job", pk=job.pk)
    rows = [
        {"run": run, "words": gap_pages.headline(run.summary), "title": gap_pages.title(run)}
        for run in _listed(GAP, request)
    ]
    context = {"trail": trail(), "rows": rows, "form": form, "manages": may(request.scope.role, "programmes.manage")}
    return render(request, "programmes/evaluation/gaps.html", context, status=422 if form and form.errors else 200)


@gate(public=True)
@require_GET
def gap_run(request: HttpRequest, number: str) -> HttpResponse:
    """One gap: how large, and what it goes with."""
    run = run_or_404(request, GAP, number)
    outcomes = queries.part_outcomes(run)
    return render(request, "programmes/evaluation/gap_run.html", _context(request, run, gap_pages) | {
        "title": gap_pages.title(run), "split": gap_pages.split_chart(run.summary), "columns": gap_pages.columns_chart(outcomes),
        "parts": gap_pages.parts(run, outcomes), "threefold": gap_pages.threefold(run),
        "gap": gap_pages.decimal(run.summary["gap"], 1), "low": _shown(run.summary["gap_low"]), "high": _shown(run.summary["gap_high"]),
        "list_url": reverse("programmes:gaps") if may(request.scope.role, "programmes.read") else "",
    })  # fmt: skip


def _shown(value: float | None) -> str:
    return "" if value is None else gap_pages.decimal(value, 1)


@gate(public=True)
@require_GET
def gap_table(request: HttpRequest, number: str, name: str) -> HttpResponse:
    """The parts, or what goes with each thing, as a file."""
    run = run_or_404(request, GAP, number)
    if name not in ("parts", "columns"):
        raise Http404
    frame = queries.table(run, name)
    columns = [(column, column) for column in frame.columns]
    return downloads.respond(f"gap-{run.number}-{name}", request.GET.get("form", "csv"), columns, frame.rows())
