"""Panels of teachers' growth: on home, on a person's page and on an institution's."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tirek.access.permissions import may
from tirek.cpd.queries import certification, cohorts, courses, people
from tirek.cpd.queries import portfolio as portfolios
from tirek.registry import panels
from tirek.registry.queries.territories import local_name
from tirek.storage.counting import counts_of

SHOWN = 3
TAB = "growth"


def home(request, subject):
    """Teachers: my growth. Heads: what waits for approval. The office: what is to be closed and checked."""
    scope = request.scope
    if not scope.role or not may(scope.role, "growth.read"):
        return None
    rows, hours, is_mine = _waiting(request), 0, False
    if may(scope.role, "growth.own") and request.user.person_id and scope.is_own:
        is_mine = True
        found = portfolios.glance(request.user.person_id)
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
    """What waits for this asker, in one line each, asked in one question."""
    scope, today = request.scope, timezone.localdate()
    asked = {"reviews": certification.my_reviews(request.user.pk).filter(given_at=None)}
    if may(scope.role, "growth.approve"):
        asked["approvals"] = cohorts.approvals(scope)
    if may(scope.role, "growth.manage"):
        asked["to_close"] = courses.cohorts(scope, state="to_close", on=today)
        asked["to_check"] = certification.to_check(scope)
    found = {name: n for name, n in counts_of(**asked).items() if n}
    return [{"url": _url(name), "label": _said(name, n), "note": ""} for name, n in found.items()]


def _url(name: str) -> str:
    if name == "to_close":
        return reverse("cpd:cohorts") + "?state=to_close"
    return reverse({"reviews": "cpd:reviews", "approvals": "cpd:approvals", "to_check": "cpd:windows"}[name])


def _said(name: str, n: int) -> str:
    if name == "reviews":
        said = ngettext("%(n)s dossier waits for your judgement", "%(n)s dossiers wait for your judgement", n)
    elif name == "approvals":
        said = ngettext("%(n)s teacher asks to join a course", "%(n)s teachers ask to join a course", n)
    elif name == "to_close":
        said = ngettext(
            "%(n)s run of a course is over and not closed", "%(n)s runs of courses are over and not closed", n
        )
    else:
        said = ngettext("%(n)s application for a category to check", "%(n)s applications for categories to check", n)
    return said % {"n": n}


def _is_for_person(request, subject) -> bool:
    """A teacher sees the own growth alone."""
    scope = request.scope
    is_own = subject.pk == request.user.person_id
    return may(scope.role, "growth.read") and subject.has_worked and (is_own or not scope.is_own)


def person(request, subject):
    """What somebody has learned, for who may see the person."""
    found, employments = portfolios.glance(subject.pk), portfolios.employments_with_category(subject.pk)
    if not (found.completed or found.under_way or employments):
        return None
    category = next((row.get_category_display() for row in employments if row.valid.upper is None), "")
    return "cpd/_person.html", {
        "found": found, "category": category, "url": reverse("cpd:portfolio", args=[subject.public_id]),
    }  # fmt: skip


def _is_for_institution(request, subject) -> bool:
    return bool(request.scope.role) and may(request.scope.role, "growth.read")


def institution(request, subject):
    """How many of the staff have learned something: for who holds the institution."""
    if request.scope.is_own or not request.scope.covers(subject.org_no):
        return None
    counts = cohorts.of_institution(subject.org_no)
    return ("cpd/_institution.html", counts) if any(counts.values()) else None


def register() -> None:
    panels.register_tab(
        panels.Tab(
            "institution", TAB, gettext_lazy("Teachers’ growth"), 70, _is_for_institution,
            gettext_lazy("Nobody here has taken a course yet, and no lesson of this institution is shared."),
        )
    )  # fmt: skip
    panels.register_tab(
        panels.Tab(
            "person", TAB, gettext_lazy("Growth"), 30, _is_for_person,
            gettext_lazy("No course and no category of this person is recorded yet."),
        )
    )  # fmt: skip
    panels.register("home", "growth", 30, home)
    panels.register("person", "growth", 30, person, tab=TAB)
    panels.register("institution", "growth", 50, institution, tab=TAB)
