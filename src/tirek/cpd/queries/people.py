"""Who a participant is in the register: place of work and name, as of a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from tirek.access.scope import loading
from tirek.cpd.models import Audience
from tirek.registry.models import Employment, Person

AUDIENCE_OF = {
    "teacher": Audience.SUBJECT_TEACHERS,
    "educator": Audience.SUBJECT_TEACHERS,
    "psychologist": Audience.PSYCHOLOGISTS,
    "methodologist": Audience.METHODOLOGISTS,
    "head": Audience.HEADS,
    "deputy_head": Audience.HEADS,
}
# registers also hold positions as people write them
STEMS = {
    "психолог": Audience.PSYCHOLOGISTS, "әдіскер": Audience.METHODOLOGISTS, "методист": Audience.METHODOLOGISTS,
    "директор": Audience.HEADS, "басшы": Audience.HEADS, "руководител": Audience.HEADS, "меңгеруші": Audience.HEADS,
    "заведующ": Audience.HEADS, "мұғалім": Audience.SUBJECT_TEACHERS, "учител": Audience.SUBJECT_TEACHERS,
    "педагог": Audience.SUBJECT_TEACHERS, "тәрбиеші": Audience.SUBJECT_TEACHERS, "воспитател": Audience.SUBJECT_TEACHERS,
}  # fmt: skip


def employments(person_ids: Iterable[int], on: dt.date) -> dict[int, Employment]:
    """The main employment of each on the day, else any. Read as the loader: the caller checks who may know."""
    with loading():
        found = Employment.objects.filter(person_id__in=list(person_ids), valid__contains=on)
        rows = list(found.select_related("person").order_by("is_main", "id"))
    return {row.person_id: row for row in rows}  # the last one stays: a main one


def person(person_id: int) -> Person | None:
    """Somebody of the register, as the asker's policies show it."""
    return Person.objects.filter(pk=person_id).first()


def audience_of(employment: Employment) -> str:
    """Which audience of a course a position belongs to; nothing where the register's word for it tells none."""
    position = employment.position.casefold()
    known = AUDIENCE_OF.get(position) or next((a for stem, a in STEMS.items() if stem in position), "")
    return known or (Audience.SUBJECT_TEACHERS if employment.subject else "")


def colleagues(person_id: int | None, on: dt.date) -> list[tuple[int, str]]:
    """Id and name of everybody else at the person's place of work on the day, by name."""
    work = employments([person_id], on).get(person_id) if person_id else None
    if work is None:
        return []
    with loading():
        rows = Employment.objects.filter(org_no=work.org_no, valid__contains=on).exclude(person_id=person_id)
        found = dict(rows.order_by("sort_key").values_list("person_id", "person_name"))
    return list(found.items())


def staff_of(org_no: int, on: dt.date) -> list[tuple[int, str]]:
    """Id and name of everybody who works at one institution, as the asker's policies show it."""
    rows = Employment.objects.filter(org_no=org_no, valid__contains=on).order_by("sort_key", "id")
    return list(dict(rows.values_list("person_id", "person_name")).items())
