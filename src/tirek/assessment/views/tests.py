"""The list of tests, and a test's published results."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.assessment.forms.tests import TestForm
from tirek.assessment.pages import charts, present
from tirek.assessment.queries import links as link_queries
from tirek.assessment.queries import results as queries
from tirek.assessment.queries import seats as queries_seats
from tirek.assessment.reports.data import places_in_points
from tirek.assessment.services.tests import create_test
from tirek.registry import downloads
from tirek_engines.errors import Refusal

ROWS = 25


def test_or_404(code: str):
    found = queries.test_by_code(code)
    if found is None:
        raise Http404
    return found


def held_or_404(request: HttpRequest, code: str):
    """A test that is the asker's to change; another territory's is to him as one that is not there."""
    found = test_or_404(code)
    if not (request.scope.covers(found.org_lo) and request.scope.covers(found.org_hi)):
        raise Http404
    return found


def trail(test=None) -> list[tuple[str, str]]:
    items = [(_("Tests and results"), reverse("assessment:tests"))]
    return items if test is None else [*items, (queries.title_of(test), reverse("assessment:test", args=[test.code]))]


def tabs(test, request: HttpRequest, here: str) -> list[tuple[str, str, bool]]:
    """Results for everybody; answers and calibration for those who hold the test."""
    if not may(request.scope.role, "assessment.manage"):
        return []
    pages = [
        ("test", _("Results")),
        ("booklets", _("Booklets")),
        ("answers", _("Answers")),
        ("calibration", _("Calibration")),
        ("link", _("Link to an earlier test")),
        ("standards", _("Levels")),
    ]
    return [(label, reverse(f"assessment:{name}", args=[test.code]), name == here) for name, label in pages]


def more_of(release, request: HttpRequest) -> list[tuple[str, str]]:
    """Further pages about published results that the asker may open."""
    test = release.test
    own = queries.reports_at_hand(request.scope) if may(request.scope.role, "assessment.reports") else []
    reports = [
        (_("School’s report"), reverse("assessment:school_report", args=[test.code, org_no]))
        for found, org_no in own
        if found.pk == release.pk
    ]
    pages = [
        ("compare", _("Comparison"), "assessment.read"),
        ("technical", _("Technical report"), "assessment.manage"),
        ("research", _("Files for researchers"), "assessment.research"),
    ]
    return reports + [
        (label, reverse(f"assessment:{name}", args=[test.code]))
        for name, label, permission in pages
        if may(request.scope.role, permission)
    ]


@gate(permission="assessment.read")
@require_GET
def tests(request: HttpRequest) -> HttpResponse:
    """Which tests are there, and how far is each?"""
    page = Paginator(queries.tests_in(request.scope), ROWS).get_page(request.GET.get("page"))
    rows = [{"test": found, "title": queries.title_of(found)} for found in page]
    return render(request, "assessment/tests.html", {"rows": rows, "page": page})


@gate(permission="assessment.read")
@require_GET
def test(request: HttpRequest, code: str) -> HttpResponse:
    """What came out, with errors, by district, settlement, school and language."""
    found = test_or_404(code)
    release = queries.published(found)
    context = {"test": found, "title": queries.title_of(found), "trail": trail(), "tabs": tabs(found, request, "test")}
    if release is None:
        return render(request, "assessment/not_yet.html", context | {
            "withdrawn": queries.last_withdrawn(found), "progress": queries.progress_of(found, request.scope),
            "trial": queries_seats.trial_of(found),
        })  # fmt: skip
    release.test = found
    groups = queries.groups_of(release, request.scope)
    parts = _parts(groups, release)
    if request.GET.get("download"):
        return _download(found, request.GET["download"], parts, groups)
    return render(request, "assessment/test.html", context | parts | _drawn(release, groups, parts) | {
        "release": release,
        **_found_schools(request, parts["schools"]),
        "more": more_of(release, request) if release.calibration_id else [],
        "trend": _trend(release, parts),
        "items": _items(release, request),
        "reliability": release.distribution.get("reliability"),
    })  # fmt: skip


def _found_schools(request: HttpRequest, schools: list[dict]) -> dict:
    """A page of the schools whose names hold the words asked for."""
    words = request.GET.get("school", "").strip()
    found = [row for row in schools if words.casefold() in row["name"].casefold()]
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    return {"all_schools": len(schools), "schools": list(page), "page": page, "school_words": words}


def _parts(groups: dict, release) -> dict:
    day = timezone.localdate(release.at)
    return {
        "whole": next(iter(groups.get("all", [])), None),
        "gap": next((g for g in groups.get("gap", []) if g.code == "settlement"), None),
        "settlements": present.group_rows(groups.get("settlement", []), present.settlement_names()),
        "by_language": present.group_rows(groups.get("language", []), present.language_names()),
        "districts": present.district_rows(groups.get("district", [])),
        "schools": present.school_rows(groups.get("school", []), day),
    }


def _drawn(release, groups: dict, parts: dict) -> dict:
    whole = parts["whole"]
    if whole is None or whole.mean is None:
        return {}
    means = {group.code: group.mean for group in groups.get("settlement", [])}
    shown = [row for row in parts["districts"] if not row["few"]]
    words = _("Where two intervals overlap widely, the difference may be chance.")
    return {
        "distribution": charts.distribution(release, whole.mean, means.get("urban"), means.get("rural")),
        "item_map": charts.item_map(release, places_in_points(release)),
        "by_district": charts.bars(
            _("Districts and cities"), words, parts["districts"], whole.mean, _("District or city")
        )
        if len(shown) > 1
        else None,
    }


def _trend(release, parts: dict) -> dict | None:
    """Changes since the earlier test; of schools only those whose results are shown, by the names they have there."""
    found = link_queries.trends_of(release) if release.link_id else {}
    whole = next(iter(found.get("all", [])), None)
    if whole is None:
        return None
    of_school = {row["key"]: row["name"] for row in parts["schools"]}
    schools = [row for row in found.get("school", []) if row.org_lo in of_school]
    rows = present.trend_rows([whole], {"all": _("all together")})
    rows += present.trend_rows(found.get("settlement", []), present.settlement_names())
    of_district = {row["key"]: row["name"] for row in parts["districts"]}
    districts = [row for row in found.get("district", []) if row.code in of_district]
    rows += sorted(present.trend_rows(districts, of_district), key=lambda row: row["name"])
    of_schools = sorted(present.trend_rows(schools, of_school, key="org_lo"), key=lambda row: row["name"])
    return {
        "rows": rows, "schools": of_schools, "words": charts.change_words(whole), "link_se": whole.link_se,
        "base_title": queries.title_of(whole.base.test), "base_year": whole.base.test.school_year.code,
    }  # fmt: skip


def _items(release, request: HttpRequest) -> list[dict]:
    points = {row["item"]: row["points"] for row in release.distribution.get("item_points", [])}
    return [
        {"estimate": e, "points": points.get(e.item.code), "why": present.dropped_words(e.dropped_because)}
        for e in queries.item_estimates(release.calibration)
    ]


def _download(test, form: str, parts: dict, groups: dict) -> HttpResponse:
    names = {"districts": "district", "schools": "school", "settlements": "settlement", "by_language": "language"}
    rows = []
    whole, gap = parts["whole"], parts["gap"]
    for name, found in (("all", whole), ("gap", gap)):
        if found is not None:
            rows.append((name, found.code, "", found.n, found.mean, found.se, found.low, found.high, ""))
    for part, name in names.items():
        for row in parts[part]:
            rows.append((name, "", row["name"], row["n"], row["mean"], row["se"], row["low"], row["high"], row["why"]))
    columns = [
        ("by", _("By")), ("code", _("Code")), ("name", _("Name")), ("pupils", _("Pupils")), ("mean", _("Mean, points")),
        ("se", _("Standard error")), ("low", _("From")), ("high", _("To")), ("note", _("Note")),
    ]  # fmt: skip
    return downloads.respond(f"{test.code}-results", form, columns, rows)


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def new_test(request: HttpRequest) -> HttpResponse:
    """A new test from its list of items and booklets."""
    form = TestForm(request.POST or None, scope=request.scope)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_test(**form.as_arguments())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The test is there. Open its sittings next."))
            return redirect("assessment:answers", code=made.code)
    return render(request, "assessment/new.html", {"form": form, "trail": trail()})
