"""Staff: employing, ending, and who teaches which class."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import Category, ClassGroup, Employment, Enrolment, Institution, Person, Teaching
from tirek.registry.services.counts import recount
from tirek.registry.services.people import locked
from tirek.registry.services.refusals import (
    NotFound,
    Overlap,
    RegistryRefusal,
    check_date,
    check_open,
    check_right,
    ended,
    shown,
    starts,
)

MAX_RATE = Decimal("2")


def employ(
    *, person_id: int, institution_id: int, from_date: dt.date, position: str, by: Scope, now: dt.datetime,
    subject: str = "", category: str = "", rate: Decimal = Decimal(1), is_main: bool = True,
) -> Employment:  # fmt: skip
    """Take somebody on. A main employment is one at a time; others may stand beside it."""
    check_date(from_date, now)
    if category and category not in Category.values:
        raise RegistryRefusal(_("There is no category “{name}”.").format(name=category), code="unknown_category")
    if not 0 < rate <= MAX_RATE:
        raise RegistryRefusal(_("The rate lies above 0 and up to {most}.").format(most=MAX_RATE), code="bad_rate")
    with loading():
        person, institution = locked(person_id), Institution.objects.filter(pk=institution_id).first()
        if institution is None:
            raise NotFound(_("There is no such institution."))
        check_right(by, "people.change", institution.org_no)
        check_open(institution.open_period, from_date, institution.code)
        _check_free(person, institution, from_date, is_main)
        made = Employment.objects.create(
            person=person, institution=institution, org_no=institution.org_no, person_name=str(person),
            sort_key=person.sort_key, position=position, subject=subject, category=category, rate=rate,
            is_main=is_main, valid=starts(from_date),
        )  # fmt: skip
        learns = Enrolment.objects.filter(person=person, valid__upper_inf=True).exists()
        if is_main and not learns and person.org_no != institution.org_no:
            Person.objects.filter(pk=person.pk).update(org_no=institution.org_no)
        recount([institution.org_no])
        return made


def _check_free(person: Person, institution: Institution, day: dt.date, is_main: bool) -> None:
    others = Employment.objects.filter(person=person, valid__overlap=starts(day))
    if is_main and others.filter(is_main=True).exists():
        raise Overlap(
            _("This person has a main employment on {day}. End it there first, or record this one as not main.").format(
                day=shown(day)
            ),
            code="main_already",
        )
    if others.filter(institution=institution, is_main=is_main).exists():
        raise Overlap(_("This employment is recorded already."), code="employed_already")


def end_employment(*, employment_id: int, on: dt.date, by: Scope, now: dt.datetime) -> Employment:
    """End an employment, and what the person teaches there."""
    check_date(on, now)
    with loading():
        found = Employment.objects.select_for_update().filter(pk=employment_id, valid__upper_inf=True).first()
        if found is None:
            raise NotFound(_("There is no such employment, or it has ended."))
        check_right(by, "people.change", found.org_no)
        found.valid = ended(found.valid, on)
        found.save(update_fields=["valid"])
        for lesson in Teaching.objects.filter(person_id=found.person_id, org_no=found.org_no, valid__upper_inf=True):
            # what would have begun only after the end never was
            if lesson.valid.lower >= on:
                lesson.delete()
            else:
                Teaching.objects.filter(pk=lesson.pk).update(valid=ended(lesson.valid, on))
        recount([found.org_no])
        return found


def change_category(
    *, employment_id: int, category: str, from_date: dt.date, by: Scope, now: dt.datetime
) -> Employment:
    """Another category from a day on: the employment so far ends before that day, and goes on with the new one."""
    check_date(from_date, now)
    if category not in Category.values:
        raise RegistryRefusal(_("There is no category “{name}”.").format(name=category), code="unknown_category")
    with loading():
        before = Employment.objects.select_for_update().filter(pk=employment_id, valid__upper_inf=True).first()
        if before is None:
            raise NotFound(_("There is no such employment, or it has ended."))
        check_right(by, "people.change", before.org_no)
        if before.category == category:
            return before
        if before.valid.lower == from_date:  # recorded on the very day: nothing went before
            before.category = category
            before.save(update_fields=["category"])
            return before
        begins = starts(from_date)
        before.valid = ended(before.valid, from_date)
        before.save(update_fields=["valid"])
        before.pk, before.category, before.valid = None, category, begins
        before.save(force_insert=True)
        return before


def assign_teaching(
    *, person_id: int, class_group_id: int, from_date: dt.date, by: Scope, now: dt.datetime, subject: str = "",
    is_class_teacher: bool = False,
) -> Teaching:  # fmt: skip
    """Give a class to a teacher. A class has one class teacher at a time: the one before ends on that day."""
    check_date(from_date, now)
    with loading():
        group = ClassGroup.objects.select_for_update().filter(pk=class_group_id).first()
        if group is None:
            raise NotFound(_("There is no such class."))
        check_right(by, "people.change", group.org_no)
        works = Employment.objects.filter(person_id=person_id, org_no=group.org_no, valid__contains=from_date)
        if not works.exists():
            raise RegistryRefusal(
                _("On {day} this person does not work at the class's institution. Record the employment first.").format(
                    day=shown(from_date)
                ),
                code="not_employed",
            )
        taught = Teaching.objects.filter(class_group=group, valid__overlap=starts(from_date))
        if taught.filter(person_id=person_id, subject=subject, is_class_teacher=is_class_teacher).exists():
            raise Overlap(_("This is recorded already."), code="taught_already")
        if is_class_teacher:
            for before in taught.filter(is_class_teacher=True):
                Teaching.objects.filter(pk=before.pk).update(valid=ended(before.valid, from_date))
        return Teaching.objects.create(
            person_id=person_id, class_group=group, org_no=group.org_no, subject=subject,
            is_class_teacher=is_class_teacher, valid=starts(from_date),
        )  # fmt: skip
