"""Reports: of a school or class for its teachers, of a pupil for the parents, of districts beside each other."""

from __future__ import annotations

import uuid
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.access.scope import loading
from tirek.access.services.reads import record_many_read, record_read
from tirek.assessment.queries import results as queries
from tirek.assessment.reports import compare as reports_compare
from tirek.assessment.reports import data
from tirek.assessment.reports import pupil as reports_pupil
from tirek.assessment.reports import school as reports_school
from tirek.assessment.reports import technical as reports_technical
from tirek.assessment.reports.sections import Report
from tirek.assessment.services.reports import give_out
from tirek.assessment.views.tests import held_or_404, tabs, test_or_404, trail
from tirek.registry import downloads
from tirek.registry.queries import people


class NoReport(Exception):
    """A report is asked for before the steps that it is made from."""

    def __init__(self, test, *, is_from_outside: bool) -> None:
        self.test, self.is_from_outside = test, is_from_outside


class NoOwnPupils(Exception):
    """A teacher asks for the report of a test that none of the own pupils has a result in."""

    def __init__(self, release) -> None:
        self.release = release


def release_or_404(code: str):
    """The published results of a test that was calibrated here, with the calibration, which only the holder may list."""
    found = test_or_404(code)
    with loading():
        release = queries.published(found)
    if release is None or release.calibration is None:
        raise NoReport(found, is_from_outside=release is not None)
    return release


def told_what_is_missing(view):
    """Instead of a report that cannot be made: which step of the test is still to be done, or that it has none of one's pupils."""

    @wraps(view)
    def answered(request: HttpRequest, code: str, **given) -> HttpResponse:
        try:
            return view(request, code=code, **given)
        except NoOwnPupils as none:
            test = none.release.test
            return render(request, "assessment/reports/none_of_yours.html", {
                "test": test, "title": queries.title_of(test), "trail": trail(test),
            })  # fmt: skip
        except NoReport as missing:
            test = missing.test
            steps = queries.steps_of(test, request.scope)
            return render(request, "assessment/reports/missing.html", {
                "test": test, "title": queries.title_of(test), "trail": trail(test), "tabs": tabs(test, request, ""),
                "is_from_outside": missing.is_from_outside, "steps": steps,
            })  # fmt: skip

    return answered


@gate(permission="assessment.reports")
@require_GET
@told_what_is_missing
def school(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """How did our pupils do, and what should we work on?"""
    release = release_or_404(code)
    report, groups, group = _school_report(request, release, org_no)
    record_many_read(request, rows=0, query=f"school report {code} {org_no} {group[0] if group else ''}")
    address = reverse("assessment:school_report", args=[code, org_no])
    choices = [] if request.scope.is_own else [(_("Whole school"), address, group is None)]
    choices += [(name, f"{address}?group={pk}", group == (pk, name)) for pk, name in groups]
    tail = f"?group={group[0]}" if group else ""
    return render(request, "assessment/reports/report.html", {
        "report": report, "trail": trail(release.test), "here": _("School’s report"),
        "choices": choices if len(choices) > 1 else [],
        "print_url": reverse("assessment:school_report_print", args=[code, org_no]) + tail,
    })  # fmt: skip


@gate(permission="assessment.reports")
@require_POST
@told_what_is_missing
def school_print(request: HttpRequest, code: str, org_no: int) -> HttpResponse:
    """The same, on paper."""
    release = release_or_404(code)
    report, _groups, _group = _school_report(request, release, org_no)
    own = request.user.person_id if request.scope.is_own else None
    return _given_out(request, report, release, org_no=org_no, person_id=own)


def _school_report(request: HttpRequest, release, org_no: int):
    """The report with the classes there are and the one chosen. A teacher sees classes of his own only."""
    scope = request.scope
    if not (scope.is_own or scope.covers(org_no)) or not (release.test.org_lo <= org_no <= release.test.org_hi):
        raise Http404
    scaled = data.scaled_items(release.calibration)
    groups = data.pupils_of(release, scaled, org_no=org_no).classes()
    wanted = request.GET.get("group", "")
    group = next((g for g in groups if str(g[0]) == wanted), None)
    names = queries.names_of_schools([org_no], timezone.localdate(release.at))
    if (wanted and group is None) or org_no not in names:
        raise Http404
    if scope.is_own and not groups:
        if queries.teaches_at(request.user.person_id, org_no):
            raise NoOwnPupils(release)
        raise Http404
    if scope.is_own and group is None:
        group = groups[0]
    return reports_school.school_report(release, org_no, name=names[org_no], group=group), groups, group


def _given_out(
    request: HttpRequest, report: Report, release, *, org_no: int, person_id: int | None = None
) -> HttpResponse:
    document = give_out(
        report,
        base_address=f"{request.scheme}://{request.get_host()}",
        by=request.user,
        now=timezone.now(),
        org_no=org_no,
        person_id=person_id,
        release=release,
    )
    return redirect("documents:download", number=document.number)


def _pupil_or_404(request: HttpRequest, code: str, public_id: uuid.UUID):
    release = release_or_404(code)
    pupil = people.person(request.scope, public_id)
    report = pupil and reports_pupil.pupil_report(release, pupil)
    if not report:
        raise Http404
    return release, pupil, report


@gate(permission="people.read")
@require_GET
@never_cache
@told_what_is_missing
def pupil(request: HttpRequest, code: str, public_id: uuid.UUID) -> HttpResponse:
    """What does my child's result mean?"""
    release, person, report = _pupil_or_404(request, code, public_id)
    record_read(request, person, reason=f"report {code}")
    return render(request, "assessment/reports/report.html", {
        "report": report, "trail": trail(release.test), "here": _("Pupil’s report"),
        "print_url": reverse("assessment:pupil_report_print", args=[code, public_id]),
    })  # fmt: skip


@gate(permission="people.read")
@require_POST
@told_what_is_missing
def pupil_print(request: HttpRequest, code: str, public_id: uuid.UUID) -> HttpResponse:
    """The same, on paper."""
    release, person, report = _pupil_or_404(request, code, public_id)
    record_read(request, person, reason=f"printed report {code}")
    return _given_out(request, report, release, org_no=person.org_no, person_id=person.pk)


@gate(permission="assessment.read")
@require_GET
@told_what_is_missing
def compare(request: HttpRequest, code: str) -> HttpResponse:
    """Which districts differ by more than chance, and how far are towns ahead of villages?"""
    release = release_or_404(code)
    if form := request.GET.get("download"):
        return downloads.respond(f"{code}-districts", form, *reports_compare.table(release))
    return render(request, "assessment/reports/report.html", {
        "report": reports_compare.comparison(release), "trail": trail(release.test),
        "here": _("Comparison"), "downloads": True,
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_GET
@told_what_is_missing
def technical(request: HttpRequest, code: str) -> HttpResponse:
    """How was this test made, scaled and judged? For whoever accredits it."""
    held_or_404(request, code)
    release = release_or_404(code)
    return render(request, "assessment/reports/report.html", {
        "report": reports_technical.technical_report(release), "trail": trail(release.test),
        "here": _("Technical report"), "print_url": reverse("assessment:technical_print", args=[code]),
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_POST
@told_what_is_missing
def technical_print(request: HttpRequest, code: str) -> HttpResponse:
    """The same, on paper."""
    held_or_404(request, code)
    release = release_or_404(code)
    return _given_out(request, reports_technical.technical_report(release), release, org_no=release.org_lo)
