"""Panels of questionnaires on an institution's page."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import get_language

from tirek.access.permissions import may
from tirek.registry import panels
from tirek.surveys.queries.published import scales_of_school


def institution(request, subject):
    """What teachers, pupils and parents of this school say: the latest of each questionnaire."""
    if not may(request.scope.role, "surveys.read") or not request.scope.covers(subject.org_no):
        return None
    rows = scales_of_school(subject.org_no, timezone.localdate(), (get_language() or "kk")[:2])
    return ("surveys/_institution.html", {"rows": rows}) if rows else None


def register() -> None:
    panels.register("institution", "voices", 45, institution)
