"""Panels of teachers' growth: on home, on a person's page and on an institution's."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.access.permissions import may
from tirek.cpd.queries import certification, cohorts, courses, people
from tirek.cpd.queries import portfolio as portfolios
from tirek.registry import panels
from tirek.registry.queries.territories import local_name

SHOWN = 3


def home(request, subject):
    """Teachers: my growth. Heads: what waits for approval. The office: what is to be closed and checked."""
    scope = request.scope
    if not scope.role or not may(scope.role, "growth.read"):
        return None
    rows, hours, is_mine = _waiting(request), 0, False
    if may(scope.role, "growth.own") and request.user.person_id and scope.is_own:
        is_mine = True
        found = portfolios.portfolio(request.user.person_id)
        hours = found.hours
        rows += _mine(request, found)
    if not rows:
        return None
    return "cpd/_home.html", {"rows": rows, "hours": hours, "is_mine": is_mine}


def _mine(request, found) -> list[dict]:
    rows = [_run(made.cohort, made.get_standing_display()) for made in found.under_way[:SHOWN]]
    mine = {made.cohort_id for made in found.under_way}
    today = timezone.localdate()
    employment = people.employments([request.user.person_id], today).get(request.user.person_id)
    audience = people.audience_of(employment) if employment else ""
    taking = [cohort for cohort in courses.open_cohorts(on=today, audience=audience) if cohort.pk not in mine]
    rows += [_run(cohort, _("can be joined")) for cohort in taking[:SHOWN]]
    return [*rows, {"url": reverse("cpd:mine"), "label": _("My courses, certificates and category"), "note": ""}]


def _run(cohort, words: str) -> dict:
    return {
        "url": reverse("cpd:cohort", args=[cohort.code]),
        "label": local_name(cohort.course),
        "note": f"{date_format(cohort.starts_on, 'SHORT_DATE_FORMAT')} · {words}",
    }


def _waiting(request) -> list[dict]:
    """What waits for this asker, in one line each."""
    scope, today, rows = request.scope, timezone.localdate(), []
    n = certification.my_reviews(request.user.pk).filter(given_at=None).count()
    if n:
        said = ngettext("%(n)s dossier waits for your judgement", "%(n)s dossiers wait for your judgement", n) % {
            "n": n
        }
        rows.append({"url": reverse("cpd:reviews"), "label": said, "note": ""})
    if may(scope.role, "growth.approve") and (n := cohorts.approvals(scope).count()):
        said = ngettext("%(n)s teacher asks to join a course", "%(n)s teachers ask to join a course", n) % {"n": n}
        rows.append({"url": reverse("cpd:approvals"), "label": said, "note": ""})
    if may(scope.role, "growth.manage"):
        if n := courses.cohorts(scope, state="to_close", on=today).count():
            said = ngettext(
                "%(n)s run of a course is over and not closed", "%(n)s runs of courses are over and not closed", n
            )
            rows.append({"url": reverse("cpd:cohorts") + "?state=to_close", "label": said % {"n": n}, "note": ""})
        for window in certification.windows(scope)[:SHOWN]:
            if n := certification.state_counts(window, scope).get("received"):
                said = ngettext(
                    "%(n)s application for a category to check", "%(n)s applications for categories to check", n
                )
                rows.append({"url": reverse("cpd:window", args=[window.code]), "label": said % {"n": n}, "note": ""})
    return rows


def person(request, subject):
    """What somebody has learned, for who may see the person; a teacher sees only the own."""
    scope = request.scope
    if not may(scope.role, "growth.read") or (scope.is_own and subject.pk != request.user.person_id):
        return None
    found = portfolios.portfolio(subject.pk)
    if not (found.completed or found.under_way or found.category):
        return None
    category = next((row.get_category_display() for row in found.employments if row.valid.upper is None), "")
    return "cpd/_person.html", {
        "found": found, "category": category, "url": reverse("cpd:portfolio", args=[subject.public_id]),
    }  # fmt: skip


def institution(request, subject):
    """How many of the staff have learned something: for who holds the institution."""
    scope = request.scope
    if not scope.role or not may(scope.role, "growth.read") or scope.is_own or not scope.covers(subject.org_no):
        return None
    counts = cohorts.of_institution(subject.org_no)
    return ("cpd/_institution.html", counts) if any(counts.values()) else None


def register() -> None:
    panels.register("home", "growth", 30, home)
    panels.register("person", "growth", 30, person)
    panels.register("institution", "growth", 50, institution)
