"""Tables of people come in, are compared row by row, applied at once, and taken back."""

import datetime as dt

import polars as pl
import pytest
from exchange_world import AS_OF, OTHER, REGION, iin, make_world, pupil, pupils

from tirek.access.scope import acting_as, loading
from tirek.registry.exchange import services
from tirek.registry.exchange.undo import ChangedSince
from tirek.registry.models import ClassGroup, Employment, Enrolment, Headcount, ImportState, Person
from tirek.storage import secrets
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return make_world()


def bring(source, data, kind="learners", name="pupils.csv", apply=True, as_of=AS_OF, scope=REGION):
    with acting_as(scope):
        found = services.upload(source=source, file_name=name, data=data, row_kind=kind, as_of=as_of)
        found = services.stage(import_id=found.pk)
        return services.apply(import_id=found.pk, endings=services.endings_of(found)) if apply else found


def codes(found) -> dict[str, int]:
    return dict(services.faults_of(found).group_by("code").len().iter_rows())


def test_new_people_are_enrolled_encrypted_and_sorted(source):
    found = bring(source, pupils(pupil(1), pupil(2, "Ким", "Пётр", grade="6", letter="Б")))
    assert found.state == ImportState.APPLIED, services.faults_of(found)
    assert found.counts["things"] == {"person": {"new": 2}, "enrolment": {"new": 2, "missing": 0}}
    with acting_as(REGION):
        person = Person.objects.get(family_name="Әлиева")
        assert secrets.decrypt(person.iin_encrypted) == iin(1)
        assert (person.birth_date, person.sex, person.org_no) == (dt.date(2012, 3, 4), "f", 10_100_010)
        assert person.sort_key
        assert person.name_grams
        enrolment = Enrolment.objects.get(person=person)
        assert (enrolment.grade, enrolment.class_group.letter, enrolment.valid.lower) == (5, "Ә", dt.date(2026, 9, 1))
        assert ClassGroup.objects.count() == 2
    with acting_as(OTHER):
        assert not Person.objects.exists()


def test_the_second_file_shows_changes_field_by_field(source):
    bring(source, pupils(pupil(1), pupil(2)))
    found = bring(source, pupils(pupil(1, "Серікова"), pupil(2), pupil(3)), apply=False)
    things = found.counts["things"]
    assert things["person"] == {"changed": 1, "unchanged": 1, "new": 1}
    changed = services.differences_of(found).filter(pl.col("action") == "changed")
    assert changed["changed"].to_list() == ["family_name"]
    assert "Серікова" in changed["pairs"][0]
    assert "Әлиева" in changed["pairs"][0]
    with acting_as(REGION):
        services.apply(import_id=found.pk)
        person = Person.objects.get(family_name="Серікова")
        assert Enrolment.objects.get(person=person).person_name.startswith("Серікова")


def test_a_pupil_moves_to_another_class_and_school(source):
    bring(source, pupils(pupil(1)))
    bring(source, pupils(pupil(1, grade="6")), as_of=dt.date(2026, 9, 5))
    found = bring(source, pupils(pupil(1, school="A-2", grade="6", begin="15.10.2026")), as_of=dt.date(2026, 10, 15))
    assert found.counts["things"]["enrolment"]["moved"] == 1
    with acting_as(REGION):
        old, new = Enrolment.objects.order_by("pk")
        assert (old.valid.upper, new.valid.lower) == (dt.date(2026, 10, 15), dt.date(2026, 10, 15))
        assert (new.institution.code, new.class_group.grade, old.exit_reason) == ("A-2", 6, "moved")
        assert Person.objects.get().org_no == 10_100_020


def test_a_pupil_leaves(source):
    bring(source, pupils(pupil(1)))
    bring(source, pupils(pupil(1, end="01.12.2026")))
    with acting_as(REGION):
        assert Enrolment.objects.get().valid.upper == dt.date(2026, 12, 1)
    again = bring(source, pupils(pupil(1, end="01.12.2026"), pupil(2)), apply=False)
    assert again.counts["things"]["enrolment"]["unchanged"] == 1


def test_what_is_missing_in_a_complete_file(source):
    with loading():
        type(source).objects.filter(pk=source.pk).update(is_complete=True, max_missing_percent=60)
        source.refresh_from_db()
    bring(source, pupils(pupil(1), pupil(2)))
    found = bring(source, pupils(pupil(1)), as_of=dt.date(2026, 11, 1))
    assert found.counts["things"]["enrolment"]["missing"] == 1
    with acting_as(REGION):
        assert Enrolment.objects.filter(valid__upper_inf=True).count() == 1
        assert Enrolment.objects.get(exit_reason="missing").valid.upper == dt.date(2026, 11, 1)
    with acting_as(REGION):
        type(source).objects.filter(pk=source.pk).update(max_missing_percent=1)
        source.refresh_from_db()
    refused = bring(source, pupils(pupil(3)), apply=False)
    assert refused.state == ImportState.REFUSED
    assert "disappear" in refused.refusal or refused.refusal


def test_undo_puts_everything_back(source):
    bring(source, pupils(pupil(1), pupil(2)))
    with acting_as(REGION):
        before = list(Person.objects.order_by("pk").values()), list(Enrolment.objects.order_by("pk").values())
    found = bring(source, pupils(pupil(1, "Жаңа", grade="7"), pupil(2, school="A-2", begin="01.10.2026"), pupil(3)))
    with acting_as(REGION):
        assert (list(Person.objects.order_by("pk").values()), list(Enrolment.objects.order_by("pk").values())) != before
        done = services.take_back(import_id=found.pk)
        assert done["person"] == 3
        assert (list(Person.objects.order_by("pk").values()), list(Enrolment.objects.order_by("pk").values())) == before
        found.refresh_from_db()
        assert found.state == ImportState.UNDONE


def test_the_headcount_follows_an_import_and_its_undo(source):
    found = bring(source, pupils(pupil(1), pupil(2)))
    with acting_as(REGION):
        assert sum(Headcount.objects.values_list("pupils", flat=True)) == 2
        services.take_back(import_id=found.pk)
        assert sum(Headcount.objects.values_list("pupils", flat=True)) == 0


def test_undo_names_what_was_changed_since(source):
    found = bring(source, pupils(pupil(1), pupil(2)))
    with acting_as(REGION):
        person = Person.objects.order_by("pk").first()
        Person.objects.filter(pk=person.pk).update(given_name="Дана")
    with acting_as(REGION), pytest.raises(ChangedSince) as refused:
        services.take_back(import_id=found.pk)
    assert str(person.pk) in refused.value.message
    with acting_as(REGION):
        assert Person.objects.count() == 2


def test_undo_without_earlier_history_restores_bulk_loaded_rows(source):
    from tirek.storage import secrets as s

    with loading():
        import pgtrigger

        with pgtrigger.ignore("registry.Person:insert_insert"):
            Person.objects.create(
                family_name="Ескі", given_name="А", sort_key="a", org_no=10_100_010, iin_hash=s.keyed_hash(iin(9))
            )
    found = bring(source, pupils(pupil(9, "Жаңа")))
    with acting_as(REGION):
        assert Person.objects.get().family_name == "Жаңа"
        services.take_back(import_id=found.pk)
        assert Person.objects.get().family_name == "Ескі"


def test_a_register_that_moved_refuses(source):
    bring(source, pupils(pupil(1)))
    found = bring(source, pupils(pupil(1, "Жаңа")), apply=False)
    with acting_as(REGION):
        Person.objects.update(family_name="Жаңа")
    with acting_as(REGION), pytest.raises(services.RegisterMoved):
        services.apply(import_id=found.pk)


def test_the_same_file_twice_is_one_import(source):
    bring(source, pupils(pupil(1)), apply=False)
    with pytest.raises(services.AlreadyUploaded):
        bring(source, pupils(pupil(1)), apply=False)


def test_another_territory_sees_and_applies_nothing(source):
    found = bring(source, pupils(pupil(1)), apply=False)
    with acting_as(OTHER), pytest.raises(Refusal):
        services.apply(import_id=found.pk)


def test_rows_outside_the_territory_and_unknown_schools(source):
    found = bring(source, pupils(pupil(1, school="B-1"), pupil(2, school="Z-9"), pupil(3)), apply=False)
    assert codes(found) == {"outside_scope": 1, "unknown_institution": 1}
    assert found.counts["things"]["person"] == {"new": 1}


def test_somebody_without_an_iin_is_proposed_not_guessed(source):
    bring(source, pupils(pupil(1, number=""), pupil(2)))
    found = bring(source, pupils(pupil(1)), apply=False)
    (proposal,) = services.alike_of(found).to_dicts()
    assert proposal["iin"] not in (None, iin(1))
    with acting_as(REGION):
        twin = Person.objects.get(iin_hash__isnull=True)
        assert proposal["person_id"] == twin.pk
        found = services.decide(import_id=found.pk, choices={proposal["row"]: twin.pk})
        assert found.counts["things"]["person"] == {"changed": 1}
        services.apply(import_id=found.pk)
        twin.refresh_from_db()
        assert secrets.decrypt(twin.iin_encrypted) == iin(1)


def test_staff_with_two_posts(source):
    header = "ИИН;Фамилия;Имя;Дата рождения;Пол;Код организации;Должность;Предмет;Категория;Ставка;Дата приема;Основное место"
    row = f"{iin(5)};Омарова;Дина;04.03.1985;ж;A-1;teacher;математика;педагог-эксперт;1,5;01.09.2020"
    row, second = row + ";да", row + ";нет"
    second = second.replace("математика", "физика").replace(";A-1;", ";A-2;")
    found = bring(source, pupils(row, second, header=header), kind="staff")
    assert found.state == ImportState.APPLIED
    with acting_as(REGION):
        assert Person.objects.count() == 1
        assert set(Employment.objects.values_list("subject", "category", "is_main")) == {
            ("математика", "expert", True),
            ("физика", "expert", False),
        }
