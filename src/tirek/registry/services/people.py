"""People: adding, correcting, and who is whose guardian."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry import identifiers, names
from tirek.registry.models import Employment, Enrolment, Guardianship, Person
from tirek.registry.services.refusals import (
    NotFound,
    Overlap,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_right,
    ended,
    shown,
    starts,
)
from tirek.storage import secrets

CORRECTABLE = ("family_name", "given_name", "patronymic", "birth_date", "sex", "iin")


def add_person(
    *, family_name: str, given_name: str, org_no: int, by: Scope, now: dt.datetime, patronymic: str = "",
    birth_date: dt.date | None = None, sex: str = "", iin: str = "",
) -> Person:  # fmt: skip
    """Add a person for whom an institution answers. Nobody is added twice: the same IIN is refused."""
    check_right(by, "people.change", org_no)
    person = Person(org_no=org_no)
    values = {"family_name": family_name, "given_name": given_name, "patronymic": patronymic, "birth_date": birth_date}
    _fill(person, values | {"sex": sex} | ({"iin": iin} if iin else {}), now)
    with loading():
        _save(person, by)
    return person


def correct_person(*, person_id: int, changes: dict[str, object], by: Scope, now: dt.datetime) -> Person:
    """Correct what is recorded of a person. Open enrolments and employments follow the name; ended ones keep it."""
    unknown = set(changes) - set(CORRECTABLE)
    if unknown:
        raise RegistryRefusal(
            _("These cannot be changed here: {names}.").format(names=", ".join(sorted(unknown))), code="unknown_field"
        )
    with loading():
        person = locked(person_id)
        check_right(by, "people.change", person.org_no)
        _fill(person, changes, now)
        _save(person, by)
        follow = {"person_name": str(person), "sort_key": person.sort_key}
        for model in (Enrolment, Employment):
            model.objects.filter(person=person, valid__upper_inf=True).update(**follow)
    return person


def locked(person_id: int) -> Person:
    """The person, locked against others who would change the same one."""
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotFound(_("There is no such person."))
    return person


def _fill(person: Person, values: dict[str, object], now: dt.datetime) -> None:
    for column in ("family_name", "given_name", "patronymic"):
        if column in values:
            setattr(person, column, names.clean(str(values[column] or "")))
    for column in ("birth_date", "sex"):
        if column in values:
            setattr(person, column, values[column])
    if not person.family_name or not person.given_name:
        raise RegistryRefusal(_("Enter the family name and the given name."), code="name_missing")
    if person.birth_date and not dt.date(1900, 1, 1) <= person.birth_date <= now.date():
        raise WrongDate(
            _("The date of birth {day} cannot be right.").format(day=shown(person.birth_date)), code="bad_birth_date"
        )
    if "iin" in values:
        _number(person, str(values["iin"] or ""))
    person.sort_key = names.person_sort_key(person.family_name, person.given_name, person.patronymic)
    person.name_grams = names.grams(str(person))


def _number(person: Person, iin: str) -> None:
    if not iin:
        person.iin_encrypted = person.iin_hash = None
        return
    checked = identifiers.check_iin(iin)
    if not checked.is_valid:
        message = str(identifiers.MESSAGES[checked.problems[0]])
        raise RegistryRefusal(message, code="bad_iin", problems=list(checked.problems), proposal=checked.proposal)
    person.iin_encrypted = secrets.encrypt(checked.value)
    person.iin_hash = secrets.keyed_hash(checked.value)


def _save(person: Person, by: Scope) -> None:
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        other = Person.objects.filter(iin_hash=person.iin_hash).first()
        if other is None:
            raise
        known = str(other.public_id) if by.covers(other.org_no) else None
        raise Overlap(
            _("Somebody with this IIN is in the register already. Search by the IIN; if the person is not found, ask "
              "the department: the record may belong to another institution."),
            code="iin_taken", public_id=known,
        ) from error  # fmt: skip


def add_guardianship(
    *, guardian_id: int, child_id: int, from_date: dt.date, by: Scope, now: dt.datetime, kind: str = "parent"
) -> Guardianship:
    """Record who answers for a child. The guardian sees the child's record from that day."""
    check_date(from_date, now)
    if guardian_id == child_id:
        raise RegistryRefusal(_("Nobody is their own guardian."), code="same_person")
    with loading():
        child, guardian = locked(child_id), Person.objects.filter(pk=guardian_id).first()
        if guardian is None:
            raise NotFound(_("There is no such person."))
        check_right(by, "people.change", child.org_no)
        pair = Guardianship.objects.filter(guardian=guardian, child=child)
        if pair.filter(valid__overlap=starts(from_date)).exists():
            raise Overlap(_("This guardianship is recorded already."))
        return Guardianship.objects.create(
            guardian=guardian, child=child, org_no=child.org_no, kind=kind, valid=starts(from_date)
        )


def end_guardianship(*, guardianship_id: int, on: dt.date, by: Scope, now: dt.datetime) -> None:
    check_date(on, now)
    with loading():
        found = Guardianship.objects.select_for_update().filter(pk=guardianship_id, valid__upper_inf=True).first()
        if found is None:
            raise NotFound(_("There is no such guardianship, or it has ended."))
        check_right(by, "people.change", found.org_no)
        found.valid = ended(found.valid, on)
        found.save(update_fields=["valid"])
