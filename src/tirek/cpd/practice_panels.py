"""Shared practice on a school's page, and in portfolios."""

from __future__ import annotations

from django.utils import timezone

from tirek.cpd.panels import TAB
from tirek.cpd.queries import awards, lessons, reserve, visits
from tirek.registry import panels

SHOWN = 5


def institution(request, subject):
    """What the school shares with others: for everybody who reads growth."""
    found = {
        "lessons": list(lessons.lessons(org_no=subject.org_no)[:SHOWN]),
        "visits": list(visits.visits(on=timezone.localdate(), lo=subject.org_no, hi=subject.org_no)[:SHOWN]),
    }
    return ("cpd/lessons/_institution.html", found) if any(found.values()) else None


def of_person(person_id: int) -> dict:
    """For the portfolio, as far as the asker's policies show it."""
    seen = list(visits.of_person(person_id))
    return {
        "lessons": lessons.by_author(person_id),
        "visits": seen,
        "minutes": sum(guest.minutes or 0 for guest in seen),
        "awards": awards.of_person(person_id),
        "reserve": reserve.mine(person_id),
    }


def register() -> None:
    panels.register("institution", "practice", 55, institution, tab=TAB)
