"""The tab of an institution on which its people speak."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tirek.access.permissions import may
from tirek.registry import pages, panels
from tirek.surveys.queries.published import scales_of_school

TAB = "voices"


def _is_for(request, subject) -> bool:
    return may(request.scope.role, "surveys.read") and request.scope.covers(subject.org_no)


def institution(request, subject):
    """What teachers, pupils and parents of this school say: of each questionnaire the latest known on the day."""
    rows = scales_of_school(subject.org_no, pages.day_of(request), (get_language() or "kk")[:2])
    return ("surveys/_institution.html", {"rows": rows}) if rows else None


def register() -> None:
    panels.register_tab(
        panels.Tab(
            "institution", TAB, _("What people say"), 30, _is_for,
            _("No questionnaire of this institution has been published yet. Answers of too few people are never shown."),
        )
    )  # fmt: skip
    panels.register("institution", "voices", 45, institution, tab=TAB, is_of_today=False)
