"""A learner's way: enrolling, changing class or institution, leaving."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import ClassGroup, Enrolment, Guardianship, Institution, Person
from tirek.registry.services.counts import recount
from tirek.registry.services.people import locked
from tirek.registry.services.refusals import (
    NotFound,
    Overlap,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_open,
    check_right,
    ended,
    shown,
    starts,
)


def enrol(
    *, person_id: int, institution_id: int, from_date: dt.date, by: Scope, now: dt.datetime,
    class_group_id: int | None = None, reason: str = "",
) -> Enrolment:  # fmt: skip
    """Take a learner in. Who is enrolled elsewhere on that day must be released or transferred."""
    check_date(from_date, now)
    with loading():
        person = locked(person_id)
        institution = _institution(institution_id, from_date)
        check_right(by, "people.change", institution.org_no)
        last = Enrolment.objects.filter(person=person, valid__overlap=starts(from_date)).order_by("-valid").first()
        if last is not None:
            raise Overlap(
                _("This person is enrolled on {day} already. Ask that institution to release the person, or the "
                  "department that answers for both to transfer.").format(day=shown(max(from_date, last.valid.lower))),
                code="enrolled_already",
            )  # fmt: skip
        made = _start(person, institution, _class(class_group_id, institution), from_date, reason or "enrolled")
        recount([institution.org_no])
        return made


def transfer(
    *, person_id: int, institution_id: int, on: dt.date, by: Scope, now: dt.datetime,
    class_group_id: int | None = None, reason: str = "",
) -> Enrolment:  # fmt: skip
    """Close the open enrolment and open the next, also into another class of the same institution. Guardians follow."""
    check_date(on, now)
    with loading():
        person = locked(person_id)
        current = _open_enrolment(person)
        institution = _institution(institution_id, on)
        check_right(by, "people.change", current.org_no, institution.org_no)
        group = _class(class_group_id, institution)
        if current.institution_id == institution.pk and (group is None or current.class_group_id == group.pk):
            raise Overlap(_("The person is there already. Choose another class or institution."), code="no_change")
        moved = current.institution_id != institution.pk
        _end(current, on, reason or ("transferred" if moved else "class_changed"))
        made = _start(person, institution, group, on, reason or ("transferred" if moved else "class_changed"))
        if moved:
            recount([current.org_no, institution.org_no])
        return made


def leave(*, person_id: int, on: dt.date, reason: str, by: Scope, now: dt.datetime) -> Enrolment:
    """End the open enrolment. The institution goes on answering for the record until another one takes the person."""
    check_date(on, now)
    if not reason.strip():
        raise RegistryRefusal(_("Say why the person leaves."), code="reason_missing")
    with loading():
        current = _open_enrolment(locked(person_id))
        check_right(by, "people.change", current.org_no)
        _end(current, on, reason)
        recount([current.org_no])
        return current


def _open_enrolment(person: Person) -> Enrolment:
    found = Enrolment.objects.select_for_update().filter(person=person, valid__upper_inf=True).first()
    if found is None:
        raise NotFound(_("This person is not enrolled anywhere now."), code="not_enrolled")
    return found


def _institution(institution_id: int, day: dt.date) -> Institution:
    found = Institution.objects.filter(pk=institution_id).first()
    if found is None:
        raise NotFound(_("There is no such institution."))
    check_open(found.open_period, day, found.code)
    return found


def _class(class_group_id: int | None, institution: Institution) -> ClassGroup | None:
    if class_group_id is None:
        return None
    found = ClassGroup.objects.filter(pk=class_group_id, institution=institution).first()
    if found is None:
        raise WrongDate(_("This class does not belong to the institution."), code="wrong_class")
    return found


def _end(current: Enrolment, on: dt.date, reason: str) -> None:
    current.valid, current.exit_reason = ended(current.valid, on), reason[:32]
    current.save(update_fields=["valid", "exit_reason"])


def _start(person: Person, institution: Institution, group: ClassGroup | None, day: dt.date, reason: str) -> Enrolment:
    """Open an enrolment; the institution now answers for the person and the guardianships."""
    made = Enrolment.objects.create(
        person=person, institution=institution, class_group=group, org_no=institution.org_no, person_name=str(person),
        sort_key=person.sort_key, grade=group.grade if group else None, valid=starts(day), entry_reason=reason[:32],
    )  # fmt: skip
    if person.org_no != institution.org_no:
        Person.objects.filter(pk=person.pk).update(org_no=institution.org_no)
        Guardianship.objects.filter(child=person, valid__upper_inf=True).update(org_no=institution.org_no)
    return made
