"""What one teacher has learned: courses, hours, certificates, categories."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Sum

from tirek.access.scope import Scope
from tirek.cpd.models import ACTIVE, Application, CategoryRecord, Certificate, Participation, Standing
from tirek.registry.models import Employment, Territory


@dataclass(frozen=True)
class Portfolio:
    """As far as the asker's policies show it. Nothing confidential is kept here at all."""

    completed: list[Participation]
    under_way: list[Participation]
    certificates: list[Certificate]
    categories: list[CategoryRecord]
    employments: list[Employment]
    applications: list[Application]
    hours_by_year: list[tuple[int, int]] = field(default_factory=list)
    hours_by_topic: list[tuple[str, int]] = field(default_factory=list)

    @property
    def hours(self) -> int:
        return sum(made.hours for made in self.completed)

    @property
    def category(self) -> str:
        """The category in the register today."""
        return next((row.category for row in self.employments if row.valid.upper is None and row.category), "")


def is_invented(person_id: int) -> bool:
    """Whether this person has worked in a territory of a demonstration."""
    places = Employment.objects.filter(person_id=person_id).values_list("org_no", flat=True).distinct()
    return any(
        Territory.objects.filter(is_synthetic=True, org_lo__lte=org_no, org_hi__gte=org_no).exists()
        for org_no in places
    )


@dataclass(frozen=True)
class Glance:
    """What a first page says of somebody's growth."""

    completed: list[Participation]
    under_way: list[Participation]

    @property
    def hours(self) -> int:
        return sum(made.hours for made in self.completed)


def glance(person_id: int) -> Glance:
    """Courses completed, the latest first, and those under way, the next first: one question."""
    shown = [Standing.COMPLETED, *ACTIVE]
    found = Participation.objects.filter(person_id=person_id, standing__in=shown).order_by("id")
    rows = list(found.select_related("cohort__course__provider"))
    completed = [made for made in rows if made.standing == Standing.COMPLETED]
    active = [made for made in rows if made.standing != Standing.COMPLETED]
    return Glance(
        sorted(completed, key=lambda made: (made.completed_on, made.pk), reverse=True),
        sorted(active, key=lambda made: made.cohort.starts_on),
    )


def employments_with_category(person_id: int) -> list[Employment]:
    return list(Employment.objects.filter(person_id=person_id).exclude(category="").order_by("-valid", "-id"))


def portfolio(person_id: int) -> Portfolio:
    courses = glance(person_id)
    completed = courses.completed
    years: dict[int, int] = {}
    topics: dict[str, int] = {}
    for made in completed:
        years[made.completed_on.year] = years.get(made.completed_on.year, 0) + made.hours
        for topic in made.cohort.course.topics:
            topics[topic] = topics.get(topic, 0) + made.hours
    certificates = Certificate.objects.filter(person_id=person_id).order_by("-issued_at", "-id")
    return Portfolio(
        completed=completed,
        under_way=courses.under_way,
        certificates=list(certificates),
        categories=list(CategoryRecord.objects.filter(person_id=person_id).order_by("-from_date", "-id")),
        employments=employments_with_category(person_id),
        applications=list(
            Application.objects.filter(person_id=person_id).select_related("window").order_by("-sent_at")
        ),
        hours_by_year=sorted(years.items(), reverse=True),
        hours_by_topic=sorted(topics.items(), key=lambda pair: (-pair[1], pair[0])),
    )


def hours_between(person_id: int, after: dt.date, until: dt.date) -> int:
    """Hours of courses completed after one day and until another."""
    found = Participation.objects.filter(
        person_id=person_id, standing=Standing.COMPLETED, completed_on__gt=after, completed_on__lte=until
    )
    return found.aggregate(n=Sum("hours"))["n"] or 0


def years_of_work(person_id: int, on: dt.date) -> int:
    """Whole years since the first employment that the register knows."""
    first = min(
        (
            row.lower
            for row in Employment.objects.filter(person_id=person_id).values_list("valid", flat=True)
            if row.lower
        ),
        default=on,
    )
    return max(0, on.year - first.year - ((on.month, on.day) < (first.month, first.day)))


def has_any(scope: Scope, person_id: int) -> bool:
    """Whether there is anything to show of a person."""
    return (
        Participation.objects.filter(person_id=person_id).exists()
        or Employment.objects.filter(person_id=person_id).exists()
    )
