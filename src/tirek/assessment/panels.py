"""Panels of results on the pages of an institution, a person, a territory, and at home."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.assessment.pages import charts
from tirek.assessment.queries import links as link_queries
from tirek.assessment.queries import results as queries
from tirek.registry import panels

SHOWN = 6


def institution(request, subject):
    """This school's results over the years."""
    rows = queries.results_of_school(subject.org_no)
    if not rows or not may(request.scope.role, "assessment.read"):
        return None
    shown = _over_years(rows)
    for one in shown["latest"]:
        release = one["row"].release
        if release.calibration_id and _may_read_report(request.scope, release, subject.org_no):
            one["report_url"] = reverse("assessment:school_report", args=[release.test.code, subject.org_no])
    return "assessment/_school.html", shown


def _may_read_report(scope, release, org_no: int) -> bool:
    """A teacher only where own pupils have a result; who is set over the school, always."""
    if not may(scope.role, "assessment.reports"):
        return False
    if not scope.is_own:
        return scope.covers(org_no)
    return any(own.pk == release.pk and school == org_no for own, school in queries.reports_at_hand(scope))


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
    series = [(label, [_point(found, year) for year in years]) for label, found in subjects.items()]
    latest = [
        {"row": found[0], "title": queries.title_of(found[0].release.test), "year": found[0].release.test.school_year.code,
         "url": reverse("assessment:test", args=[found[0].release.test.code])}
        for found in subjects.values()
    ]  # fmt: skip
    changes = _changes(rows)
    words = _(
        "Each of these tests has a scale of its own, on which 500 is the mean of all who sat it: a rise from one year to"
        " another says nothing, so the years are not joined."
    )
    if any(len(set(_scales(found))) < len(found) for found in subjects.values()):
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


def _changes(rows) -> list[dict]:
    """What is known to have changed since the test that the latest is linked to."""
    found = []
    for row in rows:
        trend = link_queries.trend_of_group(row.release, row.dimension, row.code) if row.release.link_id else None
        if trend is not None:
            title = queries.title_of(row.release.test)
            words = _("%(title)s: %(change)s") % {"title": title, "change": charts.change_words(trend)}
            found.append({"words": words, "url": reverse("assessment:test", args=[row.release.test.code])})
    return found


def _point(rows, year: str) -> dict:
    row = next((r for r in rows if r.release.test.school_year.code == year), None)
    if row is None:
        return {"label": year, "value": None}
    if row.suppressed:
        return {"label": year, "few": True}
    return {"label": year, "value": row.mean, "low": row.low, "high": row.high, "scale": _scale(row.release)}


def _scales(rows) -> list[int]:
    return [_scale(row.release) for row in rows]


def _scale(release) -> int:
    """Results with the same one can be compared: the test that set the scale."""
    return link_queries.scale_root(release) if release.link_id else release.test_id


def person(request, subject):
    """A pupil's own results, with what they do and do not say."""
    found = queries.results_of_person(subject.pk)
    if not found:
        return None
    means = queries.means_of(row.release_id for row in found[:SHOWN])
    rows = [
        {
            "result": row,
            "mean": means.get(row.release_id),
            "title": queries.title_of(row.release.test),
            "year": row.release.test.school_year.code,
            "why": reverse("assessment:why", args=[row.release.test.code, subject.public_id])
            if row.release.decision_number
            else "",
            "report": reverse("assessment:pupil_report", args=[row.release.test.code, subject.public_id]),
            "low": row.points - 2 * row.points_se,
            "high": row.points + 2 * row.points_se,
        }
        for row in found[:SHOWN]
    ]
    return "assessment/_person.html", {"rows": rows}


def home(request, subject):
    """Officers: what waits for a step, and the latest gap. Schools and teachers: how their own pupils did."""
    if not may(request.scope.role, "assessment.manage"):
        return _own_reports(request)
    waiting = [{"test": test, "title": queries.title_of(test)} for test in queries.open_tests(request.scope)]
    latest = queries.latest_published(request.scope)
    if not waiting and latest is None:
        return None
    return "assessment/_home.html", {
        "waiting": waiting, "latest": latest, "title": queries.title_of(latest) if latest else "",
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
    panels.register("home", "assessment", 40, home)
    panels.register("region", "assessment", 40, territory)
    panels.register("institution", "assessment", 40, institution)
    panels.register("person", "assessment", 40, person)
