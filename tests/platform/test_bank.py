"""The item bank's services: what may be kept, versions that never change, pictures that cannot run, files, tests."""

from __future__ import annotations

import dataclasses

import pytest
from assessment_world import OFFICER, SECOND, SECOND_OFFICER, make_world
from bank_world import OPTIONS, SVG, facts, make_item, packed, picture, png, qti_item, version
from django.utils import timezone

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.bank import packages, validity
from tirek.assessment.bank.facts import facts_of
from tirek.assessment.bank.invented import MAKERS, invented
from tirek.assessment.bank.pictures import BadPicture, cleaned
from tirek.assessment.bank.wording import changes, content_of, wording, wordings_of
from tirek.assessment.demonstration.bank import demonstrate_bank
from tirek.assessment.models import BankImport, BankItem, BankVersion, BookletItem, Item, Test
from tirek.assessment.queries import bank as queries
from tirek.assessment.refusals import BadDesign, InputsMoved, NotAllowed, WrongState
from tirek.assessment.services.bank import BadItem, create_item, move_item, revise_item
from tirek.assessment.services.bank_imports import apply_items, check_items, take_back_items
from tirek.assessment.services.bank_tests import anchor_ids, chosen_items, create_test_from_bank
from tirek.storage import sealed
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
TITLES = {"kk": "Тест", "ru": "Тест", "en": "Test"}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


def amiss(kind="choice", key="C", tolerance="", **wordings):
    wordings = wordings or {"kk": wording("а", OPTIONS), "ru": wording("б", OPTIONS)}
    return dict(validity.amiss(kind, validity.tidy_key(kind, key), tolerance, wordings))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": "E"}, "key"),
        ({"key": ""}, "key"),
        ({"key": "AB"}, "key"),
        ({"key": "В"}, "key"),  # Cyrillic: is it the second or the third?
        ({"kk": wording("а", OPTIONS), "ru": wording("б", "10\n11\n12")}, "options_kk"),
        ({"kk": wording("а", "10\n10\n12")}, "options_kk"),
        ({"kk": wording("а", "10")}, "options_kk"),
        ({"kind": "number", "key": "12", "kk": wording("а", "1\n2")}, "options_kk"),
        ({"kind": "number", "key": "twelve", "kk": wording("а")}, "key"),
        ({"kind": "number", "key": "12", "tolerance": "-1", "kk": wording("а")}, "tolerance"),
        ({"kind": "word", "key": " | ", "kk": wording("а")}, "key"),
        ({"kind": "open", "key": "", "kk": wording("")}, "stem_kk"),
    ],
)
def test_what_may_not_be_kept_is_said_beside_its_field(given, field):
    assert field in amiss(**given)


def test_what_may_be_kept():
    assert not amiss()
    assert not amiss(kind="choices", key="c, a")
    assert validity.tidy_key("choices", "c, a") == "AC"
    assert not amiss(kind="number", key="12,5 | −3", tolerance="0,05", kk=wording("а"))
    assert validity.tidy_key("number", "12,50 | −3") == "12.50|-3"
    assert not amiss(kind="open", key="", kk=wording("а"))


def test_kazakh_and_russian_are_needed_before_tests_may_use_it():
    with acting_as(OFFICER):
        item = create_item(facts=facts(), version=version(ru="Сколько?"), by=None, now=timezone.now())
        with pytest.raises(WrongState, match="Kazakh wording is missing"):
            move_item(item_id=item.pk, state="ready")
        revise_item(item_id=item.pk, facts=facts(), version=version(), by=None, now=timezone.now())
        assert move_item(item_id=item.pk, state="ready").state == "ready"


def test_a_picture_needs_words_before_tests_may_use_it():
    told = dataclasses.replace(version(), pictures=(picture(ru="Квадрат"),))
    with acting_as(OFFICER):
        item = create_item(facts=facts(), version=told, by=None, now=timezone.now())
        with pytest.raises(WrongState, match="not told in words"):
            move_item(item_id=item.pk, state="ready")


def test_a_version_is_never_changed_and_a_used_one_wants_a_reason():
    item = make_item()
    world = make_world()
    with acting_as(OFFICER):
        make_test(world, [item])
        reworded = version(kk="7 + 5 = ?", ru="7 + 5 = ?")
        with pytest.raises(BadItem, match="Say why"):
            revise_item(item_id=item.pk, facts=facts(), version=reworded, by=None, now=timezone.now())
        reworded = dataclasses.replace(reworded, why="Shorter")
        second = revise_item(item_id=item.pk, facts=facts(), version=reworded, by=None, now=timezone.now())
        assert second.number == 2
        first = BankVersion.objects.get(item=item, number=1)
        assert wordings_of(first.content)["ru"].stem == "Чему равно 7 + 5?"
        assert Item.objects.get(test__code="FROM-BANK").version_id == first.pk
        assert Item.objects.get(test__code="FROM-BANK").wording_ru.startswith("Чему равно")
        with pytest.raises(BadItem, match="highest score stay"):
            revise_item(item_id=item.pk, facts=facts(max_score=2), version=reworded, by=None, now=timezone.now())


def test_the_same_wording_makes_no_version():
    item = make_item()
    with acting_as(OFFICER):
        again = revise_item(
            item_id=item.pk, facts=facts(content_area="sums"), version=version(), by=None, now=timezone.now()
        )
    assert again.number == 1
    with loading():
        assert BankItem.objects.get(pk=item.pk).content_area == "sums"


def test_an_item_that_becomes_incomplete_is_no_longer_ready():
    item = make_item()
    with acting_as(OFFICER):
        revise_item(item_id=item.pk, facts=facts(), version=version(ru="Чему?"), by=None, now=timezone.now())
    with loading():
        assert BankItem.objects.get(pk=item.pk).state == "draft"


def test_items_are_a_secret_of_the_territory_that_holds_them():
    item = make_item()
    school = Scope(lo=10_100_010, hi=10_100_010, role="school_head")
    for scope in (SECOND_OFFICER, school):
        with acting_as(scope):
            assert not BankItem.objects.exists()
            assert not BankVersion.objects.exists()
    with acting_as(SECOND_OFFICER):
        with pytest.raises(NotAllowed):
            revise_item(item_id=item.pk, facts=facts(), version=version(), by=None, now=timezone.now())
        assert create_item(facts=facts(), version=version(), by=None, now=timezone.now()).org_lo == SECOND[0]
    with acting_as(Scope(lo=OFFICER.lo, hi=OFFICER.hi, role="school_head")), pytest.raises(NotAllowed):
        create_item(facts=facts("B9"), version=version(), by=None, now=timezone.now())


def test_pictures_keep_only_what_draws():
    media_type, drawing = cleaned(png(note=b"Author\0Somebody"))
    assert media_type == "image/png"
    assert b"Somebody" not in drawing
    assert cleaned(drawing)[1] == drawing
    media_type, drawing = cleaned(SVG)
    assert media_type == "image/svg+xml"
    for bad in (b"script", b"alert", b"x.example", b"image", b"onload"):
        assert bad not in drawing
    assert b'stroke="black"' in drawing


@pytest.mark.parametrize(
    "data",
    [b"GIF89a", png()[:-9], png(5000, 2), b"x" * 500_001, b"<svg xmlns='http://www.w3.org/2000/svg'/>",
     b'<!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 1 1">&a;</svg>', b"\xff\xd8\xff\xe0\x00"],
)  # fmt: skip
def test_pictures_that_are_none_are_refused(data):
    with pytest.raises(BadPicture):
        cleaned(data)


def test_search_finds_words_in_any_language_and_options():
    make_item("B1")
    make_item("B2", ready=False)
    with acting_as(OFFICER):
        b3 = version(en="A camel walks", options="humps\nlegs\nears", key="A")
        create_item(facts=facts("B3", grade=5), version=b3, by=None, now=timezone.now())

        def codes(**chosen):
            return [item.code for item in queries.items_in(OFFICER, chosen)]

        assert codes(words="CAMEL") == codes(words="humps") == codes(grade="5") == ["B3"]
        assert codes(words="неге тең") == ["B1", "B2"]
        assert codes(state="ready") == ["B1"]
        assert codes(words="options") == []


def make_test(world, items, code="FROM-BANK", *, blocks=1, per_booklet=1, base=None, by=OFFICER):
    return create_test_from_bank(
        item_ids=[item.pk for item in items], blocks=blocks, per_booklet=per_booklet, seed=1, sitting_minutes=60,
        code=code, titles=TITLES, subject="mathematics", grade=4, school_year=world.year, kind="entrance",
        territory=world.region, base=base,
    )  # fmt: skip


def test_a_test_from_the_bank_has_balanced_booklets():
    world = make_world()
    items = [make_item(f"B{n:02}", content_area="ab"[n % 2]) for n in range(14)]
    with acting_as(OFFICER):
        test = make_test(world, items, blocks=7, per_booklet=3)
        booklets = queries.booklets_of(test)
        assert [booklet.code for booklet, _places in booklets] == list("1234567")
        assert {len(places) for _booklet, places in booklets} == {6}
        together = {}
        for _booklet, places in booklets:
            blocks = sorted({place.block for place in places})
            for a in blocks:
                for b in blocks:
                    together[a, b] = together.get((a, b), 0) + (a < b)
        assert {n for (a, b), n in together.items() if a < b} == {1}
        assert len([pair for pair in together if pair[0] < pair[1]]) == 21
        assert test.minutes == 60
        assert test.design["blocks"] == 7
        assert all(item.version_id and item.key == "C" for item in Item.objects.filter(test=test))
        assert not BookletItem.objects.filter(booklet__test=test, block=None).exists()


def test_booklets_without_common_items_are_refused():
    world = make_world()
    items = [make_item(f"B{n}") for n in range(4)]
    with acting_as(OFFICER):
        for blocks, per_booklet, said in ((2, 1, "share no items"), (5, 2, "cannot fill"), (2, 3, "more blocks")):
            with pytest.raises(BadDesign, match=said):
                make_test(world, items, blocks=blocks, per_booklet=per_booklet)
        assert not Test.objects.exists()


def test_a_test_is_not_called_as_an_address():
    world = make_world()
    item = make_item()
    with acting_as(OFFICER), pytest.raises(BadDesign, match="may not be called"):
        make_test(world, [item], "bank")


def test_only_ready_items_and_only_ones_own_territory():
    world = make_world()
    draft = make_item("B1", ready=False)
    with acting_as(OFFICER), pytest.raises(BadDesign, match="no longer ready"):
        make_test(world, [draft, make_item("B2")])
    other = make_world(place=SECOND, kato="31")
    with acting_as(OFFICER), pytest.raises(NotAllowed):
        make_test(other, [make_item("B3")])


def test_anchors_are_items_worded_as_they_were():
    world = make_world()
    items = [make_item(f"B{n}") for n in range(3)]
    with acting_as(OFFICER):
        base = make_test(world, items)
        reworded = version(kk="Жаңа", ru="Новое", why="clearer")
        revise_item(item_id=items[0].pk, facts=facts("B0"), version=reworded, by=None, now=timezone.now())
        assert anchor_ids(OFFICER, base) == [items[1].pk, items[2].pk]
        chosen = chosen_items(OFFICER, [item.pk for item in items], base)
        assert [item.is_anchor for item in chosen] == [False, True, True]
        later = make_test(world, items, "LATER", base=base)
        assert later.design["anchors"] == ["B1", "B2"]
        assert queries.exposures([items[1].pk])[items[1].pk].n_tests == 2


def check(content, name="items.zip", **changes):
    given = {"language": "ru", "subject": "mathematics", "grade": 4, "content_area": "number"} | changes
    return check_items(content=content, file_name=name, by=None, now=timezone.now(), **given)


def test_items_come_in_with_their_faults_and_are_taken_back():
    make_item("OLD", ready=False)
    with acting_as(OFFICER):
        made = check(
            packed(a=qti_item("NEW"), b=qti_item("NEW", "kk", "Қанша?"), c=qti_item("OLD", "ru", "Иначе?"),
                   d=qti_item("BAD", right="c9"), e=qti_item("TWINS", a="1", b="1"), f=b"<nonsense")
        )  # fmt: skip
        assert (made.n_new, made.n_changed, made.n_same, made.state) == (1, 0, 0, "checked")
        told = {fault["file"]: fault["what"] for fault in made.faults}
        assert "none of the options" in told["d.xml"]
        assert "same" in told["TWINS"]
        assert "well-formed" in told["f.xml"]
        assert "as many options" in told["OLD"]  # two options in Russian, four still in Kazakh
        assert not BankItem.objects.filter(code="NEW").exists()
        done = apply_items(import_id=made.pk, by=None, now=timezone.now())
        item = BankItem.objects.get(code="NEW")
        assert (item.state, item.grade, item.content_area) == ("draft", 4, "number")
        assert set(facts_of(item.versions.get()).wordings) == {"kk", "ru"}
        assert check(packed(a=qti_item("NEW"))).n_same == 1
        assert take_back_items(import_id=done.pk, by=None, now=timezone.now()) == (1, 0)
        item.refresh_from_db()
        assert item.state == "retired"


def test_a_changed_item_gets_a_version_and_gives_it_back():
    with acting_as(OFFICER):
        first = check(packed(a=qti_item("Q1")))
        apply_items(import_id=first.pk, by=None, now=timezone.now())
        changed = check(packed(a=qti_item("Q1", stem="Сколько всего?")))
        assert (changed.n_new, changed.n_changed) == (0, 1)
        apply_items(import_id=changed.pk, by=None, now=timezone.now())
        item = BankItem.objects.get(code="Q1")
        assert item.versions.count() == 2
        take_back_items(import_id=changed.pk, by=None, now=timezone.now())
        latest = item.versions.order_by("-number").first()
        assert (latest.number, facts_of(latest).wordings["ru"].stem) == (3, "Сколько?")
        with pytest.raises(WrongState):
            take_back_items(import_id=changed.pk, by=None, now=timezone.now())


def test_what_was_checked_is_what_is_applied():
    with acting_as(OFFICER):
        made = check(packed(a=qti_item("Q1")))
        other = check(packed(a=qti_item("Q1")))
        apply_items(import_id=other.pk, by=None, now=timezone.now())
        with pytest.raises(InputsMoved):
            apply_items(import_id=made.pk, by=None, now=timezone.now())
    with acting_as(SECOND_OFFICER):
        assert not BankImport.objects.exists()
        with pytest.raises(NotAllowed):
            apply_items(import_id=made.pk, by=None, now=timezone.now())


def test_a_file_with_nothing_in_it_is_refused():
    with acting_as(OFFICER):
        assert check(packed(a=b"<x/>")).state == "refused"
        with pytest.raises(Refusal):
            check(b"x" * 20_000_001)


def test_a_package_written_here_reads_back_as_the_same():
    told = dataclasses.replace(version(), pictures=(picture(), picture(SVG)))
    with acting_as(OFFICER):
        item = create_item(facts=facts(), version=told, by=None, now=timezone.now())
        number = dataclasses.replace(version("12.5|13", options=""), tolerance="0.1")
        other = create_item(facts=facts("B2", kind="number"), version=number, by=None, now=timezone.now())
        package = packages.package((each, each.versions.get()) for each in (item, other))
        made = check(package)
        assert (made.n_new, made.n_changed, made.n_same, made.faults) == (0, 0, 2, [])


def test_differences_between_versions():
    assert changes("one two three", "one four three") == [
        ("same", "one "), ("gone", "two"), ("new", "four"), ("same", " three"),
    ]  # fmt: skip


def test_invented_tasks_can_be_kept():
    for grade in (4, 9):
        for area in MAKERS:
            for place in range(6):
                task = invented(grade, area, place)
                assert task == invented(grade, area, place)
                assert not validity.amiss(task.kind, task.key, "", task.wordings), (grade, area, place)
                assert content_of(task.wordings).keys() == {"kk", "ru", "en"}


def test_the_demonstration_gets_its_bank():
    from assessment_world import make_test as make_plain_test

    world = make_world()
    test = make_plain_test(world, 20)
    assert demonstrate_bank() == 20
    assert demonstrate_bank() == 0
    with acting_as(OFFICER):
        assert queries.items_in(OFFICER, {"state": "ready"}).count() == 20
        assert len(queries.versions_in(test)) == 20
        item = queries.booklets_of(test)[0][1][0].item
        assert item.wording_kk
        assert item.key == "", "what was calibrated is not touched"
    assert sealed.folder()
