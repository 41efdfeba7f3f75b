"""A region with two districts, three schools and two school years, and people to put there."""

import datetime as dt

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import (
    ClassGroup,
    SchoolYear,
    Territory,
)
from tirek.registry.queries import people as people_queries
from tirek.registry.services import enrolments, institutions, people, staff
from tirek.registry.services.refusals import RegistryRefusal
from tirek.storage.database import COUNTRY, OWN

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
SEPTEMBER = dt.date(2025, 9, 1)
REGION = Scope(lo=10_000_000, hi=19_999_999, role=Role.REGIONAL_OFFICER)
HEAD = Scope(lo=10_101_000, hi=10_101_000, role=Role.SCHOOL_HEAD)
TEACHER = Scope(OWN, role=Role.TEACHER)
MINISTRY = Scope(COUNTRY, role=Role.ADMINISTRATOR)


def refused(code: str):
    return pytest.raises(RegistryRefusal, check=lambda refusal: refusal.code == code)


def build():
    """A region with two districts, three schools, two school years."""
    with loading():
        region = territory_with("470000000", None, "region", 10_000_000, 19_999_999)
        first = territory_with("471000000", region, "district", 10_100_000, 10_199_999)
        second = territory_with("472000000", region, "district", 10_200_000, 10_299_999)
        town = territory_with("471001000", first, "settlement", 10_101_000, 10_101_999)
        for start in (2025, 2026):
            SchoolYear.objects.create(
                code=f"{start}-{start + 1}", starts_on=dt.date(start, 9, 1), ends_on=dt.date(start + 1, 5, 25)
            )
    schools = [
        institutions.open_institution(
            code=code, kind="school", territory_id=place.pk, opens_on=dt.date(2000, 9, 1), by=MINISTRY, now=NOW,
            state={"name_kk": f"{code} мектебі"},
        )
        for code, place in (("A", town), ("B", town), ("C", second))
    ]  # fmt: skip
    return type("World", (), {"region": region, "first": first, "second": second, "town": town, "schools": schools})


def territory_with(code, parent, level, lo, hi):
    return Territory.objects.create(
        code=code, parent=parent, level=level, name_kk=code, name_ru=code, name_en=code, org_lo=lo, org_hi=hi,
        valid=DateRange(dt.date(1997, 1, 1), None),
    )  # fmt: skip


def person_at(school, name="Айша", **more):
    return people.add_person(
        family_name="Самалова", given_name=name, org_no=school.org_no, by=MINISTRY, now=NOW, **more
    )


def class_at(school, grade=4, letter="А", start=2025):
    with loading():
        school_year = SchoolYear.objects.get(code=f"{start}-{start + 1}")
        return ClassGroup.objects.create(
            institution=school, org_no=school.org_no, school_year=school_year, grade=grade, letter=letter, language="kk"
        )


def enrol(person, school, group=None, day=SEPTEMBER, by=MINISTRY):
    return enrolments.enrol(
        person_id=person.pk, institution_id=school.pk, from_date=day, class_group_id=group and group.pk, by=by, now=NOW
    )


def employ(person, school, day=SEPTEMBER, **more):
    return staff.employ(
        person_id=person.pk, institution_id=school.pk, from_date=day, position="teacher", by=MINISTRY, now=NOW, **more
    )


def seen(model, **found):
    with loading():
        return model.objects.get(**found)


def where(person, day):
    with acting_as(MINISTRY) as scope:
        return [e.institution.code for e in people_queries.pupils(scope, on=day).filter(person=person)]
