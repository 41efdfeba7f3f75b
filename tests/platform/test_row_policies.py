"""An asker sees the rows of its scope, and an empty scope sees nothing."""

import pytest
from django.db import ProgrammingError, connection

from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import Person
from tirek.storage.database import COUNTRY, OWN

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Person]:
    with loading():
        return [
            Person.objects.create(family_name="Әлиева", given_name="Айша", sort_key="a", org_no=5),
            Person.objects.create(family_name="Сидоров", given_name="Пётр", sort_key="b", org_no=15),
        ]


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (Scope(), 0),
        (Scope(lo=0, hi=9), 1),
        (Scope(lo=0, hi=None), 0),
        (Scope(lo=10, hi=20), 1),
        (Scope(lo=0, hi=99), 2),
        (Scope(COUNTRY), 2),
        (Scope(OWN), 0),
    ],
)
def test_scope_decides(people, scope, seen):
    with acting_as(scope):
        assert Person.objects.count() == seen


def test_own_records(people):
    with acting_as(Scope(OWN, person_ids=(people[1].pk,))):
        assert list(Person.objects.all()) == [people[1]]


def test_without_a_scope_nothing_is_seen(people):
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from registry_person")
        assert cursor.fetchone() == (0,)


def test_nobody_writes_outside_the_scope():
    with pytest.raises(ProgrammingError, match="row-level security"), acting_as(Scope(lo=0, hi=9)):
        Person.objects.create(family_name="X", given_name="Y", sort_key="x", org_no=99)


def test_a_scope_ends_with_its_block(people):
    with acting_as(Scope(COUNTRY)):
        with acting_as(Scope(lo=0, hi=9)):
            assert Person.objects.count() == 1
        assert Person.objects.count() == 2
    assert Person.objects.count() == 0
