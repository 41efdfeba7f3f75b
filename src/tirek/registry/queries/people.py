"""People in the asker's scope, and who they were on a day."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from tirek.access.scope import Scope
from tirek.registry.models import ClassGroup, Employment, Enrolment, Guardianship, Person, SchoolYear, Teaching

# the index's order: institution by institution, by name in each, so that a page of a region costs as little as a school's
IN_ORDER = ("org_no", "sort_key", "id")


def school_year(*, on: dt.date) -> SchoolYear | None:
    """The year that the day lies in; in a holiday between two, the one before."""
    return SchoolYear.objects.filter(starts_on__lte=on).order_by("-starts_on").first()


def people_in_scope() -> int:
    """How many the row policies let the asker see."""
    return Person.objects.count()


def school_years() -> QuerySet[SchoolYear]:
    return SchoolYear.objects.order_by("-starts_on")


def pupils(
    scope: Scope, *, on: dt.date, org_no: int | None = None, class_group_id: int | None = None, grade: int | None = None
) -> QuerySet[Enrolment]:
    """Enrolments on the day, in order of name. The person's name is the enrolment's own: no join is needed to list."""
    found = scope.limit(Enrolment.objects.filter(valid__contains=on)).order_by(*IN_ORDER)
    given = {"org_no": org_no, "class_group_id": class_group_id, "grade": grade}
    found = found.filter(**{column: value for column, value in given.items() if value is not None})
    return found.select_related("person", "class_group")


def staff(
    scope: Scope, *, on: dt.date, org_no: int | None = None, subject: str = "", category: str = "", position: str = ""
) -> QuerySet[Employment]:
    """Employments on the day, in order of name."""
    found = scope.limit(Employment.objects.filter(valid__contains=on)).order_by(*IN_ORDER)
    given = {"org_no": org_no, "subject": subject, "category": category, "position": position}
    return found.filter(**{c: v for c, v in given.items() if v not in (None, "")}).select_related("person")


def class_groups(institution_id: int, *, year: SchoolYear) -> QuerySet[ClassGroup]:
    return ClassGroup.objects.filter(institution_id=institution_id, school_year=year).order_by("grade", "letter")


def teachings(scope: Scope, *, on: dt.date, class_group_id: int) -> QuerySet[Teaching]:
    """Who teaches the class, its class teacher first."""
    found = scope.limit(Teaching.objects.filter(class_group_id=class_group_id, valid__contains=on))
    return found.select_related("person").order_by("-is_class_teacher", "subject", "id")


def person(scope: Scope, public_id: uuid.UUID | str) -> Person | None:
    """A person by the identifier of addresses; None when there is none in scope.

    ``has_learned`` and ``has_worked``: whether the asker sees an enrolment or an employment, of whatever day.
    """
    ties = {
        "has_learned": Exists(Enrolment.objects.filter(person_id=OuterRef("pk"))),
        "has_worked": Exists(Employment.objects.filter(person_id=OuterRef("pk"))),
    }
    try:
        return scope.limit(Person.objects.filter(public_id=uuid.UUID(str(public_id))).annotate(**ties)).first()
    except ValueError:
        return None


@dataclass(frozen=True)
class PersonHistory:
    """Everything that ties a person to institutions and people, newest first, as far as the asker may see it."""

    enrolments: list[Enrolment]
    employments: list[Employment]
    teachings: list[Teaching]
    guardians: list[Guardianship]
    wards: list[Guardianship]


def history(scope: Scope, person_id: int, *, only_places: bool = False) -> PersonHistory:
    """With ``only_places``, where the person has learned and worked, and nobody else."""

    def own(queryset, *related):
        return list(scope.limit(queryset).select_related(*related).order_by("-valid", "-id"))

    enrolments = own(Enrolment.objects.filter(person_id=person_id), "institution", "class_group__school_year")
    employments = own(Employment.objects.filter(person_id=person_id), "institution")
    if only_places:
        return PersonHistory(enrolments, employments, [], [], [])
    both = Q(child_id=person_id) | Q(guardian_id=person_id)
    ties = own(Guardianship.objects.filter(both), "guardian", "child")
    return PersonHistory(
        enrolments,
        employments,
        own(Teaching.objects.filter(person_id=person_id), "class_group__institution"),
        [row for row in ties if row.child_id == person_id],
        [row for row in ties if row.guardian_id == person_id],
    )
