"""Whose records are one's own: a parent's children, a teacher's pupils of today."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tirek.access.roles import Role
from tirek.registry.models import Enrolment, Guardianship, Teaching


def own_ids(person_id: int, role: str, on: dt.date | None = None) -> set[int]:
    """Persons whose records the asker sees: itself and, by role, others. Access asks this as the loader."""
    find = {Role.PARENT: _children, Role.TEACHER: _pupils}.get(role)
    return {person_id, *(find(person_id, on or timezone.localdate()) if find else ())}


def _children(person_id: int, on: dt.date) -> list[int]:
    """Children in a guardianship that holds on the day."""
    found = Guardianship.objects.filter(guardian_id=person_id, valid__contains=on)
    return list(found.values_list("child_id", flat=True))


def _pupils(person_id: int, on: dt.date) -> list[int]:
    """Pupils enrolled on the day in the classes that the teacher then teaches."""
    classes = Teaching.objects.filter(person_id=person_id, valid__contains=on).values("class_group_id")
    found = Enrolment.objects.filter(class_group_id__in=classes, valid__contains=on)
    return list(found.values_list("person_id", flat=True))
