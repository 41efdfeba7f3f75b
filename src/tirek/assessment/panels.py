"""Panels of results on the pages of an institution, a person, a territory, and at home."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tirek.access.permissions import may
from tirek.assessment.models import TestState
from tirek.assessment.pages import charts
from tirek.assessment.queries import links as link_queries
from tirek.assessment.queries import results as queries
from tirek.registry import pages, panels

SHOWN = 6
MOST_WAITING = 5
TAB = "results"
WITHOUT_TESTS = {"kindergarten"}


def _is_for_school(request, subject) -> bool:
    return may(request.scope.role, "assessment.read") and subject.institution.kind not in WITHOUT_TESTS


def _is_for_person(request, subject) -> bool:
    return may(request.scope.role, "assessment.read") and subject.has_learned


def institution(request, subject):
    """This school's results over the years, up to the day that is looked at."""
    rows = queries.results_of_school(subject.org_no, on=pages.day_of(request))
    if not rows:
        return None
    shown = _over_years(rows)
    readable = _readable(request.scope, subject.org_no, [one["row"].release for one in shown["latest"]])
    for one in shown["latest"]:
        release = one["row"].release
        if release.pk in readable:
            one["report_url"] = reverse("assessment:school_report", args=[release.test.code, subject.org_no])
    return "assessment/_school.html", shown


def _readable(scope, org_no: int, releases: list) -> set[int]:
    """Of which results the asker may read the school's report: a teacher only where own pupils have a result."""
    if not may(scope.role, "assessment.reports") or not (scope.is_own or scope.covers(org_no)):
        return set()
    if scope.is_own:
        return {release.pk for release, school in queries.reports_at_hand(scope) if school == org_no}
    return {release.pk for release in releases if release.calibration_id}


def latest(request, subject):
    """The overview's one figure: the school's latest result, and the way to the others."""
    if not _is_for_school(request, subject):
        return None
    row = queries.latest_of_school(subject.org_no)
    if row is None:
        return None
    test = row.release.test
    return "assessment/_latest.html", {
        "row": row, "title": queries.title_of(test), "year": test.school_year.code,
        "url": reverse("registry:institution_tab", args=[subject.institution.code, TAB]),
    }  # fmt: skip


def territory(request, subject):
    rows = queries.results_of_territory(subject)
    if not rows or not may(request.scope.role, "assessment.read"):
        return None
    return "assessment/_school.html", _over_years(rows)


def _over_years(rows) -> dict:
    """The latest result of each subject in words, and a line a subject with its intervals."""
    subjects: dict[str, list] = {}
    for row in rows:
        test = row.release.test
        label = _("%(subject)s, grade %(grade)s") % {"subject": test.get_subject_display(), "grade": test.grade}
        subjects.setdefault(label, []).append(row)
    years = sorted({row.release.test.school_year.code for row in rows})
    linked = link_queries.linked_of(rows) if any(row.release.link_id for row in rows) else link_queries.Linked()
    series = [(label, [_point(found, year, linked) for year in years]) for label, found in subjects.items()]
    latest = [
        {"row": found[0], "title": queries.title_of(found[0].release.test), "year": found[0].release.test.school_year.code,
         "url": reverse("assessment:test", args=[found[0].release.test.code])}
        for found in subjects.values()
    ]  # fmt: skip
    changes = _changes(rows, linked)
    words = _(
        "Each of these tests has a scale of its own, on which 500 is the mean of all who sat it: a rise from one year to"
        " another says nothing, so the years are not joined."
    )
    if any(len({linked.root_of(row.release) for row in found}) < len(found) for found in subjects.values()):
        words = _(
            "A line joins only years that common items put on one scale. The other years stand on scales of their own, on"
            " which 500 is the mean of all who sat the test: between them nothing can be compared."
        )
    shown = any(not row.suppressed for row in rows) and len(years) > 1
    return {
        "latest": latest,
        "changes": changes,
        "trend": charts.trend(_("Results over the years"), words, series) if shown else None,
    }


def _changes(rows, linked: link_queries.Linked) -> list[dict]:
    """What is known to have changed since the test that the latest is linked to."""
    found = []
    for row in rows:
        trend = linked.trends.get((row.release_id, row.dimension, row.code))
        if trend is not None:
            title = queries.title_of(row.release.test)
            words = _("%(title)s: %(change)s") % {"title": title, "change": charts.change_words(trend)}
            found.append({"words": words, "url": reverse("assessment:test", args=[row.release.test.code])})
    return found


def _point(rows, year: str, linked: link_queries.Linked) -> dict:
    row = next((r for r in rows if r.release.test.school_year.code == year), None)
    if row is None:
        return {"label": year, "value": None}
    if row.suppressed:
        return {"label": year, "few": True}
    scale = linked.root_of(row.release)
    return {"label": year, "value": row.mean, "low": row.low, "high": row.high, "scale": scale}


def person(request, subject):
    """A pupil's own results, with what they do and do not say."""
    found = queries.results_of_person(subject.pk)[:SHOWN]
    if not found:
        return None
    means = queries.means_of(row.release_id for row in found)
    rows = [_of_pupil(row, subject) | {"mean": means.get(row.release_id)} for row in found]
    return "assessment/_person.html", {"rows": rows}


def latest_of_person(request, subject):
    """The overview's one: the pupil's latest result, and the way to the others."""
    if not _is_for_person(request, subject):
        return None
    found = queries.results_of_person(subject.pk, 1)
    if not found:
        return None
    url = reverse("registry:person_tab", args=[subject.public_id, TAB])
    return "assessment/_latest_person.html", {"one": _of_pupil(found[0], subject), "url": url}


def _of_pupil(row, subject) -> dict:
    test, has_reasons = row.release.test, bool(row.release.decision_number)
    return {
        "result": row,
        "title": queries.title_of(test),
        "year": test.school_year.code,
        "why": reverse("assessment:why", args=[test.code, subject.public_id]) if has_reasons else "",
        "report": reverse("assessment:pupil_report", args=[test.code, subject.public_id]),
        "low": row.points - 2 * row.points_se,
        "high": row.points + 2 * row.points_se,
    }


def home(request, subject):
    """Officers: what waits for a step, and the latest gap. Schools and teachers: how their own pupils did."""
    if not may(request.scope.role, "assessment.manage"):
        return _own_reports(request)
    tests = list(queries.tests_in(request.scope))
    waiting = [{"test": test, "title": queries.title_of(test)} for test in tests if test.state != TestState.PUBLISHED]
    newest = next((test for test in tests if test.state == TestState.PUBLISHED), None)
    if not waiting and newest is None:
        return None
    return "assessment/_home.html", {
        "waiting": waiting[:MOST_WAITING], "latest": newest, "title": queries.title_of(newest) if newest else "",
    }  # fmt: skip


def _own_reports(request):
    """The latest report of each subject and grade, for those with one school or own pupils."""
    if not may(request.scope.role, "assessment.reports"):
        return None
    latest: dict[tuple, dict] = {}
    for release, org_no in queries.reports_at_hand(request.scope):
        test = release.test
        url = reverse("assessment:school_report", args=[test.code, org_no])
        row = {"title": queries.title_of(test), "year": test.school_year.code, "url": url}
        latest.setdefault((test.subject, test.grade, org_no), row)
    return ("assessment/_home_reports.html", {"rows": list(latest.values())[:SHOWN]}) if latest else None


def register() -> None:
    panels.register_tab(
        panels.Tab(
            "institution", TAB, gettext_lazy("Results of tests"), 20, _is_for_school,
            gettext_lazy("No result of this institution has been published that you may see. Results appear here once a"
                         " test was held and its results were published."),
        )
    )  # fmt: skip
    panels.register_tab(
        panels.Tab(
            "person", TAB, gettext_lazy("Results of tests"), 20, _is_for_person,
            gettext_lazy("No result of a test has been published for this person."),
        )
    )  # fmt: skip
    panels.register("home", "assessment", 40, home)
    panels.register("region", "assessment", 40, territory)
    panels.register("institution", "assessment", 40, institution, tab=TAB, is_of_today=False)
    panels.register("institution", "latest result", 40, latest)
    panels.register("person", "assessment", 40, person, tab=TAB)
    panels.register("person", "latest result", 40, latest_of_person)
