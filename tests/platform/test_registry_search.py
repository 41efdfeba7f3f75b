"""People are found by a part of the name, mistyped too, and never outside the asker's scope."""

import pytest

from tirek.access.scope import Scope, acting_as, loading
from tirek.registry import names
from tirek.registry.models import Person
from tirek.registry.queries import search
from tirek.storage import secrets
from tirek.storage.database import COUNTRY, OWN

pytestmark = pytest.mark.django_db

HERE, EVERYWHERE = Scope(lo=10, hi=19), Scope(COUNTRY)


@pytest.fixture
def people():
    given = [
        ("Әлиева", "Айша", 10), ("Әлімбаева", "Дана", 15), ("Алиев", "Пётр", 25), ("Сәрсенбаев", "Қуаныш", 10),
        ("Бұлақова", "Жанар", 25), ("Ли", "Вера", 12),
    ]  # fmt: skip
    with loading():
        return [
            Person.objects.create(
                family_name=family, given_name=name, org_no=org_no, sort_key=names.person_sort_key(family, name),
                name_grams=names.grams(f"{family} {name}"), iin_hash=secrets.keyed_hash(iin),
            )
            for (family, name, org_no), iin in zip(given, _iins(len(given)), strict=True)
        ]  # fmt: skip


def _iins(count):
    from tirek.registry.identifiers import valid_iins

    return valid_iins(f"1001019{n:04d}" for n in range(2 * count))[:count]


def _found(scope, text):
    with acting_as(scope):
        return [person.family_name for person in search.people(scope, text)]


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("алие", ["Әлиева"]),
        ("ӘЛИЕВА АЙ", ["Әлиева"]),
        ("айша әлиева", ["Әлиева"]),
        ("Aliyeva", ["Әлиева"]),
        ("али", ["Әлиева", "Әлімбаева"]),
        ("ал", []),
        ("Ли", ["Ли"]),
        ("сарсенбаев куаныш", ["Сәрсенбаев"]),
        ("сарсинбаев", ["Сәрсенбаев"]),
        ("сарсенбаиев", ["Сәрсенбаев"]),
        ("булакова", []),
        ("а", []),
        ("", []),
        ("%' or 1=1", []),
    ],
)
def test_what_a_school_finds(people, text, families):
    assert _found(HERE, text) == families


def test_the_country_finds_more(people):
    assert _found(EVERYWHERE, "алие") == ["Алиев", "Әлиева"]
    assert _found(EVERYWHERE, "булакова") == ["Бұлақова"]


def test_no_scope_finds_nothing(people):
    assert _found(Scope(), "алие") == []


def test_own_records_only(people):
    assert _found(Scope(OWN, person_ids=(people[4].pk,)), "булакова") == ["Бұлақова"]
    assert _found(Scope(OWN, person_ids=(people[4].pk,)), "алие") == []


def test_an_exact_iin_finds_its_owner_in_scope(people):
    first, _, third, *_ = _iins(5)
    assert _found(HERE, first) == ["Әлиева"]
    assert _found(HERE, third) == []


def test_a_search_must_run_under_the_askers_scope(people):
    with acting_as(HERE), pytest.raises(RuntimeError):
        search.people(EVERYWHERE, "алие")
