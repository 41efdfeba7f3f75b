"""People are found by a part of the name, mistyped too, and never outside the asker's scope."""

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.scope import Scope, acting_as, loading
from tirek.registry import names
from tirek.registry.models import Person, Territory, TerritoryLevel
from tirek.registry.models.people import REGION_SPAN, PlacedGrams, district_mark, placed_grams
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
        ("сарсенбавев", ["Сәрсенбаев"]),
        ("сарсебнаев", ["Сәрсенбаев"]),
        ("срасенбаев", ["Сәрсенбаев"]),
        ("сарсенбаев куанш", ["Сәрсенбаев"]),
        ("сарсенбаев куаншы", ["Сәрсенбаев"]),
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


@pytest.fixture
def regions():
    """Namesakes of two regions, more than a search takes from one, and somebody whom no institution answers for."""
    places = [(10_100_000 + 10 * n, "Самалов") for n in range(search.CANDIDATES + 5)]
    places += [(20_100_010, "Самалов"), (0, "Самалов"), (20_200_010, "Самалова"), (20_200_010, "Теңізов")]
    with loading():
        Territory.objects.bulk_create(
            Territory(code=f"{n}0", name_kk=f"{n}", level=TerritoryLevel.REGION, org_lo=n * 10_000_000,
                      org_hi=n * 10_000_000 + 9_999_999, valid=DateRange(None, None))
            for n in (1, 2)
        )  # fmt: skip
        Person.objects.bulk_create(
            Person(family_name=family, given_name="Дана", org_no=org_no, sort_key=names.person_sort_key(family, "Дана"),
                   name_grams=names.grams(f"{family} Дана"))
            for org_no, family in places
        )  # fmt: skip


def _places(scope, text):
    with acting_as(scope):
        return {person.org_no for person in search.people(scope, text, limit=1000)}


@pytest.mark.parametrize("text", ["самалов дана", "самолов дана"])
def test_no_region_crowds_the_others_out(regions, text):
    assert {20_100_010, 0} <= _places(EVERYWHERE, text)


@pytest.mark.parametrize("text", ["самалов", "самолов", "дана самалов"])
def test_a_region_and_a_district_find_their_own(regions, text):
    assert _places(Scope(lo=20_000_000, hi=29_999_999), text) == {20_100_010, 20_200_010}
    assert _places(Scope(lo=20_200_000, hi=20_299_999), text) == {20_200_010}
    assert _places(Scope(lo=20_100_010, hi=20_100_010), text) == {20_100_010}
    assert 0 not in _places(Scope(lo=10_000_000, hi=19_999_999), text)


def test_the_index_is_made_of_what_the_search_asks_for(regions):
    """The function in the database and ``placed_grams`` say the same, for every place of a name."""
    with loading():
        found = Person.objects.annotate(placed=PlacedGrams()).values_list("org_no", "name_grams", "placed")
        for org_no, grams, placed in found:
            wanted = [*placed_grams(grams, org_no // REGION_SPAN), *district_mark(org_no, org_no)]
            assert sorted(placed) == sorted(wanted)


def test_the_nearest_word_comes_first_whatever_the_trigrams_of_other_words(regions):
    """``самол`` and ``олов`` stand in two words of one name; the family name with one wrong letter is nearer."""
    with loading():
        Person.objects.create(
            family_name="Ақжолова", given_name="Самал", org_no=20_100_010, sort_key=names.person_sort_key("Ақжолова", "Самал"),
            name_grams=names.grams("Ақжолова Самал"),
        )  # fmt: skip
    assert _found(Scope(lo=20_000_000, hi=29_999_999), "самолов")[:2] == ["Самалов", "Самалова"]
