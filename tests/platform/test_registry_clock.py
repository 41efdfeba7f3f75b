"""The night's count follows periods that began with the day."""

import datetime as dt

import pytest
from psycopg.types.range import Range

from tirek.access.scope import loading
from tirek.registry.models import Enrolment, Headcount, Institution, Person
from tirek.registry.tasks import recount_everywhere

pytestmark = pytest.mark.django_db


def test_an_enrolment_that_began_today_is_counted():
    with loading():
        school = Institution.objects.create(
            code="S1", org_no=1_000_010, kind="school", open_period=Range(dt.date(2000, 1, 1), None)
        )
        pupil = Person.objects.create(family_name="Ә", given_name="Б", sort_key="a", org_no=school.org_no)
        Enrolment.objects.create(
            person=pupil,
            institution=school,
            org_no=school.org_no,
            person_name="Ә Б",
            sort_key="a",
            valid=Range(dt.datetime.now(dt.UTC).date(), None),
        )
    recount_everywhere(0)
    with loading():
        assert Headcount.objects.get(institution=school).pupils == 1
