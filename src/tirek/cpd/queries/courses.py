"""Providers, courses and their runs: what a teacher can join, what an office holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Count, Min, Q, QuerySet

from tirek.access.models import User
from tirek.access.scope import Scope, loading
from tirek.cpd.models import Cohort, CohortState, Course, Participation, Provider, Standing


def providers() -> QuerySet[Provider]:
    return Provider.objects.annotate(n_courses=Count("courses", filter=Q(courses__is_active=True))).order_by(
        "name_kk", "id"
    )


def provider(code: str) -> Provider | None:
    return Provider.objects.filter(code=code).first()


def courses(
    *, on: dt.date, topic: str = "", audience: str = "", language: str = "", kind: str = "", text: str = "",
    only_open: bool = False, also_former: bool = False,
) -> QuerySet[Course]:  # fmt: skip
    """Courses with the first day of their next open run; those that can be joined first."""
    is_open = Q(cohorts__state=CohortState.OPEN, cohorts__apply_until__gte=on)
    found = Course.objects.select_related("provider").annotate(
        n_open=Count("cohorts", filter=is_open), next_on=Min("cohorts__starts_on", filter=is_open)
    )
    if not also_former:
        found = found.filter(is_active=True)
    for column, value in (("topics", topic), ("audiences", audience), ("languages", language)):
        found = found.filter(**{f"{column}__contains": [value]}) if value else found
    if kind:
        found = found.filter(kind=kind)
    for word in text.split():
        found = found.filter(Q(name_kk__icontains=word) | Q(name_ru__icontains=word) | Q(name_en__icontains=word))
    if only_open:
        found = found.filter(n_open__gt=0)
    return found.order_by("next_on", "name_kk", "id")


def course(code: str) -> Course | None:
    return Course.objects.select_related("provider").filter(code=code).first()


def cohorts_of(found: Course) -> QuerySet[Cohort]:
    return Cohort.objects.filter(course=found).order_by("-starts_on", "-id")


def open_cohorts(topic: str = "", *, on: dt.date, audience: str = "") -> list[Cohort]:
    """Runs that still take people, the earliest first; of a topic (a code of `Topic`) and an audience where one is given."""
    found = Cohort.objects.filter(state=CohortState.OPEN, ends_on__gte=on, course__is_active=True)
    if topic:
        found = found.filter(course__topics__contains=[topic])
    if audience:
        found = found.filter(course__audiences__contains=[audience])
    return list(found.select_related("course__provider").order_by("starts_on", "id"))


def cohort(code: str) -> Cohort | None:
    return Cohort.objects.select_related("course__provider").filter(code=code).first()


def cohorts(scope: Scope, *, state: str = "", led_by: int | None = None, on: dt.date | None = None) -> QuerySet[Cohort]:
    """Runs that the asker's office holds, or that one user teaches; what is to be closed first."""
    found = Cohort.objects.select_related("course__provider")
    if led_by is not None:
        found = found.filter(trainer_id=led_by)
    elif not scope.is_country:
        lo, hi = (scope.lo, scope.hi) if scope.lo is not None else (1, 0)
        found = found.filter(org_lo__lte=hi, org_hi__gte=lo)
    if state == "to_close" and on:
        found = found.filter(state=CohortState.OPEN, ends_on__lt=on)
    elif state:
        found = found.filter(state=state)
    return found.order_by("-starts_on", "-id")


def taken_places(found: Iterable[Cohort]) -> dict[int, dict[str, int]]:
    """How many have a place and how many wait, by cohort: numbers only, whoever asks."""
    with loading():
        rows = (
            Participation.objects.filter(cohort__in=[cohort.pk for cohort in found])
            .values_list("cohort_id", "standing").annotate(n=Count("id"))
        )  # fmt: skip
        counts: dict[int, dict[str, int]] = {}
        for cohort_id, standing, n in rows:
            counts.setdefault(cohort_id, {})[standing] = n
    return {
        pk: {
            "enrolled": sum(by.get(s, 0) for s in (Standing.ENROLLED, Standing.COMPLETED, Standing.NOT_COMPLETED)),
            "waiting": by.get(Standing.WAITING, 0), "applied": by.get(Standing.APPLIED, 0),
            "completed": by.get(Standing.COMPLETED, 0),
        }
        for pk, by in counts.items()
    }  # fmt: skip


def trainer_username(found: Cohort) -> str:
    """By which the trainer signs in, for the form."""
    if found.trainer_id is None:
        return ""
    with loading():
        return User.objects.filter(pk=found.trainer_id).values_list("username", flat=True).first() or ""
