"""Rows that look like somebody the register knows: both sides field by field, and what a person decided of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.registry.exchange import services
from tirek.registry.identifiers import mask_iin
from tirek.registry.models import Employment, Enrolment, Import, Institution, Person
from tirek.storage import secrets

PAGE = 20


@dataclass(frozen=True)
class Pair:
    """One row and the person it looks like. ``fields``: label, the file's value, the register's value, whether they differ."""

    row: str
    person_id: int
    name: str
    fields: list[tuple[str, str, str, bool]]


def page(found: Import, number: int) -> tuple[list[Pair], int]:
    """Pairs of one page, read under the asker's own policies, and how many there are."""
    frame = services.alike_of(found)
    rows = frame.slice((number - 1) * PAGE, PAGE).to_dicts()
    people = Person.objects.in_bulk([row["person_id"] for row in rows])
    ties = _ties(list(people))
    schools = _schools({row["institution_id"] for row in rows} | {tie.institution_id for tie in ties.values()})
    pairs = [
        _pair(row, people[row["person_id"]], ties.get(row["person_id"]), schools)
        for row in rows
        if row["person_id"] in people
    ]
    return pairs, frame.height


def _ties(people: list[int]) -> dict[int, Enrolment | Employment]:
    """Where each of them is today."""
    open_ones = [
        *Employment.objects.filter(person__in=people, valid__upper_inf=True),
        *Enrolment.objects.filter(person__in=people, valid__upper_inf=True).select_related("class_group"),
    ]
    return {tie.person_id: tie for tie in open_ones}


def _schools(ids: set[int]) -> dict[int, str]:
    return {school.pk: school.code for school in Institution.objects.filter(pk__in=ids)}


def _pair(row: dict, person: Person, tie, schools: dict[int, str]) -> Pair:
    file_class = " ".join(filter(None, [row.get("grade"), row.get("letter")])) or row.get("position") or ""
    known_number = mask_iin(secrets.decrypt(person.iin_encrypted)) if person.iin_encrypted else ""
    both = [
        (_("IIN"), row.get("iin") or "", known_number),
        (_("Family name"), row.get("family_name") or "", person.family_name),
        (_("Given name"), row.get("given_name") or "", person.given_name),
        (_("Patronymic"), row.get("patronymic") or "", person.patronymic),
        (_("Date of birth"), _day(row.get("birth_date")), _day(person.birth_date)),
        (_("Sex"), dict(_sexes()).get(row.get("sex") or "", ""), str(person.get_sex_display())),
        (_("Institution"), schools.get(row["institution_id"], ""), schools.get(tie.institution_id, "") if tie else ""),
        (_("Class or position"), file_class, _class_of(tie)),
        (_("Begins on"), _day(row.get("begin_date")), _day(tie.valid.lower) if tie else ""),
    ]
    fields = [(str(label), one, two, bool(one) and bool(two) and one != two) for label, one, two in both]
    return Pair(row["row"], row["person_id"], row.get("person_name") or "", fields)


def _sexes():
    return Person._meta.get_field("sex").choices


def _class_of(tie) -> str:
    if isinstance(tie, Enrolment):
        group = tie.class_group
        return " ".join(filter(None, [str(tie.grade or ""), group.letter if group else ""]))
    return tie.position if tie else ""


def _day(value) -> str:
    from datetime import date

    value = date.fromisoformat(value) if isinstance(value, str) and value else value
    return date_format(value, "SHORT_DATE_FORMAT") if value else ""


def choices(posted) -> dict[str, int | None]:
    """``choice-<row>`` = a person's number, ``new``, or nothing yet."""
    said = {name.removeprefix("choice-"): value for name, value in posted.items() if name.startswith("choice-")}
    return {
        row: None if value == "new" else int(value) for row, value in said.items() if value == "new" or value.isdigit()
    }
