"""Somebody comes: a pupil, a member of staff, a guardian. Known already, or added on the way; all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import Scope
from tirek.registry.models import Employment, Enrolment, Guardianship, Institution, Person
from tirek.registry.services.enrolments import enrol
from tirek.registry.services.people import add_guardianship, add_person
from tirek.registry.services.refusals import NotFound
from tirek.registry.services.staff import employ

Who = int | Mapping[str, object]  # identifier of a known person, or the facts of a new one


def admit(
    *, who: Who, institution_id: int, from_date: dt.date, by: Scope, now: dt.datetime, class_group_id: int | None = None
) -> Enrolment:
    """Enrol a known person or a new one."""
    with transaction.atomic():
        person_id = _person_id(who, _org_no(Institution, institution_id), by, now)
        return enrol(
            person_id=person_id, institution_id=institution_id, from_date=from_date, by=by, now=now,
            class_group_id=class_group_id,
        )  # fmt: skip


def take_on(
    *, who: Who, institution_id: int, from_date: dt.date, position: str, by: Scope, now: dt.datetime,
    subject: str = "", category: str = "", rate: Decimal = Decimal(1), is_main: bool = True,
) -> Employment:  # fmt: skip
    """Employ a known person or a new one."""
    with transaction.atomic():
        person_id = _person_id(who, _org_no(Institution, institution_id), by, now)
        return employ(
            person_id=person_id, institution_id=institution_id, from_date=from_date, position=position, by=by, now=now,
            subject=subject, category=category, rate=rate, is_main=is_main,
        )  # fmt: skip


def entrust(
    *, who: Who, child_id: int, from_date: dt.date, by: Scope, now: dt.datetime, kind: str = "parent"
) -> Guardianship:
    """Record a known person or a new one as a child's guardian."""
    with transaction.atomic():
        guardian_id = _person_id(who, _org_no(Person, child_id), by, now)
        return add_guardianship(
            guardian_id=guardian_id, child_id=child_id, from_date=from_date, by=by, now=now, kind=kind
        )


def _org_no(model: type[Institution] | type[Person], pk: int) -> int:
    found = model.objects.filter(pk=pk).values_list("org_no", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such institution or person in your territory."))
    return found


def _person_id(who: Who, org_no: int, by: Scope, now: dt.datetime) -> int:
    if isinstance(who, int):
        return who
    return add_person(**who, org_no=org_no, by=by, now=now).pk  # type: ignore[arg-type]  # facts come from a form
