"""The calendar of open lessons and visits; who signed up, for the host."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Count, QuerySet

from tirek.access.scope import loading
from tirek.cpd.models import Guest, GuestStanding, Visit, VisitState

FEWEST_ANSWERS = 3


def visits(
    *,
    on: dt.date,
    lo: int | None = None,
    hi: int | None = None,
    subject: str = "",
    language: str = "",
    past: bool = False,
) -> QuerySet[Visit]:
    """What comes, the next first; or what was, the latest first."""
    found = Visit.objects.all()
    if lo is not None and hi is not None:
        found = found.filter(org_no__gte=lo, org_no__lte=hi)
    if subject:
        found = found.filter(subject=subject)
    if language:
        found = found.filter(language=language)
    if past:
        return found.filter(day__lt=on).order_by("-day", "-id")
    return found.filter(day__gte=on).exclude(state=VisitState.CANCELLED).order_by("day", "starts_at", "id")


def visit(code: str) -> Visit | None:
    return Visit.objects.filter(code=code).first()


def taken(of: Iterable[Visit]) -> dict[int, int]:
    """How many places are taken: numbers only, whoever asks."""
    holds = (GuestStanding.PLACE, GuestStanding.CAME)
    with loading():
        rows = Guest.objects.filter(visit__in=[v.pk for v in of], standing__in=holds).values_list("visit")
        return dict(rows.annotate(n=Count("id")))


def guests(of: Visit) -> list[Guest]:
    """For the host only: the caller checks. Read as the loader, because guests come from other schools."""
    with loading():
        return list(Guest.objects.filter(visit=of).exclude(standing=GuestStanding.CANCELLED).order_by("asked_at", "id"))


def feedback(of: Visit) -> dict | None:
    """How useful guests found it, without names; nothing below three answers."""
    with loading():
        rows = list(
            Guest.objects.filter(visit=of, useful__isnull=False).order_by("?").values_list("useful", "take_home")
        )
    if len(rows) < FEWEST_ANSWERS:
        return None
    return {"n": len(rows), "mean": sum(u for u, _t in rows) / len(rows), "words": sorted(t for _u, t in rows if t)}


def came(of: Visit) -> int:
    """How many guests were there: counted as the loader, nobody is named."""
    with loading():
        return Guest.objects.filter(visit=of, standing=GuestStanding.CAME).count()


def my_place(of: Visit, person_id: int | None) -> Guest | None:
    return Guest.objects.filter(visit=of, person_id=person_id).first() if person_id else None


def of_person(person_id: int) -> list[Guest]:
    """Where somebody was: it counts in the portfolio."""
    found = Guest.objects.filter(person_id=person_id, standing=GuestStanding.CAME).select_related("visit")
    return list(found.order_by("-visit__day", "-id"))
